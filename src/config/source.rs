//! One `[[source]]`: who is asked, how, when, and how what comes back is read.
//!
//! The kind itself reads its own options: a source that its kind would refuse at the first run is refused here.

mod details;
mod follow;
mod network;

pub(super) use network::robots;

use super::{
    CatchUp, Details, Follow, Limits, Source, SourceNetwork,
    load::{by_language, title},
    table::{Found, Table},
};
use crate::schedule::{Quiet, Schedule, ScheduleError};
use chrono_tz::Tz;
use harvestd_harvesters::{Harvester, KINDS, Kind, Settings, SettingsError, push::no_address};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

pub(super) const LANGUAGE: &str = "a BCP 47 tag, as zh-Hant or en";
pub(super) const ID: &str = "1 to 63 of a-z, 0-9 and -, the first not -";
const ZONE: &str = "a time zone of the IANA list, as Asia/Taipei";
pub(super) const WEB_ADDRESS: &str = "an absolute http or https address";

/// Milliseconds of jitter where a source says nothing.
const JITTER_MS: u64 = 60_000;
/// A week between runs that ask for everything.
const FULL_EVERY_MS: u64 = 7 * 24 * 3_600_000;
const JITTER_MS_MAX: i128 = 24 * 60 * 60 * 1_000;

impl Source {
    /// Does it hand in its records itself? Then nobody asks it.
    pub fn is_pushed(&self) -> bool {
        harvestd_harvesters::kind(&self.kind).is_some_and(|kind| kind.pushes)
    }

    /// The source's connector, opened with the source's settings.
    pub fn open(&self, limits: &Limits) -> Result<Box<dyn Harvester>, SettingsError> {
        let kind = harvestd_harvesters::kind(&self.kind).ok_or_else(|| SettingsError {
            key: "kind".to_owned(),
            found: format!("{:?}", self.kind),
            expected: kinds(),
        })?;
        (kind.open)(Settings {
            source: self.id.clone(),
            url: self.url.clone(),
            options: self.options.clone(),
            record_bytes_max: limits.record_bytes_max,
            document: limits.document(),
        })
    }
}

/// A name for everything in a source's settings that changes what an unchanged record becomes: 32 hexadecimal digits.
/// Where it differs from the one a record was kept with, the record is described again.
///
/// Not in it: the base of our IRIs, which is the store's, and the tables of the vocabulary, which have their own version.
pub fn settings_version(source: &Source) -> String {
    let mapping = harvestd_harvesters::kind(&source.kind).map_or(0, |kind| kind.mapping_version);
    let said = serde_json::json!([
        source.id,
        source.kind,
        mapping,
        source.url.as_str(),
        source.language,
        source.offset_minutes,
        in_key_order(&source.options),
    ]);
    let hash = blake3::hash(said.to_string().as_bytes());
    hash.to_hex().as_str().chars().take(32).collect()
}

/// Objects as lists of pairs in the order of their keys: the order in which they are written down does not count.
fn in_key_order(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut pairs: Vec<_> = members.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            let pairs = pairs
                .into_iter()
                .map(|(k, v)| serde_json::json!([k, in_key_order(v)]));
            serde_json::json!({ "object": pairs.collect::<Vec<_>>() })
        }
        Value::Array(items) => Value::Array(items.iter().map(in_key_order).collect()),
        scalar => scalar.clone(),
    }
}

