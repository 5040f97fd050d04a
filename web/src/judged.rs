//! How good one dataset is: points with the reasons for those that it does not get, what shapes say, and how its addresses
//! fare. Start at [`Judged`].

use crate::{Template, Words, entity::Badge, moment::Moment, values::Link};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "judged.html")]
pub struct Judged {
    pub words: Words,
    /// Of 405.
    pub points: u32,
    pub rating: Badge,
    /// Per cent.
    pub fair: u32,
    pub ai_ready: u32,
    /// Whether a promised rhythm is kept.
    pub timely: String,
    pub dimensions: Vec<Dimension>,
    /// What costs points, the most first.
    pub lost: Vec<Reason>,
    /// Everything that is measured.
    pub indicators: Vec<Reason>,
    /// How many results each standard has, in words.
    pub conformance: String,
    pub violations: Vec<Violation>,
    /// What the portal found. None: nothing is known of any address.
    pub badge: Option<String>,
    pub addresses: Vec<Address>,
    /// Where the same is for machines.
    pub json: String,
}

/// Points of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dimension {
    pub name: String,
    pub points: u32,
    pub of: u32,
}

impl Dimension {
    /// The width of its bar, in per cent.
    fn bar(&self) -> u32 {
        self.points * 100 / self.of.max(1)
    }
}

/// An indicator, with what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    pub scheme: String,
    pub name: String,
    pub explanation: String,
    pub found: String,
    pub points: u32,
    pub gets: u32,
    /// Nobody looked yet.
    pub is_unchecked: bool,
}

/// What a shape says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violation {
    pub profile: String,
    pub severity: String,
    pub is_grave: bool,
    /// With short names: `dct:title`.
    pub path: String,
    pub said: String,
    pub found: String,
    /// Nodes of which that is so.
    pub times: u32,
}

/// An address, and the five national checks of it in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    pub link: Link,
    pub came: String,
    /// What its publisher should do; empty where nothing is known, or nothing is wrong.
    pub advice: &'static str,
    pub checked: Option<Moment>,
    pub checks: [&'static str; 5],
}
