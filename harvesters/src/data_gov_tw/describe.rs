//! A row of the export in RDF, in the words of the export: 每1月 stays 每1月, and an address stays what was written.
//!
//! | column | said as |
//! |---|---|
//! | 資料集識別碼 | `dct:identifier`; the dataset is `https://data.gov.tw/dataset/{id}`. That is where its page is, too: no landing page beside it |
//! | 資料集名稱, 資料集描述 | `dct:title`, `dct:description` |
//! | 資料提供屬性 | 檔案資料: nothing; API服務: a data service beside the dataset; anything else: `dct:type` |
//! | 服務分類 | `dcat:theme` |
//! | 品質檢測 | `dqv:hasQualityAnnotation`, the badge as `oa:bodyValue` |
//! | 資料下載網址 | a distribution each: `dcat:accessURL`, and `dcat:downloadURL` where it is a file |
//! | 檔案格式, 編碼格式, 資料量 | `dct:format`, `cnt:characterEncoding`, `dct:extent` of the distribution; of the dataset, as written, where the lists do not fit together. 資料量 0 means unknown and is left out |
//! | 資料集上架方式 | `dct:accrualMethod`: by a program or by hand |
//! | 主要欄位說明 | `dct:tableOfContents`: what a file holds, as one text |
//! | 提供機關 | `dct:publisher`, contained: the names of units are not unique (民政處), so nobody else may share it |
//! | 更新頻率 | `dct:accrualPeriodicity` |
//! | 授權方式 | `dct:license` of the dataset and of each distribution, where DCAT-AP looks for it |
//! | 相關網址 | `foaf:page` |
//! | 計費方式 | `schema:conditionsOfAccess`; a fee does not decide who has access, but 免費 is `dct:accessRights` as well |
//! | 提供機關聯絡人姓名, …電話 | `dcat:contactPoint`, only where the source's settings ask for contact persons |
//! | 上架日期 | `dct:issued`, in Taiwan's time |
//! | 詮釋資料更新時間 | `dct:modified` of the catalogue record: the metadata changed, not the data |
//! | 備註 | `rdfs:comment` |
//!
//! 無 in 主要欄位說明, 相關網址 and 備註 means that there is nothing, and is left out.
//!
//! Start reading at [`dataset`].

use super::{
    API_SERVICE,
    columns::{Column, Row},
    lists::{Addresses, addresses, has_scheme},
    terms::{
        ACCRUAL_METHOD, BODY_VALUE, CONDITIONS_OF_ACCESS, QUALITY_ASSESSMENT, TABLE_OF_CONTENTS,
    },
};
use chrono::{NaiveDate, NaiveDateTime};
use harvestd_vocab::{
    Class, Description,
    terms::{cnt, dcat, dct, dqv, foaf, oa, vcard},
};
use oxrdf::{
    BlankNode, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Term, Triple,
    vocab::{rdf, rdfs, xsd},
};

const FILES: &str = "檔案資料";
const FREE: &str = "免費";
const NOTHING: &str = "無";
/// Formats that name an interface: what is at the address is no file to download.
const INTERFACES: [&str; 7] = [
    "API",
    "SERVICES",
    "WEBSERVICE",
    "WEBSERVICES",
    "WFS",
    "WMS",
    "WMTS",
];

pub(super) fn dataset(key: &str, row: &Row<'_>, contact_persons: bool) -> Description {
    let node: NamedOrBlankNode = page(key).into();
    let mut out = Saying::new(node.clone(), dcat::DATASET);
    out.text(&node, dct::IDENTIFIER, key);
    common(&mut out, &node, row);
    if !matches!(row.get(Column::Kind), FILES | API_SERVICE) {
        out.text(&node, dct::TYPE, row.get(Column::Kind));
    }
    out.text(&node, dcat::THEME, row.get(Column::Theme));
    out.text(&node, ACCRUAL_METHOD, row.get(Column::Accrual));
    out.text(&node, dct::ACCRUAL_PERIODICITY, row.get(Column::Frequency));
    out.text(
        &node,
        TABLE_OF_CONTENTS,
        unless_nothing(row.get(Column::Fields)),
    );
    if let Some(issued) = time(row.get(Column::Issued)) {
        out.say(&node, dct::ISSUED, issued);
    }
    out.text(
        &node,
        rdfs::COMMENT,
        unless_nothing(row.get(Column::Remarks)),
    );
    for related in addresses(unless_nothing(row.get(Column::RelatedUrls))).items {
        out.address(&node, foaf::PAGE, &related.text);
    }
    quality(&mut out, &node, row.get(Column::Quality));
    if contact_persons {
        contact(&mut out, &node, row);
    }
    distributions(&mut out, &node, key, row);
    out.describes(Class::Dataset, node)
}

