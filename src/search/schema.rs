//! The fields of the index, and a package as one of its documents.
//!
//! Start at [`Fields`]; [`FIELDS`] says by which names they can be asked for.

use super::text::{self, ANALYZER, Analyzer};
use crate::ckan::{Group, Package, names};
use harvestd_vocab::quality::Rating;
use tantivy::{
    Index, TantivyDocument,
    schema::{
        FAST, Field, INDEXED, IndexRecordOption, STORED, Schema, SchemaBuilder, TextFieldIndexing,
        TextOptions,
    },
};
use zstd::bulk::Compressor;

/// Raised when the same package would become another document: the index is then built anew.
const LAYOUT: u32 = 3;
/// zstd, as everywhere in the house: a package is some four kilobytes, and packs threefold.
const LEVEL: i32 = 3;
/// Separates the parts of a label; a control character, which no title has.
const PART: char = '\u{1f}';

/// What the index was made by: another version's is built anew.
pub fn version() -> String {
    format!(
        "{LAYOUT}-{}-{}",
        text::VERSION,
        harvestd_vocab::tables::tables_version()
    )
}

/// What a field is, for who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole values, compared as they are; may be a facet.
    Keyword,
    /// Words.
    Text,
    /// Microseconds since 1970.
    Date,
    /// The same for every dataset here: this value.
    Always(&'static str),
}

/// The fields that queries, sorting and facets know by name.
pub const FIELDS: [(&str, Kind); 27] = [
    ("id", Kind::Keyword),
    ("name", Kind::Keyword),
    ("uri", Kind::Keyword),
    ("organization", Kind::Keyword),
    ("owner_org", Kind::Keyword),
    ("groups", Kind::Keyword),
    ("tags", Kind::Keyword),
    ("res_format", Kind::Keyword),
    ("license_id", Kind::Keyword),
    ("access", Kind::Keyword),
    ("source", Kind::Keyword),
    ("high_value", Kind::Keyword),
    ("frequency", Kind::Keyword),
    ("language", Kind::Keyword),
    ("quality", Kind::Keyword),
    ("title", Kind::Text),
    ("notes", Kind::Text),
    ("text", Kind::Text),
    ("metadata_modified", Kind::Date),
    ("metadata_created", Kind::Date),
    ("data_modified", Kind::Date),
    ("state", Kind::Always("active")),
    ("type", Kind::Always("dataset")),
    ("dataset_type", Kind::Always("dataset")),
    ("entity_type", Kind::Always("package")),
    ("capacity", Kind::Always("public")),
    ("private", Kind::Always("false")),
];

/// Keyword fields that are facets, in the order of [`Fields::facets`].
pub const FACETS: [&str; 11] = [
    "organization",
    "groups",
    "tags",
    "res_format",
    "license_id",
    "access",
    "source",
    "high_value",
    "frequency",
    "language",
    "quality",
];

/// What a name of [`FIELDS`] is.
pub fn kind(name: &str) -> Option<Kind> {
    FIELDS
        .iter()
        .find_map(|(known, kind)| (*known == name).then_some(*kind))
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    pub uri: Field,
    pub id: Field,
    pub name: Field,
    pub owner_org: Field,
    /// In the order of [`FACETS`].
    pub facets: [Field; FACETS.len()],
    pub title: Field,
    pub notes: Field,
    pub tag_words: Field,
    pub organization_words: Field,
    pub ids: Field,
    pub modified: Field,
    pub created: Field,
    /// When the data changed last, as far as it is told; else as `modified`.
    pub dated: Field,
    /// The upper half of the id, for sorting by it.
    pub id_high: Field,
    /// The title, folded, for sorting by it.
    pub title_sort: Field,
    /// What organizations, groups and licences are called: see [`Label`].
    pub labels: Field,
    /// IRI of the publisher, where that is an entity of its own.
    pub publisher: Field,
    /// CKAN's ids of the resources.
    pub resources: Field,
    /// What `package_show` gives, compressed.
    pub package: Field,
}

