//! The address guard: where a question may go. Every hop passes here, first as an address in a URL, then as the
//! addresses that its name resolves to.
//!
//! Sends nothing. Start at [`Reach::check`].

use super::error::{Doing, NetworkError, NetworkErrorKind::Refused};
use crate::config::Source;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
};
use url::{Host, Url};

/// How an address stands to the source that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The host and port that the source is configured with.
    Home,
    /// Named in the source's `allow_hosts`.
    Allowed,
    /// Anything else: reached by a redirect only, and only at public addresses.
    Foreign,
}

/// What one source may reach.
pub struct Reach<'a> {
    home: &'a Url,
    hosts: &'a [String],
    ranges: &'a [IpNet],
}

impl<'a> Reach<'a> {
    pub fn of(source: &'a Source) -> Self {
        Self {
            home: &source.url,
            hosts: &source.network.allow_hosts,
            ranges: &source.network.allow_ranges,
        }
    }

    /// What a message to this address may reach: its own server, in these private ranges.
    pub fn to(home: &'a Url, ranges: &'a [IpNet]) -> Self {
        Self {
            home,
            hosts: &[],
            ranges,
        }
    }

    /// May this URL be asked? Returns the private ranges that its host may resolve into.
    ///
    /// Judges the scheme, user information, the port and address literals in every spelling (the URL parser has
    /// brought `0x7f.1` and its like to one form). Names are judged when they are resolved, by [`Vetted`].
    pub fn check(&self, url: &Url, doing: &Doing<'_>) -> Result<&'a [IpNet], NetworkError> {
        let refuse =
            |found: String, expected: &str| Err(NetworkError::new(Refused, doing, found, expected));
        if !matches!(url.scheme(), "http" | "https") {
            return refuse(
                format!("an address with the scheme {:?}", url.scheme()),
                "http or https",
            );
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(
                "a user name or password within the address".into(),
                "none: credentials belong in the source's basic_auth",
            );
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if PORTS_OF_OTHER_PROTOCOLS.binary_search(&port).is_ok() {
            return refuse(
                format!("port {port}, which belongs to another protocol"),
                "a port for HTTP",
            );
        }
        let ranges = match self.relation(url) {
            Relation::Home | Relation::Allowed => self.ranges,
            Relation::Foreign => &[],
        };
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(name)) if !name.is_empty() => return Ok(ranges),
            _ => return refuse("an address without a host".into(), "a host"),
        };
        vet(literal, ranges).map_err(|why| refused_address(doing, literal, why))?;
        Ok(ranges)
    }

    /// How a URL stands to the source.
    pub fn relation(&self, url: &Url) -> Relation {
        let same_host = url.host_str().is_some() && url.host_str() == self.home.host_str();
        // From http on its usual port to https on its usual port is the same server, better kept.
        let upgraded = self.home.scheme() == "http"
            && url.scheme() == "https"
            && self.home.port().is_none()
            && url.port().is_none();
        if same_host
            && (upgraded || url.port_or_known_default() == self.home.port_or_known_default())
        {
            Relation::Home
        } else if self.hosts.iter().any(|entry| names(entry, url)) {
            Relation::Allowed
        } else {
            Relation::Foreign
        }
    }
}

/// Does an entry of `allow_hosts` (`host` or `host:port`) name the server of this URL?
fn names(entry: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    if entry.eq_ignore_ascii_case(host) {
        return true;
    }
    url.port_or_known_default()
        .is_some_and(|port| entry.eq_ignore_ascii_case(&format!("{host}:{port}")))
}

/// The error for an address that the guard refuses, whether written in a URL or found by resolving.
pub fn refused_address(doing: &Doing<'_>, ip: IpAddr, why: &str) -> NetworkError {
    NetworkError::new(Refused, doing, format!("the address {ip} ({why})"), "an address of the public internet").advise(
        "where the source is meant to be there, name the range in its allow_ranges (and a server other than its own in allow_hosts)",
    )
}

/// Err says to which special range the address belongs. `ranges` are let through whatever they are.
pub fn vet(ip: IpAddr, ranges: &[IpNet]) -> Result<(), &'static str> {
    if ranges.iter().any(|range| range.contains(&ip)) {
        return Ok(());
    }
    match ip {
        IpAddr::V4(ip) => SPECIAL_V4
            .iter()
            .find(|(net, len, _)| within_v4(ip, *net, *len))
            .map_or(Ok(()), |(_, _, why)| Err(why)),
        IpAddr::V6(ip) => vet_v6(ip),
    }
}

