//! How many connections each client has open. Knows nothing of what they carry. Start at [`Crowd::enter`].

use crate::network::site;
use ipnet::IpNet;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Those who are connected.
pub struct Crowd {
    per_client_max: usize,
    /// Many come from one of these: they are not counted.
    proxies: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection; ends when it is dropped.
pub struct Entered {
    crowd: Arc<Crowd>,
    client: IpAddr,
}

impl Crowd {
    pub fn new(per_client_max: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            per_client_max,
            proxies,
            open: Mutex::default(),
        })
    }

    /// None where this client has as many as one may have.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Entered> {
        let client = site(address);
        let address = address.to_canonical();
        let is_proxy = self.proxies.iter().any(|net| net.contains(&address));
        let mut open = self.lock();
        let own = open.entry(client).or_insert(0);
        if *own >= self.per_client_max && !is_proxy {
            return None;
        }
        *own += 1;
        Some(Entered {
            crowd: Arc::clone(self),
            client,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Counts are right at every step.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.crowd.lock();
        if let Some(own) = open.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn each_client_has_so_many_and_a_proxy_as_many_as_it_wants() {
        let crowd = Crowd::new(2, vec!["10.0.0.0/8".parse().unwrap()]);
        let enter = |text: &str| crowd.enter(text.parse().unwrap());
        let first = enter("203.0.113.7").unwrap();
        // The same address in an IPv6 one.
        let second = enter("::ffff:203.0.113.7").unwrap();
        assert!(enter("203.0.113.7").is_none());
        let other = enter("203.0.113.8").unwrap();
        drop(first);
        let again = enter("203.0.113.7").unwrap();
        assert!(enter("203.0.113.7").is_none());
        let site = [enter("2001:db8::1").unwrap(), enter("2001:db8::2").unwrap()];
        assert!(enter("2001:db8::3").is_none(), "one site");
        let proxied: Vec<_> = (0..5).map(|_| enter("10.1.2.3").unwrap()).collect();
        drop((second, other, again, site, proxied));
        assert!(crowd.lock().is_empty(), "who left is forgotten");
    }
}
