//! The way a question takes from address to address.
//!
//! Decides only; sends nothing. Start at [`Trail::follow`].

use super::{
    error::{Doing, NetworkError, NetworkErrorKind as Kind},
    guard::{Reach, Relation},
};
use crate::config::Source;
use harvestd_harvesters::Request;
use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION},
};
use url::Url;

/// Where a question stands now, and how it came there.
pub struct Trail<'a> {
    source: &'a Source,
    /// The source's secrets, to be kept out of messages.
    secrets: &'a [String],
    pub url: Url,
    /// The addresses that redirected here, first to last.
    via: Vec<Url>,
    /// False once a redirect has turned a POST into a GET.
    pub post: bool,
    /// The source's headers and password are sent: only to its own origin, and never again once another was visited,
    /// which could otherwise send us back with a question of its own choice.
    pub trusted: bool,
}

impl<'a> Trail<'a> {
    /// A question begins at the source's own server or at one that its configuration allows.
    pub fn begin(
        source: &'a Source,
        request: &Request,
        secrets: &'a [String],
    ) -> Result<Self, NetworkError> {
        let (home, url) = (&source.url, upgraded(&request.url, &source.url));
        let (trusted, post) = (url.origin() == home.origin(), request.post.is_some());
        let trail = Self {
            source,
            secrets,
            url,
            via: Vec::new(),
            post,
            trusted,
        };
        if Reach::of(source).relation(&trail.url) == Relation::Foreign {
            let found = format!(
                "a question for {}, which is not the source's server",
                server(&trail.url)
            );
            return Err(
                NetworkError::new(Kind::Refused, &trail.doing(), found, server(home))
                    .advise("where it belongs to the source, name it in its allow_hosts"),
            );
        }
        Ok(trail)
    }

    pub fn doing(&self) -> Doing<'_> {
        let method = if self.post { "POST" } else { "GET" };
        Doing {
            method,
            url: &self.url,
            via: &self.via,
            secrets: self.secrets,
        }
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Takes the next hop where an answer is a redirect; false where it is none.
    pub fn follow(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<bool, NetworkError> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let Some(target) = self.target(headers) else {
            let found = format!("a redirect ({status}) without a usable Location");
            return Err(self.refuse(found, "an address to go to"));
        };
        // Fetch Standard, "HTTP-redirect fetch": 301 and 302 turn a POST into a GET as 303 does.
        let post = self.post && matches!(status.as_u16(), 307 | 308);
        self.check(&target, post)?;
        self.trusted &= target.origin() == self.source.url.origin();
        self.post = post;
        self.via.push(std::mem::replace(&mut self.url, target));
        Ok(true)
    }

    fn target(&self, headers: &HeaderMap) -> Option<Url> {
        let location = std::str::from_utf8(headers.get(LOCATION)?.as_bytes()).ok()?;
        let mut target = self.url.join(location).ok()?;
        target.set_fragment(None);
        Some(target)
    }

    /// May the trail go on there? Whether the address itself may be asked is for the guard to say.
    fn check(&self, target: &Url, post: bool) -> Result<(), NetworkError> {
        let shown = Doing {
            method: "to",
            url: target,
            via: &[],
            secrets: self.secrets,
        };
        if self.url.scheme() == "https" && target.scheme() == "http" {
            return Err(self
                .refuse(
                    format!("a redirect {shown}"),
                    "https: TLS is not given up on the way",
                )
                .advise("where the source has no https any more, configure its http address"));
        }
        if post == self.post && (*target == self.url || self.via.contains(target)) {
            return Err(self.refuse(
                format!("a circle of redirects, back {shown}"),
                "an answer in the end",
            ));
        }
        let redirects_max = self.source.network.limits.redirects_max;
        if self.via.len() >= redirects_max {
            return Err(self.refuse(
                format!("one more redirect, {shown}"),
                format!("at most {redirects_max} redirects"),
            ));
        }
        Ok(())
    }

    fn refuse(&self, found: String, expected: impl Into<String>) -> NetworkError {
        NetworkError::new(Kind::Redirect, &self.doing(), found, expected)
    }
}

fn server(url: &Url) -> String {
    format!(
        "{}:{}",
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or(0)
    )
}

/// Next pages of a server behind a TLS proxy often begin with `http:`. Where the source itself is configured with https,
/// they are asked over https, as RFC 6797 (section 8.3) has it for hosts that are known to speak it.
fn upgraded(url: &Url, home: &Url) -> Url {
    let mut url = url.clone();
    let usual_ports = url.port().is_none() && home.port().is_none();
    if home.scheme() == "https"
        && url.scheme() == "http"
        && usual_ports
        && url.host_str() == home.host_str()
    {
        // Cannot fail between http and https.
        let _ = url.set_scheme("https");
    }
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn next_pages_of_a_source_with_tls_are_asked_with_tls() {
        for (home, asked, becomes) in [
            (
                "https://h/",
                "http://h/list?page=2#x",
                "https://h/list?page=2",
            ),
            ("https://h/", "http://h:8080/", "http://h:8080/"),
            ("https://h:8443/", "http://h/", "http://h/"),
            ("https://h/", "http://other/", "http://other/"),
            ("http://h/", "http://h/", "http://h/"),
        ] {
            let upgraded = upgraded(&asked.parse().unwrap(), &home.parse().unwrap());
            assert_eq!(upgraded.as_str(), becomes);
        }
    }
}
