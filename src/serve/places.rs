//! The workers' places, and who waits for one: the client that has used least goes first, and the last free place is never
//! given to one that has used much; nor any, while questions that take long have no room.
//!
//! Knows no worker. Start at [`Places::take`].

use super::pool::lock;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::{oneshot, watch};

/// Who goes first: clients that have used little, and among those the one that has used least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    pub is_heavy: bool,
    pub used: Duration,
}

/// Places for questions.
pub struct Places {
    all: usize,
    state: Mutex<State>,
    /// How many wait that are not heavy.
    wanted: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    free: usize,
    /// There is no room for one more question that takes long: those of who has used much wait.
    is_crowded: bool,
    /// In the order in which they are to have a place. Those that came first go first among equals.
    waiting: BTreeMap<(Rank, u64), oneshot::Sender<()>>,
    ticket: u64,
}

/// A place. Dropped, it is the next one's.
pub struct Place(Arc<Places>);

impl Places {
    pub fn new(all: usize) -> Arc<Self> {
        let free = all.max(1);
        Arc::new(Self {
            all: free,
            state: Mutex::new(State {
                free,
                ..State::default()
            }),
            wanted: watch::Sender::new(0),
        })
    }

    /// Places that nobody has.
    pub fn free(&self) -> usize {
        lock(&self.state).free
    }

