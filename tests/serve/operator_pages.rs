//! The operator's pages: who is let in, and whose forms are taken.

use super::*;
use reqwest::{RequestBuilder, Response};

const ACTS: [&str; 3] = ["run", "pause", "resume"];

struct Session {
    cookie: String,
    token: String,
}

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

/// A form as our own pages send it.
fn form(doors: &doors::Doors, path: &str, said: &[(&str, &str)]) -> RequestBuilder {
    let origin = format!("http://{}", doors.admin);
    let request = doors.admin("POST", path).header("origin", origin);
    fields(request, said)
}

async fn sign_in(doors: &doors::Doors) -> Session {
    let said = [("token", TOKEN), ("next", "/operator/sources/moi")];
    let signed = form(doors, "/operator/sign-in", &said)
        .send()
        .await
        .unwrap();
    assert_eq!(signed.status(), 303);
    assert_eq!(location(&signed), "/operator/sources/moi");
    let cookie = signed.headers()["set-cookie"].to_str().unwrap().to_owned();
    for flag in [
        "HttpOnly",
        "SameSite=Strict",
        "Path=/operator",
        "Max-Age=28800",
    ] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "this listener speaks no TLS: {cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = doors
        .admin("GET", "/operator/sources/moi")
        .header("cookie", &cookie);
    let page = page.header("accept-language", "en").send().await.unwrap();
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(page.headers()["referrer-policy"], "same-origin");
    let page = page.text().await.unwrap();
    let token = page.split("name=\"token\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    for never in ["href=\"/search", "href=\"/operator/search", TOKEN] {
        assert!(!page.contains(never), "{never}: {page}");
    }
    Session { cookie, token }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_action_needs_a_session_its_token_and_our_own_page() {
    let doors = open(Plan::default()).await;
    let session = sign_in(&doors).await;
    let other = sign_in(&doors).await;
    let (own, evil) = (
        format!("http://{}", doors.admin),
        "http://evil.example".to_owned(),
    );
    let null = "null".to_owned();
    for act in ACTS {
        let path = format!("/operator/sources/moi/{act}");
        for (cookie, token, origin, expected) in [
            (None, &session.token, Some(&own), 303),
            (
                Some("harvestd-session=guess"),
                &session.token,
                Some(&own),
                303,
            ),
            (
                Some(session.cookie.as_str()),
                &String::new(),
                Some(&own),
                403,
            ),
            (Some(session.cookie.as_str()), &other.token, Some(&own), 403),
            (
                Some(session.cookie.as_str()),
                &session.token,
                Some(&evil),
                403,
            ),
            (
                Some(session.cookie.as_str()),
                &session.token,
                Some(&null),
                403,
            ),
            (Some(session.cookie.as_str()), &session.token, None, 403),
        ] {
            let mut request = fields(doors.admin("POST", &path), &[("token", token.as_str())]);
            if let Some(cookie) = cookie {
                request = request.header("cookie", cookie);
            }
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), expected, "{act} {cookie:?} {origin:?}");
            if expected == 303 {
                assert!(location(&answer).starts_with("/operator/sign-in"), "{act}");
            }
        }
        // What a browser says of itself goes before what the form's address says.
        let cross = form(&doors, &path, &[("token", &session.token)]);
        let cross = cross
            .header("cookie", &session.cookie)
            .header("sec-fetch-site", "cross-site");
        assert_eq!(cross.send().await.unwrap().status(), 403);
        // Nor does a form go by way of an address.
        let get = doors.admin("GET", &format!("{path}?token={}", session.token));
        let get = get.header("cookie", &session.cookie).send().await.unwrap();
        assert_eq!(get.status(), 405);
    }
    assert!(
        doors.desk.asked.lock().unwrap().is_empty(),
        "nothing was done"
    );
    for act in ACTS {
        let path = format!("/operator/sources/moi/{act}");
        let done = form(&doors, &path, &[("token", &session.token)]);
        let done = done.header("cookie", &session.cookie).send().await.unwrap();
        assert_eq!(done.status(), 303);
        assert_eq!(location(&done), "/operator/sources/moi");
        let shown = doors
            .admin("GET", location(&done))
            .header("cookie", &session.cookie);
        let shown = shown.send().await.unwrap().text().await.unwrap();
        assert!(
            shown.contains("class=\"note good\" role=\"status\""),
            "{act}: {shown}"
        );
    }
    assert_eq!(
        *doors.desk.asked.lock().unwrap(),
        ["run moi", "pause moi", "resume moi"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_opens_no_other_door_and_ends_at_signing_out() {
    let doors = open(Plan::default()).await;
    let session = sign_in(&doors).await;
    for door in harvestd::serve::admin::doors() {
        for operation in &door.operations {
            let method = operation.verb.word().to_uppercase();
            let path = door.path.replace("{id}", "moi");
            let own = format!("http://{}", doors.admin);
            let request = doors
                .admin(&method, &path)
                .header("cookie", &session.cookie);
            let request = request.header("origin", own).send().await.unwrap();
            problem(request, 401, "unauthorized").await;
        }
    }
    for path in ["/operator/sources", "/operator/sign-in"] {
        let public = doors.get(path).header("cookie", &session.cookie);
        problem(public.send().await.unwrap(), 404, "not-found").await;
    }
    let out = form(&doors, "/operator/sign-out", &[("token", &session.token)]);
    let out = out.header("cookie", &session.cookie).send().await.unwrap();
    assert_eq!(out.status(), 303);
    assert!(
        out.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let after = doors
        .admin("GET", "/operator/sources")
        .header("cookie", &session.cookie);
    let after = after.send().await.unwrap();
    assert_eq!(
        location(&after),
        "/operator/sign-in?next=%2Foperator%2Fsources"
    );
    assert!(doors.desk.asked.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_opens_nothing_and_few_are_tried() {
    let doors = open(Plan::default()).await;
    let try_one = async |token: &str| {
        let answer = form(&doors, "/operator/sign-in", &[("token", token)]);
        let answer = answer.header("accept-language", "en").send().await.unwrap();
        assert!(!answer.headers().contains_key("set-cookie"), "{token}");
        let status = answer.status().as_u16();
        (status, answer.text().await.unwrap())
    };
    for _ in 0..5 {
        let (status, page) = try_one("wrong").await;
        assert_eq!(status, 403);
        assert!(
            page.contains("role=\"alert\">That is not the token."),
            "{page}"
        );
    }
    let (status, page) = try_one(TOKEN).await;
    assert_eq!(status, 429, "not even the right one: {page}");
    let browser = doors.admin("GET", "/").header("accept", "text/html");
    assert_eq!(
        location(&browser.send().await.unwrap()),
        "/operator/sources"
    );
    let asset = doors
        .admin("GET", "/operator/assets/house.css")
        .send()
        .await
        .unwrap();
    assert_eq!(asset.headers()["content-type"], "text/css; charset=utf-8");
}
