//! What came of an indicator, and how that is said to people. Start at [`Outcome`].

/// Is it met?
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    Yes,
    No,
    /// Nobody looked yet: it counts no points, and is told apart.
    Unchecked,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'s> {
    /// Nothing is said of it.
    Nothing,
    /// The first value that counts.
    Value(&'s str),
    /// A value that does not.
    Other(&'s str),
    /// The dataset has no file.
    NoFile,
    /// No address of the kind was checked.
    Unchecked,
    Reachable(&'s str),
    Unreachable(&'s str),
    /// Shapes that are violated.
    Violations(u32),
    /// What is missing: a name of a part, in English and zh-Hant.
    Lacks(&'static str, &'static str),
    /// Days since the last change, and days that were promised between two.
    Age(i32, i32),
    /// No rhythm is promised.
    NoRhythm,
}

/// A text in the languages of our pages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Words {
    pub en: String,
    #[serde(rename = "zh-Hant")]
    pub zh: String,
}

impl Words {
    pub fn of(en: &str, zh: &str) -> Self {
        Self {
            en: en.to_owned(),
            zh: zh.to_owned(),
        }
    }
}

/// What came of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'s> {
    pub met: Met,
    pub found: Found<'s>,
}

impl<'s> Outcome<'s> {
    pub(super) const UNSEEN: Self = Self {
        met: Met::No,
        found: Found::Nothing,
    };

    pub fn yes(found: Found<'s>) -> Self {
        Self {
            met: Met::Yes,
            found,
        }
    }

    pub fn no(found: Found<'s>) -> Self {
        Self {
            met: Met::No,
            found,
        }
    }

    pub fn unchecked() -> Self {
        Self {
            met: Met::Unchecked,
            found: Found::Unchecked,
        }
    }

    /// A value that counts, or that there is none.
    pub fn value(value: Option<&'s str>) -> Self {
        value.map_or(Self::UNSEEN, |value| Self::yes(Found::Value(value)))
    }
}

impl Found<'_> {
    /// In a sentence for people.
    pub fn told(&self) -> Words {
        let both = |en: String, zh: String| Words { en, zh };
        match *self {
            Self::Nothing => Words::of("Nothing is said of it.", "未說明。"),
            Self::Value(value) => both(format!("Found: {value}"), format!("已有：{value}")),
            Self::Other(value) => both(
                format!("Found, and does not count: {value}"),
                format!("現值不符：{value}"),
            ),
            Self::NoFile => Words::of("The dataset has no file.", "資料集沒有檔案。"),
            Self::Unchecked => Words::of(
                "Not checked yet: it counts no points.",
                "尚未檢查，不計分。",
            ),
            Self::Reachable(address) => both(
                format!("It answered: {address}"),
                format!("有回應：{address}"),
            ),
            Self::Unreachable(address) => both(
                format!("It did not answer: {address}"),
                format!("無法連線：{address}"),
            ),
            Self::Violations(0) => Words::of("No shape is violated.", "未違反任何規則。"),
            Self::Violations(many) => both(
                format!("Violations: {many}"),
                format!("違反規則：{many} 項"),
            ),
            Self::Lacks(en, zh) => both(format!("Missing: {en}"), format!("缺少：{zh}")),
            Self::Age(days, promised) => both(
                format!("Last changed {days} days ago; promised every {promised} days."),
                format!("最近更新距今 {days} 日，承諾每 {promised} 日更新。"),
            ),
            Self::NoRhythm => Words::of("No rhythm is promised.", "未承諾固定更新頻率。"),
        }
    }
}
