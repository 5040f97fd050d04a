//! What the portal tells of one dataset alone: `{help, success, result}` of `/api/v2/rest/dataset/{id}`.
//!
//! Names are compared without regard to case, since the portal writes `datasetid` and `datasetId`, `Frequency` and
//! `frequency`. Where the row of the export says something, that stands; the page fills what the row leaves empty, and adds what only it
//! knows: the agency's OID, keywords, extents, and for each file its description, fields and OpenAPI document.
//!
//! Left out: `categoryService` and `categoryDataset` (codes of what the row has in words), views and counts.
//!
//! Start reading at [`Detail::parse`].

use super::{
    columns::{Column, Row, Text, tidy},
    lists::{addresses, same_address},
};
use crate::{ReadError, ReadErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A dataset's own page.
#[derive(Debug)]
pub(super) struct Detail {
    result: Map<String, Value>,
    pub(super) resources: Vec<Resource>,
}

/// One file or interface of it.
#[derive(Debug)]
pub(super) struct Resource(Map<String, Value>);

const DOING: &str = "reading a dataset's own page at data.gov.tw";

impl Detail {
    /// The page of the dataset `key`; that of another one is an error, as is `success: false`.
    pub(super) fn parse(raw: &[u8], key: &str) -> Result<Self, ReadError> {
        let beginning = || String::from_utf8_lossy(&raw[..raw.len().min(120)]).into_owned();
        let page: Value = serde_json::from_slice(raw).map_err(|e| {
            let kind = if e.is_eof() && !raw.is_empty() {
                ReadErrorKind::Truncated
            } else {
                ReadErrorKind::NotACatalogue
            };
            let found = format!("{e}, in {}", beginning());
            ReadError::new(kind, DOING, found, "a JSON object")
        })?;
        let failed = |kind, expected: &str| ReadError::new(kind, DOING, beginning(), expected);
        let Value::Object(page) = page else {
            return Err(failed(ReadErrorKind::NotACatalogue, "a JSON object"));
        };
        if !matches!(text(&page, "success").as_str(), "true" | "1") {
            return Err(failed(ReadErrorKind::SourceFailed, "success: true"));
        }
        let Some(Value::Object(result)) = member(&page, "result").cloned() else {
            return Err(failed(ReadErrorKind::NotACatalogue, "a result"));
        };
        let id = text(&result, "datasetId");
        if !id.is_empty() && id != key {
            let found = format!("the page of dataset {id}");
            let kind = ReadErrorKind::NotACatalogue;
            return Err(ReadError::new(kind, DOING, found, format!("that of {key}")));
        }
        let resources = match member(&result, "distribution") {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_object).collect(),
            Some(Value::Object(one)) => vec![one],
            _ => Vec::new(),
        };
        let resources = resources.into_iter().cloned().map(Resource).collect();
        Ok(Self { result, resources })
    }

    pub(super) fn get(&self, name: &str) -> String {
        text(&self.result, name)
    }

    /// The agency's object identifier: `2.16.886.…`, or the same with a name behind `|`.
    pub(super) fn publisher_oid(&self) -> String {
        let said = self.get("publisherOID");
        let oid = said.split('|').map(tidy).find(|piece| is_oid(piece));
        oid.unwrap_or_default().to_owned()
    }

    pub(super) fn keywords(&self) -> Vec<String> {
        let all = match member(&self.result, "keyword") {
            Some(Value::Array(all)) => all.iter().map(value_text).collect(),
            Some(one) => value_text(one)
                .split([';', '、', ','])
                .map(str::to_owned)
                .collect(),
            None => Vec::new(),
        };
        let mut keywords: Vec<String> = Vec::new();
        for keyword in all {
            let keyword = tidy(&keyword);
            if !keyword.is_empty() && !keywords.iter().any(|known| known == keyword) {
                keywords.push(keyword.to_owned());
            }
        }
        keywords
    }

    /// Says what the row leaves empty.
    pub(super) fn fill(&self, row: &mut Row<'_>) {
        let plain = [
            (Column::Title, "title"),
            (Column::Description, "description"),
            (Column::Publisher, "dataProvider"),
            (Column::Licence, "license"),
            (Column::Charge, "cost"),
            (Column::Quality, "dataQuality"),
            (Column::RelatedUrls, "relatedUrl"),
            (Column::Remarks, "notes"),
            (Column::Issued, "publishedDate"),
            (Column::RecordModified, "modifiedDate"),
            (Column::ContactName, "publisherContactName"),
            (Column::ContactPhone, "publisherContactPhone"),
        ];
        for (column, name) in plain {
            row.fill(column, self.get(name));
        }
        row.fill(Column::Frequency, self.frequency());
        let list = |urls: &[&str], name: &str| -> String {
            let item = |(index, url): (usize, &&str)| {
                let resource = self.resource(index, url, urls.len());
                resource.map(|r| r.get(name)).unwrap_or_default()
            };
            let items: Vec<String> = urls.iter().enumerate().map(item).collect();
            if items.iter().all(String::is_empty) {
                String::new()
            } else {
                items.join(";")
            }
        };
        let own: Vec<String> = self
            .resources
            .iter()
            .map(|r| r.get("resourceDownloadUrl"))
            .collect();
        row.fill(Column::Urls, own.join(";"));
        let addresses = addresses(row.get(Column::Urls));
        let urls: Vec<&str> = addresses.items.iter().map(|a| a.text.as_str()).collect();
        for (column, name) in [
            (Column::Formats, "resourceFormat"),
            (Column::Encodings, "resourceCharacterEncoding"),
            (Column::Amounts, "resourceAmount"),
        ] {
            if row.get(column).is_empty() {
                row.fill(column, list(&urls, name));
            }
        }
    }

    /// In the words of the export: 每1月.
    fn frequency(&self) -> String {
        let Some(Value::Object(said)) = member(&self.result, "updateFrequency") else {
            return self.get("updateFrequency");
        };
        match (text(said, "frequency"), text(said, "unittime")) {
            (_, unit) if unit.is_empty() => String::new(),
            (number, unit) => format!("每{number}{unit}"),
        }
    }

    /// What the page says of the file at an address of the row: by the address, or by its place where the lists are
    /// as long as each other.
    pub(super) fn resource(&self, index: usize, url: &str, count: usize) -> Option<&Resource> {
        let by_url = self
            .resources
            .iter()
            .find(|r| same_address(&r.get("resourceDownloadUrl"), url));
        by_url.or_else(|| {
            let place = self.resources.get(index)?;
            (self.resources.len() == count).then_some(place)
        })
    }
}

