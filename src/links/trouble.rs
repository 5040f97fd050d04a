//! What can be wrong with an address: one closed list.
//!
//! The worst first: of several troubles the first one here is told. Start at [`Trouble`]; what each means
//! is in [`TABLE`].

mod words;

pub use words::{TABLE, Words};

use serde::{Deserialize, Serialize};

/// How an address fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    NoName,
    NoConnection,
    CertificateExpired,
    CertificateOtherName,
    CertificateUntrusted,
    Tls,
    Silence,
    Slow,
    CutOff,
    NotHttp,
    Redirects,
    Gone,
    Forbidden,
    ServerError,
    OddStatus,
    Login,
    Challenge,
    LostPage,
    Html,
    Empty,
    OtherType,
    Unreadable,
    OtherEncoding,
    OtherColumns,
    OtherSize,
    /// Asked us to come back later.
    Busy,
    /// The address guard forbids asking.
    NotAllowed,
    Robots,
    OtherScheme,
    Ok,
}

impl Trouble {
    pub fn words(self) -> &'static Words {
        // The table is in the order of the enumeration, which a test sees to.
        &TABLE[self as usize]
    }

    /// One word for addresses, tables and metrics.
    pub fn code(self) -> &'static str {
        CODES[self as usize]
    }

    pub fn of(code: &str) -> Option<Self> {
        let found = TABLE.iter().find(|words| words.code.code() == code);
        found.map(|words| words.code)
    }

    /// Was nothing learnt of the address?
    pub fn is_unchecked(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::NotAllowed | Self::Robots | Self::OtherScheme
        )
    }

    /// Is something wrong with the address or what is there?
    pub fn is_fault(self) -> bool {
        self != Self::Ok && !self.is_unchecked()
    }

    /// Does the address lead to what is meant, whatever its form?
    pub fn is_reachable(self) -> bool {
        self >= Self::Html && !self.is_unchecked()
    }
}

const CODES: [&str; 30] = [
    "no-name",
    "no-connection",
    "certificate-expired",
    "certificate-other-name",
    "certificate-untrusted",
    "tls",
    "silence",
    "slow",
    "cut-off",
    "not-http",
    "redirects",
    "gone",
    "forbidden",
    "server-error",
    "odd-status",
    "login",
    "challenge",
    "lost-page",
    "html",
    "empty",
    "other-type",
    "unreadable",
    "other-encoding",
    "other-columns",
    "other-size",
    "busy",
    "not-allowed",
    "robots",
    "other-scheme",
    "ok",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_its_codes_are_as_they_are_written() {
        for (at, words) in TABLE.iter().enumerate() {
            assert_eq!(words.code as usize, at);
            let written = serde_json::to_value(words.code).unwrap_or_default();
            assert_eq!(written, words.code.code());
            assert_eq!(Trouble::of(words.code.code()), Some(words.code));
            assert!(!words.en.is_empty() && !words.zh_hant.is_empty());
            for advice in [words.advice, words.advice_zh_hant] {
                assert_eq!(advice.is_empty(), words.code == Trouble::Ok);
            }
            assert_eq!(words.advice_zh_hant.is_ascii(), words.code == Trouble::Ok);
        }
        assert_eq!(Trouble::of("fine"), None);
    }
}