/// The interface of a row that is served by one. The export gives it no name of its own: it is named under the
/// dataset's page.
pub(super) fn service(key: &str, row: &Row<'_>) -> Description {
    let node: NamedOrBlankNode = service_iri(key).into();
    let mut out = Saying::new(node.clone(), dcat::DATA_SERVICE);
    common(&mut out, &node, row);
    out.say(&node, dcat::SERVES_DATASET, page(key));
    for endpoint in addresses(row.get(Column::Urls)).items {
        out.address(&node, dcat::ENDPOINT_URL, &endpoint.text);
    }
    out.describes(Class::DataService, node)
}

/// What is said of datasets and services alike.
fn common(out: &mut Saying, node: &NamedOrBlankNode, row: &Row<'_>) {
    out.text(node, dct::TITLE, row.get(Column::Title));
    out.text(node, dct::DESCRIPTION, row.get(Column::Description));
    out.text(node, dct::LICENSE, row.get(Column::Licence));
    let charge = row.get(Column::Charge);
    out.text(node, CONDITIONS_OF_ACCESS, charge);
    if charge == FREE {
        out.text(node, dct::ACCESS_RIGHTS, charge);
    }
    let publisher = row.get(Column::Publisher);
    if !publisher.is_empty() {
        let agent = out.part(node, dct::PUBLISHER, foaf::AGENT);
        out.text(&agent, foaf::NAME, publisher);
    }
    if let Some(modified) = time(row.get(Column::RecordModified)) {
        let record = out.blank(dcat::CATALOG_RECORD);
        out.say(&record, foaf::PRIMARY_TOPIC, node.clone());
        out.say(&record, dct::MODIFIED, modified);
    }
}

fn quality(out: &mut Saying, node: &NamedOrBlankNode, badge: &str) {
    if badge.is_empty() {
        return;
    }
    let annotation = out.part(node, dqv::HAS_QUALITY_ANNOTATION, dqv::QUALITY_ANNOTATION);
    out.say(&annotation, oa::MOTIVATED_BY, QUALITY_ASSESSMENT);
    out.say(&annotation, oa::HAS_TARGET, node.clone());
    out.text(&annotation, BODY_VALUE, badge);
}

fn contact(out: &mut Saying, node: &NamedOrBlankNode, row: &Row<'_>) {
    let (name, phone) = (row.get(Column::ContactName), row.get(Column::ContactPhone));
    if name.is_empty() && phone.is_empty() {
        return;
    }
    let person = out.part(node, dcat::CONTACT_POINT, vcard::INDIVIDUAL);
    out.text(&person, vcard::FN, name);
    out.text(&person, vcard::HAS_TELEPHONE, phone);
}

fn distributions(out: &mut Saying, dataset: &NamedOrBlankNode, key: &str, row: &Row<'_>) {
    let addresses = addresses(row.get(Column::Urls));
    let formats = aligned(
        out,
        dataset,
        &addresses,
        dct::FORMAT,
        row.get(Column::Formats),
    );
    let encodings = aligned(
        out,
        dataset,
        &addresses,
        cnt::CHARACTER_ENCODING,
        row.get(Column::Encodings),
    );
    let amounts = aligned(
        out,
        dataset,
        &addresses,
        dct::EXTENT,
        row.get(Column::Amounts),
    );
    let is_service = row.get(Column::Kind) == API_SERVICE;
    for (index, address) in addresses.items.iter().enumerate() {
        let node = out.part(dataset, dcat::HAS_DISTRIBUTION, dcat::DISTRIBUTION);
        let format = formats[index];
        out.address(&node, dcat::ACCESS_URL, &address.text);
        let is_interface = INTERFACES
            .iter()
            .any(|name| name.eq_ignore_ascii_case(format));
        if is_service {
            out.say(&node, dcat::ACCESS_SERVICE, service_iri(key));
        } else if has_scheme(&address.text) && !is_interface {
            out.address(&node, dcat::DOWNLOAD_URL, &address.text);
        }
        out.text(&node, dct::FORMAT, format);
        out.text(&node, cnt::CHARACTER_ENCODING, encodings[index]);
        if amounts[index] != "0" {
            out.text(&node, dct::EXTENT, amounts[index]);
        }
        out.text(&node, dct::LICENSE, row.get(Column::Licence));
    }
}