    /// A place that is free, for work of our own.
    pub fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut state = lock(&self.state);
        state.free = state.free.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }

    /// A place, waited for in the order of ranks. Where `waiting_max` wait already, their number.
    pub async fn take(self: &Arc<Self>, rank: Rank, waiting_max: usize) -> Result<Place, usize> {
        let (told, turn) = {
            let mut state = lock(&self.state);
            if self.may(&state, rank) {
                state.free -= 1;
                return Ok(Place(Arc::clone(self)));
            }
            if state.waiting.len() >= waiting_max {
                return Err(state.waiting.len());
            }
            state.ticket += 1;
            let key = (rank, state.ticket);
            let (tell, told) = oneshot::channel();
            state.waiting.insert(key, tell);
            let places = Arc::clone(self);
            (
                told,
                Turn {
                    places,
                    key,
                    had: false,
                },
            )
        };
        let mut turn = turn;
        self.tell_wanted();
        // Whoever is told is no longer among those who wait, and the sender is dropped only there.
        let _ = told.await;
        turn.had = true;
        Ok(Place(Arc::clone(self)))
    }

    /// Waits until somebody waits who has not used much.
    pub async fn wanted(&self) {
        // The sender is ours, and lives as long.
        let _ = self.wanted.subscribe().wait_for(|many| *many > 0).await;
    }

    fn may(&self, state: &State, rank: Rank) -> bool {
        let kept = usize::from(rank.is_heavy && self.all > 1);
        state.free > kept && !(rank.is_heavy && state.is_crowded)
    }

    /// One place more is free.
    fn give_back(&self) {
        let mut state = lock(&self.state);
        state.free += 1;
        self.grant(state);
    }

    /// Says whether there is room for one more question that takes long.
    pub fn crowded(&self, is_crowded: bool) {
        let mut state = lock(&self.state);
        state.is_crowded = is_crowded;
        self.grant(state);
    }

    fn grant(&self, mut state: MutexGuard<'_, State>) {
        while let Some(first) = state.waiting.first_entry() {
            let rank = first.key().0;
            if !self.may(&state, rank) {
                break;
            }
            if let Some((_, tell)) = state.waiting.pop_first() {
                state.free -= 1;
                // Whoever hears it no more finds itself gone from the list, and gives the place back.
                let _ = tell.send(());
            }
        }
        drop(state);
        self.tell_wanted();
    }

    fn tell_wanted(&self) {
        let state = lock(&self.state);
        let light = state.waiting.keys().take_while(|(rank, _)| !rank.is_heavy);
        let many = light.count();
        self.wanted.send_if_modified(|said| {
            let changed = *said != many;
            *said = many;
            changed
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// One that waits. Dropped before it has its place, it waits no longer, and leaves the place that it was given.
struct Turn {
    places: Arc<Places>,
    key: (Rank, u64),
    had: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.had {
            return;
        }
        let waited = lock(&self.places.state).waiting.remove(&self.key);
        match waited {
            Some(_) => self.places.tell_wanted(),
            None => self.places.give_back(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use futures_util::FutureExt;
    use std::{future::Future, pin::pin};

    const HEAVY: Rank = Rank {
        is_heavy: true,
        used: Duration::from_secs(9),
    };

    fn used(seconds: u64) -> Rank {
        Rank {
            is_heavy: false,
            used: Duration::from_secs(seconds),
        }
    }

    fn now<T>(of: impl Future<Output = T>) -> Option<T> {
        of.now_or_never()
    }

    #[test]
    fn who_has_used_least_goes_first() {
        let places = Places::new(1);
        let first = now(places.take(used(0), 9)).unwrap().ok().unwrap();
        let mut much = pin!(places.take(used(5), 9));
        let mut little = pin!(places.take(used(1), 9));
        let mut later = pin!(places.take(used(1), 9));
        for waits in [&mut much, &mut little, &mut later] {
            assert!(now(waits.as_mut()).is_none());
        }
        drop(first);
        assert!(now(much.as_mut()).is_none() && now(later.as_mut()).is_none());
        drop(now(little).unwrap());
        assert!(now(much.as_mut()).is_none());
        drop(now(later).unwrap());
        drop(now(much).unwrap());
        assert_eq!(places.free(), 1);
    }

    #[test]
    fn the_last_place_is_not_for_those_who_have_used_much() {
        let places = Places::new(2);
        let one = now(places.take(HEAVY, 9)).unwrap().ok().unwrap();
        let mut waits = pin!(places.take(HEAVY, 9));
        assert!(now(waits.as_mut()).is_none());
        let light = now(places.take(used(0), 9)).unwrap().ok().unwrap();
        drop(light);
        assert!(now(waits.as_mut()).is_none());
        drop(one);
        assert!(now(waits).is_some());
        // Where there is but one, it is everybody's.
        assert!(now(Places::new(1).take(HEAVY, 9)).is_some());
    }

    #[test]
    fn who_has_used_much_waits_for_room_as_well() {
        let places = Places::new(2);
        places.crowded(true);
        let mut waits = pin!(places.take(HEAVY, 9));
        assert!(now(waits.as_mut()).is_none());
        assert!(now(places.take(used(0), 9)).is_some());
        assert!(now(waits.as_mut()).is_none());
        places.crowded(false);
        assert!(now(waits).is_some());
    }

    #[test]
    fn who_goes_away_leaves_what_it_was_given() {
        let places = Places::new(1);
        let first = places.try_take().unwrap();
        assert!(places.try_take().is_none());
        {
            let mut waits = Box::pin(places.take(used(0), 9));
            assert!(now(waits.as_mut()).is_none());
            // It is told, and is gone before it hears.
            drop(first);
            assert_eq!(places.free(), 0);
        }
        assert_eq!(places.free(), 1);
        let first = places.try_take().unwrap();
        drop(Box::pin(places.take(used(0), 9)));
        {
            let mut waits = Box::pin(places.take(used(0), 9));
            assert!(now(waits.as_mut()).is_none());
        }
        assert_eq!(*places.wanted.borrow(), 0);
        drop(first);
        assert_eq!(places.free(), 1);
    }

    /// Threads that go away while others give back: no place is lost, and none comes from nowhere.
    #[test]
    fn places_are_as_many_as_there_were() {
        let places = Places::new(2);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let places = &places;
                scope.spawn(move || {
                    for round in 0..20_000_u64 {
                        let rank = used((round + thread) % 3);
                        let taken = now(places.take(rank, 9));
                        drop(taken);
                    }
                });
            }
        });
        assert_eq!(places.free(), 2);
        assert!(lock(&places.state).waiting.is_empty());
    }

    #[test]
    fn so_many_may_wait() {
        let places = Places::new(1);
        let _one = places.try_take().unwrap();
        let mut waits = pin!(places.take(HEAVY, 1));
        assert!(now(waits.as_mut()).is_none());
        assert_eq!(now(places.take(used(0), 1)).unwrap().err(), Some(1));
    }

    #[test]
    fn only_a_light_one_wants_the_place_of_another() {
        let places = Places::new(1);
        let _one = places.try_take().unwrap();
        let mut heavy = pin!(places.take(HEAVY, 9));
        assert!(now(heavy.as_mut()).is_none() && now(places.wanted()).is_none());
        let mut light = Box::pin(places.take(used(0), 9));
        assert!(now(light.as_mut()).is_none() && now(places.wanted()).is_some());
        drop(light);
        assert!(now(places.wanted()).is_none());
    }
}
