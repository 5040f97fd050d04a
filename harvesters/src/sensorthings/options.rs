//! The connector's own settings: `[source.options]` of a source of kind `sensorthings`. Start at [`Options`].

use crate::SettingsError;
use serde::Deserialize;
use url::Url;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    /// The property of Things by which their Datastreams are one dataset. Empty: all Things are one group.
    pub(super) group_by: String,
    /// One dataset for each observed property of a group; else one for the whole group.
    pub(super) per_property: bool,
    /// The property of Things that names who runs them: the dataset's publisher, where all agree.
    pub(super) authority_property: String,
    /// Properties of Things that name a place.
    pub(super) place_properties: Vec<String>,
    /// Properties of Things that are keywords.
    pub(super) keyword_properties: Vec<String>,
    /// Names in a Datastream's description of the form `name=value, name=value` whose values are keywords.
    pub(super) description_keywords: Vec<String>,
    /// Keywords of every dataset of the service.
    pub(super) keywords: Vec<String>,
    /// The service's title. SensorThings has none.
    pub(super) title: String,
    /// The licence of the data: an IRI, or its name. SensorThings has none.
    pub(super) licence: String,
    /// Datastreams asked for at once. A service may give fewer.
    pub(super) page_rows: u32,
    /// Hosts by which the service calls itself in its links, though it is no longer there.
    pub(super) legacy_hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            group_by: "authority".to_owned(),
            per_property: true,
            authority_property: "authority".to_owned(),
            place_properties: vec!["city".to_owned()],
            keyword_properties: Vec::new(),
            description_keywords: Vec::new(),
            keywords: Vec::new(),
            title: String::new(),
            licence: String::new(),
            page_rows: 1_000,
            legacy_hosts: Vec::new(),
        }
    }
}

/// The most that `page_rows` may be. A Datastream with its Thing and place takes some 2 kB: 20 MB for one answer, which a
/// service has to make whole; common servers give 100 to 10,000 at most, whatever is asked for.
const PAGE_ROWS_MAX: u32 = 10_000;

impl Options {
    pub(super) fn read(given: serde_json::Value, root: &Url) -> Result<Self, SettingsError> {
        let refused = |key: &str, found: &str, expected: &str| SettingsError {
            key: key.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        };
        let mut options = match given {
            serde_json::Value::Null => Self::default(),
            given => serde_json::from_value(given).map_err(|e| {
                refused(
                    "options",
                    &e.to_string(),
                    "group_by, per_property, authority_property, place_properties, keyword_properties, description_keywords, keywords, title, licence, page_rows, legacy_hosts",
                )
            })?,
        };
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name(&options.group_by) {
            let expected = "the name of one property of Things: letters, digits and _";
            return Err(refused("group_by", &options.group_by, expected));
        }
        if !(1..=PAGE_ROWS_MAX).contains(&options.page_rows) {
            let expected = format!("a whole number from 1 to {PAGE_ROWS_MAX}");
            let found = options.page_rows.to_string();
            return Err(refused("page_rows", &found, &expected));
        }
        let is_host = |host: &String| {
            Url::parse(&format!("http://{host}/")).is_ok_and(|url| url.host_str() == Some(host))
        };
        if let Some(host) = options.legacy_hosts.iter().find(|host| !is_host(host)) {
            let expected = "the name of a host, in small letters and without scheme, port and path";
            return Err(refused("legacy_hosts", host, expected));
        }
        if options.title.trim().is_empty() {
            options.title = title_of(root);
        }
        Ok(options)
    }
}

/// The last segment of the root's path that is no version: `STA_AirQuality_v2` of `…/STA_AirQuality_v2/v1.0`.
fn title_of(root: &Url) -> String {
    let is_version = |segment: &&str| matches!(*segment, "v1.0" | "v1.1");
    let mut segments = root.path_segments().into_iter().flatten().rev();
    let named = segments.find(|segment| !segment.is_empty() && !is_version(segment));
    named
        .or(root.host_str())
        .unwrap_or("SensorThings")
        .to_owned()
}
