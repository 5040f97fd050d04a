//! Which of our two languages somebody reads. Start at [`Language::wanted`].

/// A language that our pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// Traditional Chinese, as written in Taiwan.
    #[default]
    Chinese,
    English,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-Hant",
            Self::English => "en",
        }
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
        }
    }

    /// The language of a tag, whatever its region: all of Chinese is one here.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let first = tag.trim().split(['-', '_']).next()?;
        match first.to_ascii_lowercase().as_str() {
            "zh" | "yue" | "nan" | "hak" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The language that an Accept-Language header (RFC 9110, section 12.5.4) likes best. Of equals the first; where it
    /// names neither of ours, English: who reads neither more likely reads that. Without a header: Chinese.
    pub fn wanted(accept: Option<&str>) -> Self {
        let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
            return Self::default();
        };
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default();
            let q = parts
                .find_map(|part| part.trim().strip_prefix("q=")?.parse().ok())
                .unwrap_or(1.0_f32);
            let language = match tag.trim() {
                "*" => Some(Self::default()),
                tag => Self::of_tag(tag),
            };
            if let Some(language) = language
                && q > 0.0
                && best.is_none_or(|(most, _)| q > most)
            {
                best = Some((q, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_chooses() {
        for (accept, expected) in [
            (None, Language::Chinese),
            (Some(""), Language::Chinese),
            (Some("en-GB,en;q=0.9"), Language::English),
            (
                Some("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7"),
                Language::Chinese,
            ),
            (Some("fr,en;q=0.3,zh-Hant;q=0.5"), Language::Chinese),
            (Some("de-CH"), Language::English),
            (Some("zh;q=0, en;q=0.1"), Language::English),
            (Some("*"), Language::Chinese),
        ] {
            assert_eq!(Language::wanted(accept), expected, "{accept:?}");
        }
    }
}