impl Fields {
    pub fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let fields = Self {
            uri: whole(&mut schema, "uri", false),
            id: whole(&mut schema, "id", false),
            name: whole(&mut schema, "name", true),
            owner_org: whole(&mut schema, "owner_org", false),
            facets: FACETS.map(|name| whole(&mut schema, name, true)),
            title: words(&mut schema, "title"),
            notes: words(&mut schema, "notes"),
            tag_words: words(&mut schema, "tag_words"),
            organization_words: words(&mut schema, "organization_words"),
            ids: words(&mut schema, "ids"),
            modified: schema.add_i64_field("metadata_modified", FAST | INDEXED),
            created: schema.add_i64_field("metadata_created", FAST | INDEXED),
            dated: schema.add_i64_field("data_modified", FAST | INDEXED),
            id_high: schema.add_u64_field("id_high", FAST),
            title_sort: schema.add_text_field("title_sort", TextOptions::default().set_fast("raw")),
            labels: schema.add_text_field("labels", TextOptions::default().set_fast("raw")),
            publisher: whole(&mut schema, "publisher", false),
            resources: whole(&mut schema, "resources", false),
            package: schema.add_bytes_field("package", STORED),
        };
        (schema.build(), fields)
    }

    /// Tells the index how text becomes words.
    pub fn prepare(index: &Index) {
        index.tokenizers().register(ANALYZER, Analyzer);
    }

    /// The field of a name of [`FIELDS`] whose values are whole.
    pub fn keyword(&self, name: &str) -> Option<Field> {
        match name {
            "uri" => Some(self.uri),
            "id" => Some(self.id),
            "name" => Some(self.name),
            "owner_org" => Some(self.owner_org),
            _ => {
                let at = FACETS.iter().position(|facet| *facet == name)?;
                Some(self.facets[at])
            }
        }
    }

    /// One thread's compressor of packages: making one costs as much as packing one.
    pub fn pack() -> std::io::Result<Compressor<'static>> {
        Compressor::new(LEVEL)
    }

    pub fn document(
        &self,
        package: &Package,
        rating: Option<Rating>,
        pack: &mut Compressor<'_>,
    ) -> std::io::Result<TantivyDocument> {
        let mut document = TantivyDocument::default();
        let mut say = |field, values: &mut dyn Iterator<Item = &str>| {
            for value in values {
                document.add_text(field, value);
            }
        };
        let [
            organization,
            groups,
            tags,
            formats,
            licence,
            access,
            sources,
            high_value,
            frequency,
            languages,
            quality,
        ] = self.facets;
        say(self.uri, &mut one(&package.iri));
        say(self.id, &mut one(&package.id));
        say(self.name, &mut one(&package.name));
        let owner = package.organization.as_ref();
        say(
            self.owner_org,
            &mut owner.map(|group| &*group.id).into_iter(),
        );
        say(
            organization,
            &mut owner.map(|group| &*group.name).into_iter(),
        );
        say(groups, &mut package.groups.iter().map(|group| &*group.name));
        say(tags, &mut texts(&package.tags));
        say(formats, &mut package.formats.iter().map(String::as_str));
        let license = package.licence.as_ref();
        say(
            licence,
            &mut license.map(|licence| &*licence.id).into_iter(),
        );
        say(access, &mut package.access.into_iter());
        say(sources, &mut texts(&package.sources));
        say(high_value, &mut texts(&package.high_value));
        say(frequency, &mut package.frequency.as_deref().into_iter());
        say(languages, &mut texts(&package.languages));
        say(quality, &mut rating.map(Rating::word).into_iter());
        let words = &package.words;
        say(self.title, &mut texts(&words.title));
        say(self.notes, &mut texts(&words.notes));
        say(self.tag_words, &mut texts(&words.tags));
        say(self.organization_words, &mut texts(&words.organization));
        say(self.ids, &mut texts(&words.ids));
        say(
            self.publisher,
            &mut package.publisher.as_deref().into_iter(),
        );
        say(self.resources, &mut texts(&package.resources));
        let sorted: String = text::fold(&package.title).chars().take(100).collect();
        say(self.title_sort, &mut one(&sorted));
        let labels = Label::of(package);
        say(self.labels, &mut texts(&labels));
        document.add_i64(self.modified, package.modified_us);
        document.add_i64(self.created, package.created_us);
        document.add_i64(self.dated, package.dated_us);
        let high = names::id_number(&package.id).unwrap_or_default() >> 64;
        document.add_u64(self.id_high, u64::try_from(high).unwrap_or_default());
        document.add_bytes(self.package, &pack.compress(&package.json)?);
        Ok(document)
    }
}

fn one(text: &str) -> impl Iterator<Item = &str> {
    std::iter::once(text)
}

fn texts(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(String::as_str)
}

fn whole(schema: &mut SchemaBuilder, name: &str, fast: bool) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_fieldnorms(false)
        .set_index_option(IndexRecordOption::Basic);
    let options = TextOptions::default().set_indexing_options(indexing);
    schema.add_text_field(
        name,
        if fast {
            options.set_fast("raw")
        } else {
            options
        },
    )
}

fn words(schema: &mut SchemaBuilder, name: &str) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    schema.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

/// What the value of a facet is called, where its name does not say it. In the index as one text, which every dataset with
/// that value has: what is called anew is then called so by all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// A name of [`FACETS`].
    pub facet: &'static str,
    pub name: String,
    pub id: String,
    pub title: String,
    /// Of an organization or group its IRI, of a licence its address. Empty where there is none.
    pub iri: String,
    /// Of a licence.
    pub is_open: bool,
}

impl Label {
    fn of(package: &Package) -> Vec<String> {
        let group = |facet: &'static str, group: &Group| Self {
            facet,
            name: group.name.clone(),
            id: group.id.clone(),
            title: group.title.clone(),
            iri: group.iri.clone(),
            is_open: false,
        };
        let licence = package.licence.as_ref().map(|licence| Self {
            facet: "license_id",
            name: licence.id.clone(),
            id: licence.id.clone(),
            title: licence.title.clone(),
            iri: licence.url.clone().unwrap_or_default(),
            is_open: licence.is_open,
        });
        let owner = package
            .organization
            .iter()
            .map(|g| group("organization", g));
        let groups = package.groups.iter().map(|g| group("groups", g));
        owner
            .chain(groups)
            .chain(licence)
            .map(|label| label.written())
            .collect()
    }

    fn written(&self) -> String {
        let open = if self.is_open { "open" } else { "" };
        let parts = [
            self.facet,
            &self.name,
            &self.id,
            &self.iri,
            open,
            &self.title,
        ];
        let parts = parts.map(|part| part.replace(PART, " "));
        parts.join(&PART.to_string())
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(PART);
        let facet = parts.next()?;
        Some(Self {
            facet: FACETS.iter().find(|known| **known == facet)?,
            name: parts.next()?.to_owned(),
            id: parts.next()?.to_owned(),
            iri: parts.next()?.to_owned(),
            is_open: parts.next()? == "open",
            title: parts.next()?.to_owned(),
        })
    }
}
