//! A page for people of one entity: what is said of it, told for `harvestd-web` to show.
//!
//! Nothing known is hidden: what has no place of its own on the page stands in the table at its end. Pure; runs in the
//! worker's process. Start at [`document`].

mod files;
mod quality;
mod records;
mod teller;

pub use records::{Activity, Held};

use super::{Said, croissant, places, schema_org};
use crate::{
    ckan,
    facts::Value,
    serve::{
        pages,
        quality::Detail,
        wire::{Framed, Site},
    },
};
use harvestd_vocab::{
    concepts,
    terms::{dcat, dcatap, dct, dqv, foaf, harvestd, oa, rdfs, schema, skos, vcard},
};
use harvestd_web::{
    Frame, Language, Template, Words,
    entity::{Badge, Entity, Fact, Form},
    frame::encoded,
    map::Map,
    moment::Moment,
    values::Link,
};
use oxigraph::model::NamedNodeRef;
use std::collections::BTreeSet;
use teller::Teller;

/// Forms of the same: what `format` says, its media type, and what it is called.
const FORMS: [(&str, &str, &str); 5] = [
    ("ttl", "text/turtle", "Turtle"),
    ("application/ld%2Bjson", "application/ld+json", "JSON-LD"),
    ("application/rdf%2Bxml", "application/rdf+xml", "RDF/XML"),
    ("schemaorg", "application/ld+json", "schema.org"),
    ("croissant", "application/ld+json", "Croissant"),
];

/// What stands in short beside the description, in this order.
const IN_SHORT: [NamedNodeRef<'_>; 18] = [
    dct::IDENTIFIER,
    dct::ISSUED,
    dct::MODIFIED,
    dct::ACCRUAL_PERIODICITY,
    harvestd::STATED_FREQUENCY,
    dcat::THEME,
    dcatap::HVD_CATEGORY,
    dct::LANGUAGE,
    dct::SPATIAL,
    dct::TEMPORAL,
    dcat::IN_SERIES,
    dcat::VERSION,
    dct::CONFORMS_TO,
    dcat::LANDING_PAGE,
    foaf::PAGE,
    foaf::HOMEPAGE,
    dcat::ENDPOINT_URL,
    rdfs::COMMENT,
];

/// Under which conditions it may be had.
const CONDITIONS: [NamedNodeRef<'_>; 5] = [
    dct::LICENSE,
    dct::ACCESS_RIGHTS,
    dct::RIGHTS,
    schema::IS_ACCESSIBLE_FOR_FREE,
    dcat::CONTACT_POINT,
];

/// What the page has besides what is said of the entity.
pub struct Beside<'a> {
    pub site: &'a Site,
    pub framed: &'a Framed,
    /// Every record of it, that which speaks first.
    pub records: &'a [Held],
    /// The newest first.
    pub activities: &'a [Activity],
    /// None: it is no dataset, or not what is published.
    pub quality: Option<&'a Detail>,
}

/// The page, rendered.
pub fn document(said: &Said<'_>, beside: &Beside<'_>) -> Result<String, harvestd_web::Failed> {
    entity(said, beside).render()
}

fn entity(said: &Said<'_>, beside: &Beside<'_>) -> Entity {
    let words = Words(Language::of_tag(&beside.framed.language).unwrap_or_default());
    let teller = Teller::new(said, beside.site, words);
    let node = said.entity.as_str();
    let is_dataset = said.is_dataset() && !said.facts.is_a(node, dcat::DATASET_SERIES);
    let package = package(said, beside.site);
    let title = teller.title(node);
    let schema_org = schema_org::document(said);
    let files = files::of(&teller, &words);
    let mut used: BTreeSet<&str> = [
        NAMED_ABOVE.as_slice(),
        IN_SHORT.as_slice(),
        CONDITIONS.as_slice(),
    ]
    .into_iter()
    .flatten()
    .map(|property| property.as_str())
    .collect();
    if !is_dataset {
        used.remove(dcat::HAS_DISTRIBUTION.as_str());
        used.remove(dcat::KEYWORD.as_str());
    }
    let places = teller.places();
    let place = match places.is_empty() {
        true => words.say("dataset-place-only").to_owned(),
        false => words.fill("dataset-place-map", &[&places.join(" · ")]),
    };
    Entity {
        kind: words.say(kind(said)).to_owned(),
        other_titles: teller.other_titles(node),
        iri: Link::out(harvestd_web::said::Said::of(node), node),
        badges: badges(&teller, package.as_ref(), &words),
        descriptions: teller.texts(node, dct::DESCRIPTION),
        publisher: publisher(&teller, package.as_ref(), beside.site),
        is_dataset,
        files,
        conditions: conditions(&teller, package.as_ref()),
        facts: in_short(&teller, package.as_ref()),
        keywords: keywords(&teller, is_dataset),
        map: Map::of(&places::extents(said), place),
        quality: beside
            .quality
            .map(|detail| quality::told(&words, detail, &beside.site.prefix)),
        accounts: records::accounts(&teller, beside),
        changes: records::changes(beside, &words),
        forms: forms(said, beside, is_dataset, schema_org.is_some()),
        rest: teller.rest(&used),
        // No text of it can end the element.
        json_ld: schema_org.map(|document| document.to_string().replace('<', "\\u003c")),
        feedback: beside.framed.feedback.filter(|_| is_dataset).map(|open| {
            harvestd_web::entity::Feedback {
                form: open.then(|| harvestd_web::feedback::Form {
                    dataset: node.to_owned(),
                    ..Default::default()
                }),
                list: format!("{}/feedback?dataset={}", beside.site.prefix, encoded(node)),
            }
        }),
        frame: Frame {
            words,
            prefix: beside.site.prefix.clone(),
            site: beside.framed.title.clone(),
            title: title.text.clone(),
            path: beside.framed.path.clone(),
            query: beside.framed.query.clone(),
            ..Frame::default()
        },
        title,
    }
}

