//! The closed table of ailments, with the operator's words for each. `docs/operating.md` has the same rows.
//!
//! Start at [`Ailment`].

use serde::{Deserialize, Serialize};

/// What can be wrong with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ailment {
    Challenge,
    Blocked,
    Login,
    Robots,
    Quota,
    Moved,
    NoAddress,
    Unreachable,
    TlsChain,
    Tls,
    Clock,
    Slow,
    Cut,
    TooLarge,
    NotHttp,
    ForbiddenAddress,
    ServerTrouble,
    Maintenance,
    NotACatalogue,
    SchemaChange,
    IgnoredFilter,
    LyingTotal,
    RepeatedPage,
    NoProof,
    Empty,
    IdentifiersChanged,
    TooMuchGone,
    UnnamedRecords,
    OwnTrouble,
    Stale,
}

/// What there is to say of an ailment.
struct Row {
    name: &'static str,
    what: &'static str,
    advice: &'static str,
    /// It often goes by itself within minutes: one such run alone makes no source sick.
    passes: bool,
    /// The source is spared by asking it less.
    spares: bool,
}

const fn row(name: &'static str, what: &'static str, advice: &'static str) -> Row {
    Row {
        name,
        what,
        advice,
        passes: false,
        spares: true,
    }
}

impl Row {
    const fn passing(self) -> Self {
        Self {
            passes: true,
            ..self
        }
    }

    /// The source answers as it should: asking it less would only delay the run that is well.
    const fn unsparing(self) -> Self {
        Self {
            spares: false,
            ..self
        }
    }
}

impl Ailment {
    pub const ALL: [Self; 30] = [
        Self::Challenge,
        Self::Blocked,
        Self::Login,
        Self::Robots,
        Self::Quota,
        Self::Moved,
        Self::NoAddress,
        Self::Unreachable,
        Self::TlsChain,
        Self::Tls,
        Self::Clock,
        Self::Slow,
        Self::Cut,
        Self::TooLarge,
        Self::NotHttp,
        Self::ForbiddenAddress,
        Self::ServerTrouble,
        Self::Maintenance,
        Self::NotACatalogue,
        Self::SchemaChange,
        Self::IgnoredFilter,
        Self::LyingTotal,
        Self::RepeatedPage,
        Self::NoProof,
        Self::Empty,
        Self::IdentifiersChanged,
        Self::TooMuchGone,
        Self::UnnamedRecords,
        Self::OwnTrouble,
        Self::Stale,
    ];

