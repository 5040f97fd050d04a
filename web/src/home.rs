//! The first page: search, what there is in numbers, what is new, and by what it can be browsed. Start at [`Home`].

use crate::{
    Frame, Template,
    values::{Brief, Choice},
};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "home.html")]
pub struct Home {
    pub frame: Frame,
    pub figures: Vec<Figure>,
    pub newest: Vec<Brief>,
    pub themes: Vec<Choice>,
    /// Taiwan's categories of services.
    pub services: Vec<Choice>,
    pub high_value: Vec<Choice>,
    pub formats: Vec<Choice>,
    /// How the sources stand, in one line, with the class of its ground.
    pub sources: String,
    pub sources_class: &'static str,
}

impl Home {
    /// What it can be browsed by, in order: each list with its id and heading.
    fn lists(&self) -> [(&'static str, &str, &[Choice]); 4] {
        let words = self.frame.words;
        [
            ("high-value", words.say("home-high-value"), &self.high_value),
            ("themes", words.say("home-themes"), &self.themes),
            ("services", words.say("home-services"), &self.services),
            ("formats", words.say("home-formats"), &self.formats),
        ]
    }
}

/// A number, what it counts, and where that is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    pub number: String,
    pub words: String,
    pub href: String,
}
