//! Numbers, durations, addresses and checksums: one text, one typed value.

use crate::graph::Value;
use crate::links;
use crate::literals::{canonical, parsed};
use crate::properties::Rule;
use crate::tables::{encodings, fees, fold};
use crate::terms::{spdx, xsd};
use oxrdf::{Literal, NamedNode, NamedNodeRef};

/// Why a text could not be read as its predicate expects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The code of the finding.
    pub code: &'static str,
    pub expected: &'static str,
}

/// The value of a text under a rule. Ok(None): nothing better is to be said, and nothing is wrong.
pub(crate) fn read(rule: Rule, written: &str) -> Result<Option<Value>, Problem> {
    let (value, code, expected) = match rule {
        Rule::Email => (
            links::email(written).map(Value::Iri),
            "invalid-email",
            "a mail address",
        ),
        Rule::Telephone => {
            let number = links::telephone(written).map(Value::Iri);
            (number, "invalid-telephone", "a telephone number")
        }
        Rule::Integer => (integer(written), "unparsed-number", "a whole number"),
        Rule::Decimal => (
            typed(written, xsd::DECIMAL),
            "unparsed-number",
            "a decimal number",
        ),
        Rule::Duration => (
            typed(written, xsd::DURATION).or_else(|| duration(written)),
            "unparsed-duration",
            "an ISO 8601 duration",
        ),
        Rule::ChecksumAlgorithm => {
            let algorithm = checksum_algorithm(written);
            (
                algorithm,
                "unmapped-checksum-algorithm",
                "a checksum algorithm of SPDX",
            )
        }
        Rule::Encoding => match encodings().cell(written) {
            Some("") => return Ok(None),
            Some(name) => {
                let name = Literal::new_simple_literal(name);
                (Some(Value::Literal(name)), "", "")
            }
            // A list that nobody could share out among the files.
            None if written.contains([';', ',']) => return Ok(None),
            None => (
                None,
                "unmapped-character-encoding",
                "a character set's name by IANA",
            ),
        },
        Rule::Free => (is_free(written), "unmapped-fee", "true or false"),
        Rule::ChecksumValue => return Ok(hexadecimal(written)),
        _ => return Ok(None),
    };
    value.map(Some).ok_or(Problem { code, expected })
}

/// `true` or `false` as a value, also by a word for a fee (`免費`).
pub(crate) fn is_free(written: &str) -> Option<Value> {
    let free = match written {
        "true" | "false" => written,
        _ => fees().cell(written)?,
    };
    typed(free, xsd::BOOLEAN)
}

fn typed(value: &str, datatype: NamedNodeRef<'static>) -> Option<Value> {
    let datatype = datatype.into_owned();
    parsed(value, &datatype).map(Value::Literal)
}

/// `1024`, `1,024`, `1024.0`: a whole number that is not negative.
fn integer(written: &str) -> Option<Value> {
    let digits = written.replace([',', ' '], "");
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => &digits,
    };
    let unsigned = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    unsigned
        .then(|| typed(whole, xsd::NON_NEGATIVE_INTEGER))
        .flatten()
}

/// The words that catalogues have for how fine their data are in time.
fn duration(written: &str) -> Option<Value> {
    const WORDS: [(&[&str], &str); 7] = [
        (&["yearly", "annual", "annually", "年"], "P1Y"),
        (&["quarterly", "季"], "P3M"),
        (&["monthly", "月"], "P1M"),
        (&["weekly", "週"], "P7D"),
        (&["daily", "日"], "P1D"),
        (&["hourly", "時"], "PT1H"),
        (&["minutely", "分"], "PT1M"),
    ];
    let word = fold(written);
    let known = WORDS
        .iter()
        .find(|(words, _)| words.contains(&word.as_ref()))?;
    typed(known.1, xsd::DURATION)
}

fn hexadecimal(written: &str) -> Option<Value> {
    let legal = written.len().is_multiple_of(2) && written.bytes().all(|b| b.is_ascii_hexdigit());
    legal.then(|| Value::Literal(canonical(written.to_owned(), xsd::HEX_BINARY.into_owned())))
}

/// `SHA-256`, `sha256`, `checksumAlgorithm_sha256`.
fn checksum_algorithm(written: &str) -> Option<Value> {
    const KNOWN: [&str; 9] = [
        "md2", "md4", "md5", "md6", "sha1", "sha224", "sha256", "sha384", "sha512",
    ];
    let folded = fold(written).replace(['-', '_', ' '], "");
    let bare = folded.strip_prefix("checksumalgorithm").unwrap_or(&folded);
    let known = KNOWN.iter().find(|known| **known == bare)?;
    let iri = format!("{}checksumAlgorithm_{known}", spdx::NS);
    Some(Value::Iri(NamedNode::new_unchecked(iri)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_they_are_numbers() {
        for (text, expected) in [
            ("1024", "1024"),
            ("1,024", "1024"),
            ("1024.0", "1024"),
            ("007", "7"),
        ] {
            assert_eq!(integer(text), typed(expected, xsd::INTEGER), "{text}");
        }
        for text in ["12 KB", "-1", "1.5", "", "."] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn durations_in_words() {
        for (text, expected) in [
            ("yearly", "P1Y"),
            ("Monthly", "P1M"),
            ("weekly", "P7D"),
            ("日", "P1D"),
        ] {
            let found = read(Rule::Duration, text);
            assert_eq!(found, Ok(typed(expected, xsd::DURATION)), "{text}");
        }
        assert!(read(Rule::Duration, "often").is_err());
    }

    #[test]
    fn checksum_algorithms_in_their_spellings() {
        for text in ["SHA-256", "sha256", "checksumAlgorithm_sha256"] {
            let expected =
                NamedNode::new_unchecked(format!("{}checksumAlgorithm_sha256", spdx::NS));
            assert_eq!(
                checksum_algorithm(text),
                Some(Value::Iri(expected)),
                "{text}"
            );
        }
        assert_eq!(checksum_algorithm("crc"), None);
    }
}