/// The source of a `[[source]]` table. The id is handed out even where the source is refused.
pub(super) fn read(table: &Table<'_>, limits: &Limits) -> (Option<Found<String>>, Option<Source>) {
    let id = table.parsed("id", ID, |text| match text {
        harvestd_vocab::shared::SOURCE => {
            Err(", which names the vocabulary that all sources may share (`shared`)".to_owned())
        }
        _ => is_id(text).then(|| text.to_owned()).ok_or_default(),
    });
    let id = table.required("id", id, ID);
    let kind = kind(table);
    let pushed = kind.is_some_and(|kind| kind.pushes);
    let url = table.parsed("url", WEB_ADDRESS, web_address);
    let url = match &id {
        Some(id) if pushed && url.is_none() => web_address(&no_address(&id.value))
            .ok()
            .map(|value| Found { value, at: id.at }),
        _ => table.required("url", url, WEB_ADDRESS),
    };
    let titles = title(table);
    if titles.is_none() {
        let titles: Option<Found<()>> = None;
        table.required(
            "title",
            titles,
            "the catalogue's title, as { en = \"Weather\" }",
        );
    }
    let rest = Rest::read(table, limits);
    let never = |key: &str, found: String, why: &str| {
        table.problem(table.place_of(key), key, found, why);
    };
    if pushed && rest.schedule.is_some() {
        let found = table.shown("schedule");
        never("schedule", found, "none: what is pushed is not asked for");
    }
    if kind.is_some_and(|kind| !kind.pushes) && rest.require_version {
        let expected = "false: only what is pushed has versions";
        never("require_version", true.to_string(), expected);
    }
    let (line, _) = table.cx.file.place(table.start);
    let source = match (&id, kind, url, titles) {
        (Some(id), Some(kind), Some(url), Some(title)) => Some(Source {
            id: id.value.clone(),
            kind: kind.name.to_owned(),
            url: url.value,
            title,
            description: rest.description,
            publisher: rest.publisher,
            homepage: rest.homepage,
            enabled: rest.enabled,
            schedule: rest.schedule,
            catch_up: rest.catch_up,
            quiet: rest.quiet,
            full_every_ms: rest.full_every_ms,
            priority: rest.priority,
            owns: rest.owns,
            portal: rest.portal.unwrap_or(kind.portal),
            language: rest.language,
            offset_minutes: rest.offset_minutes,
            network: rest.network,
            details: rest.details,
            follow: rest.follow,
            require_version: rest.require_version,
            options: rest.options,
            at: format!("{}:{line}", table.cx.file.name),
        }),
        _ => None,
    };
    if let Some(source) = &source {
        opens(table, source, limits);
    }
    (id, source)
}

/// What a source may leave unsaid.
struct Rest {
    description: BTreeMap<String, String>,
    publisher: BTreeMap<String, String>,
    homepage: Option<Url>,
    enabled: bool,
    schedule: Option<Schedule>,
    catch_up: CatchUp,
    quiet: Option<Quiet>,
    full_every_ms: u64,
    priority: i32,
    owns: Vec<String>,
    portal: Option<bool>,
    language: Option<String>,
    offset_minutes: Option<i32>,
    network: SourceNetwork,
    details: Details,
    follow: Follow,
    require_version: bool,
    options: Value,
}

impl Rest {
    fn read(table: &Table<'_>, limits: &Limits) -> Self {
        let language = table.parsed("language", LANGUAGE, |text| {
            is_language_tag(text)
                .then(|| text.to_owned())
                .ok_or_default()
        });
        let owns = "the beginning of http or https IRIs, as https://data.example.org/dataset/";
        let small = |number: i128| i32::try_from(number).ok();
        let options = table.table("options");
        let zone = zone(table);
        Self {
            description: by_language(table, "description").unwrap_or_default(),
            publisher: by_language(table, "publisher").unwrap_or_default(),
            homepage: table
                .parsed("homepage", WEB_ADDRESS, web_address)
                .map(|f| f.value),
            enabled: table.boolean("enabled").unwrap_or(true),
            schedule: schedule(table, zone),
            catch_up: catch_up(table),
            quiet: quiet(table, zone),
            full_every_ms: table
                .whole("full_every_ms", 0..=365 * 24 * 3_600_000)
                .and_then(|ms| u64::try_from(ms).ok())
                .unwrap_or(FULL_EVERY_MS),
            priority: table
                .whole("priority", -1_000..=1_000)
                .and_then(small)
                .unwrap_or(0),
            owns: table.list("owns", owns, |text| {
                web_address(text).ok().map(|_| text.to_owned())
            }),
            portal: table.boolean("portal"),
            language: language.map(|f| f.value),
            offset_minutes: table.whole("offset_minutes", -720..=840).and_then(small),
            network: network::read(table, limits),
            details: details::read(table),
            follow: follow::read(table),
            require_version: table.boolean("require_version").unwrap_or(false),
            options: options.map_or_else(|| Value::Object(serde_json::Map::new()), |o| o.json()),
        }
    }
}

