//! What the address of a search says: words, what it is narrowed by, the order and the page; and addresses that say a little
//! else. Pure. Start at [`Asked::of`].

use crate::search::{By, Sort, schema::FACETS};
use harvestd_web::frame::encoded;
use url::form_urlencoded;

/// Facets that the page shows, in their order.
pub const SHOWN: [&str; 9] = [
    "organization",
    "groups",
    "res_format",
    "license_id",
    "access",
    "quality",
    "high_value",
    "frequency",
    "source",
];
/// The facet of when data changed, as their source says; else when something changed here.
pub const CHANGED: &str = "changed";
/// Its values, and what they are in the language of queries.
pub const AGES: [(&str, &str); 4] = [
    ("week", "data_modified:[NOW-7DAYS TO *]"),
    ("month", "data_modified:[NOW-1MONTH TO *]"),
    ("year", "data_modified:[NOW-1YEAR TO *]"),
    ("older", "data_modified:[* TO NOW-1YEAR}"),
];
/// Orders: the name in the address, and by what. The first is that of words, the second that of everything.
pub const ORDERS: [(&str, &[Sort]); 3] = [
    ("best", &[]),
    (
        "newest",
        &[Sort {
            by: By::Modified,
            descending: true,
        }],
    ),
    (
        "title",
        &[Sort {
            by: By::Title,
            descending: false,
        }],
    ),
];
/// Values of facets that one address may name.
const VALUES_MAX: usize = 50;

/// A search, as its address has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub q: String,
    /// Facet and value, in the order in which they were chosen.
    pub narrowed: Vec<(&'static str, String)>,
    /// A name of [`ORDERS`], where one is asked for.
    pub order: Option<&'static str>,
    /// From 1.
    pub page: usize,
    /// The facet of which all values are shown.
    pub more: Option<&'static str>,
    /// Only what was found is wanted, without a page around it.
    pub part: bool,
}

impl Asked {
    /// What is not known is passed over: addresses come from links of others too.
    pub fn of(query: &str) -> Self {
        let mut asked = Self {
            page: 1,
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => asked.q = value.trim().to_owned(),
                "sort" => {
                    let mut orders = ORDERS.iter().map(|(name, _)| *name);
                    asked.order = orders.find(|name| *name == value);
                }
                "page" => asked.page = value.parse::<usize>().unwrap_or(1).max(1),
                "more" => asked.more = SHOWN.iter().find(|name| **name == value).copied(),
                "part" => asked.part = value == "found",
                CHANGED if AGES.iter().any(|(age, _)| *age == value) => {
                    asked.narrowed.retain(|(facet, _)| *facet != CHANGED);
                    asked.narrowed.push((CHANGED, value.into_owned()));
                }
                name => {
                    if let Some(facet) = FACETS.into_iter().find(|facet| *facet == name)
                        && !value.is_empty()
                        && asked.narrowed.len() < VALUES_MAX
                        && !asked.has(facet, &value)
                    {
                        asked.narrowed.push((facet, value.into_owned()));
                    }
                }
            }
        }
        asked
    }

    pub fn has(&self, facet: &str, value: &str) -> bool {
        let mut narrowed = self.narrowed.iter();
        narrowed.any(|(name, had)| *name == facet && had == value)
    }

    /// The order that is in force: words are sorted by how well they fit, everything by its change.
    pub fn ordered(&self) -> &'static str {
        self.order.unwrap_or(match self.q.is_empty() {
            true => "newest",
            false => "best",
        })
    }

    pub fn sorts(&self) -> Vec<Sort> {
        let order = self.ordered();
        let found = ORDERS.iter().find(|(name, _)| *name == order);
        found.map_or_else(Vec::new, |(_, sorts)| sorts.to_vec())
    }

    /// In the language of queries: of a facet one of its values, of all facets each; but for facet `without`.
    pub fn filters(&self, without: Option<&str>) -> Vec<String> {
        let mut facets: Vec<&'static str> = Vec::new();
        for (facet, _) in &self.narrowed {
            if !facets.contains(facet) && without != Some(*facet) {
                facets.push(*facet);
            }
        }
        let filters = facets.into_iter().map(|facet| {
            let values = self.narrowed.iter().filter(|(name, _)| *name == facet);
            let values: Vec<String> = values.map(|(_, value)| filter(facet, value)).collect();
            values.join(" OR ")
        });
        filters.collect()
    }

    /// The same from its first page.
    fn anew(&self) -> Self {
        Self {
            page: 1,
            part: false,
            more: None,
            ..self.clone()
        }
    }

    /// With a value that it has not, without one that it has. Of ages there is one.
    pub fn turned(&self, facet: &'static str, value: &str) -> Self {
        let mut asked = self.anew();
        let had = self.has(facet, value);
        asked
            .narrowed
            .retain(|(name, has)| *name != facet || (facet != CHANGED && has != value));
        if !had {
            asked.narrowed.push((facet, value.to_owned()));
        }
        asked
    }

    pub fn with_order(&self, order: &'static str) -> Self {
        Self {
            order: Some(order),
            ..self.anew()
        }
    }

    pub fn with_more(&self, more: Option<&'static str>) -> Self {
        Self {
            more,
            ..self.anew()
        }
    }

    pub fn at(&self, page: usize) -> Self {
        Self {
            page,
            ..self.anew()
        }
    }

    pub fn everything(&self) -> Self {
        Self {
            narrowed: Vec::new(),
            ..self.anew()
        }
    }

    /// Names and values of the query but for the words.
    pub fn carried(&self) -> Vec<(String, String)> {
        let narrowed = self.narrowed.iter();
        let mut carried: Vec<_> = narrowed
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        if let Some(order) = self.order {
            carried.push(("sort".to_owned(), order.to_owned()));
        }
        carried
    }

    /// The address below the prefix.
    pub fn address(&self) -> String {
        let mut pairs = Vec::new();
        if !self.q.is_empty() {
            pairs.push(format!("q={}", encoded(&self.q)));
        }
        let carried = self.carried().into_iter();
        pairs.extend(carried.map(|(name, value)| format!("{name}={}", encoded(&value))));
        if self.page > 1 {
            pairs.push(format!("page={}", self.page));
        }
        if let Some(more) = self.more {
            pairs.push(format!("more={more}"));
        }
        match pairs.is_empty() {
            true => "/search".to_owned(),
            false => format!("/search?{}", pairs.join("&")),
        }
    }
}

