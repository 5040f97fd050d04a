//! `feed new-generation`: the change log begins anew. Works on the data directory itself, while no daemon has it.

use super::{
    args::{self, Common},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::{
    daemon::{
        erase::{self, files},
        write_limits,
    },
    format,
    lock::{Lock, LockError},
    store::{Head, Store},
};

/// `harvestd feed …`
pub fn feed(args: &args::Feed, common: &Common) -> Exit {
    let args::Feed::NewGeneration(args) = args;
    let config = match Configured::of(&args.place) {
        Ok(configured) => configured.config,
        Err(errors) => return out::complain(&errors.to_string(), Exit::Usage),
    };
    let _lock = match Lock::take(&config.data_dir) {
        Ok(lock) => lock,
        Err(e @ LockError::Held { .. }) => {
            let text =
                format!("{e}: stop it first, nobody may follow the log while it begins anew");
            return out::complain(&text, Exit::Locked);
        }
        Err(e) => return out::complain(&e.to_string(), Exit::Failed),
    };
    if let Err(e) = erase::refuse(&config.data_dir) {
        return out::complain(&e.to_string(), Exit::Failed);
    }
    let limits = write_limits(&config);
    let began = Store::open(&config.data_dir, config.public_url.as_str(), limits)
        .and_then(|mut store| store.new_generation(&args.why));
    let dir = &config.data_dir;
    let removed = |head| match files::remove_derived(dir).and_then(|()| format::note(dir)) {
        Ok(()) => Ok(head),
        Err(e) => Err(format!(
            "a new generation has begun, but what is made of the old one could not be removed: {e}"
        )),
    };
    match began.map_err(|e| e.to_string()).and_then(removed) {
        Ok(Head {
            generation, seq, ..
        }) if common.json => out::print(&format!(
            "{{\"generation\":{generation},\"sequence\":{seq}}}\n"
        )),
        Ok(Head {
            generation, seq, ..
        }) => out::print(&format!(
            "generation {generation} of the feed begins with {seq} activities; what came before is removed from the log, with the snapshots, dumps and pages that showed it\n"
        )),
        Err(e) => out::complain(&e, Exit::Failed),
    }
}