fn kinds() -> String {
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    format!("one of {}", known.join(", "))
}

fn kind(table: &Table<'_>) -> Option<&'static Kind> {
    let name = table.text("kind", &kinds());
    let name = table.required("kind", name, &kinds())?;
    let kind = harvestd_harvesters::kind(&name.value);
    if kind.is_none() {
        let meant = super::errors::meant(&name.value, KINDS.iter().map(|kind| kind.name));
        let expected = match meant {
            Some(word) => format!("{word:?} ({})", kinds()),
            None => kinds(),
        };
        table.problem(name.at, "kind", table.shown("kind"), expected);
    }
    kind
}

/// Lets the kind read its options, and puts what it refuses at the line where it stands.
fn opens(table: &Table<'_>, source: &Source, limits: &Limits) {
    let Err(refused) = source.open(limits) else {
        return;
    };
    let key = refused.key.trim_start_matches("options.");
    let first = key.split(['.', '[']).next().unwrap_or(key);
    let (at, key) = match table.table("options") {
        // The table as a whole was refused: the message may name the key.
        Some(options) if first == "options" => {
            let named = options
                .keys()
                .find(|key| refused.found.contains(&format!("`{key}`")));
            match named {
                Some(key) => (options.place_of(key), format!("options.{key}")),
                None => (options.start, "options".to_owned()),
            }
        }
        Some(options) if first != "url" => (options.place_near(key), format!("options.{key}")),
        _ => (table.place_of(first), key.to_owned()),
    };
    table.problem(at, &key, refused.found, refused.expected);
}

fn schedule(table: &Table<'_>, zone: Tz) -> Option<Schedule> {
    let jitter = table.whole("jitter_ms", 0..=JITTER_MS_MAX);
    let jitter = jitter
        .and_then(|ms| u64::try_from(ms).ok())
        .unwrap_or(JITTER_MS);
    let line = table.text("schedule", "a line of cron, as \"30 3 * * *\"")?;
    match Schedule::parse(&line.value, zone) {
        Ok(schedule) => Some(schedule.with_jitter_ms(jitter)),
        Err(e) => {
            let found = format!(
                "{}, where the {} is {}",
                table.shown("schedule"),
                e.field,
                e.found
            );
            table.problem(line.at, "schedule", found, e.expected);
            None
        }
    }
}

/// The clock that hours and schedules mean.
pub(super) fn zone(table: &Table<'_>) -> Tz {
    let zone = table.parse::<Tz>("timezone", ZONE);
    zone.map_or(chrono_tz::Asia::Taipei, |f| f.value)
}

/// The hours in which nothing begins by itself.
pub(super) fn quiet(table: &Table<'_>, zone: Tz) -> Option<Quiet> {
    let hours = "hours, as [\"22:00-06:00\", \"mon-fri 08:00-18:00\"]";
    let spans = table.list("quiet", hours, |text| Some(text.to_owned()));
    if spans.is_empty() {
        return None;
    }
    let quiet = Quiet::parse(spans.iter().map(String::as_str), zone);
    let refused = |e: ScheduleError| {
        table.problem(table.place_of("quiet"), "quiet", e.found, e.expected);
    };
    quiet.map_err(refused).ok()
}

fn catch_up(table: &Table<'_>) -> CatchUp {
    let policy = table.parsed("catch_up", "\"once\" or \"skip\"", |text| match text {
        "once" => Ok(CatchUp::Once),
        "skip" => Ok(CatchUp::Skip),
        _ => Err(String::new()),
    });
    policy.map(|f| f.value).unwrap_or_default()
}

pub(super) fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!(" ({e})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(", of another scheme".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("; user and password belong in network.basic_auth".to_owned());
    }
    Ok(url)
}

pub(super) fn is_id(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Well-formed as RFC 5646 has it, as far as the lengths of the subtags go.
pub(super) fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default();
    (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// `None` as an error that has nothing to add.
trait OrDefault<T> {
    fn ok_or_default(self) -> Result<T, String>;
}

impl<T> OrDefault<T> for Option<T> {
    fn ok_or_default(self) -> Result<T, String> {
        self.ok_or_else(String::new)
    }
}
