//! `backup make`, `check` and `restore`. Start at [`backup`].

use super::{bar_of, held};
use crate::{
    backup::{self, BackupError, Manifest, Staged, Turn},
    cli::{
        args::{self, Common},
        client::{Reached, body},
        configured::Configured,
        exit::Exit,
        out,
        read::problem,
    },
    daemon::{Purpose, backup as putting},
    format,
    lock::Lock,
    serve::desk::DeskError,
    store_read::read_whole,
};
use std::path::Path;

/// `harvestd backup …`
pub async fn backup(args: &args::Backup, common: &Common) -> Exit {
    match args {
        args::Backup::Make(args) => make(args, common).await,
        args::Backup::Check(args) => match Manifest::read(&args.dir) {
            Ok(manifest) => {
                let bar = bar_of(manifest.bytes(), common);
                let checked = backup::check(&args.dir, &mut |bytes| bar.set_position(bytes));
                bar.finish_and_clear();
                ended(
                    checked,
                    &args.dir,
                    "every file is what the manifest says",
                    common,
                )
            }
            Err(e) => failed(&e),
        },
        args::Backup::Restore(args) => restore(args, common),
    }
}

async fn make(args: &args::BackupAt, common: &Common) -> Exit {
    let there = std::fs::read_dir(&args.dir);
    if there.is_ok_and(|mut entries| entries.next().is_some()) {
        return failed(&BackupError::NotEmpty(args.dir.clone()));
    }
    if let Ok(configured) = Configured::of(&args.place)
        && is_below(&args.dir, &configured.config.data_dir)
    {
        let text = format!(
            "{} is in the data directory: a backup is made elsewhere, best on another disk",
            args.dir.display()
        );
        return out::complain(&text, Exit::Usage);
    }
    let reached = match Reached::reach(&args.place, Purpose::Read).await {
        Ok(reached) => reached,
        Err(exit) => return exit,
    };
    // Until the end, so that nobody takes away what is copied here.
    let turn = match Turn::take(&reached.config.data_dir) {
        Ok(Some(turn)) => turn,
        Ok(None) => {
            let exit = out::complain(&DeskError::BackupUnderWay.to_string(), Exit::Locked);
            return reached.done(exit).await;
        }
        Err(e) => {
            let text = format!("taking {}: {e}", reached.config.data_dir.display());
            return reached.done(out::complain(&text, Exit::Failed)).await;
        }
    };
    let staged = match staged(&reached).await {
        Ok(staged) => staged,
        Err(exit) => return reached.done(exit).await,
    };
    let exit = match serde_json::from_slice::<Staged>(&staged) {
        Ok(staged) => {
            let bar = bar_of(staged.files.iter().map(|(_, bytes)| bytes).sum(), common);
            let (telling, to) = (bar.clone(), args.dir.clone());
            let copying = tokio::task::spawn_blocking(move || {
                // A copy of what is damaged is no backup.
                let store = staged.dir.join("store");
                if let Err(e) = read_whole(&store, &staged.base, &mut |_| telling.tick()) {
                    return Err(BackupError::Unreadable(e.to_string()));
                }
                backup::copy(&staged, &to, &mut |bytes| telling.set_position(bytes))
            });
            let copied = copying.await;
            bar.finish_and_clear();
            match copied {
                Ok(copied) => ended(copied, &args.dir, "made", common),
                Err(e) => out::complain(&format!("copying: {e}"), Exit::Failed),
            }
        }
        Err(e) => out::complain(&format!("the daemon's answer: {e}"), Exit::Failed),
    };
    // Where that fails, the daemon takes it away at its next start.
    let released = body(reached.local.order("/backup/release").await).await;
    drop(turn);
    let exit = match (exit, released) {
        (Exit::Ok, Err(exit)) => exit,
        (exit, _) => exit,
    };
    reached.done(exit).await
}

/// What the daemon staged.
async fn staged(reached: &Reached) -> Result<Vec<u8>, Exit> {
    match reached.local.order("/backup").await {
        Ok(answered) if answered.status == 409 => {
            let problem = problem(answered).await;
            let detail = problem["detail"].as_str().unwrap_or_default();
            Err(out::complain(detail, Exit::Locked))
        }
        answered => body(answered).await,
    }
}

/// Is the one folder below the other, or the same? The nearest one that is there decides.
fn is_below(dir: &Path, data_dir: &Path) -> bool {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let there = dir.ancestors().find_map(|dir| dir.canonicalize().ok());
    let data = data_dir.canonicalize();
    there
        .zip(data.ok())
        .is_some_and(|(there, data)| there.starts_with(data))
}

fn restore(args: &args::BackupRestore, common: &Common) -> Exit {
    let config = match Configured::of(&args.place) {
        Ok(configured) => configured.config,
        Err(errors) => return out::complain(&errors.to_string(), Exit::Usage),
    };
    if let Err(e) = format::check(&args.dir) {
        return out::complain(&e.to_string(), Exit::Failed);
    }
    let manifest = match Manifest::read(&args.dir) {
        Ok(manifest) => manifest,
        Err(e) => return failed(&e),
    };
    // What a newer program wrote may be moved aside, too.
    let take = match args.replace {
        true => Lock::take_of_any_form,
        false => Lock::take,
    };
    let lock = match take(&config.data_dir) {
        Ok(lock) => lock,
        Err(e) => return held(&e),
    };
    let wanted = putting::Restore {
        dir: &args.dir,
        data_dir: &config.data_dir,
        base: config.public_url.as_str(),
        replace: args.replace,
        above: args.above,
    };
    let bar = bar_of(manifest.bytes(), common);
    let put = putting::put(&wanted, &manifest, &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    drop(lock);
    if let Err(e) = put {
        return match e {
            putting::RestoreError::Backup(e) => failed(&e),
            e @ putting::RestoreError::Refused(_) => out::complain(&e.to_string(), Exit::Usage),
            e => out::complain(&e.to_string(), Exit::Failed),
        };
    }
    // Whoever takes the directory finishes what was begun.
    if let Err(e) = take(&config.data_dir) {
        return held(&e);
    }
    let how = "restored; the feed begins a new generation at the next start";
    ended(Ok(manifest), &args.dir, how, common)
}

fn ended(done: Result<Manifest, BackupError>, dir: &Path, how: &str, common: &Common) -> Exit {
    let manifest = match done {
        Ok(manifest) => manifest,
        Err(e) => return failed(&e),
    };
    let Manifest {
        generation, seq, ..
    } = manifest;
    let (files, bytes) = (manifest.files.len(), manifest.bytes());
    if common.json {
        let told = serde_json::json!({
            "dir": dir,
            "generation": generation,
            "sequence": seq,
            "files": files,
            "bytes": bytes,
        });
        return out::print(&format!("{told}\n"));
    }
    let dir = dir.display();
    out::print(&format!(
        "{dir}: {how}. Activity {seq} of generation {generation}, {files} files, {bytes} bytes.\n"
    ))
}

fn failed(error: &BackupError) -> Exit {
    let exit = match error {
        BackupError::Damaged(_) | BackupError::Unreadable(_) => Exit::Damaged,
        BackupError::NotEmpty(_) => Exit::Usage,
        _ => Exit::Failed,
    };
    out::complain(&error.to_string(), exit)
}
