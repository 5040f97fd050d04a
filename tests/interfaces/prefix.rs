//! `public_url` with a path: every door speaks of addresses below it, and every address that it speaks of leads back, behind a
//! proxy that passes the path on as behind one that cuts it off.

use super::*;
use std::collections::BTreeSet;

const ORIGIN: &str = "https://hub.example/";
const BASE: &str = "https://hub.example/open/data/";
/// What stands around an address in each of the forms.
const ENDS: &[char] = &['"', '<', '>', ' ', '\n', '\r', '\\', '\'', ')', ',', ';'];

async fn hub_below_a_path() -> (Bed, Serving) {
    let bed = Bed::new(export(&rows(1, 5, 1))).await;
    bed.configure(
        "[limits.lists]\noai_records_max = 2\natom_entries_max = 2\n",
        "",
    );
    let file = bed.dir.path().join("harvestd.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(texts::BASE, BASE)).unwrap();
    let daemon = bed.serve().await;
    run(&daemon, "a").await;
    (bed, daemon)
}

async fn text(daemon: &Serving, path: &str) -> String {
    let response = daemon.get(path).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    text
}

/// The addresses of ours that a document speaks of.
fn ours(text: &str) -> BTreeSet<String> {
    let addresses = text.match_indices(ORIGIN);
    addresses
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(ENDS).unwrap_or(rest.len());
            rest[..end].replace("&amp;", "&")
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_speaks_of_addresses_below_the_path() {
    let (_bed, daemon) = hub_below_a_path().await;
    for (path, says) in [
        (
            "api/3/action/package_search?rows=1",
            "api/3/action/help_show?name=package_search",
        ),
        (
            "api/3/action/package_show?id=https://data.gov.tw/dataset/1",
            "record/a/1",
        ),
        ("api/3/action/status_show", ""),
        ("oai?verb=Identify", "oai"),
        ("oai?verb=ListRecords&metadataPrefix=oai_dc", "oai"),
        ("oai?verb=ListRecords&metadataPrefix=dcat", "catalog/a"),
        ("atom.xml", "atom.xml"),
        ("atom.xml?source=a", "atom.xml?source=a"),
        ("robots.txt", "sitemap.xml"),
        ("sitemap.xml", "sitemap/0.xml"),
        ("sitemap/0.xml", "record/a/1"),
        ("catalog.ttl?limit=2", "catalog.ttl?limit=2"),
        (
            "catalog.jsonld?source=a&limit=2",
            "catalog.jsonld?source=a&limit=2",
        ),
        ("data.json", "data.json"),
        ("dumps", "dumps/"),
        ("feed", "feed"),
        (".well-known/void", "sparql"),
        ("snapshots", "catalog"),
        ("", "catalog.csv"),
        ("openapi.json", ""),
    ] {
        for prefix in ["/", "/open/data/"] {
            let text = text(&daemon, &format!("{prefix}{path}")).await;
            let ours = ours(&text);
            let below = BASE.trim_end_matches('/');
            for address in &ours {
                assert!(address.starts_with(below), "{prefix}{path}: {address}");
            }
            let expected = format!("{BASE}{says}");
            let said = ours.iter().any(|address| {
                address.starts_with(&expected) || (says.is_empty() && address == below)
            });
            assert!(said, "{prefix}{path}: no {expected} in {ours:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_on_leads_back_here() {
    let (_bed, daemon) = hub_below_a_path().await;
    let here = |address: &str| address.replace(ORIGIN, "/");
    let between = |text: &str, begin: &str, end: &str| {
        let rest = text
            .split(begin)
            .nth(1)
            .unwrap_or_else(|| panic!("no {begin}: {text}"));
        rest.split(end).next().unwrap().replace("&amp;", "&")
    };
    // Hydra, Atom, the sitemaps, and each file of the dump.
    let first = text(&daemon, "/catalog.nt?limit=2").await;
    let next = between(&first, "hydra/core#next> <", ">");
    assert!(
        next.starts_with(&format!("{BASE}catalog.nt?limit=2&after=")),
        "{next}"
    );
    let second = text(&daemon, &here(&next)).await;
    assert_eq!(
        between(&second, "hydra/core#first> <", ">"),
        format!("{BASE}catalog.nt?limit=2")
    );
    let feed = text(&daemon, "/atom.xml").await;
    let next = between(&feed, "rel=\"next\" href=\"", "\"");
    assert!(
        next.starts_with(&format!("{BASE}atom.xml?before=")),
        "{next}"
    );
    text(&daemon, &here(&next)).await;
    let robots = text(&daemon, "/robots.txt").await;
    let index = text(&daemon, &here(between(&robots, "Sitemap: ", "\n").trim())).await;
    let sitemap = text(&daemon, &here(&between(&index, "<loc>", "<"))).await;
    let page = between(&sitemap, "<loc>", "<");
    assert!(page.starts_with(&format!("{BASE}record/a/")), "{page}");
    text(&daemon, &here(&page)).await;
    let manifest = daemon.json("/dumps").await;
    let files = ours(&manifest.to_string());
    let files: Vec<&String> = files.iter().filter(|file| file.ends_with(".zst")).collect();
    assert_eq!(files.len(), 2, "{manifest}");
    for file in files {
        let response = daemon.get(&here(file)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{file}");
    }
    let help = daemon.json("/api/3/action/package_list").await["help"].clone();
    text(&daemon, &here(help.as_str().unwrap())).await;
    let list = text(&daemon, "/oai?verb=Identify").await;
    let oai = between(&list, "<baseURL>", "<");
    text(&daemon, &format!("{}?verb=ListSets", here(&oai))).await;
}
