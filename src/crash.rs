//! Points at which a test may kill the daemon, or make a step of its fail, named where they stand. Dev builds only; nothing happens without
//! the environment variable `FAILPOINTS` (`segment-write=return` kills at the first passage, `3*off->return` at the fourth).

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
