//! The demo: a sample federation of our own writing, served on loopback for the daemon to harvest for real.
//!
//! Three catalogues in three dialects: a ministry's export in the form of data.gov.tw ([`ministry`]), a city's CKAN
//! ([`city`]) and a research observatory's paged DCAT ([`observatory`]). Everything in them is invented; the ministry,
//! the city and the observatory do not exist. Their content follows from small tables and a step counter
//! ([`world`]), so the same step always gives the same bytes.
//!
//! Knows nothing of the daemon. Start reading at [`world::World`], then [`server::serve_sample`].

pub mod banner;
pub mod city;
pub mod ministry;
pub mod observatory;
pub mod server;
mod tables;
pub mod world;

pub use banner::banner;
pub use server::{Faults, serve_sample, serve_sample_with};
pub use world::{Moment, World};
