//! What a server's robots.txt allows (RFC 9309), for sources that are to obey it.
//!
//! Pure: reads a text and answers for a path; asking for it is [`super::obey`]'s. Start at [`Robots::parse`].
//!
//! 2026-11: obeyed only where a source says `robots = "obey"`. The RFC speaks of crawlers, which find addresses by following
//! links; a source here is an interface that its operator named, published for machines. CKAN's own default robots.txt
//! disallows `/api/` to everybody, to keep search engines out: obeying it by default would shut out the very clients that
//! the API is for. Where a source is rather a set of pages, or its owner asks for it, it is obeyed to the letter.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The name by which a robots.txt calls us: the product token of our User-Agent.
const PRODUCT: &str = "harvestd";
/// Parsed at most (section 2.5: at least 500 kibibytes).
pub const BYTES_MAX: u64 = 512 * 1024;

/// The rules that are for us.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Robots {
    rules: Vec<Rule>,
    /// Not in the RFC, but in use: the least time between two requests.
    pub crawl_delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq)]
struct Rule {
    allow: bool,
    /// As it stands, percent-encoding brought to one form.
    pattern: String,
}

/// A group of rules as it is read.
#[derive(Default)]
struct Group {
    agents: Vec<String>,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Robots {
    /// Reads a robots.txt. All groups that name us count together; where none does, those for `*` (section 2.2.1).
    pub fn parse(text: &str) -> Self {
        let groups = groups(text);
        let named = |name: &str| -> Option<Self> {
            let mut found: Option<Self> = None;
            for group in groups.iter().filter(|g| g.agents.iter().any(|a| a == name)) {
                let all = found.get_or_insert_default();
                all.rules.extend(group.rules.iter().cloned());
                all.crawl_delay = all.crawl_delay.max(group.crawl_delay);
            }
            found
        };
        named(PRODUCT).or_else(|| named("*")).unwrap_or_default()
    }

    /// The rule that forbids a path (with its query), if one does: the longest that matches counts, and of two as long the
    /// one that allows (section 2.2.2). robots.txt itself may always be asked.
    pub fn forbids(&self, path: &str) -> Option<&str> {
        if path == "/robots.txt" {
            return None;
        }
        let path = one_form(path);
        let fitting = self
            .rules
            .iter()
            .filter(|rule| matches(&rule.pattern, &path));
        let rule = fitting.max_by_key(|rule| (rule.pattern.len(), rule.allow))?;
        (!rule.allow).then_some(rule.pattern.as_str())
    }
}

/// What servers said, by origin.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<String, (Instant, Arc<Robots>)>>);

impl Cache {
    /// What the server said, unless it is older than that.
    pub fn get(&self, origin: &str, age_max: Duration) -> Option<Arc<Robots>> {
        let all = self.all();
        let (asked, robots) = all.get(origin)?;
        (asked.elapsed() < age_max).then(|| robots.clone())
    }

    pub fn put(&self, origin: &str, robots: Robots) -> Arc<Robots> {
        let robots = Arc::new(robots);
        let said = (Instant::now(), robots.clone());
        self.all().insert(origin.to_owned(), said);
        robots
    }

    pub fn clear(&self) {
        self.all().clear();
    }

    /// Forgets what is older than that.
    pub fn forget(&self, age_max: Duration) {
        self.all().retain(|_, (asked, _)| asked.elapsed() < age_max);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, (Instant, Arc<Robots>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups = Vec::<Group>::new();
    // A line for an agent begins a group, unless it follows another such line.
    let mut naming = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match (key.as_str(), groups.last_mut()) {
            ("user-agent", last) => {
                let agent = product(value);
                match last.filter(|_| naming) {
                    Some(group) => group.agents.push(agent),
                    None => groups.push(Group {
                        agents: vec![agent],
                        ..Group::default()
                    }),
                }
                naming = true;
            }
            ("allow" | "disallow", Some(group)) => {
                naming = false;
                if !value.is_empty() {
                    group.rules.push(Rule {
                        allow: key == "allow",
                        pattern: one_form(value),
                    });
                }
            }
            ("crawl-delay", Some(group)) => {
                naming = false;
                let seconds = value.parse().ok().filter(|s: &f64| (0.0..1e6).contains(s));
                group.crawl_delay = group.crawl_delay.max(seconds.map(Duration::from_secs_f64));
            }
            // Other records belong to nobody, and end no group (section 2.2.4).
            _ => {}
        }
    }
    groups
}

/// The product token of an agent's name, in lower case: `Harvestd/1.0` is `harvestd`.
fn product(value: &str) -> String {
    if value.starts_with('*') {
        return "*".to_owned();
    }
    let token = value
        .split(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '_' | '-')))
        .next();
    token.unwrap_or_default().to_ascii_lowercase()
}

/// Percent-encoding in one form: unreserved characters plain, all others that are encoded in upper case, what is no ASCII
/// encoded.
fn one_form(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(plain) if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => {
                out.push(char::from(plain));
            }
            Some(code) => out.push_str(&format!("%{code:02X}")),
            None if byte.is_ascii() => out.push(char::from(byte)),
            None => out.push_str(&format!("%{byte:02X}")),
        }
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

/// Does a pattern (`*` stands for anything, `$` at its end for the end) fit the beginning of the path? In time linear in
/// the path for each `*`.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return !anchored || rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() && anchored {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(found) => rest = &rest[found + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Robots {
        fn allows(&self, path: &str) -> bool {
            self.forbids(path).is_none()
        }
    }

    #[test]
    fn the_group_that_names_us_counts_and_else_the_one_for_all() {
        let text = "User-agent: *\nDisallow: /\n\n# us\nuser-agent: Other\nUSER-AGENT: Harvestd/9\nDisallow: /a\nCrawl-delay: 2.5\n\
                    Sitemap: https://h/s.xml\nUser-agent: harvestd\nDisallow: /b # too\n";
        let robots = Robots::parse(text);
        assert_eq!(robots.crawl_delay, Some(Duration::from_millis(2500)));
        let found = ["/", "/a", "/b/c", "/c"].map(|path| robots.allows(path));
        assert_eq!(found, [true, false, false, true]);
        let all = Robots::parse("User-agent: other\nDisallow: /\nUser-agent: *\nDisallow: /x\n");
        assert_eq!((all.allows("/y"), all.allows("/x")), (true, false));
        assert!(Robots::parse("<html>not a robots.txt</html>").allows("/"));
        assert!(Robots::parse("User-agent: *\nDisallow:\n").allows("/"));
        assert!(Robots::parse("Disallow: /\n").allows("/"), "of nobody");
    }

    #[test]
    fn the_longest_rule_counts_and_allows_where_two_are_as_long() {
        let robots = Robots::parse(
            "User-agent: *\nAllow: /api/3\nDisallow: /api/\nDisallow: /*.csv$\nAllow: /page\nDisallow: /page\nDisallow: /a*b*c\n\
             Disallow: /caf%c3%a9\nDisallow: /%7euser\n",
        );
        for (path, allowed) in [
            ("/api/3/action", true),
            ("/api/2", false),
            ("/x/y.csv", false),
            ("/x/y.csv?z", true),
            ("/page", true),
            ("/a1b2c3", false),
            ("/acb", true),
            ("/café/menu", false),
            ("/~user", false),
            ("/robots.txt", true),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
        let nothing = Robots::parse("User-agent: *\nDisallow: /\n");
        assert!(nothing.allows("/robots.txt") && !nothing.allows("/x"));
        assert_eq!(nothing.forbids("/x"), Some("/"));
    }
}
