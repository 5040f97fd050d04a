//! Copies of rows of the national export, as a portal of another kind (CKAN) would hold them.
//!
//! Each rule draws for itself from a hash of the row's number, so that copies differ in every combination and are the
//! same in every run. Nothing here knows the scorer. Start at [`Copies::of`].

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// A row of the export: what the rules need, and the row itself.
pub struct Row {
    pub id: String,
    title: String,
    agency: String,
    description: String,
    urls: Vec<String>,
    format: String,
    raw: Vec<u8>,
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = BTreeMap::<String, String>::deserialize(deserializer)?;
        let of = |key: &str| row.get(key).cloned().unwrap_or_default();
        let urls = of("資料下載網址");
        Ok(Self {
            id: of("資料集識別碼"),
            title: of("資料集名稱"),
            agency: of("提供機關"),
            description: of("資料集描述"),
            urls: urls
                .split(';')
                .filter(|url| url.starts_with("http"))
                .map(str::to_owned)
                .collect(),
            format: of("檔案格式").split(';').next().unwrap_or_default().into(),
            raw: serde_json::to_vec(&row).map_err(serde::de::Error::custom)?,
        })
    }
}

/// Where a row is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    Both,
    OnlyNational,
    OnlyCopy,
}

impl Row {
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Is it of an agency whose name begins so?
    pub fn is_of(&self, agency: &str) -> bool {
        self.agency.replace('台', "臺").starts_with(agency)
    }

    /// The UUID that follows this in the addresses of the data, where they all have the same.
    pub fn dataset_at(&self, before: &str) -> Option<String> {
        const UUID_BYTES: usize = 36;
        let of = |url: &String| {
            let (_, rest) = url.split_once(before)?;
            rest.get(..UUID_BYTES).map(str::to_owned)
        };
        let first = of(self.urls.first()?)?;
        let same = |url: &String| of(url).as_ref() == Some(&first);
        self.urls.iter().all(same).then_some(first)
    }

    /// Which part of `parts` the agency, with all its rows, is in.
    pub fn part(&self, parts: u64) -> u64 {
        draw(&self.agency, "part", parts)
    }

    pub fn side(&self) -> Sides {
        match draw(&self.id, "side", 4) {
            0 | 1 => Sides::Both,
            2 => Sides::OnlyNational,
            _ => Sides::OnlyCopy,
        }
    }
}

/// A number below `below`, always the same for a row and a rule.
pub fn draw(of: &str, rule: &str, below: u64) -> u64 {
    let digest = Sha256::digest(format!("{rule} {of}"));
    let bytes: [u8; 8] = std::array::from_fn(|n| digest[n]);
    u64::from_be_bytes(bytes) % below
}

pub struct Copy {
    pub id: String,
    /// The package.
    pub raw: Vec<u8>,
    /// The row of the export that it is a copy of, where the export's side has it.
    pub original: Option<String>,
    source_link: bool,
    addresses: &'static str,
    agency: &'static str,
}

impl Copy {
    /// What of the original the copy still says.
    pub fn keeps(&self) -> String {
        let link = if self.source_link { "link" } else { "no link" };
        format!(
            "{link}, {} addresses, {} agency",
            self.addresses, self.agency
        )
    }
}

/// Whether a copy that keeps this can be told by a machine.
pub fn tells(keeps: &str) -> bool {
    keeps.starts_with("link")
        || (!keeps.contains("no addresses")
            && (keeps.contains("same agency") || keeps.contains("wider agency")))
}

pub struct Copies {
    pub copies: Vec<Copy>,
    /// Copy -> row.
    originals: HashMap<String, String>,
    /// IRI of an organisation -> its name.
    organisations: HashMap<String, String>,
}

impl Copies {
    pub fn of(rows: &[&Row]) -> Self {
        let mut made = Self {
            copies: Vec::new(),
            originals: HashMap::new(),
            organisations: HashMap::new(),
        };
        for (at, row) in rows.iter().enumerate() {
            if row.side() != Sides::OnlyNational {
                made.copy(row);
            }
            // A namesake: the same title, of another agency, at other addresses. No copy of anything.
            if draw(&row.id, "namesake", 20) == 0 {
                let other = rows[(at + rows.len() / 2) % rows.len()];
                if other.agency != row.agency {
                    made.namesake(row, other);
                }
            }
        }
        made
    }

    pub fn names(&self, iri: &str) -> Vec<String> {
        self.organisations.get(iri).cloned().into_iter().collect()
    }

    /// Is one of the records a copy of the other?
    pub fn is_right(&self, a: &str, b: &str) -> bool {
        let copy = self.copy_in(a, b);
        let national = key(if a.contains("/national/") { a } else { b });
        self.originals
            .get(&copy)
            .is_some_and(|row| *row == national)
    }

    /// The key of the copy in a pair of records.
    pub fn copy_in(&self, a: &str, b: &str) -> String {
        key(if a.contains("/portal/") { a } else { b })
    }

    fn copy(&mut self, row: &Row) {
        let id = uuid(&row.id, "copy");
        let title = titled(row);
        let (urls, addresses) = moved(row);
        let (name, agency) = agency(row);
        let mut package = self.package(&id, &title, row, &urls);
        self.publish(&mut package, row, name);
        let source_link = draw(&row.id, "link", 10) < 4;
        if source_link {
            link(&mut package, row);
        }
        let original = (row.side() == Sides::Both).then(|| row.id.clone());
        self.originals
            .extend(original.iter().map(|o| (id.clone(), o.clone())));
        self.copies.push(Copy {
            raw: serde_json::to_vec(&package).unwrap(),
            id,
            original,
            source_link,
            addresses,
            agency,
        });
    }

