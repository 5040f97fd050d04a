//! What each client has used of the workers' time, and what it may use: one that asks dear questions waits for itself, not
//! everybody for it.
//!
//! A client is an IPv4 address, or an IPv6 network of 64 bits (RFC 6177: what one site has). Its account goes up by the
//! processor time that workers spend on its questions, and by the time that it keeps them waiting with its reading; it goes
//! down with the clock. Start at [`Accounts::open`].

use super::places::Rank;
use crate::{config::QueryLimits, network::site};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Why a client's question is not taken now.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TooMuch {
    #[error("the queries of this client have used {} seconds of the workers' time", .spent.as_secs())]
    Spent {
        spent: Duration,
        /// Until it may ask again.
        wait: Duration,
    },
    #[error("{open} queries of this client are under way or wait already")]
    Open { open: usize },
}

/// All clients' accounts.
#[derive(Debug)]
pub struct Accounts {
    limits: QueryLimits,
    of: Mutex<HashMap<IpAddr, Used>>,
}

#[derive(Debug, Clone, Copy)]
struct Used {
    /// Seconds, as they were `at`.
    seconds: f64,
    at: Instant,
    open: usize,
}

/// One question's account. Dropped, the question is over.
#[derive(Debug)]
pub struct Account {
    accounts: Arc<Accounts>,
    client: IpAddr,
}

