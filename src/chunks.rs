//! Work that several threads do in chunks, and whose results come in the order in which the jobs came.
//!
//! Memory is bounded by the chunks that are under way; a panic is an error of the whole. Start at [`in_order`].

use crossbeam_channel::{Receiver, Sender, bounded};
use std::thread::{ScopedJoinHandle, scope};

/// Jobs that a thread takes at once.
const CHUNK: usize = 32;
/// Chunks under way for each thread: one in its hands, one that waits, one that is done.
const CHUNKS_WAITING: usize = 3;

/// A job panicked.
#[derive(Debug, thiserror::Error)]
#[error("a description at which the work panicked")]
pub struct Panicked;

/// A chunk of jobs, and where their results go.
type Work<J, M, E> = (Vec<J>, Sender<Done<M, E>>);
type Done<M, E> = Vec<Result<M, E>>;

/// Each thread begins with `begin`, and does jobs by what that gives. `take` gets what came of them, in the order of the jobs.
/// Ends with the first error.
pub fn in_order<J, M, E, Make>(
    threads: usize,
    jobs: impl Iterator<Item = Result<J, E>>,
    begin: impl Fn() -> Make + Sync,
    take: impl FnMut(M) -> Result<(), E> + Send,
) -> Result<(), E>
where
    J: Send,
    M: Send,
    E: From<Panicked> + Send,
    Make: FnMut(J) -> Result<M, E>,
{
    let (work, to_do) = bounded::<Work<J, M, E>>(threads);
    let (order, in_turn) = bounded::<Receiver<Done<M, E>>>(threads * CHUNKS_WAITING);
    let begin = &begin;
    scope(|scope| {
        let makers: Vec<_> = (0..threads)
            .map(|_| {
                let to_do = to_do.clone();
                scope.spawn(move || work_on(&to_do, begin()))
            })
            .collect();
        drop(to_do);
        let taker = scope.spawn(move || take_all(&in_turn, take));
        let given = give(jobs, &work, &order);
        drop((work, order));
        let done = makers.into_iter().map(joined).fold(Ok(()), Result::and);
        let taken = joined(taker).map_err(E::from).flatten();
        given.and(done.map_err(E::from)).and(taken)
    })
}

/// Hands out chunks. Whoever does not listen any more has an error to tell.
fn give<J, M, E>(
    jobs: impl Iterator<Item = Result<J, E>>,
    work: &Sender<Work<J, M, E>>,
    order: &Sender<Receiver<Done<M, E>>>,
) -> Result<(), E> {
    let mut jobs = jobs.peekable();
    while jobs.peek().is_some() {
        let chunk: Vec<J> = jobs.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
        let (done, made) = bounded(1);
        if order.send(made).is_err() || work.send((chunk, done)).is_err() {
            break;
        }
    }
    Ok(())
}

fn work_on<J, M, E>(to_do: &Receiver<Work<J, M, E>>, mut make: impl FnMut(J) -> Result<M, E>) {
    for (chunk, done) in to_do {
        if done
            .send(chunk.into_iter().map(&mut make).collect())
            .is_err()
        {
            return;
        }
    }
}

fn take_all<M, E: From<Panicked>>(
    in_turn: &Receiver<Receiver<Done<M, E>>>,
    mut take: impl FnMut(M) -> Result<(), E>,
) -> Result<(), E> {
    for made in in_turn {
        for made in made.recv().map_err(|_| Panicked)? {
            take(made?)?;
        }
    }
    Ok(())
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, Panicked> {
    thread.join().map_err(|_| Panicked)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::{panic::resume_unwind, time::Duration};

    const JOBS: usize = 10 * CHUNK + 5;
    const DEADLINE: Duration = Duration::from_secs(120);

    #[derive(Debug, thiserror::Error)]
    enum Failed {
        #[error("planned")]
        Planned,
        #[error(transparent)]
        Panicked(#[from] Panicked),
    }

    fn jobs(number: usize) -> impl Iterator<Item = Result<usize, Failed>> {
        (0..number).map(Ok)
    }

    /// The first job is not done before one of the last chunk that may be under way with it is.
    #[test]
    fn what_is_done_later_and_first_comes_later() {
        let (done, first) = bounded::<()>(1);
        let make = || {
            |job: usize| {
                if job == 0 {
                    first.recv_timeout(DEADLINE).unwrap();
                } else if job == 3 * CHUNK {
                    done.send(()).unwrap();
                }
                Ok(job)
            }
        };
        let mut taken = Vec::new();
        let take = |job| {
            taken.push(job);
            Ok(())
        };
        in_order(2, jobs(JOBS), make, take).unwrap();
        assert_eq!(taken, (0..JOBS).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_ends_it_and_what_was_before_is_taken() {
        let make = || {
            |job: usize| match job {
                70 => Err(Failed::Planned),
                job => Ok(job),
            }
        };
        let mut taken = Vec::new();
        let take = |job| {
            taken.push(job);
            Ok(())
        };
        let error = in_order(2, jobs(JOBS), make, take).unwrap_err();
        assert!(matches!(error, Failed::Planned));
        assert_eq!(taken, (0..70).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_an_error_of_the_whole() {
        let make = || {
            |job: usize| match job {
                70 => resume_unwind(Box::new("planned")),
                job => Ok(job),
            }
        };
        let error = in_order(2, jobs(JOBS), make, |_| Ok(())).unwrap_err();
        assert!(matches!(error, Failed::Panicked(_)));
    }
}
