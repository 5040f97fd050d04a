//! `scrub`, `compact` and `recover`: what is damaged, new files instead of old ones, the newest snapshot in the store's place.
//! [`backup`] has its commands to itself.

pub mod backup;

use super::{
    args::{self, Common},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::{
    config::Config,
    daemon::{
        compact::{Compacted, compact as compacted},
        recover::{RecoverError, Recovered, recover as recovered},
    },
    lock::{Lock, LockError},
    scrub::{Scrub, Scrubbed, scrub as scrubbed},
    store::damage,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{fmt::Write, io::IsTerminal, path::Path};

/// `harvestd scrub`
pub fn scrub(args: &args::Scrub, common: &Common) -> Exit {
    let config = match holding(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let lock = match Lock::take(&config.data_dir) {
        Ok(lock) => Some(lock),
        Err(LockError::Held { .. }) => None,
        Err(e) => return out::complain(&e.to_string(), Exit::Failed),
    };
    let bar = spinner(common);
    let done = scrubbed(Scrub {
        data_dir: &config.data_dir,
        base: config.public_url.as_str(),
        state_cache_bytes: config.limits.state_cache_bytes,
        is_running: lock.is_none(),
        tell: &mut |what, read| {
            bar.set_message(format!("{what}: {read}"));
            bar.tick();
        },
    });
    bar.finish_and_clear();
    let scrubbed = match done {
        Ok(scrubbed) => scrubbed,
        Err(e) => return out::complain(&format!("reading everything: {e}"), Exit::Failed),
    };
    // Beside a daemon the store itself was not read.
    let forgotten = match scrubbed.damaged.is_empty() && lock.is_some() {
        true => damage::forget(&config.data_dir.join("store")),
        false => Ok(false),
    };
    match forgotten {
        Ok(forgotten) => told(&scrubbed, forgotten, common),
        Err(e) => {
            let text = format!("forgetting what was noted of the store's damage: {e}");
            out::complain(&text, Exit::Failed)
        }
    }
}

fn told(scrubbed: &Scrubbed, forgotten: bool, common: &Common) -> Exit {
    let text = match common.json {
        true => match serde_json::to_string(scrubbed) {
            Ok(text) => text + "\n",
            Err(e) => return out::complain(&format!("writing JSON: {e}"), Exit::Failed),
        },
        false => in_words(scrubbed, forgotten),
    };
    match out::print(&text) {
        Exit::Ok if !scrubbed.damaged.is_empty() => Exit::Damaged,
        exit => exit,
    }
}

fn in_words(scrubbed: &Scrubbed, forgotten: bool) -> String {
    let mut text = String::new();
    for looked in &scrubbed.looked {
        let _ = match &looked.left_out {
            Some(why) => writeln!(text, "{}: not read: {why}", looked.what),
            None => writeln!(text, "{}: {} read", looked.what, looked.read),
        };
    }
    for damage in &scrubbed.damaged {
        let path = damage.path.display();
        let _ = writeln!(
            text,
            "DAMAGED {} {path}\n  found: {}\n  help:  {}",
            damage.what, damage.found, damage.help
        );
    }
    if scrubbed.damaged.is_empty() {
        text.push_str("Nothing is damaged.\n");
    }
    if forgotten {
        text.push_str(
            "What a daemon had met of the store's damage is not there any more, and forgotten.\n",
        );
    }
    out::printable(&text)
}

/// `harvestd compact`
pub async fn compact(args: &args::Compact, common: &Common) -> Exit {
    let config = match holding(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let bar = spinner(common);
    let telling = bar.clone();
    let done = compacted(config, move |quads| {
        telling.set_message(format!("{quads} quads"));
        telling.tick();
    });
    let done = done.await;
    bar.finish_and_clear();
    match done {
        Ok(done) if common.json => printed(&done),
        Ok(done) => out::print(&sizes(&done)),
        Err(e) => {
            let exit = match e.held() {
                Some(_) => Exit::Locked,
                None if e.is_damage() => Exit::Damaged,
                None => Exit::Failed,
            };
            out::complain(&format!("{e}: nothing was replaced"), exit)
        }
    }
}

fn sizes(done: &Compacted) -> String {
    format!(
        "store: {} bytes before, {} after; state: {} before, {} after. {} quads, as they were.\n\
         Snapshots still have the old files; they go as snapshots go (limits.snapshots).\n",
        done.store_before, done.store_after, done.state_before, done.state_after, done.quads
    )
}

/// `harvestd recover`
pub fn recover(args: &args::Recover, common: &Common) -> Exit {
    let config = match holding(&args.place) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let bar = spinner(common);
    let lock = match Lock::take(&config.data_dir) {
        Ok(lock) => lock,
        Err(e) => return held(&e),
    };
    let done = recovered(&config, args.snapshot.as_deref(), &mut |read| {
        bar.set_message(format!("{read} quads read"));
        bar.tick();
    });
    // Whoever takes the directory finishes what was begun.
    drop(lock);
    let finished = Lock::take(&config.data_dir);
    bar.finish_and_clear();
    match (done, finished) {
        (Err(e), _) => {
            let exit = match &e {
                RecoverError::NoSnapshot(_) => Exit::Usage,
                RecoverError::None(_) => Exit::Damaged,
                RecoverError::Io(..) => Exit::Failed,
            };
            out::complain(&e.to_string(), exit)
        }
        (_, Err(e)) => held(&e),
        (Ok(done), Ok(_)) if common.json => printed(&done),
        (Ok(done), Ok(_)) => out::print(&in_place(&done)),
    }
}

fn in_place(done: &Recovered) -> String {
    let mut text = format!(
        "The store stands at activity {} of generation {}, as {} shows it; what was there is in {}.\n",
        done.seq,
        done.generation,
        done.snapshot.display(),
        done.replaced.display()
    );
    if done.raises {
        text.push_str("The change log does not reach it: the feed begins a new generation at the next start.\n");
    }
    text + "Start the daemon; what was committed and not published comes again with the sources' next runs.\n"
}

fn printed(done: &impl serde::Serialize) -> Exit {
    match serde_json::to_string(done) {
        Ok(text) => out::print(&format!("{text}\n")),
        Err(e) => out::complain(&format!("writing JSON: {e}"), Exit::Failed),
    }
}

fn held(error: &LockError) -> Exit {
    match error {
        LockError::Held { .. } => out::complain(&format!("{error}: stop it first"), Exit::Locked),
        _ => out::complain(&error.to_string(), Exit::Failed),
    }
}

/// The configuration, of a data directory that holds something.
fn holding(place: &args::Place) -> Result<Config, Exit> {
    let config = Configured::of(place)
        .map_err(|errors| out::complain(&errors.to_string(), Exit::Usage))?
        .config;
    let holds = |name: &str| Path::new(&config.data_dir).join(name).exists();
    if ["store", "log", "snapshots", "swap.json"]
        .into_iter()
        .any(holds)
    {
        return Ok(config);
    }
    let text = format!("{} holds nothing", config.data_dir.display());
    Err(out::complain(&text, Exit::NotRunning))
}

fn spinner(common: &Common) -> ProgressBar {
    match std::io::stderr().is_terminal() && !common.json {
        true => ProgressBar::new_spinner(),
        false => ProgressBar::hidden(),
    }
}

/// Bytes of so many.
fn bar_of(bytes: u64, common: &Common) -> ProgressBar {
    if !std::io::stderr().is_terminal() || common.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}
