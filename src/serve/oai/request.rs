//! What is asked of OAI-PMH: arguments held to the protocol, before anything is read. Start at [`Request::of`].

use crate::{
    chronicle::{Chronicle, Entry},
    oai::{Code, Prefix, Refused, Token, moment},
};
use std::collections::BTreeMap;

/// Which list, or which part of one.
#[derive(Debug)]
pub(super) struct Listed {
    pub records: bool,
    pub prefix: Prefix,
    pub set: Option<String>,
    pub from_us: Option<i64>,
    pub until_us: Option<i64>,
    pub token: Option<Token>,
}

#[derive(Debug)]
pub(super) enum Request {
    Identify,
    Formats(Option<String>),
    Sets,
    Record(String, Prefix),
    List(Listed),
}

impl Request {
    pub fn of(arguments: &[(String, String)]) -> Result<Self, Refused> {
        let mut said = BTreeMap::new();
        for (name, value) in arguments {
            if said.insert(name.as_str(), value.as_str()).is_some() {
                let code = if name == "verb" {
                    Code::BadVerb
                } else {
                    Code::BadArgument
                };
                return Err(Refused::new(code, format!("{name} is said more than once")));
            }
        }
        let verb = said.remove("verb");
        let request = match verb {
            Some("Identify") => Self::Identify,
            Some("ListMetadataFormats") => Self::Formats(taken(&mut said, "identifier")),
            Some("ListSets") => match taken(&mut said, "resumptionToken") {
                Some(_) => return Err(bad_token("the list of sets comes whole")),
                None => Self::Sets,
            },
            Some("GetRecord") => {
                let identifier = required(&mut said, "identifier")?;
                Self::Record(identifier, prefix(&mut said)?)
            }
            Some("ListIdentifiers") => Self::List(Listed::of(&mut said, false)?),
            Some("ListRecords") => Self::List(Listed::of(&mut said, true)?),
            other => {
                let verbs = "Identify, ListMetadataFormats, ListSets, GetRecord, ListIdentifiers, ListRecords";
                let text = format!(
                    "verb is {:?}; it is one of {verbs}",
                    other.unwrap_or_default()
                );
                return Err(Refused::new(Code::BadVerb, text));
            }
        };
        match said.keys().next() {
            Some(name) => Err(bad_argument(format!(
                "{name} is no argument of {}, or not beside resumptionToken",
                verb.unwrap_or_default()
            ))),
            None => Ok(request),
        }
    }
}

impl Listed {
    fn of(said: &mut BTreeMap<&str, &str>, records: bool) -> Result<Self, Refused> {
        if let Some(text) = taken(said, "resumptionToken") {
            let token = Token::read(&text).filter(|token| token.records == records);
            let token = token.ok_or_else(|| bad_token("it is none of this list's"))?;
            return Ok(Self {
                records,
                prefix: token.prefix,
                set: token.set.clone(),
                from_us: token.from_us,
                until_us: token.until_us,
                token: Some(token),
            });
        }
        let prefix = prefix(said)?;
        let mut bound = |name: &str| match taken(said, name) {
            None => Ok(None),
            Some(text) => moment(&text, name == "until").map(Some).ok_or_else(|| {
                bad_argument(format!(
                    "{name} is {text:?}; it is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ"
                ))
            }),
        };
        let (from, until) = (bound("from")?, bound("until")?);
        if let (Some((from_us, by_day)), Some((until_us, until_by_day))) = (from, until) {
            if by_day != until_by_day {
                return Err(bad_argument(
                    "from and until are of different granularities",
                ));
            }
            if from_us >= until_us {
                return Err(bad_argument("from comes after until"));
            }
        }
        Ok(Self {
            records,
            prefix,
            set: taken(said, "set"),
            from_us: from.map(|(us, _)| us),
            until_us: until.map(|(us, _)| us),
            token: None,
        })
    }

    /// The items of the list, by their newest activities.
    pub fn items<'c>(&'c self, chronicle: &'c Chronicle) -> impl Iterator<Item = &'c Entry> {
        let (from, until) = (
            self.from_us.unwrap_or(i64::MIN),
            self.until_us.unwrap_or(i64::MAX),
        );
        let after = self.token.as_ref().map_or(0, |token| token.after);
        let set = self.set.as_deref();
        chronicle.by_change(after + 1..).filter(move |entry| {
            (from..until).contains(&entry.changed_us)
                && set.is_none_or(|set| entry.sources.contains(set) || entry.left.contains(set))
        })
    }
}

fn taken(said: &mut BTreeMap<&str, &str>, name: &str) -> Option<String> {
    said.remove(name).map(str::to_owned)
}

fn required(said: &mut BTreeMap<&str, &str>, name: &str) -> Result<String, Refused> {
    taken(said, name).ok_or_else(|| bad_argument(format!("{name} is missing")))
}

fn prefix(said: &mut BTreeMap<&str, &str>) -> Result<Prefix, Refused> {
    let name = required(said, "metadataPrefix")?;
    Prefix::named(&name).ok_or_else(|| {
        let text = format!("metadataPrefix is {name:?}; it is oai_dc or dcat");
        Refused::new(Code::CannotDisseminateFormat, text)
    })
}

fn bad_argument(said: impl Into<String>) -> Refused {
    Refused::new(Code::BadArgument, said)
}

pub(super) fn bad_token(said: impl Into<String>) -> Refused {
    Refused::new(Code::BadResumptionToken, said)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn requests_are_held_to_the_protocol() {
        use Code::{BadArgument, BadResumptionToken, BadVerb, CannotDisseminateFormat};
        for (query, expected) in [
            ("", BadVerb),
            ("verb=Nothing", BadVerb),
            ("verb=Identify&verb=Identify", BadVerb),
            ("verb=Identify&set=a", BadArgument),
            ("verb=ListRecords", BadArgument),
            (
                "verb=ListRecords&metadataPrefix=marc",
                CannotDisseminateFormat,
            ),
            (
                "verb=ListRecords&metadataPrefix=dcat&from=yesterday",
                BadArgument,
            ),
            (
                "verb=ListRecords&metadataPrefix=dcat&from=2026-01-02&until=2026-01-01",
                BadArgument,
            ),
            (
                "verb=ListRecords&metadataPrefix=dcat&from=2026-01-01&until=2026-01-02T00:00:00Z",
                BadArgument,
            ),
            ("verb=ListRecords&resumptionToken=x", BadResumptionToken),
            ("verb=GetRecord&metadataPrefix=dcat", BadArgument),
            ("verb=ListSets&resumptionToken=x", BadResumptionToken),
        ] {
            let arguments: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let refused = Request::of(&arguments).unwrap_err();
            assert_eq!(refused.code, expected, "{query}: {refused}");
        }
    }
}
