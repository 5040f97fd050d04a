//! The pages of quality, of the same figures that `/quality` gives in JSON. Start at [`of_all`] and [`of_some`].

use super::{
    answer,
    asked::{Asked, narrowed},
    frame,
    listed::Listed,
    searching, view,
};
use crate::serve::{
    House,
    problem::Problem,
    quality::{Figures, Overview, Row, Scoped, Share, Standing, Trend},
};
use axum::{
    http::{HeaderMap, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use harvestd_vocab::quality::{Rating, Scheme, Timely};
use harvestd_web::{
    Frame, Language, Words,
    chart::{About, Bar, Bars, Lines, Series, Tone},
    entity,
    frame::encoded,
    quality::{self, Indicator, Line, Quality, Scope},
    said::Said,
    source::{Badge, Tint},
};

/// What is to be mended first: so many indicators are named.
const WORST: usize = 5;
/// Publishers on the page: those with the most datasets; all are in the table that can be downloaded.
const PUBLISHERS: usize = 100;

/// Everything, by source and by publisher.
pub fn of_all(
    house: &House,
    overview: &Overview,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let frame = frame(house, uri, headers, |words| {
        words.say("quality-title").to_owned()
    });
    let lines = |rows: &[Row], place: &str| {
        let mut lines: Vec<Line> = rows.iter().map(|row| line(&frame, row, place)).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.figures.datasets));
        lines
    };
    let sources = lines(&overview.sources, "/quality/source/");
    let mut publishers = lines(&overview.publishers, "/quality/publisher/");
    publishers.truncate(PUBLISHERS);
    let page = Quality {
        sources,
        publishers,
        ..page(frame, &overview.standing, &overview.trend, Asked::default())
    };
    answer(&page, uri, headers)
}

/// The page of a dataset has its quality: there, where it is in the search index.
pub async fn of_dataset(
    house: &House,
    iri: String,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (view, home) = (view(house)?, house.clone());
    let frame = frame(house, uri, headers, |_| String::new());
    let found = tokio::task::spawn_blocking(move || {
        let package = view.find(&iri).map_err(searching)?;
        let package = package.ok_or_else(|| {
            Problem::not_found(format!("{iri} is no dataset that is published here."))
        })?;
        let listed = Listed::read(&view, package)?;
        Ok::<_, Problem>(listed.address(&home, &frame))
    });
    let address = found.await.map_err(|_| Problem::internal())??;
    Ok(Redirect::to(&format!("{address}#quality")).into_response())
}

/// Of a source or of a publisher; `own` is where that has its page.
pub fn of_some(
    house: &House,
    scoped: &Scoped,
    own: &'static str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let frame = frame(house, uri, headers, |_| scoped.name.id.clone());
    let title = title(
        &frame,
        &scoped.name.id,
        &scoped.name.title,
        &scoped.name.english,
    );
    let facet = match own {
        "/sources/" => "source",
        _ => "organization",
    };
    let asked = narrowed(facet, &scoped.name.id);
    let scope = Scope {
        page: Some(frame.to(&format!("{own}{}", encoded(&scoped.name.id)))),
        title,
    };
    let page = Quality {
        scope: Some(scope),
        ..page(frame, &scoped.standing, &scoped.trend, asked)
    };
    answer(&page, uri, headers)
}

/// `asked` is the search for its datasets.
fn page(frame: Frame, standing: &Standing, trend: &[Trend], asked: Asked) -> Quality {
    let words = frame.words;
    let worst = standing.worst.iter().take(WORST);
    let worst = worst.filter_map(|id| {
        let mut all = standing.indicators.iter();
        all.find(|share| share.indicator.id == *id)
    });
    let place = frame.to(&frame.path);
    Quality {
        scope: None,
        ratings: ratings(&frame, &standing.figures, &asked),
        dimensions: Scheme::ALL
            .into_iter()
            .map(|scheme| dimensions(words, standing, scheme))
            .collect(),
        worst: worst.map(|share| indicator(words, share)).collect(),
        indicators: standing
            .indicators
            .iter()
            .map(|share| indicator(words, share))
            .collect(),
        timeliness: timeliness(words, &standing.figures),
        trend: lines(words, trend),
        figures: figures(words, &standing.figures),
        sources: Vec::new(),
        publishers: Vec::new(),
        forms: vec![
            ("JSON", format!("{place}?format=json")),
            ("CSV", format!("{place}?format=csv")),
        ],
        frame,
    }
}

fn figures(words: Words, figures: &Figures) -> quality::Figures {
    let tint = match figures.rating {
        Rating::Excellent | Rating::Good => Tint::Good,
        Rating::Sufficient => Tint::Fair,
        Rating::Bad => Tint::Bad,
    };
    let key = rating_key(figures.rating);
    let conforming = figures.conformance.as_ref();
    quality::Figures {
        datasets: figures.datasets,
        mqa: figures.mqa,
        rating: Badge::new(tint, words.say(key)),
        fair: figures.fair,
        ai_ready: figures.ai_ready,
        conforming: conforming.map(|c| [c.validated, c.dcat_ap, c.taiwan]),
    }
}

fn rating_key(rating: Rating) -> &'static str {
    match rating {
        Rating::Excellent => "rating-excellent",
        Rating::Good => "rating-good",
        Rating::Sufficient => "rating-sufficient",
        Rating::Bad => "rating-bad",
    }
}

/// What so many points are called, as a badge.
pub(in crate::serve) fn rated(words: Words, rating: Rating) -> entity::Badge {
    let class = match rating {
        Rating::Excellent | Rating::Good => "good",
        Rating::Sufficient => "fair",
        Rating::Bad => "bad",
    };
    let said = Said::ours(words.say(rating_key(rating)), words.0);
    entity::Badge { class, said }
}

