//! What a newer program wrote is refused, and not one byte of it is touched.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_form_is_refused_by_every_command_and_untouched() {
    let bed = twice().await;
    let format = bed.data_dir().join("format.json");
    let ours = fs::read(&format).unwrap();
    let newer = r#"{"data":2,"containment":1,"program":"9.1.0","more":[]}"#;
    fs::write(&format, newer).unwrap();
    let before = bytes_of(&bed.data_dir());
    let beside = bed.dir.path().join("backup");
    let beside = beside.to_str().unwrap();
    for arguments in [
        &["serve"][..],
        &["run", "a"],
        &["status"],
        &["verify"],
        &["scrub"],
        &["recover"],
        &["compact"],
        &["backup", "make", beside],
        &["erase", "--why", "asked"],
        &["feed", "new-generation", "--why", "asked"],
    ] {
        let told = told(&bed, arguments).await.ends_with(1);
        assert!(
            told.error.contains("was written by harvestd 9.1.0")
                && told.error.contains("nothing was touched"),
            "{arguments:?}: {told:?}"
        );
        assert!(bytes_of(&bed.data_dir()) == before, "{arguments:?}");
    }
    fs::write(&format, ours).unwrap();
    told(&bed, &["verify", "--replay"]).await.ends_with(0);
}

/// A directory of before the file was kept is taken, and says from then on what it is.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_form_is_brought_up() {
    let bed = twice().await;
    let format = bed.data_dir().join("format.json");
    fs::remove_file(&format).unwrap();
    whole(&bed).await;
    assert!(fs::read_to_string(&format).unwrap().contains("\"data\":1"));
}
