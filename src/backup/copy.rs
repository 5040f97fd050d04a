//! Files copied, their SHA-256 taken as they go. Start at [`copy()`].

use super::{BackupError, Entry, Manifest, Staged, VERSION};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::Path,
};

const BUFFER: usize = 1 << 18;

/// Copies what is staged into `to`, a folder that is not there or empty, and writes the manifest. `tell` is called with the
/// bytes copied so far.
pub fn copy(
    staged: &Staged,
    to: &Path,
    tell: &mut dyn FnMut(u64),
) -> Result<Manifest, BackupError> {
    empty(to)?;
    let mut files = Vec::with_capacity(staged.files.len());
    let mut done = 0;
    for (path, bytes) in &staged.files {
        let what = format!("copying {path}");
        let sum = one(&staged.dir.join(path), Some(&to.join(path)), *bytes)
            .map_err(BackupError::io(what))?;
        done += bytes;
        tell(done);
        files.push(Entry {
            path: path.clone(),
            bytes: *bytes,
            sha256: sum,
        });
    }
    let manifest = Manifest {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        base: staged.base.clone(),
        generation: staged.generation,
        seq: staged.seq,
        made_us: staged.made_us,
        files,
    };
    let written = sync_folders(to).and_then(|()| manifest.write(to));
    written.map_err(BackupError::io("writing the manifest"))?;
    Ok(manifest)
}

/// Reads every file of a backup and compares it with the manifest.
pub fn check(dir: &Path, tell: &mut dyn FnMut(u64)) -> Result<Manifest, BackupError> {
    each(dir, None, tell)
}

/// The same, and copies every file into `to`. What is damaged is told when all was read; what was copied is then no use.
pub fn restore_into(
    dir: &Path,
    to: &Path,
    tell: &mut dyn FnMut(u64),
) -> Result<Manifest, BackupError> {
    let manifest = each(dir, Some(to), tell)?;
    sync_folders(to).map_err(BackupError::io("syncing what was copied"))?;
    Ok(manifest)
}

fn each(dir: &Path, to: Option<&Path>, tell: &mut dyn FnMut(u64)) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(dir)?;
    let (mut done, mut damaged) = (0, Vec::new());
    for file in &manifest.files {
        let copied = to.map(|to| to.join(&file.path));
        let from = dir.join(&file.path);
        let found = fs::metadata(&from).map(|found| found.len());
        match found {
            Ok(bytes) if bytes != file.bytes => damaged.push(format!(
                "{} has {bytes} bytes, expected {}",
                file.path, file.bytes
            )),
            Ok(_) => match one(&from, copied.as_deref(), file.bytes) {
                Ok(sum) if sum == file.sha256 => {}
                Ok(sum) => damaged.push(format!(
                    "{} has the sum {sum}, expected {}",
                    file.path, file.sha256
                )),
                Err(e) if to.is_some() && is_of_the_disk(&e) => {
                    return Err(BackupError::Io(format!("copying {}", file.path), e));
                }
                Err(e) => damaged.push(format!("{}: {e}", file.path)),
            },
            Err(e) => damaged.push(format!("{}: {e}", file.path)),
        }
        done += file.bytes;
        tell(done);
    }
    match damaged.is_empty() {
        true => Ok(manifest),
        false => Err(BackupError::Damaged(damaged)),
    }
}

/// Of the place that is written to, not of the backup.
fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem | Kind::PermissionDenied
    )
}

/// Reads the first so many bytes of a file, writes them where that is wanted, durably, and gives their SHA-256.
fn one(from: &Path, to: Option<&Path>, bytes: u64) -> io::Result<String> {
    let source = File::open(from)?;
    let permissions = source.metadata()?.permissions();
    let mut source = BufReader::with_capacity(BUFFER, source).take(bytes);
    let mut out = match to {
        Some(to) => {
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            let file = File::create_new(to)?;
            // Before anything is in it: tokens are nobody else's to read.
            file.set_permissions(permissions)?;
            Some(file)
        }
        None => None,
    };
    let (mut sha, mut buffer, mut read) = (Sha256::new(), vec![0; BUFFER], 0);
    loop {
        let n = source.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        sha.update(&buffer[..n]);
        read += n as u64;
        if let Some(out) = &mut out {
            out.write_all(&buffer[..n])?;
        }
    }
    if read != bytes {
        let found = format!("it ends after {read} bytes, expected {bytes}");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, found));
    }
    if let Some(out) = out {
        out.sync_all()?;
    }
    Ok(hex::encode(sha.finalize()))
}