impl Resource {
    pub(super) fn get(&self, name: &str) -> String {
        text(&self.0, name)
    }

    /// The fields of the file, a line each: `name: description`.
    pub(super) fn fields(&self) -> String {
        let Some(Value::Array(all)) = member(&self.0, "resourceField") else {
            return match self.get("resourceField").as_str() {
                "無" => String::new(),
                said => said.to_owned(),
            };
        };
        let line = |field: &Value| match field {
            Value::Object(field) => {
                let (name, about) = (text(field, "name"), text(field, "description"));
                match (name.is_empty(), about.is_empty()) {
                    (false, false) => format!("{name}: {about}"),
                    _ => name + &about,
                }
            }
            other => value_text(other),
        };
        let lines: Vec<String> = all.iter().map(line).filter(|l| !l.is_empty()).collect();
        lines.join("\n")
    }
}

/// The member of that name; of several spellings the first that says something.
fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let spelled = object.iter().filter(|(key, value)| {
        tidy(key).eq_ignore_ascii_case(name) && !matches!(value, Value::Null)
    });
    let mut spelled = spelled.map(|(_, value)| value);
    let first = spelled.next()?;
    if first.as_str().is_some_and(|text| tidy(text).is_empty()) {
        return spelled.next().or(Some(first));
    }
    Some(first)
}

fn text(object: &Map<String, Value>, name: &str) -> String {
    member(object, name).map(value_text).unwrap_or_default()
}

fn value_text(value: &Value) -> String {
    let text = Text::deserialize(value).map(|Text(text)| tidy(&text).to_owned());
    text.unwrap_or_default()
}

fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    arcs.len() > 2
        && arcs
            .iter()
            .all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use serde_json::json;

    fn page(result: Value) -> Detail {
        let page = json!({"help": "", "success": true, "result": result});
        Detail::parse(page.to_string().as_bytes(), "7").unwrap()
    }

    #[test]
    fn names_without_regard_to_case() {
        let one = page(
            json!({"datasetid": 7, "PublisherOid": "2.16.886.101|數位發展部", "KEYWORD": ["水", " 水 ", "", "雨"],
            "updatefrequency": {"Regularupdate": "1", "frequency": 1, "UnitTime": "日"}}),
        );
        assert_eq!(one.publisher_oid(), "2.16.886.101");
        assert_eq!(one.keywords(), ["水", "雨"]);
        assert_eq!(one.frequency(), "每1日");
        let other = page(
            json!({"datasetId": "7", "publisherOID": "數位發展部|2.16.886.101.20003", "keyword": "水、雨",
            "updateFrequency": {"Frequency": "", "unittime": "年"}}),
        );
        assert_eq!(other.publisher_oid(), "2.16.886.101.20003");
        assert_eq!(other.keywords(), ["水", "雨"]);
        assert_eq!(other.frequency(), "每年");
    }

    #[test]
    fn fields_are_a_list_or_a_text() {
        let fields = |said: Value| {
            let detail = page(json!({"distribution": [{"resourceField": said}]}));
            detail.resources[0].fields()
        };
        assert_eq!(
            fields(json!([{"name": "id", "description": "編號"}, {"Name": "x"}])),
            "id: 編號\nx"
        );
        assert_eq!(fields(json!("id(編號)")), "id(編號)");
        assert_eq!(fields(json!("無")), "");
        assert_eq!(fields(json!(null)), "");
    }

    #[test]
    fn what_is_no_page_of_the_dataset() {
        let kind = |raw: &str| Detail::parse(raw.as_bytes(), "7").err().map(|e| e.kind);
        let cases = [
            ("<html>", ReadErrorKind::NotACatalogue),
            ("[]", ReadErrorKind::NotACatalogue),
            (
                r#"{"success":false,"error":{"error_type":"ER0003"}}"#,
                ReadErrorKind::SourceFailed,
            ),
            (
                r#"{"result":{"datasetId":"7"}}"#,
                ReadErrorKind::SourceFailed,
            ),
            (r#"{"success":true}"#, ReadErrorKind::NotACatalogue),
            (
                r#"{"success":true,"result":{"datasetId":"8"}}"#,
                ReadErrorKind::NotACatalogue,
            ),
            (
                r#"{"success":true,"result":{"datas"#,
                ReadErrorKind::Truncated,
            ),
        ];
        for (raw, expected) in cases {
            assert_eq!(kind(raw), Some(expected), "{raw}");
        }
        assert_eq!(kind(r#"{"success":true,"result":{}}"#), None);
    }
}
