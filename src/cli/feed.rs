//! `feed new-generation`: the change log begins anew. Works on the data directory itself, while no daemon has it.

use super::{
    args::{self, Common},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::{
    daemon::write_limits,
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
    let limits = write_limits(&config);
    let began = Store::open(&config.data_dir, config.public_url.as_str(), limits)
        .and_then(|mut store| store.new_generation(&args.why));
    match began {
        Ok(Head {
            generation, seq, ..
        }) if common.json => out::print(&format!(
            "{{\"generation\":{generation},\"sequence\":{seq}}}\n"
        )),
        Ok(Head {
            generation, seq, ..
        }) => out::print(&format!(
            "generation {generation} of the feed begins with {seq} activities; what came before is removed from the log\n"
        )),
        Err(e) => out::complain(&e.to_string(), Exit::Failed),
    }
}
