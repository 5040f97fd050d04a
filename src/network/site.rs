//! The addresses that count as one client. Start at [`site`].

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or the IPv6 network of 64 bits that one site has (RFC 6177).
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}
