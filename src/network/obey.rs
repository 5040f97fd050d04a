//! Asking for a robots.txt, and obeying it, where the source says so: before each hop of a question.
//!
//! What such a file means is [`super::robots`]'s. Start at [`Exchange::obey`].

use super::{
    Asked,
    error::{Doing, NetworkError, NetworkErrorKind as Kind},
    exchange::Exchange,
    guard::{Reach, Relation},
    ms,
    redirect::Trail,
    robots::{BYTES_MAX, Robots},
    spool::Larger,
};
use crate::config::Source;
use harvestd_harvesters::Request;
use std::{sync::Arc, time::Duration};
use url::Url;

impl Exchange<'_> {
    /// May this hop be asked, as its server's robots.txt has it? Gives the least time between two requests, where it names
    /// one.
    pub async fn obey(&self, trail: &Trail<'_>) -> Result<Option<Duration>, NetworkError> {
        let network = &self.source.network;
        if !network.obeys_robots {
            return Ok(None);
        }
        let robots = self.robots(&trail.url).await?;
        let path = &trail.url[url::Position::BeforePath..url::Position::AfterQuery];
        if let Some(rule) = robots.forbids(path) {
            let found = format!("robots.txt, which says \"Disallow: {rule}\"");
            let expected = "leave to ask";
            return Err(
                NetworkError::new(Kind::Robots, &trail.doing(), found, expected)
                    .advise("where the interface is meant for machines: robots = \"ignore\""),
            );
        }
        let delay_max = ms(network.limits.crawl_delay_max_ms);
        Ok(robots.crawl_delay.map(|delay| delay.min(delay_max)))
    }

    /// What the server of a URL said, or says now (RFC 9309, section 2.3).
    async fn robots(&self, url: &Url) -> Result<Arc<Robots>, NetworkError> {
        let (origin, cache) = (url.origin().ascii_serialization(), &self.network.robots);
        let age_max = ms(self.source.network.limits.robots_cache_ms);
        if let Some(robots) = cache.get(&origin, age_max) {
            return Ok(robots);
        }
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        at.set_fragment(None);
        let source = asking_for(self.source, &at);
        let mut request = Request::get(at.clone(), "text/plain");
        request.any_status = true;
        let exchange = Exchange {
            network: self.network,
            source: &source,
            request: &request,
            validators: None,
            larger: Larger::IsCut,
            spool_dir: self.spool_dir,
            sent: self.sent,
            secrets: self.secrets,
        };
        let robots = match Box::pin(exchange.once(true)).await {
            Ok(Asked::Answer(spooled)) if spooled.status >= 500 => {
                return Err(unreachable(&at, spooled.status, self.secrets));
            }
            Ok(Asked::Answer(spooled)) if spooled.status < 300 => {
                let read = tokio::fs::read(spooled.file.path()).await;
                let text = read.map_err(|error| unreadable(&at, &error, self.secrets))?;
                Robots::parse(&String::from_utf8_lossy(whole_lines(&text)))
            }
            // There is none (section 2.3.1.3), or it is behind too many redirects (2.3.1.2).
            Ok(_) => Robots::default(),
            Err(error) if error.kind == Kind::Redirect => Robots::default(),
            Err(error) => return Err(error),
        };
        Ok(cache.put(&origin, robots))
    }
}

/// Of a file that is longer than what is read of one (section 2.5), half a rule would forbid too much.
fn whole_lines(text: &[u8]) -> &[u8] {
    if (text.len() as u64) < BYTES_MAX {
        return text;
    }
    let end = text.iter().rposition(|byte| *byte == b'\n');
    &text[..end.unwrap_or(0)]
}

/// The source as it is asked for a robots.txt: one of another server gets none of its secrets, and nothing of what it may
/// reach.
fn asking_for(source: &Source, at: &Url) -> Source {
    let foreign = Reach::of(source).relation(at) == Relation::Foreign;
    let mut source = source.clone();
    let network = &mut source.network;
    network.obeys_robots = false;
    network.limits.body_bytes_max = BYTES_MAX;
    if foreign {
        network.headers.clear();
        network.basic_auth = None;
        network.allow_ranges.clear();
        source.url = at.clone();
    }
    source
}

/// Section 2.3.1.4: what cannot be reached forbids everything.
fn unreachable(at: &Url, status: u16, secrets: &[String]) -> NetworkError {
    let found = format!("{status} where its robots.txt should be");
    let expected = "a robots.txt, or 404: until then nothing may be asked";
    NetworkError::new(Kind::Status(status), &doing(at, secrets), found, expected)
}

fn unreadable(at: &Url, error: &std::io::Error, secrets: &[String]) -> NetworkError {
    let found = format!("{error} when reading the spooled answer");
    NetworkError::new(Kind::Disk, &doing(at, secrets), found, "its bytes")
}

fn doing<'a>(url: &'a Url, secrets: &'a [String]) -> Doing<'a> {
    Doing {
        method: "GET",
        url,
        via: &[],
        secrets,
    }
}
