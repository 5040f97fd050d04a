//! A dataset as lists show it, read from its package in the search index. Start at [`Listed::read`].

use super::labels;
use crate::{
    ckan::dates,
    search::{Labels, Package, View, Wanted},
    serve::{House, problem::Problem},
};
use harvestd_web::{
    Frame, Language,
    frame::encoded,
    moment::Moment,
    said::Said,
    search::{Hit, Piece},
    values::{Brief, Link},
};
use serde::Deserialize;

/// Characters of a description in a list.
const NOTES_CHARS: usize = 180;
/// Formats that are named in a list.
const FORMATS_MAX: usize = 6;

/// What lists show of a package.
#[derive(Debug, Deserialize)]
pub struct Listed {
    title: String,
    notes: String,
    name: String,
    license_id: Option<String>,
    license_title: Option<String>,
    metadata_modified: String,
    organization: Option<Organization>,
    resources: Vec<Resource>,
    extras: Vec<Extra>,
}

#[derive(Debug, Deserialize)]
struct Organization {
    name: String,
    title: String,
}

#[derive(Debug, Deserialize)]
struct Resource {
    format: String,
}

#[derive(Debug, Deserialize)]
struct Extra {
    key: String,
    value: String,
}

/// What lists are shown with.
pub struct Shelf<'a> {
    pub house: &'a House,
    pub frame: &'a Frame,
    pub labels: &'a Labels,
}

impl Listed {
    pub fn read(view: &View, package: Package) -> Result<Self, Problem> {
        let json = view.json(package).map_err(super::searching)?;
        serde_json::from_slice(&json).map_err(|error| {
            tracing::error!(%error, "a package in the search index could not be read");
            Problem::internal()
        })
    }

    fn extra(&self, key: &str) -> Option<&str> {
        let mut extras = self.extras.iter();
        extras.find_map(|extra| (extra.key == key).then_some(extra.value.as_str()))
    }

    /// Where people find it here.
    pub fn address(&self, house: &House, frame: &Frame) -> String {
        let base = house.base();
        let chain = self.extra("harvest_chain").unwrap_or_default();
        let chain: Vec<String> = serde_json::from_str(chain).unwrap_or_default();
        let records = format!("{base}record/");
        let mut own = self
            .extra("uri")
            .into_iter()
            .filter(|iri| iri.starts_with(base));
        let own = own.next().map(str::to_owned);
        let ours = own.or_else(|| chain.into_iter().find(|iri| iri.starts_with(&records)));
        match ours.as_deref().and_then(|iri| iri.strip_prefix(base)) {
            Some(path) => frame.to(&format!("/{path}")),
            None => frame.to(&format!(
                "/api/3/action/package_show?id={}",
                encoded(&self.name)
            )),
        }
    }

    /// The text in the language of the page where the package has it: Chinese stands in CKAN's own field.
    fn said(&self, language: Language, own: &str, english: &str) -> Said {
        match self.extra(english) {
            Some(text) if language == Language::English => Said::english(text),
            Some(_) => Said::ours(own, Language::Chinese),
            None => Said::of(own),
        }
    }

    fn title(&self, language: Language) -> Said {
        self.said(language, &self.title, "title_en")
    }

    fn publisher(&self, shelf: &Shelf<'_>) -> Option<Link> {
        let organization = self.organization.as_ref()?;
        let said = match shelf
            .labels
            .get(&("organization", organization.name.clone()))
        {
            Some(label) => labels::named(&label.title, &label.iri, &shelf.frame.words),
            None => Said::of(&organization.title),
        };
        let path = format!("/publishers/{}", encoded(&organization.name));
        Some(Link::own(said, shelf.frame.to(&path)))
    }

    fn licence(&self, shelf: &Shelf<'_>) -> Option<Said> {
        let title = self.license_title.as_deref()?;
        let id = self.license_id.as_deref().unwrap_or_default();
        let label = shelf.labels.get(&("license_id", id.to_owned()));
        Some(match label {
            Some(label) => labels::named(title, &label.iri, &shelf.frame.words),
            None => Said::of(title),
        })
    }

    fn formats(&self) -> Vec<String> {
        let mut formats: Vec<String> = Vec::new();
        for resource in &self.resources {
            if !resource.format.is_empty() && !formats.contains(&resource.format) {
                formats.push(resource.format.clone());
            }
        }
        formats.truncate(FORMATS_MAX);
        formats
    }

    fn changed(&self) -> Option<Moment> {
        Moment::of_us(dates::read(&self.metadata_modified)?)
    }

    pub fn brief(&self, shelf: &Shelf<'_>) -> Brief {
        let title = self.title(shelf.frame.language());
        Brief {
            title: Link::own(title, self.address(shelf.house, shelf.frame)),
            publisher: self.publisher(shelf),
            formats: self.formats(),
            changed: self.changed(),
        }
    }

    pub fn hit(&self, shelf: &Shelf<'_>, wanted: &Wanted) -> Hit {
        let language = shelf.frame.language();
        let title = self.title(language);
        let notes = self.said(language, &self.notes, "notes_en");
        let access = self.extra("access").filter(|tier| *tier != "open");
        Hit {
            href: self.address(shelf.house, shelf.frame),
            title: pieces(wanted.pieces(&title.text)),
            title_lang: title.lang,
            notes: pieces(wanted.excerpt(&notes.text, NOTES_CHARS)),
            notes_lang: notes.lang,
            publisher: self.publisher(shelf),
            formats: self.formats(),
            licence: self.licence(shelf),
            access: access
                .map(|tier| labels::label("access", tier, shelf.labels, &shelf.frame.words).text),
            changed: self.changed(),
        }
    }
}

fn pieces(pieces: Vec<(String, bool)>) -> Vec<Piece> {
    let pieces = pieces.into_iter();
    pieces
        .map(|(text, marked)| Piece { text, marked })
        .collect()
}
