//! Pages for people: values in, HTML and SVG out. No I/O, no clock, no async; nothing here knows the store, the daemon or HTTP.
//!
//! A page is a struct whose fields are what it shows and a template of the same name in `templates/`, inside the one
//! [`Frame`]. Every word of ours is in `words.tsv`, in Traditional Chinese and in English. Every file that a page loads is
//! in `static/`, compiled in: nothing comes from another host, and nothing is inline. Start at [`frame`].

pub mod assets;
pub mod changes;
pub mod chart;
pub mod doors;
pub mod entity;
pub mod feedback;
pub mod frame;
pub mod home;
pub mod judged;
pub mod language;
pub mod map;
pub mod moment;
pub mod operator;
pub mod publishers;
pub mod quality;
pub mod said;
pub mod search;
pub mod source;
pub mod sources;
pub mod sparql;
pub mod trouble;
pub mod values;
mod words;

pub use askama::{Error as Failed, Template};
pub use frame::Frame;
pub use language::Language;
pub use words::Words;
