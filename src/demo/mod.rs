//! The demo: a sample federation of our own writing, served on loopback for the daemon to harvest for real.
//!
//! Four catalogues in three dialects: a ministry's export in the form of data.gov.tw ([`ministry`]), a city's CKAN
//! ([`city`]), a research observatory's paged DCAT ([`observatory`]), and the CKAN of a research centre that passes on
//! what others have ([`centre`]). Everything in them is invented; none of the four exists. Beside them are catalogues that go
//! wrong, each in its own way ([`sick`]). Their content follows from small tables and a step counter
//! ([`world`]), so the same step always gives the same bytes.
//!
//! Knows nothing of the daemon. Start reading at [`world::World`], then [`server::serve_sample`].

pub mod banner;
pub mod centre;
pub mod city;
pub mod ministry;
pub mod observatory;
pub mod server;
pub mod sick;
mod tables;
pub mod world;

pub use banner::banner;
pub use server::{Faults, serve_sample, serve_sample_with};
pub use world::{Moment, World};