    /// One word, the same for ever.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What it is.
    pub fn what(self) -> &'static str {
        self.row().what
    }

    /// What the operator can do.
    pub fn advice(self) -> &'static str {
        self.row().advice
    }

    /// It often goes by itself within minutes.
    pub fn passes(self) -> bool {
        self.row().passes
    }

    /// The source is spared by asking it less.
    pub fn spares(self) -> bool {
        self.row().spares
    }

    fn row(self) -> Row {
        match self {
            Self::Challenge => row(
                "challenge",
                "a page against robots stands before the source",
                "ask the source to let harvestd in by its User-Agent or its address: it will never run the page's scripts",
            ),
            Self::Blocked => row(
                "blocked",
                "the source, or a firewall before it, refuses us",
                "ask the source whether it blocks harvestd's User-Agent or this machine's address; where it wants a key, give it in network.headers or network.basic_auth",
            ),
            Self::Login => row(
                "login",
                "the source wants somebody to log in",
                "give the key or password in network.headers or network.basic_auth, or ask why the catalogue is not public any more",
            ),
            Self::Robots => row(
                "robots",
                "the source's robots.txt forbids what is asked",
                "ask the source to allow it for the agent harvestd; where the interface is meant for machines, robots = \"ignore\" in its network table",
            ),
            Self::Quota => row(
                "quota",
                "we have asked more than the source allows",
                "lower network.requests_per_second or harvest less often; it is asked again when it said it may be",
            ),
            Self::Moved => row(
                "moved",
                "the catalogue is not there any more, or says that it has moved",
                "find its new address, and configure it as the source's url; the id stays",
            ),
            Self::NoAddress => row(
                "no-address",
                "the name of the source's host leads nowhere",
                "look for a misspelt or changed host; else see whether this machine resolves other names",
            )
            .passing(),
            Self::Unreachable => row(
                "unreachable",
                "no connection to the source",
                "see whether the source is up, and whether this machine may reach it; it is tried again by itself",
            )
            .passing(),
            Self::TlsChain => row(
                "tls-chain",
                "nobody we trust has signed the source's certificate; often the server leaves out an intermediate one",
                "tell the source to send the whole chain; until then put the missing issuer (PEM) into a file, and name it as network.extra_ca",
            ),
            Self::Tls => row(
                "tls",
                "the source's certificate has expired, is for another host, or the handshake fails",
                "the source must renew or mend it; this check is never switched off",
            ),
            Self::Clock => row(
                "clock",
                "the clock of the source and that of this machine differ",
                "set the one that is wrong: certificates, \"changed since\" and waits that the source asks for hang on it",
            ),
            Self::Slow => row(
                "slow",
                "the source answers too slowly, or stops in the middle",
                "tried again by itself; where it is always so, raise read_ms or total_ms, or lower bytes_per_second_min, of its network.limits",
            )
            .passing(),
            Self::Cut => row(
                "cut",
                "the answer ended before its end",
                "tried again by itself; where it is always so, the source or a proxy before it cuts long answers",
            )
            .passing(),
            Self::TooLarge => row(
                "too-large",
                "the answer is larger, or deeper, than a limit allows",
                "where it is a real catalogue, raise the limit that is named",
            ),
            Self::NotHttp => row(
                "not-http",
                "what answers there does not speak HTTP as it should",
                "see whether the address and its port are right, and what stands before the source",
            ),
            Self::ForbiddenAddress => row(
                "forbidden-address",
                "the source leads to an address that we do not ask",
                "where it is meant to be there, name the range in allow_ranges or the server in allow_hosts; else ask what the source is doing",
            ),
            Self::ServerTrouble => row(
                "server-trouble",
                "the source says that it failed",
                "this is the source's own trouble: tell its operator; it is tried again by itself",
            )
            .passing(),
            Self::Maintenance => row(
                "maintenance",
                "the source is being worked on",
                "wait; it is tried again by itself",
            )
            .passing(),
            Self::NotACatalogue => row(
                "not-a-catalogue",
                "something came, but no catalogue of this kind",
                "open the address: see whether it is the interface and not a page, and whether kind and options fit it",
            ),
            Self::SchemaChange => row(
                "schema-change",
                "the source gave a catalogue before; what it gives now has another form",
                "compare the answer with what the kind expects: the source has a new version or another interface; the report lists what was refused",
            ),
            Self::IgnoredFilter => row(
                "ignored-filter",
                "the source does not do what it is asked for: it ignores or breaks a filter or an order",
                "nothing, where the run is complete: everything is asked for instead, which takes longer. Tell the source",
            )
            .unsparing(),
            Self::LyingTotal => row(
                "lying-total",
                "the source declares another number of datasets than it gives",
                "ask the source which is true; nothing is deleted for being absent until the two agree",
            )
            .unsparing(),
            Self::RepeatedPage => row(
                "repeated-page",
                "the source gives the same page again, or its pages lead in a circle",
                "the source ignores paging: see whether the address has a page number of its own, and tell the source",
            ),
            Self::NoProof => row(
                "no-proof",
                "nothing proves that all of the catalogue was seen",
                "nothing is deleted for being absent. Records that move between pages while they are read settle at the next run; else ask the source for a total, a Content-Length or a last page",
            )
            .unsparing(),
            Self::Empty => row(
                "empty",
                "the catalogue is empty where it was not",
                "nothing was deleted. Look at the source; `harvestd held` approves or rejects the list",
            )
            .unsparing(),
            Self::IdentifiersChanged => row(
                "identifiers-changed",
                "nearly everything has another identifier than before",
                "the old ones stay. Ask the source whether that was meant; `harvestd held` approves or rejects the list",
            )
            .unsparing(),
            Self::TooMuchGone => row(
                "too-much-gone",
                "more is missing than may go by itself",
                "nothing was deleted. Look at the list with `harvestd held`, and approve or reject it",
            )
            .unsparing(),
            Self::UnnamedRecords => row(
                "unnamed-records",
                "records came whose identifier cannot be read: they may be the missing ones",
                "the report lists them: the source must mend them; nothing is deleted until then",
            )
            .unsparing(),
            Self::OwnTrouble => row(
                "own-trouble",
                "the trouble is ours, not the source's: disk, store or settings",
                "see the log and the free space of the data directory",
            )
            .unsparing(),
            Self::Stale => row(
                "stale",
                "no run has been complete for longer than may be",
                "do what helps against the trouble of its last run; without one, see whether the source is harvested at all",
            )
            .unsparing(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_ailment_is_in_the_table_once_with_the_name_that_json_has() {
        let names: BTreeSet<_> = Ailment::ALL.iter().map(|a| a.name()).collect();
        assert_eq!(names.len(), Ailment::ALL.len());
        for (at, ailment) in Ailment::ALL.into_iter().enumerate() {
            assert_eq!(at, ailment as usize);
            let json = serde_json::to_value(ailment).unwrap();
            assert_eq!(json, ailment.name());
            assert!(!ailment.what().ends_with('.') && !ailment.advice().ends_with('.'));
        }
        // The last one: none is missing from ALL.
        assert_eq!(Ailment::ALL.last(), Some(&Ailment::Stale));
    }

    #[test]
    fn the_documents_have_the_same_rows() {
        let told = include_str!("../../docs/operating.md");
        for ailment in Ailment::ALL {
            let row = format!(
                "| `{}` | {} | {} |",
                ailment.name(),
                ailment.what(),
                ailment.advice()
            );
            assert!(told.contains(&row), "docs/operating.md lacks:\n{row}");
        }
    }
}
