//! What of a record tells which dataset it is about, taken from its normalised body.
//!
//! Reads the body's text and nothing else; an agency that is a record of its own is asked for by its IRI. Start at
//! [`Features::of`].

use super::{address, agency, title::Title};
use harvestd_vocab::agents;
use harvestd_vocab::terms::{adms, dcat, dct, foaf, prov, skos};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Values of one kind that are looked at; further ones are left out, the smallest in order are kept.
const VALUES_MAX: usize = 64;
/// A description shorter than this, in letters and digits, says too little to compare.
const DESCRIPTION_CHARS_MIN: usize = 16;

/// One record of one source. Every list is sorted and has each value once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    pub record: Box<str>,
    /// The dataset's IRI as the source has it.
    pub entity: Box<str>,
    pub source: Box<str>,
    pub titles: Vec<Title>,
    /// Names of the publisher, and its identifier (`id:…`) where it has one that means the same everywhere.
    pub agencies: Vec<Box<str>>,
    /// Identifiers that mean the same everywhere.
    pub identifiers: Vec<Box<str>>,
    /// Where this very record is found.
    pub addresses: Vec<Box<str>>,
    /// What the record names as its source, or as the page of its dataset, somewhere else.
    pub points_at: Vec<Box<str>>,
    /// Where the data are.
    pub urls: Vec<Box<str>>,
    /// Hash of the description; 0: none, or too short to compare.
    pub description: u64,
    /// The source's own date of the last change (ISO 8601), of the dataset, else of its record. Empty: none.
    pub modified: Box<str>,
}

impl Features {
    /// The features of a body. `names` gives the names of an agency that is described elsewhere.
    pub fn of(
        body: &str,
        record: &str,
        entity: &str,
        source: &str,
        names: &dyn Fn(&str) -> Vec<String>,
    ) -> Self {
        let said = Said::of(body);
        let mut features = Self {
            record: record.into(),
            entity: entity.into(),
            source: source.into(),
            ..Self::default()
        };
        let titles = said.values(entity, dct::TITLE.as_str());
        features.titles = titles.map(|t| Title::of(&t)).collect();
        features.titles.retain(|t| !t.is_empty());
        features.read_agency(&said, names);
        features.read_addresses(&said);
        features.read_urls(&said);
        features.read_uuids();
        let description: String = said
            .values(entity, dct::DESCRIPTION.as_str())
            .flat_map(|text| Title::of(&text).0.chars().collect::<Vec<_>>())
            .collect();
        if description.chars().count() >= DESCRIPTION_CHARS_MIN {
            features.description = super::hash(b'd', &[&description]);
        }
        let modified = dct::MODIFIED.as_str();
        let mut dates = said
            .values(entity, modified)
            .chain(said.values(record, modified));
        features.modified = dates.next().unwrap_or_default().into();
        features.settle();
        features
    }

    fn read_agency(&mut self, said: &Said<'_>, names: &dyn Fn(&str) -> Vec<String>) {
        for publisher in said.values(&self.entity, dct::PUBLISHER.as_str()) {
            let mut own: Vec<String> = [foaf::NAME, skos::PREF_LABEL]
                .iter()
                .flat_map(|p| said.values(&publisher, p.as_str()))
                .collect();
            let ids = said.values(&publisher, dct::IDENTIFIER.as_str());
            let worldwide = ids.filter_map(|id| address::worldwide(&id));
            self.agencies
                .extend(worldwide.map(|id| format!("id:{id}").into()));
            if own.is_empty() {
                // Of an agency that sources named, the name may be that of a unit which many have.
                let oid = agents::oid_of_iri(&publisher);
                let oid = oid.filter(|oid| agents::known(oid).is_none());
                self.agencies
                    .extend(oid.map(|oid| format!("id:{oid}").into()));
                own = names(&publisher);
            }
            self.agencies
                .extend(own.iter().map(|name| agency::name(name)));
        }
        self.agencies.retain(|name| !name.is_empty());
    }

    fn read_addresses(&mut self, said: &Said<'_>) {
        let own = address::canonical(&self.entity);
        let host = own.as_deref().map(|own| address::host(own).to_owned());
        self.addresses.extend(own.map(Into::into));
        let identifiers: Vec<String> = said
            .values(&self.entity, dct::IDENTIFIER.as_str())
            .chain(
                said.values(&self.entity, adms::IDENTIFIER.as_str())
                    .flat_map(|node| {
                        said.values(&node, skos::NOTATION.as_str())
                            .collect::<Vec<_>>()
                    }),
            )
            .collect();
        for identifier in &identifiers {
            self.identifiers
                .extend(address::worldwide(identifier).map(Into::into));
        }
        let pointers = [
            dct::SOURCE,
            prov::WAS_DERIVED_FROM,
            dcat::LANDING_PAGE,
            foaf::PAGE,
        ];
        let pointers = pointers
            .iter()
            .flat_map(|p| said.values(&self.entity, p.as_str()))
            .chain(identifiers.iter().cloned());
        for pointer in pointers.filter_map(|p| address::canonical(&p)) {
            let at_home = host.as_deref() == Some(address::host(&pointer));
            let list = if at_home {
                &mut self.addresses
            } else {
                &mut self.points_at
            };
            list.push(pointer.into());
        }
    }

