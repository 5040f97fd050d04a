//! The words of `harvestd token` and their help. What they do is in `src/cli/token.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd token …`
#[derive(Debug, Clone, Subcommand)]
pub enum Token {
    /// Make a token for one source; it is shown once, and only its hash is kept
    ///
    /// Whoever has it may push as this source, and as no other: `PUT /push/SOURCE/ID` and the rest of what
    /// docs/doors.md lists ("One way in"). A daemon that runs knows it at once.
    New(TokenNew),
    /// List the tokens, without what they are
    List(TokenList),
    /// Take a token back; from then on it is refused
    Revoke(TokenRevoke),
}

#[derive(Debug, Clone, Args)]
pub struct TokenNew {
    /// The source's id, as `harvestd sources` lists it
    pub source: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct TokenList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct TokenRevoke {
    /// The token's id, as `harvestd token list` says it
    pub id: String,
    #[command(flatten)]
    pub place: Place,
}
