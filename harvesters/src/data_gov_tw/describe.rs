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
//! And from a dataset's own page, where it was asked for:
//!
//! | member | said as |
//! |---|---|
//! | identifier | `adms:identifier`: the identifier that ministries know |
//! | publisherOID | `dct:identifier` of the publisher |
//! | keyword | `dcat:keyword` |
//! | language, spatialCoverage | `dct:language`, `dct:spatial` |
//! | coverageStartedDate, coverageEndedDate | `dct:temporal` |
//! | publisherContactEmail | of the `dcat:contactPoint`, only where contact persons are asked for |
//! | resourceDescription, resourceField, resourceNotes | `dct:description`, `dct:tableOfContents`, `rdfs:comment` of the distribution |
//! | qcLevel | `dqv:hasQualityAnnotation` of the distribution |
//! | resourceOasUrl | `dcat:endpointDescription` of the service, or where there is none `foaf:page` of the distribution |
//!
//! 無 in 主要欄位說明, 相關網址 and 備註 means that there is nothing, and is left out.
//!
//! Start reading at [`dataset`].

use super::{
    API_SERVICE,
    columns::{Column, Row},
    detail::{Detail, Resource},
    lists::{Addresses, addresses},
    terms::{
        ACCRUAL_METHOD, BODY_VALUE, CONDITIONS_OF_ACCESS, QUALITY_ASSESSMENT, TABLE_OF_CONTENTS,
    },
    time,
};
use crate::saying::{Saying, has_scheme};
use harvestd_vocab::{
    Class, Description,
    terms::{adms, cnt, dcat, dct, dqv, foaf, oa, skos, vcard},
};
use oxrdf::{NamedNode, NamedNodeRef, NamedOrBlankNode, vocab::rdfs};

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

/// All that is to be said of one record.
pub(super) struct Said<'a> {
    pub(super) key: &'a str,
    pub(super) row: &'a Row<'a>,
    pub(super) detail: Option<&'a Detail>,
    pub(super) contact_persons: bool,
}

impl Said<'_> {
    fn is_service(&self) -> bool {
        self.row.get(Column::Kind) == API_SERVICE
    }

    /// A member of the dataset's own page, or nothing.
    fn detail(&self, name: &str) -> String {
        self.detail
            .map(|detail| detail.get(name))
            .unwrap_or_default()
    }
}