impl Accounts {
    pub fn new(limits: &QueryLimits) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            of: Mutex::default(),
        })
    }

    /// Takes a question of this client's, or says why not.
    pub fn open(self: &Arc<Self>, address: IpAddr) -> Result<Account, TooMuch> {
        let client = site(address);
        let mut of = self.lock();
        if !of.contains_key(&client) {
            self.make_room(&mut of);
        }
        let used = of.entry(client).or_insert(Used {
            seconds: 0.0,
            at: Instant::now(),
            open: 0,
        });
        let spent = self.until_now(used);
        let most = Duration::from_millis(self.limits.client_ms_max);
        if !most.is_zero() && spent >= most {
            let wait = (spent - most).as_secs_f64() / self.per_second();
            return Err(TooMuch::Spent {
                spent,
                wait: Duration::from_secs_f64(wait),
            });
        }
        if used.open >= self.limits.client_open_max {
            return Err(TooMuch::Open { open: used.open });
        }
        used.open += 1;
        drop(of);
        Ok(Account {
            accounts: Arc::clone(self),
            client,
        })
    }

    /// Brings an account up to now.
    fn until_now(&self, used: &mut Used) -> Duration {
        let now = Instant::now();
        let gone = now.duration_since(used.at).as_secs_f64() * self.per_second();
        used.seconds = (used.seconds - gone).max(0.0);
        used.at = now;
        Duration::from_secs_f64(used.seconds)
    }

    /// Seconds of the workers' time that a client is forgiven each second.
    fn per_second(&self) -> f64 {
        Duration::from_millis(self.limits.client_ms_per_second).as_secs_f64()
    }

    /// Forgets clients that owe nothing, and where that is not enough, the one that owes least.
    fn make_room(&self, of: &mut HashMap<IpAddr, Used>) {
        if of.len() < self.limits.clients_max {
            return;
        }
        of.retain(|_, used| used.open > 0 || !self.until_now(used).is_zero());
        if of.len() < self.limits.clients_max {
            return;
        }
        let at_rest = of.iter().filter(|(_, used)| used.open == 0);
        let least = at_rest.min_by(|(_, a), (_, b)| a.seconds.total_cmp(&b.seconds));
        if let Some(client) = least.map(|(client, _)| *client) {
            of.remove(&client);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Used>> {
        // Sums are right at every step.
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// What the client has used, questions that are under way not counted.
    pub fn spent(&self) -> Duration {
        let mut of = self.accounts.lock();
        let used = of.get_mut(&self.client);
        used.map_or(Duration::ZERO, |used| self.accounts.until_now(used))
    }

    /// Where its question stands among those that wait.
    pub fn rank(&self) -> Rank {
        Rank {
            is_heavy: !self.owed().is_zero(),
            used: self.spent(),
        }
    }

    /// From here on it owes, if only for a moment.
    pub fn has_had_its_share(&self) {
        let light = Duration::from_millis(self.accounts.limits.client_light_ms);
        let missing = light.saturating_sub(self.spent());
        self.charge(missing + Duration::from_secs(1));
    }

    /// A worker has spent so much time on the question.
    pub fn charge(&self, time: Duration) {
        let mut of = self.accounts.lock();
        if let Some(used) = of.get_mut(&self.client) {
            self.accounts.until_now(used);
            used.seconds += time.as_secs_f64();
        }
    }

    /// What it has used beyond what is nobody's concern.
    pub fn owed(&self) -> Duration {
        let light = Duration::from_millis(self.accounts.limits.client_light_ms);
        self.spent().saturating_sub(light)
    }

    /// Until the client owes nothing, if nothing more of its is answered.
    pub fn wait(&self) -> Duration {
        Duration::from_secs_f64(self.owed().as_secs_f64() / self.accounts.per_second())
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(used) = self.accounts.lock().get_mut(&self.client) {
            used.open = used.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn accounts(change: impl FnOnce(&mut QueryLimits)) -> Arc<Accounts> {
        let mut limits = QueryLimits::default();
        change(&mut limits);
        Accounts::new(&limits)
    }

    fn client(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_has_used_too_much_waits_and_nobody_else() {
        let accounts = accounts(|limits| {
            limits.client_ms_max = 10_000;
            limits.client_ms_per_second = 500;
        });
        let a = accounts.open(client("192.0.2.1")).unwrap();
        assert!(!a.rank().is_heavy);
        a.charge(Duration::from_secs(30));
        assert!(a.rank().is_heavy);
        match accounts.open(client("192.0.2.1")).unwrap_err() {
            TooMuch::Spent { spent, wait } => {
                assert_eq!(spent.as_secs_f64().round(), 30.0);
                assert_eq!(
                    wait.as_secs_f64().round(),
                    40.0,
                    "20 s over, at half a second a second"
                );
            }
            other => panic!("{other}"),
        }
        assert!(!accounts.open(client("192.0.2.2")).unwrap().rank().is_heavy);
    }

    #[test]
    fn without_a_budget_nobody_waits() {
        let accounts = accounts(|limits| limits.client_ms_max = 0);
        let a = accounts.open(client("192.0.2.1")).unwrap();
        a.charge(Duration::from_secs(3_600));
        assert!(accounts.open(client("192.0.2.1")).unwrap().rank().is_heavy);
    }

    #[test]
    fn questions_at_one_time_are_counted_and_given_back() {
        let accounts = accounts(|limits| limits.client_open_max = 2);
        let first = accounts.open(client("192.0.2.1")).unwrap();
        let _second = accounts.open(client("192.0.2.1")).unwrap();
        let refused = accounts.open(client("192.0.2.1")).unwrap_err();
        assert_eq!(refused, TooMuch::Open { open: 2 });
        drop(first);
        accounts.open(client("192.0.2.1")).unwrap();
    }

    #[test]
    fn a_site_is_one_client() {
        let accounts = accounts(|_| {});
        let a = accounts.open(client("2001:db8:1:2::3")).unwrap();
        a.charge(Duration::from_secs(30));
        assert!(
            accounts
                .open(client("2001:db8:1:2:ffff::1"))
                .unwrap()
                .rank()
                .is_heavy
        );
        assert!(
            !accounts
                .open(client("2001:db8:1:3::3"))
                .unwrap()
                .rank()
                .is_heavy
        );
        let b = accounts.open(client("192.0.2.1")).unwrap();
        b.charge(Duration::from_secs(30));
        assert!(
            accounts
                .open(client("::ffff:192.0.2.1"))
                .unwrap()
                .rank()
                .is_heavy
        );
    }

    /// Clients that come by the million do not push out one that owes much.
    #[test]
    fn those_who_owe_least_are_forgotten() {
        let accounts = accounts(|limits| limits.clients_max = 10);
        let a = accounts.open(client("192.0.2.1")).unwrap();
        a.charge(Duration::from_secs(30));
        drop(a);
        for n in 0..1_000 {
            let other = accounts
                .open(client(&format!("2001:db8:{n:x}::1")))
                .unwrap();
            other.charge(Duration::from_secs(1));
        }
        assert!(accounts.lock().len() <= 10);
        assert!(accounts.open(client("192.0.2.1")).unwrap().rank().is_heavy);
    }
}
