//! The commands. Start at [`run`]; the words of the command line are in [`args`], the exit codes in [`exit`].

pub mod args;
mod check_config;
pub mod exit;
pub mod logging;
pub mod out;

use args::{Cli, Command};
use exit::Exit;

/// Does what the command line says.
pub fn run(cli: Cli) -> std::process::ExitCode {
    let exit = match &cli.command {
        Command::CheckConfig(args) => {
            check_config::check_config(args, &cli.common, chrono::Utc::now())
        }
        other => out::complain(
            &format!("this build has no part for {other:?}"),
            Exit::Failed,
        ),
    };
    exit.into()
}
