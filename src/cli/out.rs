//! What a command prints for its caller. Logs go elsewhere: `logging.rs`.

use super::exit::Exit;
use std::io::{self, Write};

/// Writes a whole answer to standard output. A reader that has seen enough and went away is no failure.
pub fn print(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(e) => complain(&format!("writing to standard output: {e}"), Exit::Failed),
    }
}

/// Says on standard error why a command ends like this.
pub fn complain(text: &str, exit: Exit) -> Exit {
    // Where standard error is closed too, the exit code is all that is left to say.
    let _ = writeln!(io::stderr(), "{}", printable(text));
    exit
}

/// `text` without characters that could move a terminal's cursor, forge a line or turn the direction of writing.
/// Newlines stay.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_control(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and those that change the direction of writing.
pub(super) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns for people: every cell of a column starts below the one above it, Han characters counted as two.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| width(cell))
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width_of(column).unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, wanted) in row.iter().zip(&widths) {
            let cell = printable(cell).replace('\n', " ");
            line.push_str(&cell);
            line.push_str(&" ".repeat(wanted.saturating_sub(width(&cell)) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x20000..=0x3fffd) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(
            printable("a\x1b[2Jb\r\nc\u{9b}\u{202e}資"),
            "a\\u001b[2Jb\\u000d\nc\\u009b\\u202e資"
        );
    }

    #[test]
    fn columns_stand_below_each_other() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        assert_eq!(
            table(&[row(["氣象", "x"]), row(["a", "y\nz"])]),
            "氣象  x\na     y z\n"
        );
        assert_eq!(table(&[]), "");
    }
}