pub(super) fn dataset(said: &Said<'_>) -> Description {
    let Said { key, row, .. } = *said;
    let mut out = Saying::of(Class::Dataset, Some(page(key)), dcat::DATASET);
    let node = out.node();
    out.text(&node, dct::IDENTIFIER, key);
    common(&mut out, &node, said);
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
    if let Some(issued) = time::literal(row.get(Column::Issued)) {
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
    if said.contact_persons {
        contact(&mut out, &node, said);
    }
    if said.detail.is_some() {
        coverage(&mut out, &node, said);
    }
    distributions(&mut out, &node, said);
    out.done()
}

/// The interface of a row that is served by one. The export gives it no name of its own: it is named under the
/// dataset's page.
pub(super) fn service(said: &Said<'_>) -> Description {
    let Said { key, row, .. } = *said;
    let mut out = Saying::of(
        Class::DataService,
        Some(service_iri(key)),
        dcat::DATA_SERVICE,
    );
    let node = out.node();
    common(&mut out, &node, said);
    out.say(&node, dcat::SERVES_DATASET, page(key));
    for endpoint in addresses(row.get(Column::Urls)).items {
        out.address(&node, dcat::ENDPOINT_URL, &endpoint.text);
    }
    let mut described = Vec::new();
    for resource in said.detail.iter().flat_map(|detail| &detail.resources) {
        let openapi = resource.get("resourceOasUrl");
        if !described.contains(&openapi) {
            out.address(&node, dcat::ENDPOINT_DESCRIPTION, &openapi);
            described.push(openapi);
        }
    }
    out.done()
}

/// What is said of datasets and services alike.
fn common(out: &mut Saying, node: &NamedOrBlankNode, said: &Said<'_>) {
    let Said { row, .. } = *said;
    out.text(node, dct::TITLE, row.get(Column::Title));
    out.text(node, dct::DESCRIPTION, row.get(Column::Description));
    out.text(node, dct::LICENSE, row.get(Column::Licence));
    let charge = row.get(Column::Charge);
    out.text(node, CONDITIONS_OF_ACCESS, charge);
    if charge == FREE {
        out.text(node, dct::ACCESS_RIGHTS, charge);
    }
    let publisher = row.get(Column::Publisher);
    let oid = said.detail.map(Detail::publisher_oid).unwrap_or_default();
    if !publisher.is_empty() || !oid.is_empty() {
        let agent = out.part(node, dct::PUBLISHER, foaf::AGENT);
        out.text(&agent, foaf::NAME, publisher);
        out.text(&agent, dct::IDENTIFIER, &oid);
    }
    for keyword in said.detail.map(Detail::keywords).unwrap_or_default() {
        out.text(node, dcat::KEYWORD, &keyword);
    }
    if let Some(modified) = time::literal(row.get(Column::RecordModified)) {
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

/// What only the dataset's own page tells of the dataset as a whole.
fn coverage(out: &mut Saying, node: &NamedOrBlankNode, said: &Said<'_>) {
    let identifier = said.detail("identifier");
    if !identifier.is_empty() {
        let other = out.part(node, adms::IDENTIFIER, adms::IDENTIFIER_CLASS);
        out.text(&other, skos::NOTATION, &identifier);
    }
    out.text(node, dct::LANGUAGE, said.detail("language"));
    out.text(node, dct::SPATIAL, said.detail("spatialCoverage"));
    let ends = [
        (dcat::START_DATE, said.detail("coverageStartedDate")),
        (dcat::END_DATE, said.detail("coverageEndedDate")),
    ];
    if ends.iter().any(|(_, day)| !day.is_empty()) {
        let period = out.part(node, dct::TEMPORAL, dct::PERIOD_OF_TIME);
        for (predicate, day) in ends {
            if let Some(day) = time::literal(&day) {
                out.say(&period, predicate, day);
            }
        }
    }
}

fn contact(out: &mut Saying, node: &NamedOrBlankNode, said: &Said<'_>) {
    let row = said.row;
    let (name, phone) = (row.get(Column::ContactName), row.get(Column::ContactPhone));
    let email = said.detail("publisherContactEmail");
    if name.is_empty() && phone.is_empty() && email.is_empty() {
        return;
    }
    let person = out.part(node, dcat::CONTACT_POINT, vcard::INDIVIDUAL);
    out.text(&person, vcard::FN, name);
    out.text(&person, vcard::HAS_TELEPHONE, phone);
    out.text(&person, vcard::HAS_EMAIL, &email);
}

fn distributions(out: &mut Saying, dataset: &NamedOrBlankNode, said: &Said<'_>) {
    let Said { key, row, .. } = *said;
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
    let is_service = said.is_service();
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
        let resource = said
            .detail
            .and_then(|detail| detail.resource(index, &address.text, addresses.items.len()));
        if let Some(resource) = resource {
            file(out, &node, resource, is_service);
        }
    }
}

/// What the dataset's own page tells of one file.
fn file(out: &mut Saying, node: &NamedOrBlankNode, resource: &Resource, is_service: bool) {
    out.text(node, dct::DESCRIPTION, resource.get("resourceDescription"));
    out.text(node, TABLE_OF_CONTENTS, resource.fields());
    let notes = resource.get("resourceNotes");
    out.text(node, rdfs::COMMENT, unless_nothing(&notes));
    quality(out, node, &resource.get("qcLevel"));
    if !is_service {
        out.address(node, foaf::PAGE, &resource.get("resourceOasUrl"));
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