    fn read_urls(&mut self, said: &Said<'_>) {
        for distribution in said.values(&self.entity, dcat::HAS_DISTRIBUTION.as_str()) {
            for predicate in [dcat::DOWNLOAD_URL, dcat::ACCESS_URL] {
                let urls = said.values(&distribution, predicate.as_str());
                self.urls.extend(
                    urls.filter_map(|url| address::canonical(&url))
                        .map(Into::into),
                );
            }
        }
        // A page about the dataset is no place of its data.
        let (addresses, points_at) = (&self.addresses, &self.points_at);
        self.urls
            .retain(|url| !addresses.contains(url) && !points_at.contains(url));
    }

    /// Where portals name datasets by UUIDs, the addresses of the data tell whose data they are: a record whose data all
    /// lie under another's UUID names it. Its own UUID is one that its IRI has, or an identifier.
    fn read_uuids(&mut self) {
        let token = |uuid: &str| format!("urn:uuid:{uuid}").into();
        if let [own] = address::uuids(&self.entity).as_slice() {
            self.identifiers.push(own.as_str().into());
        }
        let own = self.identifiers.iter().filter(|id| address::is_uuid(id));
        let own: Vec<Box<str>> = own.map(|uuid| token(uuid)).collect();
        let mut of_data = self.urls.iter().map(|url| address::uuids(url));
        let mut of_all = of_data.next().unwrap_or_default();
        for uuids in of_data {
            of_all.retain(|uuid| uuids.contains(uuid));
        }
        let others = of_all.iter().map(|uuid| token(uuid));
        self.points_at.extend(others.filter(|at| !own.contains(at)));
        self.addresses.extend(own);
    }

    fn settle(&mut self) {
        self.titles.sort_unstable();
        self.titles.dedup();
        self.titles.truncate(VALUES_MAX);
        for list in [
            &mut self.agencies,
            &mut self.identifiers,
            &mut self.addresses,
            &mut self.points_at,
            &mut self.urls,
        ] {
            list.sort_unstable();
            list.dedup();
            list.truncate(VALUES_MAX);
        }
    }

    /// Do they say the same but for the date of the last change? It decides who speaks for a dataset, and links nothing.
    pub fn links_as(&self, other: &Self) -> bool {
        let modified = self.modified.clone();
        *self
            == Self {
                modified,
                ..other.clone()
            }
    }

    /// Does this record name the other one as its source, or as the page of its dataset?
    pub fn names(&self, other: &Self) -> bool {
        self.points_at
            .iter()
            .any(|at| other.addresses.binary_search(at).is_ok())
    }
}

/// The statements of a body that matter here, by subject.
struct Said<'a> {
    by_subject: HashMap<&'a str, Vec<(&'a str, &'a str)>>,
}

impl<'a> Said<'a> {
    fn of(body: &'a str) -> Self {
        let mut by_subject: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
        for line in body.lines() {
            let Some((subject, rest)) = line.strip_prefix('<').and_then(|l| l.split_once("> <"))
            else {
                continue;
            };
            if let Some((predicate, object)) = rest.split_once("> ")
                && let Some(object) = object.strip_suffix(" .")
            {
                by_subject
                    .entry(subject)
                    .or_default()
                    .push((predicate, object));
            }
        }
        Self { by_subject }
    }