/// The search for one value of a facet.
pub fn narrowed(facet: &'static str, value: &str) -> Asked {
    Asked {
        narrowed: vec![(facet, value.to_owned())],
        page: 1,
        ..Asked::default()
    }
}

fn filter(facet: &str, value: &str) -> String {
    if facet == CHANGED {
        let age = AGES.iter().find(|(age, _)| *age == value);
        return age.map_or_else(String::new, |(_, filter)| (*filter).to_owned());
    }
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("{facet}:\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::grammar;

    #[test]
    fn an_address_is_read_and_written_as_it_was() {
        for query in [
            "",
            "q=%E9%9B%A8%E9%87%8F",
            "q=a%20b&res_format=CSV&res_format=JSON&access=open&sort=title&page=3",
            "organization=a%22b&changed=week&more=groups",
        ] {
            let address = Asked::of(query).address();
            let expected = match query {
                "" => "/search".to_owned(),
                query => format!("/search?{query}"),
            };
            assert_eq!(address, expected);
        }
        let odd = Asked::of("sort=worst&page=x&more=nothing&changed=never&nothing=1&access=&q=+");
        assert_eq!(odd.address(), "/search");
    }

    #[test]
    fn values_are_turned_on_and_off_and_ages_take_each_others_place() {
        let asked = Asked::of("q=x&res_format=CSV&changed=week&page=4");
        let both = asked.turned("res_format", "JSON");
        assert_eq!(
            both.address(),
            "/search?q=x&res_format=CSV&changed=week&res_format=JSON"
        );
        assert_eq!(
            both.turned("res_format", "CSV").address(),
            "/search?q=x&changed=week&res_format=JSON"
        );
        assert_eq!(
            asked.turned(CHANGED, "year").address(),
            "/search?q=x&res_format=CSV&changed=year"
        );
        assert_eq!(
            asked.turned(CHANGED, "week").address(),
            "/search?q=x&res_format=CSV"
        );
        assert_eq!(asked.everything().address(), "/search?q=x");
    }

    #[test]
    fn every_filter_is_a_query_whatever_the_values_are() {
        let asked = Asked::of(
            "res_format=CSV&res_format=a%22%20OR%20b%5C&organization=%28&changed=older&changed=month",
        );
        let filters = asked.filters(None);
        assert_eq!(
            filters,
            [
                "res_format:\"CSV\" OR res_format:\"a\\\" OR b\\\\\"",
                "organization:\"(\"",
                AGES[1].1,
            ]
        );
        let all = filters.iter().map(String::as_str);
        for filter in all.chain(AGES.map(|(_, filter)| filter)) {
            assert!(grammar::parse(filter).is_ok(), "{filter}");
        }
        assert_eq!(asked.filters(Some("res_format")).len(), 2);
    }
}
