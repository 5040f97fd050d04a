//! `erase`: entities go, and so does the past. Works on the data directory itself, while no daemon has it.

use super::{
    args::{self, Common},
    configured::Configured,
    exit::Exit,
    out,
};
use crate::daemon::erase::Erased;
use crate::store::Head;

/// `harvestd erase …`
pub async fn erase(args: &args::Erase, common: &Common) -> Exit {
    let config = match Configured::of(&args.place) {
        Ok(configured) => configured.config,
        Err(errors) => return out::complain(&errors.to_string(), Exit::Usage),
    };
    if !config.data_dir.join("store").exists() && !config.data_dir.join("store.new").exists() {
        let text = format!("{} holds nothing", config.data_dir.display());
        return out::complain(&text, Exit::NotRunning);
    }
    match crate::daemon::erase::erase(config, &args.iris, &args.why).await {
        Ok(erased) => out::print(&told(&erased, common.json)),
        Err(e) => match e.held() {
            Some(held) => {
                let text = format!("{held}: stop it first, nobody may read what is to be erased");
                out::complain(&text, Exit::Locked)
            }
            None if e.is_damage() => out::complain(&e.to_string(), Exit::Damaged),
            None => out::complain(&e.to_string(), Exit::Failed),
        },
    }
}

fn told(erased: &Erased, json: bool) -> String {
    let Erased {
        records,
        feedback,
        head: Head {
            generation, seq, ..
        },
    } = erased;
    if json {
        let told = serde_json::json!({
            "records": records,
            "feedback": feedback,
            "generation": generation,
            "sequence": seq,
        });
        return format!("{told}\n");
    }
    format!(
        "{} records erased, and the words of {feedback} items of feedback; what was said before is in no file any more.\n\
         Generation {generation} of the feed begins with {seq} activities. What a source still gives comes again with its next\n\
         run; backups and replicas are not touched.\n",
        records.len()
    )
}
