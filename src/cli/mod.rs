//! The commands. Start at [`run`]; the words of the command line are in [`args`], the exit codes in [`exit`].

pub mod args;
mod by_hand;
mod check_config;
mod client;
mod configured;
mod erase;
pub mod exit;
mod feed;
mod feedback;
mod health;
mod identity;
pub mod logging;
pub mod out;
mod overrides;
mod quality;
mod read;
mod recovery;
mod report;
mod runs;
pub mod serve;
mod token;
mod verify;
mod webhooks;

use args::{Cli, Command};
use exit::Exit;
use std::process::ExitCode;

/// Does what the command line says.
pub fn run(cli: Cli) -> ExitCode {
    crate::crash::arm();
    match &cli.command {
        Command::Worker => crate::serve::worker::main(),
        Command::CheckConfig(args) => {
            check_config::check_config(args, &cli.common, chrono::Utc::now()).into()
        }
        Command::Scrub(args) => recovery::scrub(args, &cli.common).into(),
        Command::Recover(args) => recovery::recover(args, &cli.common).into(),
        Command::Sources(args) => read::sources(args, &cli.common).into(),
        Command::Token(args) => {
            token::token(args, &cli.common, chrono::Utc::now().timestamp_millis()).into()
        }
        _ => match tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
        {
            Ok(runtime) => runtime.block_on(working(&cli)).into(),
            Err(e) => out::complain(&format!("starting threads: {e}"), Exit::Failed).into(),
        },
    }
}

/// The commands that do more than read files.
async fn working(cli: &Cli) -> Exit {
    let common = &cli.common;
    let run = |what, source, full| runs::Wanted { what, source, full };
    match &cli.command {
        Command::Serve(args) => serve::serve(args, common).await,
        Command::Demo(args) => serve::demo(args, common).await,
        Command::Run(a) => runs::run(run("run", &a.source, a.full), &a.place, common).await,
        Command::Check(a) => runs::run(run("check", &a.source, a.full), &a.place, common).await,
        Command::Redescribe(a) => {
            runs::run(run("redescribe", &a.source, false), &a.place, common).await
        }
        Command::Details(a) => runs::run(run("details", &a.source, false), &a.place, common).await,
        Command::Held(args) => by_hand::held(args, common).await,
        Command::Undo(args) => by_hand::undo(args, common).await,
        Command::Restore(args) => by_hand::restore(args, common).await,
        Command::Query(args) => read::query(args, common).await,
        Command::Status(args) => read::status(args, common).await,
        Command::Report(args) => report::report(args, common).await,
        Command::Quality(args) => quality::quality(args, common).await,
        Command::Export(args) => read::export(args).await,
        Command::Overrides(args) => overrides::overrides(args, common).await,
        Command::Identity(args) => identity::identity(args, common).await,
        Command::Verify(args) => verify::verify(args, common).await,
        Command::Webhooks(args) => webhooks::webhooks(args, common).await,
        Command::Feed(args) => feed::feed(args, common),
        Command::Erase(args) => erase::erase(args, common).await,
        Command::Compact(args) => recovery::compact(args, common).await,
        Command::Backup(args) => recovery::backup::backup(args, common).await,
        Command::Feedback(args) => feedback::feedback(args, common).await,
        Command::Worker
        | Command::CheckConfig(_)
        | Command::Sources(_)
        | Command::Token(_)
        | Command::Scrub(_)
        | Command::Recover(_) => Exit::Ok,
    }
}
