//! The daemon: everything that touches the world.
//!
//! Reading order is the order of the modules: what is configured, how a source is asked, the straight line of a run,
//! where things are kept, how they go out.

pub mod config;
pub mod schedule;
pub mod network;
pub mod encoding;
pub mod run;
pub mod compare;
pub mod gate;
pub mod report;
pub mod store;
pub mod store_read;
pub mod log;
pub mod state;
pub mod answers;
pub mod snapshot;
pub mod daemon;
pub mod serve;
pub mod demo;
pub mod cli;
