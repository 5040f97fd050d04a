//! What is known of one thing that the catalogue holds: a dataset above all, but also an agent, a catalogue, a service, a
//! series. Start at [`Entity`].

use crate::{
    Frame, Template, Words, judged::Judged, map::Map, moment::Moment, said::Said, values::Link,
};

#[derive(Debug, Clone, Default, Template)]
#[template(path = "entity.html")]
pub struct Entity {
    pub frame: Frame,
    /// What it is, in words.
    pub kind: String,
    pub title: Said,
    pub other_titles: Vec<Said>,
    pub iri: Link,
    pub badges: Vec<Badge>,
    /// The same in several languages, the page's own first.
    pub descriptions: Vec<Said>,
    pub publisher: Option<Link>,
    pub is_dataset: bool,
    pub files: Vec<File>,
    /// Under which conditions it may be had.
    pub conditions: Vec<Fact>,
    pub facts: Vec<Fact>,
    pub keywords: Vec<Link>,
    pub map: Option<Map>,
    /// What is measured of it.
    pub quality: Option<Judged>,
    pub accounts: Vec<Account>,
    pub changes: Vec<Change>,
    pub forms: Vec<Form>,
    /// Everything else that is said of it.
    pub rest: Rows,
    /// What crawlers read: JSON in which no `<` stands.
    pub json_ld: Option<String>,
    pub feedback: Option<Feedback>,
}

/// What people say of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Where everybody may say something.
    pub form: Option<crate::feedback::Form>,
    /// Where is told what was said.
    pub list: String,
}

/// Words on a ground: `good`, `fair`, `bad`, or none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Badge {
    pub class: &'static str,
    pub said: Said,
}

/// A way to get the data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    pub name: Said,
    pub formats: Vec<String>,
    /// The first is the one to take: words and address.
    pub addresses: Vec<Link>,
    pub facts: Vec<Fact>,
    /// The fields of a table, with what is said of them.
    pub fields: Vec<(String, Option<String>)>,
    pub rest: Rows,
}

impl File {
    fn fields_said(&self, words: &Words) -> String {
        let number = words.number(self.fields.len() as u64);
        words.fill("dataset-fields", &[&number])
    }
}

/// A property in words, and its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    pub words: String,
    pub values: Vec<Link>,
}

/// What a source says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub source: Link,
    pub record: Link,
    /// Words for whether its words are those that are published.
    pub standing: String,
    pub differs: Vec<Difference>,
}

/// Where a source says something else than is published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    pub words: String,
    pub here: Vec<Link>,
    pub theirs: Vec<Link>,
}

/// An activity of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub words: String,
    pub when: Moment,
    pub number: String,
    pub href: String,
}

/// The same in another form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    pub name: String,
    pub media_type: &'static str,
    pub href: String,
}

/// Properties and values as a table, tables of contained nodes within.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "rows.html")]
pub struct Rows(pub Vec<Row>);

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// What the property is called, and its IRI.
    pub words: String,
    pub property: String,
    pub values: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    One(Link),
    Node(Rows),
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::Language;

    fn hostile(language: Language) -> Entity {
        let evil = Said::new("</script><script>alert(1)</script>\"'", "zh-hant");
        let link = Link::out(evil.clone(), "javascript:alert(1)");
        let fact = Fact {
            words: "F".to_owned(),
            values: vec![link.clone()],
        };
        let inner = Rows(vec![Row {
            words: "inner".to_owned(),
            property: "\" onclick=\"x".to_owned(),
            values: vec![Value::One(link.clone())],
        }]);
        Entity {
            frame: Frame {
                words: Words(language),
                title: evil.text.clone(),
                ..Frame::default()
            },
            title: evil.clone(),
            other_titles: vec![evil.clone()],
            iri: link.clone(),
            descriptions: vec![evil.clone()],
            publisher: Some(link.clone()),
            is_dataset: true,
            files: vec![File {
                name: evil.clone(),
                formats: vec!["<i>".to_owned()],
                addresses: vec![
                    link.clone(),
                    Link::out(evil.clone(), "https://a.example/?x=\""),
                ],
                facts: vec![fact.clone()],
                fields: vec![("<u>".to_owned(), Some("<u>".to_owned()))],
                rest: inner.clone(),
            }],
            conditions: vec![fact.clone()],
            facts: vec![fact],
            keywords: vec![link.clone()],
            accounts: vec![Account {
                source: link.clone(),
                record: link.clone(),
                standing: "S".to_owned(),
                differs: vec![Difference {
                    words: "title".to_owned(),
                    here: vec![link.clone()],
                    theirs: vec![link],
                }],
            }],
            rest: Rows(vec![Row {
                words: "outer".to_owned(),
                property: "http://p.example/".to_owned(),
                values: vec![Value::Node(inner)],
            }]),
            ..Entity::default()
        }
    }

    #[test]
    fn nothing_of_elsewhere_is_markup_or_runs_in_either_language() {
        for language in Language::ALL {
            let text = hostile(language).render().unwrap();
            assert!(!text.contains("<script>alert"), "{text}");
            assert!(!text.contains("javascript:"), "{text}");
            assert!(!text.contains("\" onclick="), "{text}");
            assert!(!text.contains("<i>") && !text.contains("<u>"), "{text}");
            assert!(
                text.contains("href=\"https://a.example/?x=&#34;\""),
                "{text}"
            );
            assert_eq!(text.matches("<h1").count(), 1);
            // A node within a node has its table there.
            assert!(
                text.contains(">outer<") && text.contains(">inner<"),
                "{text}"
            );
            assert!(text.contains(Words(language).say("dataset-get")));
        }
    }
}
