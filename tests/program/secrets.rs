//! A source's secrets, in its address, its headers and its servers' answers: in no log, no door, no report and no file.

use super::*;
use axum::{http::StatusCode, response::IntoResponse};
use origin::Origin;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use texts::{configuration, export, rows, source};

const SECRET: &str = "hunter2-0123456789";
const NEVER: &str = "schedule = \"0 3 1 1 *\"\njitter_ms = 0\ncatch_up = \"skip\"";
/// Lines of its `[source.network]`.
const SECRETS: &str = "headers = { X-Api-Key = \"${KEY}\" }\nbasic_auth = { user = \"me\", password = \"${KEY}\" }\n\n";

/// Sources of which each goes another way, and all of whose servers know the secret and say it wherever they can.
async fn catalogues() -> (Origin, Vec<String>) {
    let origin = Origin::start().await;
    let echo = || format!("<html><title>{SECRET}</title>token={SECRET}\n");
    origin.answer("/good", |_| {
        origin::plain("application/json", export(&rows(1, 3, 1)))
    });
    origin.answer("/page", move |_| origin::plain("text/html", echo()));
    origin.answer("/broken", move |_| {
        (StatusCode::INTERNAL_SERVER_ERROR, echo()).into_response()
    });
    origin.answer("/refused", move |_| {
        let realm = format!("Basic realm=\"{SECRET}\"");
        let headers = [("www-authenticate", realm)];
        (StatusCode::UNAUTHORIZED, headers, echo()).into_response()
    });
    origin.answer("/moved", |_| {
        let to = format!("http://me:{SECRET}@127.0.0.2:9/login?session={SECRET}");
        (StatusCode::FOUND, [("location", to)]).into_response()
    });
    let ids = ["good", "page", "broken", "refused", "moved"];
    let sources = ids.map(|id| {
        let url = origin.at(&format!("/{id}?api_key=${{KEY}}"));
        source(id, "data_gov_tw", &url, NEVER).trim_end().to_owned() + "\n" + SECRETS
    });
    (origin, sources.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_said_nowhere() {
    let (_origin, sources) = catalogues().await;
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("c.toml"), dir.path().join("data"));
    std::fs::write(&file, configuration(&data, "", &sources)).unwrap();
    let log = dir.path().join("log");
    let mut serving = program(&["serve", "--json", "--config", text(&file)]);
    serving
        .env("KEY", SECRET)
        .env("HARVESTD_LOG", "trace")
        .stderr(std::fs::File::create(&log).unwrap());
    let (daemon, said) = Daemon::spawn(serving).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    let token = std::fs::read_to_string(data.join("admin-token")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |door: &str, path: &str| {
        let url = format!("http://{}{path}", said[door].as_str().unwrap());
        let accept = if path.ends_with("#page") {
            "text/html"
        } else {
            "*/*"
        };
        let asked = client
            .get(url)
            .bearer_auth(token.trim())
            .header("accept", accept);
        (
            path.to_owned(),
            asked.send().await.unwrap().text().await.unwrap(),
        )
    };

    let mut seen = Vec::new();
    for id in ["good", "page", "broken", "refused", "moved"] {
        let words = ["run", id, "--json", "--config", text(&file)];
        let ran = program(&words).env("KEY", SECRET).output().await.unwrap();
        let ended = if id == "good" { Some(0) } else { Some(3) };
        assert_eq!(ran.status.code(), ended, "{id}: {ran:?}");
        seen.push((format!("run {id}"), format!("{ran:?}")));
        seen.push(ask("admin_listen", &format!("/sources/{id}")).await);
    }
    for path in [
        "/status",
        "/sources#page",
        "/sources/page#page",
        "/sources/moved#page",
        "/metrics",
        "/",
        "/catalog.nq",
    ] {
        seen.push(ask("listen", path).await);
    }
    seen.push(ask("admin_listen", "/sources").await);
    for command in ["status", "sources", "check-config"] {
        let words = [command, "--json", "--config", text(&file)];
        let told = program(&words).env("KEY", SECRET).output().await.unwrap();
        assert_eq!(told.status.code(), Some(0), "{told:?}");
        seen.push((command.to_owned(), format!("{told:?}")));
    }
    assert_eq!(daemon.terminate().await.0, Some(0));
    // What was asked is needed to go on from there, and the folder is its owner's only.
    let answers = data.join("answers");
    let mode = answers.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let mut files = files_of(&data);
    files.retain(|path| !path.starts_with(&answers));
    assert!(files.len() > 10, "{files:?}");
    for path in files.into_iter().chain([log]) {
        let bytes = std::fs::read(&path).unwrap();
        seen.push((
            path.display().to_string(),
            String::from_utf8_lossy(&bytes).into_owned(),
        ));
    }
    assert!(
        seen.iter().any(|(_, said)| said.contains("api_key=")),
        "it is left out, not the address"
    );
    for (whence, said) in seen {
        // In base64 too: that is how a password is sent (RFC 7617).
        for form in [
            SECRET,
            "aHVudGVyMi0wMTIzNDU2Nzg5",
            "bWU6aHVudGVyMi0wMTIzNDU2Nzg5",
        ] {
            let at = said.find(form);
            let near = at.map(|at| {
                &said[said.floor_char_boundary(at.saturating_sub(200))
                    ..said.floor_char_boundary(at + 60)]
            });
            assert_eq!(near, None, "{whence}");
        }
    }
}

/// All files under a directory.
fn files_of(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_of(&path)),
            false => found.push(path),
        }
    }
    found
}
