//! The binary: reads the command line, starts the log, hands over.

use clap::Parser;
use harvestd::cli::{
    args::{Cli, Command},
    exit::Exit,
    logging, out, run,
};
use std::process::ExitCode;

/// Gives memory back to the system after a large harvest, RocksDB's included, and can say how much it holds.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A worker's standard error belongs to the daemon that started it.
    if !matches!(cli.command, Command::Worker)
        && let Err(e) = logging::start(&cli.common.log, cli.common.log_format)
    {
        return out::complain(&e, Exit::Usage).into();
    }
    run(cli)
}
