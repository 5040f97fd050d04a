//! The daemon: everything that touches the world.
//!
//! Reading order is the order of the modules: what is configured, how a source is asked, the straight line of a run,
//! where things are kept, how they go out.

pub mod answers;
pub mod atom;
pub mod backup;
pub mod chronicle;
pub mod chunks;
pub mod ckan;
pub mod cli;
pub mod compare;
pub mod config;
pub mod crash;
pub mod daemon;
pub mod demo;
pub mod describe;
pub mod diagnosis;
pub mod digest;
pub mod documents;
pub mod encoding;
pub mod facts;
pub mod feed;
pub mod feed_cache;
pub mod feedback;
pub mod format;
pub mod gate;
pub mod identity;
pub mod interchange;
pub mod lock;
pub mod log;
pub mod network;
pub mod oai;
pub mod overrides;
pub mod parts;
pub mod push;
pub mod quality;
pub mod report;
pub mod room;
pub mod run;
pub mod schedule;
pub mod scrub;
pub mod search;
pub mod serve;
pub mod snapshot;
pub mod stage;
pub mod state;
pub mod store;
pub mod store_read;
pub mod swap;
pub mod undo;
pub mod webhooks;
