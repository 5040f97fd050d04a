//! What can be found at which head, what stays the same, and what is made again.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::log::{Activity, Verb};
use flate2::read::GzDecoder;
use std::io::Read;

const BASE: &str = "https://hub.example/";
const START_US: i64 = 1_767_225_600_000_000;
const GENERATION: u64 = 1;

struct Bed {
    dir: tempfile::TempDir,
    log: Log,
}

impl Bed {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Log::open(dir.path().join("log"), BASE).unwrap();
        Self { dir, log }
    }

    /// Segments that end at these numbers; a page lasts an hour.
    fn log(&self, ends: &[u64]) {
        let mut seq = self
            .log
            .segments(GENERATION)
            .unwrap()
            .last()
            .map_or(0, |s| s.last);
        for end in ends {
            let mut writer = self.log.begin(GENERATION, seq + 1).unwrap();
            while seq < *end {
                seq += 1;
                writer.append(&activity(seq)).unwrap();
            }
            writer.finish().unwrap();
        }
    }

    fn cache(&self, keep_days: Option<u64>) -> FeedCache {
        let feed = Feed {
            base: BASE.to_owned(),
            generation: 0,
            title: BTreeMap::new(),
            keep_days,
        };
        FeedCache::new(self.dir.path(), self.log.clone(), feed)
    }

    fn files(&self) -> Vec<String> {
        let dir = fs::read_dir(self.dir.path().join("feed/1-v1")).unwrap();
        let mut names: Vec<String> = dir
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn activity(seq: u64) -> Activity {
    let (page, place) = ((seq - 1) / PAGE, (seq - 1) % PAGE);
    Activity {
        seq,
        verb: Verb::Delete,
        entity: format!("https://e.example/{seq}"),
        published_us: START_US + page as i64 * 3_600_000_000 + place as i64,
        body: String::new(),
    }
}

fn at(seq: u64) -> Head {
    Head {
        generation: GENERATION,
        seq,
        published_us: START_US,
    }
}

fn bytes(prepared: Prepared) -> String {
    let mut text = String::new();
    match prepared.gzip {
        Source::File { file, .. } => GzDecoder::new(file).read_to_string(&mut text).unwrap(),
        Source::Memory(bytes) => GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap(),
    };
    text
}

fn page(number: u64) -> What {
    What::Node(number..number + 1)
}

fn members(cache: &FeedCache, head: Head, what: &What) -> Vec<u64> {
    let text = bytes(cache.find(head, what, Syntax::NQuads).unwrap());
    let members = text.lines().filter(|line| line.contains("tree#member"));
    let seq = |line: &str| {
        let name = line
            .strip_suffix("> .")
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap();
        name.parse().unwrap()
    };
    members.map(seq).collect()
}

fn children(cache: &FeedCache, head: Head, what: &What) -> Vec<String> {
    let text = bytes(cache.find(head, what, Syntax::NQuads).unwrap());
    let from = text
        .lines()
        .filter(|line| line.contains("-from> <https://w3id.org/tree#node>"));
    let name = |line: &str| {
        let line = line.strip_suffix("> .").unwrap();
        line.rsplit('/').next().unwrap().to_owned()
    };
    from.map(name).collect()
}

fn unknown(cache: &FeedCache, head: Head, what: &What) -> bool {
    matches!(
        cache.find(head, what, Syntax::TriG),
        Err(CacheError::Unknown)
    )
}

#[test]
fn an_empty_feed_has_a_root_and_no_page() {
    let bed = Bed::new();
    let cache = bed.cache(None);
    assert_eq!(children(&cache, at(0), &What::Root), [""; 0]);
    assert!(unknown(&cache, at(0), &page(0)));
    assert_eq!(cache.catch_up(at(0), &|| false).unwrap(), 0);
}

#[test]
fn pages_close_when_they_are_full() {
    let bed = Bed::new();
    bed.log(&[999, 1000, 1001, 2500]);
    let cache = bed.cache(None);
    for (seq, nodes, open) in [
        (1, vec!["0"], Some(0)),
        (999, vec!["0"], Some(0)),
        (1000, vec!["0"], None),
        (1001, vec!["0", "1"], Some(1)),
        (2500, vec!["0", "1", "2"], Some(2)),
    ] {
        let head = at(seq);
        assert_eq!(children(&cache, head, &What::Root), nodes, "{seq}");
        let pages = 0..nodes.len() as u64;
        let all: Vec<u64> = pages
            .clone()
            .flat_map(|number| members(&cache, head, &page(number)))
            .collect();
        assert_eq!(all, (1..=seq).collect::<Vec<_>>(), "only what is published");
        for number in pages {
            let found = cache.find(head, &page(number), Syntax::TriG).unwrap();
            assert_eq!(found.closed, open != Some(number), "{number} at {seq}");
        }
        assert!(unknown(&cache, head, &page(nodes.len() as u64)));
        assert!(unknown(&cache, head, &What::Node(0..32)));
    }
}

#[test]
fn a_closed_page_is_the_same_for_ever_and_made_again_when_it_is_lost() {
    let bed = Bed::new();
    bed.log(&[700, 1300]);
    let first = bed
        .cache(None)
        .find(at(1000), &page(0), Syntax::TriG)
        .unwrap();
    let (tag, text) = (first.tag.clone(), bytes(first));
    bed.log(&[2700]);
    let cache = bed.cache(None);
    assert_eq!(
        cache.catch_up(at(2700), &|| false).unwrap(),
        1,
        "only what is missing"
    );
    let names = bed.files();
    assert_eq!(names.len(), 2);
    let dir = bed.dir.path().join("feed/1-v1");
    for step in ["as it is", "one file lost", "all lost", "another start"] {
        match step {
            "one file lost" => fs::remove_file(dir.join(&names[0])).unwrap(),
            "all lost" => fs::remove_dir_all(&dir).unwrap(),
            _ => {}
        }
        let fresh = bed.cache(None);
        let cache = if step == "another start" {
            &fresh
        } else {
            &cache
        };
        let again = cache.find(at(2700), &page(0), Syntax::TriG).unwrap();
        assert_eq!(again.tag, tag, "{step}");
        assert_eq!(bytes(again), text, "{step}");
    }
}

#[test]
fn half_a_file_and_files_of_others_go_at_the_next_start() {
    let bed = Bed::new();
    bed.log(&[1000]);
    let dir = bed.dir.path().join("feed/1-v1");
    fs::create_dir_all(&dir).unwrap();
    fs::create_dir_all(bed.dir.path().join("feed/1-v0")).unwrap();
    fs::write(dir.join("0.trig.tmp"), "half").unwrap();
    fs::write(dir.join("0.5.gz"), "what is this").unwrap();
    let cache = bed.cache(None);
    cache.catch_up(at(1000), &|| false).unwrap();
    assert_eq!(bed.files().len(), 1);
    assert!(!bed.dir.path().join("feed/1-v0").exists());
    assert_eq!(members(&cache, at(1000), &page(0)).len(), 1000);
}

#[test]
fn from_32_pages_on_the_tree_has_two_levels() {
    let bed = Bed::new();
    let pages: Vec<u64> = (1..=34).map(|page| page * 1000).collect();
    bed.log(&pages);
    bed.log(&[34_001]);
    let cache = bed.cache(None);
    cache.catch_up(at(34_001), &|| false).unwrap();
    assert_eq!(children(&cache, at(31_999), &What::Root).len(), 32);
    assert_eq!(children(&cache, at(32_000), &What::Root), ["0-31"]);
    assert_eq!(
        children(&cache, at(34_001), &What::Root),
        ["0-31", "32", "33", "34"]
    );
    let node = What::Node(0..32);
    let expected: Vec<String> = (0..32).map(|page: u64| page.to_string()).collect();
    assert_eq!(children(&cache, at(32_000), &node), expected);
    let at_first = cache.find(at(32_000), &node, Syntax::TriG).unwrap();
    let later = cache.find(at(34_001), &node, Syntax::TriG).unwrap();
    assert!(at_first.closed);
    assert_eq!(bytes(at_first), bytes(later));
    assert!(unknown(&cache, at(31_999), &node));
    assert!(unknown(&cache, at(34_001), &What::Node(32..64)));
}

#[test]
fn what_is_closed_is_kept_from_the_first_time_it_is_asked_for() {
    let bed = Bed::new();
    let pages: Vec<u64> = (1..=32).map(|page| page * 1000).collect();
    bed.log(&pages);
    let cache = bed.cache(None);
    cache.catch_up(at(32_000), &|| false).unwrap();
    assert_eq!(bed.files().len(), 32, "pages in TriG before anybody asks");
    for (what, name) in [(What::Node(0..32), "0-31."), (page(3), "3.")] {
        for syntax in Syntax::ALL {
            let made = cache.find(at(32_000), &what, syntax).unwrap();
            let (tag, text) = (made.tag.clone(), bytes(made));
            let file = |names: &[String]| {
                let end = format!("{tag}.{}.gz", syntax.extension());
                let is = |file: &&String| file.starts_with(name) && file.ends_with(&end);
                names.iter().filter(is).count()
            };
            assert_eq!(file(&bed.files()), 1, "{name} {}", syntax.extension());
            // The file is what is given out, after another start as well.
            for cache in [&cache, &bed.cache(None)] {
                let again = cache.find(at(32_000), &what, syntax).unwrap();
                assert!(matches!(again.gzip, Source::File { .. }));
                assert_eq!(
                    (again.tag.clone(), bytes(again)),
                    (tag.clone(), text.clone())
                );
            }
        }
    }
    // The node in three syntaxes, one page in two more.
    assert_eq!(bed.files().len(), 32 + 3 + 2);
    assert_eq!(children(&cache, at(32_000), &What::Root), ["0-31"]);
}

/// Whoever looks whether pages are old waits for nobody who makes one.
#[test]
fn where_nothing_is_old_no_turn_is_taken() {
    let bed = Bed::new();
    bed.log(&[3000]);
    let cache = bed.cache(Some(1));
    let _making = cache.turn(Syntax::NQuads);
    assert_eq!(cache.prune(at(3000), START_US).unwrap(), 0);
}

#[test]
fn times_of_nodes_hold_what_is_under_them_and_nothing_else() {
    let bed = Bed::new();
    bed.log(&[3000, 33_500]);
    let cache = bed.cache(None);
    let relations = cache.relations(at(33_500)).unwrap();
    let nodes: Vec<_> = relations.iter().map(|r| r.pages.clone()).collect();
    assert_eq!(nodes, [0..32, 32..33, 33..34]);
    for relation in &relations {
        for seq in 1..=33_500 {
            let us = activity(seq).published_us;
            let within = relation.from_us <= us && relation.until_us.is_none_or(|until| us < until);
            assert_eq!(
                within,
                relation.pages.contains(&((seq - 1) / PAGE)),
                "{seq}"
            );
        }
        assert_eq!(relation.from_us % 1000, 0);
    }
}

#[test]
fn old_pages_go_and_the_rest_stays_as_it_was() {
    let bed = Bed::new();
    // The second segment is half on page 2, which is old, and half on page 3.
    bed.log(&[2500, 3500, 40_200]);
    let head = at(40_200);
    let cache = bed.cache(Some(1));
    cache.catch_up(head, &|| false).unwrap();
    let kept = bytes(cache.find(head, &page(39), Syntax::TriG).unwrap());
    let (hour, day) = (3_600_000_000, DAY_US);
    assert_eq!(
        cache.prune(head, START_US + day + hour / 2).unwrap(),
        0,
        "page 0 is not old yet"
    );
    // Page 0 ends a moment after its hour begins.
    assert_eq!(
        cache
            .prune(head, START_US + day + 2 * hour + hour / 2)
            .unwrap(),
        3,
        "by whole segments"
    );
    assert_eq!(bed.log.begins(1).unwrap(), Some(2501));
    for number in 0..3 {
        let found = cache.find(head, &page(number), Syntax::TriG);
        assert!(
            matches!(found, Err(CacheError::Pruned { oldest: 3 })),
            "{number}"
        );
    }
    assert!(matches!(
        cache.find(head, &What::Node(0..32), Syntax::TriG),
        Err(CacheError::Pruned { .. })
    ));
    assert_eq!(members(&cache, head, &page(3)).len(), 1000);
    assert_eq!(
        bytes(cache.find(head, &page(39), Syntax::TriG).unwrap()),
        kept
    );
    let all = children(&cache, head, &What::Root);
    let expected: Vec<String> = (3..=40).map(|page: u64| page.to_string()).collect();
    assert_eq!(
        all, expected,
        "its parent is gone: the root names the pages themselves"
    );
    let again = bed.cache(Some(1));
    assert_eq!(
        children(&again, head, &What::Root),
        expected,
        "after another start as well"
    );
}

#[test]
fn the_newest_closed_page_is_never_old() {
    let bed = Bed::new();
    bed.log(&[1000, 2000, 3000]);
    let cache = bed.cache(Some(1));
    cache.catch_up(at(3000), &|| false).unwrap();
    let long_after = START_US + 1000 * DAY_US;
    assert_eq!(cache.prune(at(3000), long_after).unwrap(), 2);
    assert_eq!(children(&cache, at(3000), &What::Root), ["2"]);
    assert_eq!(
        bed.cache(None).prune(at(3000), long_after).unwrap(),
        2,
        "without the setting nothing goes"
    );
    assert_eq!(members(&cache, at(3000), &page(2)).len(), 1000);
}

#[test]
fn what_a_stop_interrupts_is_gone_on_with() {
    let bed = Bed::new();
    bed.log(&[3000]);
    let cache = bed.cache(None);
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    assert_eq!(cache.catch_up(at(3000), &stop).unwrap(), 1);
    assert_eq!(cache.catch_up(at(3000), &|| false).unwrap(), 2);
}

#[test]
fn what_others_put_there_stops_nothing_and_stays() {
    let bed = Bed::new();
    bed.log(&[1000]);
    let feed = bed.dir.path().join("feed");
    fs::create_dir_all(feed.join("1-v1/mine.tmp")).unwrap();
    fs::create_dir_all(feed.join("lost+found")).unwrap();
    fs::create_dir_all(feed.join("1-v0")).unwrap();
    fs::write(feed.join("notes.txt"), "mine").unwrap();
    fs::write(feed.join("2-v1"), "mine").unwrap();
    fs::write(feed.join("1-v1/0.trig.tmp"), "half").unwrap();
    assert_eq!(sweep(bed.dir.path()).unwrap(), 1);
    let cache = bed.cache(None);
    assert_eq!(cache.catch_up(at(1000), &|| false).unwrap(), 1);
    assert_eq!(members(&cache, at(1000), &page(0)).len(), 1000);
    for stays in ["1-v1/mine.tmp", "lost+found", "notes.txt", "2-v1"] {
        assert!(feed.join(stays).exists(), "{stays}");
    }
    assert!(!feed.join("1-v0").exists(), "pages of another layout go");
}