    /// IRIs and texts of literals, in the order of the body.
    fn values(&self, subject: &str, predicate: &str) -> impl Iterator<Item = String> {
        let said = self.by_subject.get(subject).into_iter().flatten();
        let objects = said.filter(move |(p, _)| *p == predicate);
        objects
            .map(|(_, object)| value(object))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// The IRI, or the text of the literal.
fn value(object: &str) -> String {
    if let Some(iri) = object.strip_prefix('<') {
        return iri.trim_end_matches('>').to_owned();
    }
    let mut text = String::with_capacity(object.len());
    let mut chars = object.chars().skip(1);
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => break,
            },
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"<https://city.example/dataset/u-1> <http://purl.org/dc/terms/identifier> "A41000000G-000004" .
<https://city.example/dataset/u-1> <http://purl.org/dc/terms/publisher> <https://h.example/record/c/u-1#p> .
<https://city.example/dataset/u-1> <http://purl.org/dc/terms/title> "臺南 \"公廁\""@zh-hant .
<https://city.example/dataset/u-1> <http://www.w3.org/ns/dcat#distribution> <https://h.example/record/c/u-1#d> .
<https://city.example/dataset/u-1> <http://www.w3.org/ns/dcat#landingPage> <https://data.gov.tw/dataset/7> .
<https://city.example/dataset/u-1> <http://xmlns.com/foaf/0.1/page> <https://city.example/dataset/toilets> .
<https://h.example/record/c/u-1#d> <http://www.w3.org/ns/dcat#accessURL> <https://files.example/1.csv> .
<https://h.example/record/c/u-1#p> <http://xmlns.com/foaf/0.1/name> "臺南市環保局"@zh-hant .
<https://h.example/record/c/u-1> <http://purl.org/dc/terms/modified> "2026-01-02"^^<http://www.w3.org/2001/XMLSchema#date> .
"#;

    #[test]
    fn data_under_anothers_uuid_name_it() {
        let (uuid, file) = (
            "d76ca4fd-55ad-48c6-8ba1-18a2ffd3ac24",
            "6d4ef9f8-7699-46ca-877c-ddc28ed7da04",
        );
        let of = |entity: &str, urls: &[&str]| {
            let mut body = String::new();
            for (n, url) in urls.iter().enumerate() {
                body += &format!(
                    "<{entity}> <http://www.w3.org/ns/dcat#distribution> <{entity}#{n}> .\n<{entity}#{n}> <http://www.w3.org/ns/dcat#downloadURL> <{url}> .\n"
                );
            }
            Features::of(
                &body,
                "https://h.example/record/c/1",
                entity,
                "c",
                &|_| vec![],
            )
        };
        let portal = of(
            &format!("https://data.example/dataset/detail?id={uuid}"),
            &[],
        );
        let download = |uuid: &str| {
            format!("https://data.example/api/dataset/{uuid}/resource/{file}/download")
        };
        let (national, other) = ("https://data.gov.tw/dataset/7", download(file));
        let copy = of(national, &[&download(uuid)]);
        assert!(copy.names(&portal) && !portal.names(&copy));
        let several = of(
            national,
            &[&download(uuid), &other, "https://files.example/1.csv"],
        );
        assert!(!several.names(&portal), "it has other data too");
        assert_eq!(portal.identifiers, [uuid.into()]);
    }

    #[test]
    fn an_agency_is_the_same_by_its_oid_whether_shared_or_contained() {
        const PUBLISHER: &str = "http://purl.org/dc/terms/publisher";
        const OID: &str = "2.16.886.101.90099";
        let of = |body: &str| {
            let names = |_: &str| vec!["民政處".to_owned()];
            let record = "https://h.example/record/c/1";
            Features::of(body, record, "https://e.example/1", "c", &names).agencies
        };
        let agent = format!("https://h.example/agent/tw/{OID}");
        let shared = of(&format!(
            "<https://e.example/1> <{PUBLISHER}> <{agent}> .\n"
        ));
        assert_eq!(shared, [format!("id:{OID}").into(), agency::name("民政處")]);
        let part = "https://h.example/record/c/1#p";
        let contained = format!(
            "<https://e.example/1> <{PUBLISHER}> <{part}> .\n\
             <{part}> <http://purl.org/dc/terms/identifier> \"{OID}\" .\n\
             <{part}> <http://xmlns.com/foaf/0.1/name> \"民政處\"@zh-hant .\n"
        );
        assert_eq!(of(&contained), shared);
        let relation = agency::relation(&shared, &shared);
        assert_eq!(relation, agency::Relation::Same);
        let table = of(&format!(
            "<https://e.example/1> <{PUBLISHER}> <https://h.example/agent/tw/2.16.886.101.20003> .\n"
        ));
        assert_eq!(
            table,
            [agency::name("民政處")],
            "the table's names are whole"
        );
    }

    #[test]
    fn a_body_says_what_its_dataset_is() {
        let features = Features::of(
            BODY,
            "https://h.example/record/c/u-1",
            "https://city.example/dataset/u-1",
            "c",
            &|_| vec![],
        );
        assert_eq!(&*features.titles[0].0, "台南公廁");
        assert_eq!(features.agencies, ["台南市環保局".into()]);
        assert_eq!(features.identifiers, ["a41000000g-000004".into()]);
        assert_eq!(
            features.addresses,
            [
                "city.example/dataset/toilets".into(),
                "city.example/dataset/u-1".into()
            ]
        );
        assert_eq!(features.points_at, ["data.gov.tw/dataset/7".into()]);
        assert_eq!(features.urls, ["files.example/1.csv".into()]);
        assert_eq!(&*features.modified, "2026-01-02");
        let national = Features {
            addresses: vec!["data.gov.tw/dataset/7".into()],
            ..Features::default()
        };
        assert!(features.names(&national) && !national.names(&features));
    }
}
