//! The words of `harvestd webhooks` and their help. What they do is in `src/cli/webhooks.rs`.

use super::Place;
use clap::{Args, Subcommand};

/// `harvestd webhooks …`
#[derive(Debug, Clone, Subcommand)]
pub enum Webhooks {
    /// Say of each receiver how far it was told, what it waits for, and what is wrong
    List(WebhooksList),
    /// List the batches that a receiver did not take until they were given up
    Dead(OneWebhook),
    /// Send batches of the dead-letter list again, the oldest first; what is taken leaves the list
    ///
    /// Under their first ids, so that a receiver which had one all the same knows it. Ends at the first that is not taken.
    Resend(ResendWebhook),
    /// Take up again a receiver that was left: it answered 410, or its dead-letter list was full
    ///
    /// It is told from where it was left. A batch that waits for its next try is tried at once.
    Enable(OneWebhook),
}

#[derive(Debug, Clone, Args)]
pub struct WebhooksList {
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct OneWebhook {
    /// The webhook's id, as `harvestd webhooks list` shows it
    pub id: String,
    #[command(flatten)]
    pub place: Place,
}

#[derive(Debug, Clone, Args)]
pub struct ResendWebhook {
    /// The webhook's id, as `harvestd webhooks list` shows it
    pub id: String,
    /// One batch of its dead-letter list, as `harvestd webhooks dead` shows it [default: all]
    pub batch: Option<String>,
    #[command(flatten)]
    pub place: Place,
}