/// In the language of the page.
pub(in crate::serve) fn spoken<'w>(
    words: &Words,
    text: &'w harvestd_vocab::quality::Words,
) -> &'w str {
    match words.0 {
        Language::Chinese => &text.zh,
        Language::English => &text.en,
    }
}

pub(in crate::serve) fn timely_key(state: Timely) -> &'static str {
    match state {
        Timely::OnTime => "timely-on-time",
        Timely::Late => "timely-late",
        Timely::NoRhythm => "timely-no-rhythm",
        Timely::UnknownFrequency => "timely-unknown-frequency",
        Timely::UnknownChange => "timely-unknown-change",
    }
}

fn about(words: Words, id: &str, title: String) -> About {
    About {
        id: id.to_owned(),
        title,
        labels: words.say("quality-of").to_owned(),
        ..About::default()
    }
}

/// With its share of all.
#[expect(
    clippy::cast_precision_loss,
    reason = "drawn with a few hundred pixels"
)]
fn counted(words: Words, key: &str, count: u64, all: u64, tone: Tone) -> Bar {
    let share = count as f64 * 100.0 / all.max(1) as f64;
    let says = format!("{} ({share:.1} %)", words.number(count));
    Bar::new(words.say(key), count as f64).says(says).tone(tone)
}

/// Each leads to its datasets.
pub(super) fn ratings(frame: &Frame, figures: &Figures, asked: &Asked) -> Bars {
    let (of, words) = (&figures.ratings, frame.words);
    let bars = [
        (Rating::Excellent, of.excellent, Tone::Good),
        (Rating::Good, of.good, Tone::Good),
        (Rating::Sufficient, of.sufficient, Tone::Fair),
        (Rating::Bad, of.bad, Tone::Bad),
    ];
    let bars = bars.into_iter().map(|(rating, count, tone)| {
        let bar = counted(words, rating_key(rating), count, figures.datasets, tone);
        match count {
            0 => bar,
            _ => bar.link(frame.to(&asked.turned("quality", rating.word()).address())),
        }
    });
    let bars = bars.collect();
    let title = words.say("quality-ratings").to_owned();
    Bars::new(words, about(words, "ratings", title), bars)
}

fn timeliness(words: Words, figures: &Figures) -> Bars {
    let of = &figures.timeliness;
    let all = figures.datasets;
    let bars = vec![
        counted(words, "timely-on-time", of.on_time, all, Tone::Good),
        counted(words, "timely-late", of.late, all, Tone::Bad),
        counted(words, "timely-no-rhythm", of.no_rhythm, all, Tone::Quiet),
        counted(
            words,
            "timely-unknown-frequency",
            of.unknown_frequency,
            all,
            Tone::Quiet,
        ),
        counted(
            words,
            "timely-unknown-change",
            of.unknown_change,
            all,
            Tone::Quiet,
        ),
    ];
    let title = words.say("quality-timeliness").to_owned();
    Bars::new(words, about(words, "timeliness", title), bars)
}

/// Each dimension as a share of what it may get.
fn dimensions(words: Words, standing: &Standing, scheme: Scheme) -> Bars {
    let of_scheme = standing.dimensions.iter().filter(|d| d.scheme == scheme);
    let bars = of_scheme.map(|dimension| {
        let of = f64::from(dimension.of.max(1));
        let key = format!("dimension-{}", dimension.dimension);
        Bar::new(words.say(&key), dimension.points * 100.0 / of)
            .says(format!("{:.1} / {}", dimension.points, dimension.of))
    });
    let name = words.say(scheme_key(scheme));
    let title = words.fill("quality-dimensions", &[name]);
    let about = about(words, scheme_key(scheme), title);
    Bars::new(words, about, bars.collect()).of(100.0)
}

pub(in crate::serve) fn scheme_key(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Mqa => "scheme-mqa",
        Scheme::Fair => "scheme-fair",
        Scheme::AiReady => "scheme-ai-ready",
    }
}

pub(super) fn indicator(words: Words, share: &Share) -> Indicator {
    let asks = &share.indicator;
    let said = |text| spoken(&words, text).to_owned();
    Indicator {
        scheme: words.say(scheme_key(asks.scheme)).to_owned(),
        name: said(&asks.name),
        explanation: said(&asks.explanation),
        source: asks.source.to_owned(),
        points: u64::from(asks.points),
        met: share.met,
        unchecked: share.unchecked,
        share: share.share * 100.0,
    }
}

/// One day alone is no trend.
pub(super) fn lines(words: Words, trend: &[Trend]) -> Option<Lines> {
    if trend.len() < 2 {
        return None;
    }
    let labels = trend.iter().map(|day| day.day.to_string()).collect();
    let about = About {
        id: "trend".to_owned(),
        title: words.say("quality-mqa").to_owned(),
        text: words.say("quality-trend-text").to_owned(),
        labels: words.say("quality-day").to_owned(),
    };
    let points = trend.iter().map(|day| day.mqa);
    let series = vec![Series::new(words.say("quality-mqa"), Tone::One, points)];
    Some(Lines::new(words, about, labels, series))
}

fn line(frame: &Frame, row: &Row, place: &str) -> Line {
    Line {
        name: title(frame, &row.name.id, &row.name.title, &row.name.english),
        address: frame.to(&format!("{place}{}", encoded(&row.name.id))),
        figures: figures(frame.words, &row.figures),
    }
}

/// In the language of the page where it is known; else the id.
fn title(frame: &Frame, id: &str, title: &Option<String>, english: &Option<String>) -> Said {
    match (frame.language(), title, english) {
        (Language::English, _, Some(english)) => Said::english(english),
        (_, Some(title), _) => Said::of(title),
        _ => Said::of(id),
    }
}
