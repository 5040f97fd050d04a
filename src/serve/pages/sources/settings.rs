//! How a source is asked, as far as everybody may know. Nothing secret: no headers, no user, no options. Start at [`of`].

use crate::{config::Source, serve::desk::SourceStatus};
use harvestd_web::{Words, moment::lasting, source::Setting};

/// `source` is None where the daemon has read its configuration anew since, and the source is new.
pub fn of(words: Words, source: Option<&Source>, status: &SourceStatus) -> Vec<Setting> {
    let plain = |name, value: String| Setting {
        name,
        value,
        ..Setting::default()
    };
    let code = |name, value: String| Setting {
        code: true,
        ..plain(name, value)
    };
    let linked = |name, value: String| Setting {
        link: Some(value.clone()),
        ..plain(name, value)
    };
    let mut all = vec![
        code(words.say("set-kind"), status.kind.clone()),
        linked(words.say("set-address"), status.url.clone()),
    ];
    if status.portal {
        all.push(plain(
            words.say("set-portal"),
            words.say("set-yes").to_owned(),
        ));
    }
    let Some(source) = source else {
        return all;
    };
    if let Some(homepage) = &source.homepage {
        all.push(linked(words.say("set-homepage"), homepage.to_string()));
    }
    match &source.schedule {
        Some(schedule) => {
            all.push(code(words.say("set-schedule"), schedule.line().to_owned()));
            all.push(plain(
                words.say("set-zone"),
                schedule.zone().name().to_owned(),
            ));
        }
        None => all.push(plain(
            words.say("set-schedule"),
            words.say("set-schedule-none").to_owned(),
        )),
    }
    if let Some(quiet) = &source.quiet {
        all.push(code(words.say("set-quiet"), quiet.to_string()));
    }
    if source.is_pushed() {
        return all;
    }
    let robots = match source.network.obeys_robots {
        true => "set-robots-obeyed",
        false => "set-robots-ignored",
    };
    all.push(plain(words.say("set-robots"), words.say(robots).to_owned()));
    let pace = source.network.requests_per_second.to_string();
    all.push(plain(words.say("set-pace"), pace));
    all.push(plain(
        words.say("set-full"),
        lasting(words, source.full_every_ms),
    ));
    all
}
