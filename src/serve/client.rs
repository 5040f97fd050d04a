//! Who asks: the address that counts for a client, behind proxies of ours as well.
//!
//! Start at [`address`].

use super::listen::Peer;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// The client's own address: that of the connection, or where a proxy of ours made it, the last one that X-Forwarded-For
/// tells of and that is not a proxy itself.
pub fn address(proxies: &[IpNet], headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<Peer>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let is_proxy = |ip: IpAddr| {
        let ip = ip.to_canonical();
        proxies.iter().any(|net| net.contains(&ip))
    };
    if !is_proxy(peer) {
        return peer;
    }
    // Several lines are one list (RFC 9110, section 5.3).
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let lines = lines.iter().rev().filter_map(|line| line.to_str().ok());
    let mut told = lines
        .flat_map(|line| line.rsplit(','))
        .map_while(|address| address.trim().parse().ok());
    told.find(|ip| !is_proxy(*ip)).unwrap_or(peer)
}