/// The items of `list` by address; all of it is said of the dataset where it cannot be shared out.
fn aligned<'l>(
    out: &mut Saying,
    dataset: &NamedOrBlankNode,
    addresses: &Addresses,
    predicate: NamedNodeRef<'static>,
    list: &'l str,
) -> Vec<&'l str> {
    addresses
        .align(list, predicate == dct::EXTENT)
        .unwrap_or_else(|| {
            out.text(dataset, predicate, list);
            vec![""; addresses.items.len()]
        })
}

/// Some agencies write that there is nothing to write.
fn unless_nothing(text: &str) -> &str {
    if text == NOTHING { "" } else { text }
}

/// The dataset's page at the portal, which stands for the dataset.
fn page(key: &str) -> NamedNode {
    let mut iri = String::with_capacity(40);
    iri.push_str("https://data.gov.tw/dataset/");
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            iri.push(char::from(byte));
        } else {
            iri.push_str(&format!("%{byte:02X}"));
        }
    }
    NamedNode::new_unchecked(iri)
}

fn service_iri(key: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{}#service", page(key).as_str()))
}

/// A date or time of the portal, which is in Taiwan: UTC+8 all year, without being said. What is neither stays text.
fn time(text: &str) -> Option<Literal> {
    if text.is_empty() {
        return None;
    }
    let separated = text.replacen('T', " ", 1);
    Some(
        if let Ok(time) = NaiveDateTime::parse_from_str(&separated, "%Y-%m-%d %H:%M:%S%.f") {
            Literal::new_typed_literal(
                time.format("%Y-%m-%dT%H:%M:%S%.f+08:00").to_string(),
                xsd::DATE_TIME,
            )
        } else if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Literal::new_typed_literal(date.to_string(), xsd::DATE)
        } else {
            Literal::new_simple_literal(text)
        },
    )
}

/// The triples of a description as they come together.
struct Saying {
    triples: Vec<Triple>,
    blanks: u128,
}

impl Saying {
    fn new(node: NamedOrBlankNode, class: NamedNodeRef<'static>) -> Self {
        Self {
            triples: vec![Triple::new(node, rdf::TYPE, class)],
            blanks: 0,
        }
    }

    fn describes(self, class: Class, node: NamedOrBlankNode) -> Description {
        Description {
            class,
            node,
            triples: self.triples,
        }
    }

    fn say(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        object: impl Into<Term>,
    ) {
        self.triples
            .push(Triple::new(subject.clone(), predicate, object));
    }

    /// A text, unless it is empty. It carries no language: that is for the source's settings to say.
    fn text(&mut self, subject: &NamedOrBlankNode, predicate: NamedNodeRef<'static>, text: &str) {
        if !text.is_empty() {
            self.say(subject, predicate, Literal::new_simple_literal(text));
        }
    }

    /// An address as an IRI; one that is none (spaces, no scheme) as the text that was written.
    fn address(
        &mut self,
        subject: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        address: &str,
    ) {
        match NamedNode::new(address) {
            Ok(iri) if has_scheme(address) => self.say(subject, predicate, iri),
            _ => self.text(subject, predicate, address),
        }
    }

    /// A new node of that class, which `whole` contains.
    fn part(
        &mut self,
        whole: &NamedOrBlankNode,
        predicate: NamedNodeRef<'static>,
        class: NamedNodeRef<'static>,
    ) -> NamedOrBlankNode {
        let part = self.blank(class);
        self.say(whole, predicate, part.clone());
        part
    }

    fn blank(&mut self, class: NamedNodeRef<'static>) -> NamedOrBlankNode {
        let node = BlankNode::new_from_unique_id(self.blanks).into();
        self.blanks += 1;
        self.say(&node, rdf::TYPE, class);
        node
    }
}
