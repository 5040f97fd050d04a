//! Where log lines go: standard error, as text for a person or as JSON for a program.
//!
//! A log line shows what sources and clients sent. So no line can forge another or speak to a terminal: every control
//! character is written as `\u001b`, which is also what JSON calls it.

use super::{args::LogFormat, out::is_control};
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FormatFields, MakeWriter, SubscriberBuilder,
        format::{Format, Json, JsonFields},
    },
};

/// Starts logging for this process, once. The error says what is wrong with the filter.
pub fn start(filter: &str, format: Option<LogFormat>) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| {
        format!(
            "--log: found {filter:?} ({e}), expected info, debug or harvestd::network=debug,warn"
        )
    })?;
    let on_terminal = io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Escaped);
    let started = match format {
        Some(LogFormat::Json) => as_json(builder).try_init(),
        None if !on_terminal => as_json(builder).try_init(),
        Some(LogFormat::Text) | None => builder.with_target(false).try_init(),
    };
    started.map_err(|e| e.to_string())
}

/// Fields beside the message, and the spans around it once: as a list, outermost first.
fn as_json<N, L, T, F, W>(
    builder: SubscriberBuilder<N, Format<L, T>, F, W>,
) -> SubscriberBuilder<JsonFields, Format<Json, T>, F, W>
where
    N: for<'writer> FormatFields<'writer> + 'static,
{
    builder.json().flatten_event(true).with_current_span(false)
}

/// Standard error, a line at a time.
struct Escaped;

impl<'a> MakeWriter<'a> for Escaped {
    type Writer = Line<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(io::stderr())
    }
}

/// Writes what is one call of the formatter's as one line, whatever is in it.
struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (text.as_ref(), ""),
        };
        let mut out = String::with_capacity(text.len());
        for c in line.chars() {
            if is_control(c) {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            } else {
                out.push(c);
            }
        }
        out.push_str(end);
        self.0.write_all(out.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const HOSTILE: &str = "x\n2026 INFO forged\r\x1b[2J\u{9b}31m\u{202e}資料";

    fn logged(json: bool) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let builder = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || Line(writer.clone()));
        let log = || {
            let _outer = tracing::info_span!("request", id = "7").entered();
            let _inner = tracing::info_span!("answer").entered();
            tracing::info!(title = HOSTILE, "{HOSTILE}");
        };
        if json {
            tracing::subscriber::with_default(as_json(builder).finish(), log);
        } else {
            tracing::subscriber::with_default(builder.finish(), log);
        }
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_stays_a_line() {
        for json in [false, true] {
            let text = logged(json);
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(!text.trim_end().contains(is_control), "{text:?}");
            assert!(text.contains("資料"), "{text}");
        }
    }

    #[test]
    fn json_keeps_the_value() {
        let line: serde_json::Value = serde_json::from_str(&logged(true)).unwrap();
        assert_eq!(line["title"], HOSTILE);
        assert_eq!(line["level"], "INFO");
        assert!(line.get("span").is_none(), "spans are told once: {line}");
        assert_eq!(line["spans"][0]["id"], "7");
        assert_eq!(line["spans"][1]["name"], "answer");
    }

    #[test]
    fn a_bad_filter_is_refused() {
        let error = start("harvestd=loud", Some(LogFormat::Text)).unwrap_err();
        assert!(
            error.starts_with("--log: found \"harvestd=loud\""),
            "{error}"
        );
    }
}
