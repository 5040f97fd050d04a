//! One catalogue, cut into pages in every way: what is said of its records stays the same.

use super::*;

/// How a catalogue in pages says which datasets are its members.
#[derive(Clone, Copy, Debug)]
enum Lists {
    ThePagesOwn,
    AllOnEachPage,
    AllOnTheFirstPage,
}

/// What stands on the pages one after the other, some of it referring to what stands before or after it.
fn things() -> Vec<(Option<u32>, String)> {
    let mut things = vec![
        (None, ":org a foaf:Agent ; foaf:name 'O' .".to_owned()),
        (
            None,
            ":unit a foaf:Organization ; foaf:name 'U' .".to_owned(),
        ),
        (
            None,
            ":api a dcat:DataService ; dct:title 'A' ; dct:publisher :org ; dcat:servesDataset :d1, :d3, :d4 ."
                .to_owned(),
        ),
        (
            None,
            ":series a dcat:DatasetSeries ; dct:title 'S' .".to_owned(),
        ),
    ];
    things.extend((1..=5).map(|n| {
        let thing = format!(
            ":d{n} a dcat:Dataset ; dct:title '{n}' ; dct:publisher :org, :unit ; dcat:inSeries :series ;
               dct:relation :d{} ; dcat:distribution [ dcat:accessURL :f{n} ; dcat:accessService :api ] .
             :r{n} a dcat:CatalogRecord ; foaf:primaryTopic :d{n} ; dct:modified '2026-01-0{n}' .
             :c dcat:record :r{n} .",
            n % 5 + 1
        );
        (Some(n), thing)
    }));
    things
}

/// The bodies of all records of the catalogue, read page by page.
fn harvested(
    things: &[(Option<u32>, String)],
    per_page: usize,
    lists: Lists,
) -> BTreeMap<RecordId, String> {
    let dcat = opened(serde_json::Value::Null).unwrap();
    let cx = harvestd_vocab::Context {
        base: "https://h.example/".to_owned(),
        source: "s".to_owned(),
        language: None,
        offset_minutes: None,
        shared_agencies: false,
    };
    let members = |things: &[(Option<u32>, String)]| {
        let of = things.iter().filter_map(|(dataset, _)| *dataset);
        of.fold(String::new(), |all, n| {
            format!("{all} :c dcat:dataset :d{n} .")
        })
    };
    let pages: Vec<_> = things.chunks(per_page).collect();
    let mut question = Some(dcat.begin(None, 0).remove(0));
    let mut bodies = BTreeMap::new();
    for (at, page) in pages.iter().enumerate() {
        let listed = match lists {
            Lists::ThePagesOwn => members(page),
            Lists::AllOnEachPage => members(things),
            Lists::AllOnTheFirstPage if at == 0 => members(things),
            Lists::AllOnTheFirstPage => String::new(),
        };
        let next = match pages.get(at + 1) {
            Some(_) => format!("hydra:next <{AT}?page={}> ;", at + 2),
            None => String::new(),
        };
        let mut turtle = format!(
            "{PREFIXES} @prefix hydra: <http://www.w3.org/ns/hydra/core#> .
             :c a dcat:Catalog ; dct:title 'C' . {listed}
             <{AT}?page={}> a hydra:PartialCollectionView ; {next} hydra:first <{AT}> .\n",
            at + 1
        );
        page.iter().for_each(|(_, thing)| turtle += thing);
        let request = question.take().unwrap();
        let mut heard = Heard::default();
        let answer = Answer {
            request: &request,
            status: 200,
            url: request.url.clone(),
            media_type: Some("text/turtle".to_owned()),
            link_next: None,
            body: &mut turtle.as_bytes(),
        };
        dcat.read(answer, &mut heard).unwrap();
        question = heard.next.take();
        for (id, raw) in heard.parts {
            let parts = vec![(PART, raw.into_bytes())];
            let record = Record {
                id: id.clone(),
                parts,
            };
            let description = dcat.describe(&record).unwrap();
            let body = harvestd_vocab::normalise(description, &id.key, &cx)
                .unwrap()
                .body;
            bodies.entry(id).or_insert(body);
        }
    }
    assert!(question.is_none(), "a page was not read");
    bodies
}

#[test]
fn what_is_said_of_a_record_does_not_depend_on_where_pages_end() {
    let mut things = things();
    let whole = harvested(&things, things.len(), Lists::ThePagesOwn);
    assert_eq!(whole.len(), 10, "{:?}", whole.keys());
    let d4 = &whole[&RecordId::dataset("http://x/d4")];
    assert!(
        d4.contains("<http://x/c> <http://www.w3.org/ns/dcat#dataset> <http://x/d4>"),
        "{d4}"
    );
    let api = &whole[&RecordId::new(Class::DataService, "http://x/api")];
    assert_eq!(api.matches("dcat#servesDataset").count(), 3, "{api}");
    for turn in 0..things.len() {
        for per_page in 1..=things.len() {
            for lists in [
                Lists::ThePagesOwn,
                Lists::AllOnEachPage,
                Lists::AllOnTheFirstPage,
            ] {
                let harvested = harvested(&things, per_page, lists);
                assert_eq!(
                    harvested, whole,
                    "turn {turn}, {per_page} a page, {lists:?}"
                );
            }
        }
        things.rotate_left(1);
    }
}