/// Of IPv6, only 2000::/3 is global unicast; the named ranges outside it are there to say what was found.
fn vet_v6(ip: Ipv6Addr) -> Result<(), &'static str> {
    if let Some((_, _, why)) = SPECIAL_V6
        .iter()
        .find(|(net, len, _)| within_v6(ip, *net, *len))
    {
        return Err(why);
    }
    if within_v6(ip, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) {
        Ok(())
    } else {
        Err("not global unicast")
    }
}

fn within_v4(ip: Ipv4Addr, net: [u8; 4], len: u8) -> bool {
    Ipv4Net::new(net.into(), len).is_ok_and(|range| range.contains(&ip))
}

fn within_v6(ip: Ipv6Addr, net: Ipv6Addr, len: u8) -> bool {
    Ipv6Net::new(net, len).is_ok_and(|range| range.contains(&ip))
}

/// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and successors), with multicast and the 6to4 relays.
const SPECIAL_V4: &[([u8; 4], u8, &str)] = &[
    ([0, 0, 0, 0], 8, "unspecified, \"this network\""),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "shared by carriers, CGNAT"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "protocol assignments"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 88, 99, 0], 24, "6to4 relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved or broadcast"),
];

/// IANA IPv6 Special-Purpose Address Registry. Forms that carry an IPv4 address are refused as such, never unpacked:
/// what a NAT64 or a 6to4 relay makes of them is not ours to know.
const SPECIAL_V6: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0),
        96,
        "IPv4-mapped",
    ),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "local NAT64",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "protocol assignments, Teredo, benchmarking",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "documentation",
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "documentation",
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "unique local, private",
    ),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// The Fetch Standard's blocked ports (section "Port blocking"), sorted: an HTTP request there may be taken for mail or a login.
const PORTS_OF_OTHER_PROTOCOLS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// Names to addresses. The system does it; a test may do it worse.
pub trait Lookup: Send + Sync {
    fn lookup(&self, host: String)
    -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The resolver of the operating system.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host, 0))
                .await?
                .map(|address| address.ip())
                .collect())
        })
    }
}

/// The resolver the client connects by: it hands out only addresses that were vetted, so a name that changes its answer
/// between a check and the connection (rebinding) gains nothing.
pub struct Vetted {
    pub lookup: Arc<dyn Lookup>,
    pub ranges: Vec<IpNet>,
}

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let ranges = self.ranges.clone();
        Box::pin(async move {
            let mut refused = None;
            let mut vetted = Vec::new();
            for ip in found.await? {
                match vet(ip, &ranges) {
                    Ok(()) => vetted.push(SocketAddr::new(ip, 0)),
                    Err(why) => refused = Some(RefusedAddress { ip, why }),
                }
            }
            match refused {
                Some(refused) if vetted.is_empty() => Err(refused.into()),
                _ => Ok(Box::new(vetted.into_iter()) as Addrs),
            }
        })
    }
}

/// A name led to an address that the guard refuses, and to no other.
#[derive(Debug)]
pub struct RefusedAddress {
    pub ip: IpAddr,
    pub why: &'static str,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address {} is {}", self.ip, self.why)
    }
}

impl std::error::Error for RefusedAddress {}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn public_addresses_pass_and_their_special_neighbours_do_not() {
        for (address, public) in [
            ("1.1.1.1", true),
            ("9.255.255.255", true),
            ("11.0.0.0", true),
            ("100.63.255.255", true),
            ("100.127.255.255", false),
            ("100.128.0.0", true),
            ("140.110.0.1", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("192.0.1.1", true),
            ("198.17.255.255", true),
            ("198.19.255.255", false),
            ("223.255.255.255", true),
            ("2001:1ff::1", false),
            ("2001:200::1", true),
            ("2001:288::1", true),
            ("2001:b000::1", true),
            ("2606:4700::1111", true),
            ("2003::1", true),
            ("3ffe::1", true),
            ("4000::1", false),
        ] {
            assert_eq!(
                vet(address.parse().unwrap(), &[]).is_ok(),
                public,
                "{address}"
            );
        }
    }

    #[test]
    fn a_range_opens_what_it_holds_and_no_mapped_form_of_it() {
        let ranges = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for (address, open) in [
            ("10.1.2.3", true),
            ("fd00::1", true),
            ("192.168.0.1", false),
            ("::ffff:10.1.2.3", false),
            ("64:ff9b::10.1.2.3", false),
        ] {
            assert_eq!(
                vet(address.parse().unwrap(), &ranges).is_ok(),
                open,
                "{address}"
            );
        }
    }

    #[test]
    fn the_ports_are_sorted_for_the_search() {
        assert!(PORTS_OF_OTHER_PROTOCOLS.is_sorted());
    }
}