    fn namesake(&mut self, row: &Row, other: &Row) {
        let id = uuid(&row.id, "namesake");
        let urls = [format!("https://files.example/{id}.csv")];
        let mut package = self.package(&id, &row.title, row, &urls);
        self.publish(&mut package, row, Some(other.agency.clone()));
        self.copies.push(Copy {
            raw: serde_json::to_vec(&package).unwrap(),
            id,
            original: None,
            source_link: false,
            addresses: "no",
            agency: "another",
        });
    }

    fn package(&self, id: &str, title: &str, row: &Row, urls: &[String]) -> Value {
        let notes = match draw(&row.id, "notes", 5) {
            0 | 1 => row.description.clone(),
            2 => format!("{title}，詳如附件。"),
            3 => row.description.chars().take(12).collect(),
            _ => String::new(),
        };
        let resources: Vec<Value> = urls
            .iter()
            .enumerate()
            .map(|(n, url)| json!({ "id": format!("{id}-{n}"), "url": url, "format": row.format }))
            .collect();
        json!({
            "id": id, "name": format!("d-{id}"), "title": title, "notes": notes, "state": "active",
            "metadata_modified": "2026-05-06T07:08:09.000000", "resources": resources, "extras": [],
        })
    }

    /// Half of the copies name their agency themselves, half are an organisation's.
    fn publish(&mut self, package: &mut Value, row: &Row, name: Option<String>) {
        let Some(name) = name else { return };
        if draw(&row.id, "organisation", 2) == 0 {
            extra(package, "publisher_name", &name);
        } else {
            let key = format!("org-{:x}", draw(&name, "organisation", u64::MAX));
            package["organization"] = json!({ "id": key, "name": key, "title": name });
            let iri = format!("https://portal.example/organization/{key}");
            self.organisations.insert(iri, name);
        }
    }
}

/// The title as somebody else types it.
fn titled(row: &Row) -> String {
    let title = &row.title;
    match draw(&row.id, "title", 10) {
        0..=3 => title.clone(),
        4 => title.replace('臺', "台"),
        5 => title.replace('台', "臺"),
        6 => {
            let spaced = title.chars().flat_map(|c| match c {
                '0'..='9' => vec![char::from_u32(c as u32 - '0' as u32 + '０' as u32).unwrap()],
                '(' => vec![' ', '（'],
                ')' => vec!['）', ' '],
                c => vec![c],
            });
            spaced.collect()
        }
        7 => {
            let half = title.chars().count() / 2;
            let spaced = title.chars().enumerate();
            let spaced = spaced.flat_map(|(n, c)| if n == half { vec![' ', c] } else { vec![c] });
            spaced.collect()
        }
        8 => format!("{}-{title}", row.agency),
        _ => format!("{title}資料集"),
    }
}

/// The addresses of the data: all of them respelt, the first alone, or other ones.
fn moved(row: &Row) -> (Vec<String>, &'static str) {
    let respelt = |url: &String| match draw(&row.id, "spelling", 4) {
        0 => url.clone(),
        1 => match url.strip_prefix("https://") {
            Some(rest) => format!("http://{rest}"),
            None => url.replacen("http://", "https://", 1),
        },
        2 if !url.contains('?') => format!("{}/", url.trim_end_matches('/')),
        _ => format!("{url}#data"),
    };
    match draw(&row.id, "addresses", 8) {
        0..=3 => (row.urls.iter().map(respelt).collect(), "all"),
        4 | 5 => (row.urls.iter().take(1).map(respelt).collect(), "first"),
        _ => {
            let rehosted = |n| format!("https://portal.example/download/{}-{n}.csv", row.id);
            ((0..row.urls.len().min(3)).map(rehosted).collect(), "no")
        }
    }
}

/// The agency's name: the same, the authority's that it is a unit of, the portal's own, none.
fn agency(row: &Row) -> (Option<String>, &'static str) {
    let name = &row.agency;
    match draw(&row.id, "agency", 10) {
        0..=4 => (Some(name.clone()), "same"),
        5 => (Some(name.replace('臺', "台")), "same"),
        6 | 7 => match name.find("政府").map(|at| at + "政府".len()) {
            Some(end) if end < name.len() => (Some(name[..end].to_owned()), "wider"),
            _ => (Some(name.clone()), "same"),
        },
        8 => (Some("開放資料平臺".to_owned()), "portal's"),
        _ => (None, "no"),
    }
}

/// The copy says where it comes from.
fn link(package: &mut Value, row: &Row) {
    let id = &row.id;
    match draw(id, "link form", 4) {
        0 => package["url"] = format!("https://data.gov.tw/dataset/{id}").into(),
        1 => package["url"] = format!("http://data.gov.tw/node/{id}/").into(),
        2 => extra(
            package,
            "source",
            &format!("http://data.gov.tw/dataset/{id}/"),
        ),
        _ => extra(
            package,
            "source",
            &format!("https://www.data.gov.tw/dataset/{id}"),
        ),
    }
}

fn extra(package: &mut Value, key: &str, value: &str) {
    if let Some(extras) = package["extras"].as_array_mut() {
        extras.push(json!({ "key": key, "value": value }));
    }
}

fn uuid(of: &str, rule: &str) -> String {
    let (a, b) = (draw(of, rule, u64::MAX), draw(of, "uuid", u64::MAX));
    let hex = format!("{a:016x}{b:016x}");
    let [p, q, r, s, t] = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    format!("{p}-{q}-{r}-{s}-{t}")
}

/// The key at a record IRI's end.
fn key(record: &str) -> String {
    record.rsplit('/').next().unwrap_or_default().to_owned()
}
