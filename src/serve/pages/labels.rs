//! What the values of facets are called for people: by our words where a code has some, else as the catalogues call them.
//! Pure. Start at [`label`].

use crate::search::Labels;
use harvestd_vocab::{
    agents,
    concepts::{self, HIGH_VALUE_THEMES},
    terms::{TAIWAN_LICENCE, authority},
};
use harvestd_web::{Words, said::Said};

/// What a value of a facet is called.
pub fn label(facet: &'static str, name: &str, labels: &Labels, words: &Words) -> Said {
    let ours = |key: String| {
        words
            .known(&key)
            .map(|text| Said::ours(text, words.0))
            .unwrap_or_else(|| Said::of(name))
    };
    match facet {
        "access" | "frequency" | "language" | "changed" => ours(format!("{facet}-{name}")),
        "quality" => ours(format!("rating-{name}")),
        "high_value" => high_value(name, words),
        _ => match labels.get(&(facet, name.to_owned())) {
            Some(label) => named(&label.title, &label.iri, words),
            None => Said::of(name),
        },
    }
}

/// What an organization, theme or licence is called: in the language of the page where one of our tables has it.
pub fn named(title: &str, iri: &str, words: &Words) -> Said {
    let tag = words.0.tag();
    if let Some(concept) = concepts::of_iri(iri) {
        let label = concept.label(&tag.to_ascii_lowercase());
        // Themes of high value are called as other themes are.
        return match iri.starts_with(HIGH_VALUE_THEMES) {
            true => Said::ours(words.fill("label-high-value", &[label]), words.0),
            false => Said::ours(label, words.0),
        };
    }
    if let Some(theme) = iri.strip_prefix(authority::DATA_THEME)
        && let Some(text) = words.known(&format!("theme-{theme}"))
    {
        return Said::ours(text, words.0);
    }
    if iri == TAIWAN_LICENCE {
        return Said::ours(words.say("licence-taiwan"), words.0);
    }
    match agents::named(title) {
        Some(agency) if tag == "en" && !agency.english.is_empty() => {
            Said::ours(agency.english, words.0)
        }
        _ => Said::of(title),
    }
}

/// A high-value category, by the end of its IRI: one of the EU, or one of Taiwan.
fn high_value(name: &str, words: &Words) -> Said {
    let eu = words.known(&format!("hvd-{name}"));
    let taiwan = || {
        let concept = concepts::of_iri(&format!("{HIGH_VALUE_THEMES}{name}"))?;
        Some(concept.label(&words.0.tag().to_ascii_lowercase()))
    };
    match eu.or_else(taiwan) {
        Some(text) => Said::ours(text, words.0),
        None => Said::of(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::Label;
    use harvestd_web::Language;

    #[test]
    fn codes_are_told_in_words_and_what_has_none_as_it_is() {
        let theme = |name: &str, iri: &str, title: &str| {
            let label = Label {
                facet: "groups",
                name: name.to_owned(),
                id: String::new(),
                title: title.to_owned(),
                iri: iri.to_owned(),
                is_open: false,
            };
            (("groups", name.to_owned()), label)
        };
        let transport = format!("{}TRAN", authority::DATA_THEME);
        let labels = Labels::from([
            theme("tran", &transport, "Transport"),
            theme(
                "air",
                &format!("{HIGH_VALUE_THEMES}climate-and-environment"),
                "x",
            ),
            theme("own", "", "觀光"),
        ]);
        for (facet, name, chinese, english) in [
            ("access", "paid", "付費", "Against payment"),
            ("frequency", "DAILY", "每日", "daily"),
            ("frequency", "ODD", "ODD", "ODD"),
            ("high_value", "c_164e0bf5", "氣象", "Meteorological"),
            ("high_value", "transport", "交通運輸", "Transport"),
            ("groups", "tran", "交通", "Transport"),
            (
                "groups",
                "air",
                "氣候環境（高應用價值）",
                "Climate and environment (high value)",
            ),
            ("groups", "own", "觀光", "觀光"),
            ("quality", "sufficient", "可", "sufficient"),
            ("res_format", "CSV", "CSV", "CSV"),
        ] {
            let said = |language| label(facet, name, &labels, &Words(language)).text;
            assert_eq!(said(Language::Chinese), chinese, "{facet} {name}");
            assert_eq!(said(Language::English), english, "{facet} {name}");
        }
    }
}
