//! The program: for now, only the worker that the doors start.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("worker") => harvestd::serve::worker::main(),
        _ => ExitCode::from(2),
    }
}