/// Refuses a folder with something in it; makes it where it is missing.
fn empty(dir: &Path) -> Result<(), BackupError> {
    let failed = |e| BackupError::Io(format!("making {}", dir.display()), e);
    fs::create_dir_all(dir).map_err(failed)?;
    match fs::read_dir(dir).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::NotEmpty(dir.to_owned())),
    }
}

fn sync_folders(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::{links, with_made};
    use super::*;

    fn staged(data: &Path, dir: &Path) -> Staged {
        fs::create_dir_all(dir.join("store")).unwrap();
        fs::write(dir.join("store/CURRENT"), "x").unwrap();
        let files = links(data, dir).unwrap();
        Staged {
            dir: dir.to_owned(),
            base: "https://hub.example/".to_owned(),
            generation: 3,
            seq: 9,
            made_us: 1,
            files: with_made(dir, files).unwrap(),
        }
    }

    #[test]
    fn what_grew_since_is_not_in_it_and_what_is_damaged_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (data, to) = (dir.path().join("data"), dir.path().join("backup"));
        fs::create_dir_all(data.join("log/3")).unwrap();
        fs::create_dir_all(data.join("snapshots/1")).unwrap();
        for (name, text) in [
            ("log/3/1-2.nq.zst", "segment"),
            ("log/3/3.tmp", "half"),
            ("feedback.jsonl", "one\n"),
            ("snapshots/1/x", "derived"),
            ("lock", "7"),
        ] {
            fs::write(data.join(name), text).unwrap();
        }
        let staged = staged(&data, &data.join("backup.staged"));
        let mut grows = File::options()
            .append(true)
            .open(data.join("feedback.jsonl"))
            .unwrap();
        grows.write_all(b"two\n").unwrap();
        let made = copy(&staged, &to, &mut |_| {}).unwrap();
        let names: Vec<&str> = made.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(
            names,
            ["feedback.jsonl", "log/3/1-2.nq.zst", "store/CURRENT"]
        );
        assert_eq!(
            fs::read_to_string(to.join("feedback.jsonl")).unwrap(),
            "one\n"
        );
        assert_eq!(check(&to, &mut |_| {}).unwrap(), made);
        assert!(matches!(
            copy(&staged, &to, &mut |_| {}),
            Err(BackupError::NotEmpty(_))
        ));
        fs::write(to.join("feedback.jsonl"), "onE\n").unwrap();
        fs::remove_file(to.join("store/CURRENT")).unwrap();
        let told = check(&to, &mut |_| {}).unwrap_err().to_string();
        assert!(
            told.contains("2 of the backup's files")
                && told.contains("feedback.jsonl has the sum")
                && told.contains("store/CURRENT: "),
            "{told}"
        );
        fs::remove_file(to.join("manifest.json")).unwrap();
        let told = check(&to, &mut |_| {}).unwrap_err().to_string();
        assert!(told.contains("is no backup"), "{told}");
    }

    #[test]
    fn a_manifest_names_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            version: VERSION,
            program: "0".to_owned(),
            base: String::new(),
            generation: 1,
            seq: 1,
            made_us: 1,
            files: vec![Entry {
                path: "../x".to_owned(),
                bytes: 0,
                sha256: String::new(),
            }],
        };
        manifest.write(dir.path()).unwrap();
        let told = Manifest::read(dir.path()).unwrap_err().to_string();
        assert!(told.contains("\"../x\""), "{told}");
    }
}