/// What has its place above, or a part of the page of its own.
const NAMED_ABOVE: [NamedNodeRef<'_>; 9] = [
    dct::TITLE,
    foaf::NAME,
    skos::PREF_LABEL,
    dct::DESCRIPTION,
    dct::PUBLISHER,
    dcat::HAS_DISTRIBUTION,
    dcat::KEYWORD,
    dqv::HAS_QUALITY_ANNOTATION,
    teller::TYPE,
];

fn kind(said: &Said<'_>) -> &'static str {
    let kinds = [
        (dcat::DATASET_SERIES, "kind-series"),
        (dcat::DATASET, "kind-dataset"),
        (dcat::DATA_SERVICE, "kind-service"),
        (dcat::CATALOG, "kind-catalog"),
        (foaf::AGENT, "kind-agent"),
    ];
    let mut kinds = kinds.into_iter();
    let found = kinds.find(|(class, _)| said.facts.is_a(&said.entity, *class));
    found.map_or("kind-other", |(_, key)| key)
}

/// The dataset as CKAN's door has it: by its names the page leads into the search.
fn package(said: &Said<'_>, site: &Site) -> Option<ckan::Package> {
    let agents = |iri: &str| {
        let called = said.names.name(iri, crate::facts::CHINESE_FIRST)?;
        Some(ckan::Agent {
            title: called.to_owned(),
            english: None,
        })
    };
    let package = ckan::Package::of(&ckan::Source {
        base: &site.base,
        entity: &said.entity,
        facts: &said.facts,
        created_us: 0,
        modified_us: 0,
        agents: &agents,
    });
    package.ok().flatten()
}

/// Who publishes it: a dataset's publisher leads to its page, any other to what is said of it.
fn publisher(teller: &Teller<'_>, package: Option<&ckan::Package>, site: &Site) -> Option<Link> {
    let iri = teller.said.facts.iri(&teller.said.entity, dct::PUBLISHER)?;
    let mut link = teller.link(&Value::Iri(iri));
    if let Some(organization) = package.and_then(|package| package.organization.as_ref()) {
        let name = encoded(&organization.name);
        link.href = Some(format!("{}/publishers/{name}", site.prefix));
        link.said = pages::labels::named(&link.said.text, iri, &teller.words);
    }
    Some(link)
}

/// Who may have it, and what the portal's check of its quality came to.
fn badges(teller: &Teller<'_>, package: Option<&ckan::Package>, words: &Words) -> Vec<Badge> {
    let mut badges = Vec::new();
    if let Some(tier) = package.and_then(|package| package.access) {
        let class = match tier {
            "open" => "good",
            "not-open" => "bad",
            _ => "fair",
        };
        let text = words.say(&format!("access-{tier}")).to_owned();
        badges.push(Badge {
            class,
            said: harvestd_web::said::Said::ours(text, words.0),
        });
    }
    let facts = &teller.said.facts;
    let annotations = facts.iris(&teller.said.entity, dqv::HAS_QUALITY_ANNOTATION);
    let bodies = annotations.flat_map(|annotation| facts.iris(annotation, oa::HAS_BODY));
    for concept in bodies.filter_map(concepts::of_iri) {
        let label = concept.label(&words.0.tag().to_ascii_lowercase());
        let text = format!("{}: {label}", words.say("property-badge"));
        badges.push(Badge {
            class: "",
            said: harvestd_web::said::Said::ours(text, words.0),
        });
    }
    badges
}

fn conditions(teller: &Teller<'_>, package: Option<&ckan::Package>) -> Vec<Fact> {
    let node = teller.said.entity.as_str();
    let mut facts = teller.facts(node, &CONDITIONS);
    // A dataset that says none itself has that of its files.
    if teller
        .said
        .facts
        .values(node, dct::LICENSE)
        .next()
        .is_none()
        && let Some(licence) = package.and_then(|package| package.licence.as_ref())
    {
        let iri = licence.url.as_deref().unwrap_or_default();
        let said = pages::labels::named(&licence.title, iri, &teller.words);
        let link = Link::out(said, iri);
        let words = teller.property(dct::LICENSE.as_str());
        facts.insert(
            0,
            Fact {
                words,
                values: vec![link],
            },
        );
    }
    for contact in teller.said.facts.iris(node, dcat::CONTACT_POINT) {
        facts.extend(teller.facts(contact, &[vcard::HAS_EMAIL, vcard::HAS_TELEPHONE]));
    }
    facts
}

fn in_short(teller: &Teller<'_>, package: Option<&ckan::Package>) -> Vec<Fact> {
    let words = &teller.words;
    let mut facts = teller.facts(&teller.said.entity, &IN_SHORT);
    if let Some(committed) = &teller.said.committed {
        let moment = Moment::of_text(committed);
        facts.insert(
            0,
            Fact {
                words: words.say("property-committed").to_owned(),
                values: vec![teller.plain(&moment.shown)],
            },
        );
    }
    let groups = package.map(|package| package.groups.as_slice());
    for group in groups.into_iter().flatten() {
        let asked = pages::narrowed("groups", &group.name);
        let href = format!("{}{}", teller.site.prefix, asked.address());
        teller.lead(&mut facts, dcat::THEME, (&group.iri, &group.title), &href);
    }
    let catalogues = teller.said.catalogues();
    if !catalogues.is_empty() {
        let links = catalogues.into_iter();
        facts.push(Fact {
            words: words.say("property-sources").to_owned(),
            values: links.map(|iri| teller.link(&Value::Iri(iri))).collect(),
        });
    }
    facts
}

/// Keywords lead into the search, as far as it has them.
fn keywords(teller: &Teller<'_>, is_dataset: bool) -> Vec<Link> {
    let texts = teller.said.facts.texts(&teller.said.entity, dcat::KEYWORD);
    let links = texts.filter(|_| is_dataset).map(|text| {
        let said = teller::spoken(text);
        let tags = ckan::tags::of(&[text.value().to_owned()]);
        let asked = tags.first().map(|tag| pages::narrowed("tags", tag));
        match asked {
            Some(asked) => Link::own(said, format!("{}{}", teller.site.prefix, asked.address())),
            None => Link { said, href: None },
        }
    });
    links.collect()
}

fn forms(
    said: &Said<'_>,
    beside: &Beside<'_>,
    is_dataset: bool,
    has_schema_org: bool,
) -> Vec<Form> {
    let loadable = croissant::document(said).is_ok();
    let site = beside.site;
    let words = Words(Language::of_tag(&beside.framed.language).unwrap_or_default());
    let address = match said.address.strip_prefix(&site.base) {
        Some(path) => format!("{}/{path}", site.prefix),
        None => said.address.clone(),
    };
    let offered = FORMS.iter().filter(|(name, ..)| match *name {
        "schemaorg" => has_schema_org,
        "croissant" => loadable,
        _ => true,
    });
    let mut forms: Vec<Form> = offered
        .map(|(format, media_type, name)| Form {
            name: (*name).to_owned(),
            media_type,
            href: format!("{address}?format={format}"),
        })
        .collect();
    if !is_dataset {
        return forms;
    }
    let iri = encoded(&said.entity);
    let mut also = |key: &str, media_type, path: String| {
        forms.push(Form {
            name: words.say(key).to_owned(),
            media_type,
            href: format!("{}{path}", site.prefix),
        });
    };
    let json = "application/json";
    also(
        "link-ckan-package",
        json,
        format!("/api/3/action/package_show?id={iri}"),
    );
    let speaks = beside.records.iter().find(|record| record.speaks);
    if !speaks.is_some_and(|record| beside.framed.portals.contains(&record.source)) {
        also(
            "link-interchange",
            json,
            format!("/api/v1/rest/dataset/{iri}"),
        );
    }
    if let Some(record) = speaks {
        let path = format!("/atom.xml?source={}", encoded(&record.source));
        also("link-atom", "application/atom+xml", path);
    }
    forms
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
