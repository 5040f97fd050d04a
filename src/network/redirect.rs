//! The way a question takes from address to address.
//!
//! Decides only; sends nothing. Start at [`Trail::follow`].

use super::{
    error::{Doing, NetworkError, NetworkErrorKind as Kind},
    guard::{Reach, Relation},
};
use harvestd_harvesters::Request;
use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION},
};
use url::Url;

/// Where a question stands now, and how it came there.
pub struct Trail {
    pub url: Url,
    /// The addresses that redirected here, first to last.
    pub via: Vec<Url>,
    /// False once a redirect has turned a POST into a GET.
    pub post: bool,
    /// The source's headers and password are sent: only to its own origin, and never again once another was visited,
    /// which could otherwise send us back with a question of its own choice.
    pub trusted: bool,
}

impl Trail {
    /// A question begins at the source's own server or at one that its configuration allows.
    pub fn begin(
        request: &Request,
        home: &Url,
        reach: &Reach<'_>,
        secrets: &[String],
    ) -> Result<Self, NetworkError> {
        let url = upgraded(&request.url, home);
        let trail = Self {
            trusted: url.origin() == home.origin(),
            url,
            via: Vec::new(),
            post: request.post.is_some(),
        };
        if reach.relation(&trail.url) == Relation::Foreign {
            let server = |url: &Url| {
                format!(
                    "{}:{}",
                    url.host_str().unwrap_or_default(),
                    url.port_or_known_default().unwrap_or(0)
                )
            };
            let found = format!(
                "a question for {}, another server than the source's",
                server(&trail.url)
            );
            return Err(NetworkError::new(
                Kind::Refused,
                &trail.doing(secrets),
                found,
                server(home),
            )
            .advise("where it belongs to the source, name it in its allow_hosts"));
        }
        Ok(trail)
    }

    pub fn doing<'a>(&'a self, secrets: &'a [String]) -> Doing<'a> {
        Doing {
            method: if self.post { "POST" } else { "GET" },
            url: &self.url,
            via: &self.via,
            secrets,
        }
    }

    /// Takes the next hop where an answer is a redirect; false where it is none.
    pub fn follow(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        redirects_max: usize,
        home: &Url,
        secrets: &[String],
    ) -> Result<bool, NetworkError> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let doing = self.doing(secrets);
        let refuse = |found: String, expected: &str| {
            NetworkError::new(Kind::Redirect, &doing, found, expected)
        };
        let mut target = headers
            .get(LOCATION)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .and_then(|location| self.url.join(location).ok())
            .ok_or_else(|| {
                refuse(
                    format!("a redirect ({status}) without a usable Location"),
                    "an address to go to",
                )
            })?;
        target.set_fragment(None);
        let shown = Doing {
            method: "to",
            url: &target,
            via: &[],
            secrets,
        };
        if self.url.scheme() == "https" && target.scheme() == "http" {
            return Err(refuse(
                format!("a redirect {shown}"),
                "https: TLS is not given up on the way",
            )
            .advise("where the source has no https any more, configure its http address"));
        }
        // Fetch Standard, "HTTP-redirect fetch": 301 and 302 turn a POST into a GET as 303 does.
        let post = self.post && matches!(status.as_u16(), 307 | 308);
        if post == self.post && (target == self.url || self.via.contains(&target)) {
            return Err(refuse(
                format!("a circle of redirects, back {shown}"),
                "an answer in the end",
            ));
        }
        if self.via.len() >= redirects_max {
            return Err(refuse(
                format!("one more redirect, {shown}"),
                &format!("at most {redirects_max} redirects"),
            ));
        }
        self.trusted &= target.origin() == home.origin();
        self.post = post;
        self.via.push(std::mem::replace(&mut self.url, target));
        Ok(true)
    }
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
