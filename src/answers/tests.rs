//! What is kept of which run.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::{keeping::LINKED_BYTES_MIN, *};
use std::io::Write;

fn spooled(dir: &Path, text: &str) -> Spooled {
    let mut file = tempfile::NamedTempFile::new_in(dir).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let url = Url::parse("http://127.0.0.1/").unwrap();
    Spooled {
        file,
        status: 200,
        url,
        media_type: None,
        charset: None,
        link_next: None,
        validators: Default::default(),
        bytes: text.len() as u64,
        had_bytes: 0,
        hash: *blake3::hash(text.as_bytes()).as_bytes(),
        framed: true,
    }
}

fn texts(answers: &Answers, dir: &Path) -> Vec<String> {
    answers
        .kept("s")
        .unwrap()
        .iter()
        .map(|k| fs::read_to_string(k.spool(dir).unwrap().file.path()).unwrap())
        .collect()
}

#[test]
fn the_last_complete_run_and_the_partial_ones_since() {
    let dir = tempfile::tempdir().unwrap();
    let answers = Answers::new(dir.path());
    let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
    for (run, text, complete) in [
        ("1", "one", true),
        ("2", "two", false),
        ("3", "three", false),
    ] {
        let mut keeping = answers.begin("s", run, false, 7).unwrap();
        keeping.keep(&request, &spooled(dir.path(), text)).unwrap();
        keeping.finish(complete).unwrap();
    }
    assert_eq!(texts(&answers, dir.path()), ["three", "two", "one"]);
    let mut keeping = answers.begin("s", "4", false, 7).unwrap();
    keeping
        .keep(&request, &spooled(dir.path(), "three"))
        .unwrap();
    keeping
        .keep(&request, &spooled(dir.path(), "four"))
        .unwrap();
    keeping.finish(true).unwrap();
    assert_eq!(texts(&answers, dir.path()), ["three", "four"]);
    let mut given_up = answers.begin("s", "5", false, 7).unwrap();
    given_up
        .keep(&request, &spooled(dir.path(), "five"))
        .unwrap();
    given_up.drop_all().unwrap();
    assert_eq!(texts(&answers, dir.path()), ["three", "four"]);
}

#[test]
fn of_a_run_that_failed_nothing_stays() {
    let dir = tempfile::tempdir().unwrap();
    let answers = Answers::new(dir.path());
    let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
    let mut keeping = answers.begin("s", "1", false, 7).unwrap();
    keeping.keep(&request, &spooled(dir.path(), "one")).unwrap();
    drop(keeping);
    assert_eq!(
        folders(&dir.path().join("answers/s")).unwrap(),
        [""; 0].map(PathBuf::from)
    );
}

#[test]
fn a_large_answer_of_one_run_is_not_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let answers = Answers::new(dir.path());
    let request = Request::get(Url::parse("http://127.0.0.1/x").unwrap(), "*/*");
    let large = "x".repeat(usize::try_from(LINKED_BYTES_MIN).unwrap());
    let mut keeping = answers.begin("s", "1-s", true, 7).unwrap();
    keeping
        .keep(&request, &spooled(dir.path(), &large))
        .unwrap();
    keeping.leave(true).unwrap();
    let left = answers.left("s", None, 0).unwrap().answers;
    assert_eq!(left[0].path.extension().unwrap(), PLAIN);
    let again = left[0].spool_whole(dir.path()).unwrap();
    assert_eq!(fs::read_to_string(again.file.path()).unwrap(), large);
    // Of a run that comes to its end nothing stays.
    let mut keeping = answers.begin("s", "2-s", true, 7).unwrap();
    keeping.keep(&request, &spooled(dir.path(), "two")).unwrap();
    answers.forget("s").unwrap();
    keeping.finish(true).unwrap();
    assert!(folders(&dir.path().join("answers/s")).unwrap().is_empty());
}

#[test]
fn what_a_killed_run_had_is_left_for_the_next_one() {
    let dir = tempfile::tempdir().unwrap();
    let answers = Answers::new(dir.path());
    let killed = |run: &str, passing, began_ms, said: &[&str]| {
        let mut keeping = answers.begin("s", run, passing, began_ms).unwrap();
        for (n, text) in said.iter().enumerate() {
            let url = Url::parse(&format!("http://127.0.0.1/{n}")).unwrap();
            let request = Request::get(url, "*/*");
            keeping.keep(&request, &spooled(dir.path(), text)).unwrap();
        }
        // No destructor runs.
        std::mem::forget(keeping);
        assert_eq!(answers.sweep().unwrap(), 1);
    };
    let whole = |kept: &Kept| {
        let spooled = kept.spool_whole(dir.path()).ok()?;
        Some(fs::read_to_string(spooled.file.path()).unwrap())
    };
    let left = |from_ms| {
        let left = answers.left("s", None, from_ms).unwrap();
        let read: Vec<_> = left.answers.iter().filter_map(whole).collect();
        (left.run.unwrap_or_default(), left.began_ms, read)
    };
    killed("100-s", false, 100, &["a", "b", "c"]);
    assert!(texts(&answers, dir.path()).is_empty(), "nothing counts");
    // It went on from that one, and did not come as far.
    killed("200-s", true, 100, &["a", "b"]);
    killed("250-s", true, 250, &[]);
    let whole_of = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let first = ("100-s".to_owned(), Some(100), whole_of(&["a", "b", "c"]));
    assert_eq!(left(100), first);
    // It was told something else: no answers of different runs side by side.
    killed("300-s", false, 300, &["a", "x"]);
    assert_eq!(
        left(100),
        ("300-s".to_owned(), Some(300), whole_of(&["a", "x"]))
    );
    let kept = answers.left("s", None, 0).unwrap().answers;
    fs::write(&kept[1].path, "tw").unwrap();
    assert_eq!(whole(&kept[1]), None, "cut");
    assert_eq!(left(101).0, "300-s");
    let there = folders(&dir.path().join("answers/s")).unwrap();
    assert_eq!(there.len(), 1, "those that began too early went");
    answers.forget_left("s").unwrap();
    assert_eq!(left(0), (String::new(), None, Vec::new()));
}
