//! Points at which a test may kill the daemon, hold it up, or make a step of its fail, named where they stand. Dev builds only;
//! nothing happens without the environment variable `FAILPOINTS` (`segment-write=return` kills at the first passage,
//! `3*off->return` at the fourth).

use std::{io, path::Path, thread, time::Duration};

/// Dies by SIGKILL if the failpoint of that name says so, `$before` being the last that it does.
#[macro_export]
macro_rules! crash_point {
    ($name:expr) => {
        fail::fail_point!($name, |_| $crate::crash::die())
    };
    ($name:expr, $before:expr) => {
        fail::fail_point!($name, |_| {
            let _ = $before;
            $crate::crash::die()
        })
    };
}

/// Leaves the function with this error if the failpoint of that name says so.
#[macro_export]
macro_rules! trouble_point {
    ($name:expr, $error:expr) => {
        fail::fail_point!($name, |_| Err($error))
    };
}

/// What a disk would say that fails where a test wants it to ([`trouble_point!`]).
pub fn planned() -> io::Error {
    io::Error::other("a planned failure")
}

/// Holds this thread up at the failpoint of that name until the file is there that `FAILPOINTS` names
/// (`dump-file=return(/tmp/x/go-on)`).
pub fn hold(name: &str) {
    fail::fail_point!(name, |file: Option<String>| {
        while file
            .as_deref()
            .is_some_and(|file| !Path::new(file).exists())
        {
            thread::sleep(LOOK_EVERY);
        }
    });
}

/// How often a thread that is held up looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// SIGKILL to ourselves: no destructor runs, no buffer is flushed.
pub fn die<T>() -> T {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

/// Reads `FAILPOINTS`, in builds made for development. Others ignore it.
pub fn arm() {
    if cfg!(debug_assertions) {
        std::mem::forget(fail::FailScenario::setup());
    }
}
