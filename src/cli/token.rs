//! `token new`, `token list`, `token revoke`: by which centres that push are known. Works on a file of the data directory,
//! whether or not a daemon runs; one that runs notices. Start at [`token`].

use super::{
    args::{self, Common, Place},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::config::{Config, meant};
use crate::push::tokens::{self, Token};
use std::io;

/// `harvestd token …`
pub fn token(args: &args::Token, common: &Common, now_ms: i64) -> Exit {
    match args {
        args::Token::New(args) => new(args, common, now_ms),
        args::Token::List(args) => list(args, common),
        args::Token::Revoke(args) => revoke(args, common),
    }
}

fn configured(place: &Place) -> Result<Config, Exit> {
    Configured::of(place)
        .map(|configured| configured.config)
        .map_err(|e| out::complain(&e.to_string(), Exit::Usage))
}

fn failed(error: &io::Error) -> Exit {
    out::complain(
        &format!("the tokens of the data directory: {error}"),
        Exit::Failed,
    )
}

fn new(args: &args::TokenNew, common: &Common, now_ms: i64) -> Exit {
    let config = match configured(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match config.source(&args.source) {
        Some(source) if source.is_pushed() => {}
        Some(source) => {
            let text = format!(
                "{} is of kind {:?}, which is asked for what it has: tokens are for sources of kind \"push\"",
                source.id, source.kind
            );
            return out::complain(&text, Exit::Usage);
        }
        None => return out::complain(&unknown(&config, args), Exit::UnknownSource),
    }
    match tokens::make(&config.data_dir, &args.source, now_ms) {
        Ok((token, secret)) if common.json => out::print(&format!(
            "{}\n",
            serde_json::json!({ "id": token.id, "source": token.source, "token": secret.0 })
        )),
        Ok((token, secret)) => out::print(&format!(
            "{}\n\nIt lets whoever has it push as {}, until `harvestd token revoke {}`. It is shown this once.\n",
            secret.0, token.source, token.id
        )),
        Err(error) => failed(&error),
    }
}

/// Says which file was read, and for which of its sources there could be a token.
fn unknown(config: &Config, args: &args::TokenNew) -> String {
    let pushed = config.sources.iter().filter(|source| source.is_pushed());
    let pushed: Vec<&str> = pushed.map(|source| source.id.as_str()).collect();
    let near = meant(&args.source, config.sources.iter().map(|s| s.id.as_str()));
    let near = near.map_or(String::new(), |near| format!(" (did you mean {near:?}?)"));
    let file = args.place.config_file().display();
    let known = match pushed.as_slice() {
        [] => "has no source of kind \"push\"".to_owned(),
        ids => format!("has these sources of kind \"push\": {}", ids.join(", ")),
    };
    format!(
        "no source is called {:?}{near}; {file} {known}",
        args.source
    )
}

fn list(args: &args::TokenList, common: &Common) -> Exit {
    let config = match configured(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match tokens::list(&config.data_dir) {
        Ok(tokens) if common.json => {
            let rows: Vec<_> = tokens
                .iter()
                .map(
                    |t| serde_json::json!({ "id": t.id, "source": t.source, "made_ms": t.made_ms }),
                )
                .collect();
            out::print(&format!("{}\n", serde_json::Value::from(rows)))
        }
        Ok(tokens) if tokens.is_empty() => out::print("There are no tokens.\n"),
        Ok(tokens) => out::print(&tokens.iter().map(line).collect::<String>()),
        Err(error) => failed(&error),
    }
}

fn line(token: &Token) -> String {
    let made = chrono::DateTime::from_timestamp_millis(token.made_ms).unwrap_or_default();
    let made = made.format("%Y-%m-%d %H:%M UTC");
    format!("{}  {}  made {made}\n", token.id, token.source)
}

fn revoke(args: &args::TokenRevoke, common: &Common) -> Exit {
    let config = match configured(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match tokens::revoke(&config.data_dir, &args.id) {
        Ok(Some(token)) if common.json => out::print(&format!(
            "{}\n",
            serde_json::json!({ "id": token.id, "source": token.source, "revoked": true })
        )),
        Ok(Some(token)) => out::print(&format!("{} of {} is revoked.\n", token.id, token.source)),
        Ok(None) => {
            let text = format!(
                "no token is called {:?}; `harvestd token list` lists them",
                args.id
            );
            out::complain(&text, Exit::Failed)
        }
        Err(error) => failed(&error),
    }
}
