//! A correction as a file: what an interface that takes corrections does with them. Start at [`write()`].

use super::{Override, Value};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a correction into the folder of corrections (`overrides_dir` of the configuration), as a file of its own that
/// is there whole or not at all, and synced. Its name follows from what is corrected ([`Override::id`]): a second
/// correction of the same values takes the place of the first one that was written so. Returns the file's path.
///
/// The daemon knows of it when it reads its configuration anew. Where another file holds a correction of the same values
/// already, that reading is refused: ask [`super::Overrides::of`] and [`Override::overlaps`] beforehand.
pub fn write(dir: &Path, correction: &Override) -> io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(format!("{}.toml", correction.id()));
    let mut file = tempfile::Builder::new()
        .prefix(".correction-")
        .suffix(".tmp")
        .tempfile_in(dir)?;
    file.write_all(toml(correction).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|e| e.error)?;
    std::fs::File::open(dir)?.sync_all()?;
    Ok(path)
}

/// The file's text: read again, it gives the same draft.
fn toml(correction: &Override) -> String {
    let draft = correction.draft();
    let mut text = String::from("[[override]]\n");
    let mut line = |key: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("dataset", quoted(&draft.dataset));
    for (key, said) in [
        ("distribution", &draft.distribution),
        ("property", &draft.property),
        ("lang", &draft.lang),
    ] {
        if let Some(said) = said {
            line(key, quoted(said));
        }
    }
    if !draft.expect.is_empty() {
        line("expect", list(&draft.expect));
    }
    if draft.set.is_empty() {
        line("remove", "true".to_owned());
    } else {
        line("set", list(&draft.set));
    }
    line("who", quoted(&draft.who));
    line("when", draft.when.to_string());
    line("why", quoted(&draft.why));
    text
}

fn list(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(value).collect();
    match &values[..] {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Tagged { text, lang } => {
            format!("{{ text = {}, lang = {} }}", quoted(text), quoted(lang))
        }
        Value::Typed { text, datatype } => {
            format!(
                "{{ text = {}, datatype = {} }}",
                quoted(text),
                quoted(datatype)
            )
        }
        Value::Iri { iri } => format!("{{ iri = {} }}", quoted(iri)),
    }
}

/// On one line, and without a `${NAME}` that would be replaced.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.replace("${", "$${").chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
