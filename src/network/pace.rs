//! Politeness: how often, and how many at once, one host is asked. All sources on a host share its place here, and the
//! most careful of them sets the pace.
//!
//! Asks nobody. Start at [`Hosts::enter`].
//!
//! 2026-11: a clock of free slots instead of `governor`'s quota, which is fixed when it is made. A slot clock can be held
//! back for a Retry-After and slowed down when a second source joins the host, without forgetting the last request.

use super::meters;
use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How one source wishes a host to be treated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    pub requests_per_second: f64,
    pub concurrency: usize,
}

/// Every host that was asked, by name.
#[derive(Default)]
pub struct Hosts(Mutex<HashMap<String, Arc<Host>>>);

/// Leave to ask a host once; its place is free again when this is dropped.
pub struct Place(Arc<Host>);

/// The host asks to be left alone for longer than the caller would wait.
#[derive(Debug)]
pub struct Held(pub Duration);

#[derive(Default)]
struct Host {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Default)]
struct State {
    wishes: HashMap<String, Wish>,
    busy: usize,
    /// The next request may begin then.
    next: Option<Instant>,
    /// Nobody asks before then (Retry-After).
    held: Option<Instant>,
}

impl Hosts {
    /// Waits until the host may be asked on behalf of a source. Gives up at once where the host is held for longer than
    /// `held_max`.
    pub async fn enter(
        &self,
        host: &str,
        source: &str,
        wish: Wish,
        held_max: Duration,
    ) -> Result<Place, Held> {
        let asked = Instant::now();
        let host = Arc::clone(locked(&self.0).entry(host.to_owned()).or_default());
        locked(&host.state).wishes.insert(source.to_owned(), wish);
        let place = host.place().await;
        loop {
            let start = locked(&place.0.state).book(held_max)?;
            sleep_until(start).await;
            // Another answer may have brought a Retry-After in the meantime.
            if locked(&place.0.state)
                .held
                .is_none_or(|until| until <= Instant::now())
            {
                break;
            }
        }
        meters::waited("pace", asked.elapsed());
        Ok(place)
    }

    /// Nobody asks this host for a while.
    pub fn hold(&self, host: &str, wait: Duration) {
        let Some(until) = Instant::now().checked_add(wait) else {
            return;
        };
        let host = Arc::clone(locked(&self.0).entry(host.to_owned()).or_default());
        let mut state = locked(&host.state);
        state.held = state.held.max(Some(until));
    }

    /// The host may be asked again, whatever it wanted.
    pub fn release(&self, host: &str) {
        if let Some(host) = locked(&self.0).get(host) {
            locked(&host.state).held = None;
        }
    }

    /// Forgets hosts that nobody is at, waits for, or has anything to remember of but such wishes.
    pub fn forget_idle(&self, passing: impl Fn(&str) -> bool) {
        let now = Instant::now();
        locked(&self.0).retain(|_, host| {
            let state = locked(&host.state);
            let ahead = |at: Option<Instant>| at.is_some_and(|at| at > now);
            Arc::strong_count(host) > 1
                || ahead(state.next)
                || ahead(state.held)
                || state.wishes.keys().any(|source| !passing(source))
        });
    }

    /// Forgets the wishes of sources that `stays` does not know, and every hold, after a change of the configuration.
    pub fn retain(&self, stays: impl Fn(&str) -> bool) {
        for host in locked(&self.0).values() {
            {
                let mut state = locked(&host.state);
                state.wishes.retain(|source, _| stays(source));
                state.held = None;
            }
            host.freed.notify_waiters();
        }
    }
}

impl Host {
    async fn place(self: &Arc<Self>) -> Place {
        loop {
            let mut freed = pin!(self.freed.notified());
            // Listening begins before the count is read, else a place freed in between would be missed.
            freed.as_mut().enable();
            {
                let mut state = locked(&self.state);
                if state.busy < state.places() {
                    state.busy += 1;
                    return Place(Arc::clone(self));
                }
            }
            freed.await;
        }
    }
}

impl State {
    fn places(&self) -> usize {
        self.wishes
            .values()
            .map(|wish| wish.concurrency)
            .min()
            .unwrap_or(1)
            .max(1)
    }

    /// The least time between the starts of two requests.
    fn interval(&self) -> Duration {
        const SLOWEST: f64 = 1.0 / 3600.0;
        let slowest = self
            .wishes
            .values()
            .map(|wish| wish.requests_per_second)
            .fold(f64::INFINITY, f64::min);
        if slowest.is_finite() {
            Duration::from_secs_f64(1.0 / slowest.max(SLOWEST))
        } else {
            Duration::ZERO
        }
    }

    /// Takes the next free slot.
    fn book(&mut self, held_max: Duration) -> Result<Instant, Held> {
        let now = Instant::now();
        let held = self
            .held
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if held > held_max {
            return Err(Held(held));
        }
        let start = (now + held).max(self.next.unwrap_or(now));
        self.next = Some(start + self.interval());
        Ok(start)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.0.state).busy -= 1;
        self.0.freed.notify_one();
    }
}

/// The lock, whatever became of the thread that held it: no state here is ever half written.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn wish(requests_per_second: f64, concurrency: usize) -> Wish {
        Wish {
            requests_per_second,
            concurrency,
        }
    }

    #[test]
    fn the_most_careful_source_sets_the_pace() {
        let mut state = State::default();
        state.wishes.insert("fast".into(), wish(100.0, 8));
        assert_eq!(
            (state.interval(), state.places()),
            (Duration::from_millis(10), 8)
        );
        state.wishes.insert("slow".into(), wish(2.0, 1));
        assert_eq!(
            (state.interval(), state.places()),
            (Duration::from_millis(500), 1)
        );
        state.wishes.insert("wrong".into(), wish(f64::NAN, 0));
        assert_eq!(
            (state.interval(), state.places()),
            (Duration::from_millis(500), 1)
        );
    }

    #[test]
    fn slots_follow_each_other_and_a_hold_moves_them() {
        let mut state = State::default();
        state.wishes.insert("one".into(), wish(4.0, 1));
        let first = state.book(LONG).unwrap();
        let second = state.book(LONG).unwrap();
        // Who comes later than its slot has a later one.
        assert!(second - first >= Duration::from_millis(250));
        state.held = Some(Instant::now() + Duration::from_secs(60));
        assert!(state.book(Duration::from_secs(5)).is_err());
        assert!(state.book(LONG).unwrap() - first > Duration::from_secs(59));
    }

    #[tokio::test]
    async fn a_freed_place_goes_to_the_one_who_waits() {
        let hosts = Arc::new(Hosts::default());
        let first = hosts.enter("h", "a", wish(1e6, 1), LONG).await.unwrap();
        let others: Vec<_> = (0..3)
            .map(|_| {
                let hosts = Arc::clone(&hosts);
                tokio::spawn(async move {
                    hosts
                        .enter("h", "a", wish(1e6, 1), LONG)
                        .await
                        .map(drop)
                        .is_ok()
                })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(others.iter().all(|other| !other.is_finished()));
        drop(first);
        for other in others {
            assert!(other.await.unwrap());
        }
    }
}
