//! The account of a run, a page of its rows at a time. Start at [`gather`].

use super::Wanted;
use crate::{
    report::{Fate, Report, Row},
    serve::{desk::Desk, problem::Problem},
};
use harvestd_web::{
    Frame, Words,
    frame::encoded,
    source::{self, Account},
};
use std::io;

/// Rows on a page.
const ROWS: u64 = 50;

/// The forms in which a whole account is given out, as `format` names them.
const FORMS: [(&str, &str); 5] = [
    ("JSON", "json"),
    ("CSV", "csv"),
    ("Turtle", "ttl"),
    ("RDF/XML", "rdf"),
    ("JSON-LD", "jsonld"),
];

/// None: no run has ended.
pub fn gather(
    desk: &dyn Desk,
    id: &str,
    frame: &Frame,
    wanted: &Wanted,
) -> Result<Option<Account>, Problem> {
    let report = match &wanted.run {
        Some(run) => Some(desk.report_of(id, run).ok_or_else(|| {
            Problem::not_found(format!("No report of a run {run:?} of {id:?} is kept."))
        })?),
        None => desk.report(id),
    };
    let Some(report) = report else {
        return Ok(None);
    };
    let fate = wanted.fate.as_deref().filter(|word| !word.is_empty());
    let fate = fate.map(known).transpose()?;
    let from = wanted.from.unwrap_or(1).max(1);
    let all = match fate {
        Some(fate) => rows_with(&report, fate),
        None => report.account.counted.written,
    };
    let rows = page(&report, fate, from - 1).map_err(|error| {
        tracing::error!(run = report.run, %error, "the rows of a report cannot be read");
        Problem::internal()
    })?;
    let place = Place {
        frame,
        id,
        run: &report.run,
    };
    let end = from + rows.len() as u64;
    Ok(Some(Account {
        fates: place.fates(&report, fate),
        previous: (from > 1).then(|| place.address(fate, from.saturating_sub(ROWS).max(1))),
        next: (end <= all && !rows.is_empty()).then(|| place.address(fate, end)),
        rows: rows.iter().map(|row| shown(frame.words, row)).collect(),
        from,
        all,
        not_written: report.account.counted.not_written,
        forms: place.forms(),
        run: report.run,
    }))
}

fn known(word: &str) -> Result<Fate, Problem> {
    let found = Fate::ALL.into_iter().find(|fate| fate.word() == word);
    found.ok_or_else(|| {
        let all = Fate::ALL.map(Fate::word).join(", ");
        Problem::bad_request("query", format!("fate={word} is not known: {all}."))
    })
}

fn rows_with(report: &Report, fate: Fate) -> u64 {
    let counted = &report.account.counted;
    let others = counted.others.get(&fate).copied().unwrap_or_default();
    counted.datasets(fate) + others
}

fn page(report: &Report, fate: Option<Fate>, skipped: u64) -> io::Result<Vec<Row>> {
    let rows = report.account.read()?;
    let wanted = rows.filter(|row| match (row, fate) {
        (Ok(row), Some(fate)) => row.fate == fate,
        _ => true,
    });
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    wanted.skip(skipped).take(ROWS as usize).collect()
}

/// Where an account is.
struct Place<'p> {
    frame: &'p Frame,
    id: &'p str,
    run: &'p str,
}

impl Place<'_> {
    fn address(&self, fate: Option<Fate>, from: u64) -> String {
        let place = self.frame.to(&format!("/sources/{}", self.id));
        let fate = fate.map_or("", Fate::word);
        let run = encoded(self.run);
        format!("{place}?run={run}&fate={fate}&from={from}#account")
    }

    fn fates(&self, report: &Report, chosen: Option<Fate>) -> Vec<source::Fate> {
        let words = self.frame.words;
        let counted = &report.account.counted;
        let there = |fate: &Fate| rows_with(report, *fate) > 0;
        let there: Vec<Fate> = Fate::ALL.into_iter().filter(there).collect();
        if there.is_empty() {
            return Vec::new();
        }
        let one = |fate: Fate| source::Fate {
            name: word(words, fate).to_owned(),
            rows: rows_with(report, fate),
            address: self.address(Some(fate), 1),
            chosen: chosen == Some(fate),
        };
        let all = source::Fate {
            name: words.say("fate-all").to_owned(),
            rows: counted.written + counted.not_written,
            address: self.address(None, 1),
            chosen: chosen.is_none(),
        };
        [all]
            .into_iter()
            .chain(there.into_iter().map(one))
            .collect()
    }

    /// Of the public doors, which the operator's listener does not have.
    fn forms(&self) -> Vec<(&'static str, String)> {
        if self.frame.operator {
            return Vec::new();
        }
        let path = format!("/sources/{}/report/{}", self.id, encoded(self.run));
        let place = self.frame.to(&path);
        FORMS
            .map(|(name, format)| (name, format!("{place}?format={format}")))
            .into()
    }
}

fn word(words: Words, fate: Fate) -> &'static str {
    match fate {
        Fate::Refused => words.say("fate-refused"),
        Fate::Unreadable => words.say("fate-unreadable"),
        Fate::Filtered => words.say("fate-filtered"),
        Fate::Duplicate => words.say("fate-duplicate"),
        Fate::Looped => words.say("fate-looped"),
        Fate::Held => words.say("fate-held"),
        Fate::Finding => words.say("fate-finding"),
        Fate::Remark => words.say("fate-remark"),
    }
}

fn shown(words: Words, row: &Row) -> source::Row {
    let said = |key: &str, number: Option<u64>| {
        number.map(|number| words.fill(key, &[&words.number(number)]))
    };
    let places = [
        said("row-index", row.index),
        said("row-line", row.line),
        said("row-offset", row.offset),
    ];
    let places: Vec<String> = places.into_iter().flatten().collect();
    source::Row {
        fate: word(words, row.fate).to_owned(),
        record: row.record.clone(),
        means: words.known(&format!("code-{}", row.code)),
        mend: words.known(&format!("mend-{}", row.code)),
        code: row.code.clone(),
        path: row.path.clone(),
        found: row.found.clone(),
        expected: row.expected.clone(),
        place: places.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harvestd_harvesters::RecordId;
    use harvestd_vocab::Refusal;
    use harvestd_web::Language;

    #[test]
    fn who_reads_chinese_is_told_in_chinese_what_was_expected_and_what_to_do() {
        let why = Refusal::new("not-json", "", "EOF at line 1", "a JSON object");
        let row = Row::refused(&RecordId::dataset("1"), &why);
        for (language, means, mend) in [
            (
                Language::Chinese,
                "不是 JSON",
                "應為正確的 JSON；常見原因是缺少逗號或引號",
            ),
            (
                Language::English,
                "It is not JSON",
                "Well-formed JSON is expected. Often a comma or a quotation mark is missing.",
            ),
        ] {
            let shown = shown(Words(language), &row);
            assert_eq!((shown.means, shown.mend), (Some(means), Some(mend)));
            assert_eq!(shown.expected, "a JSON object");
        }
    }

    #[test]
    fn what_a_remark_means_is_told_in_the_language_of_the_page() {
        let row = Row::remark("count-lies", "5 packages declared, 3 different ones came");
        for (language, means) in [
            (Language::Chinese, "宣告的總數與實際收到的不符"),
            (Language::English, "The declared total is not what came"),
        ] {
            assert_eq!(shown(Words(language), &row).means, Some(means));
        }
    }
}
