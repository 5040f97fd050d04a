//! Redirects: followed, refused, and what they never carry along.

use crate::*;

#[tokio::test]
async fn a_redirect_is_followed_and_the_last_address_returned() {
    let server = Faulty::start(|heard, _| match heard.path.as_str() {
        "/a" => redirect("301 Moved Permanently", "b?x=1#part"),
        "/b?x=1" => redirect("307 Temporary Redirect", "/c"),
        _ => ok("here"),
    })
    .await;
    let bed = Bed::at(&server.url);
    let spooled = bed.get(&server.at("/a")).await.unwrap();
    assert_eq!(
        (text(&spooled).as_str(), &spooled.url),
        ("here", &server.at("/c"))
    );
}

#[tokio::test]
async fn a_post_becomes_a_get_where_the_status_says_so() {
    for (status, method, body) in [
        ("303 See Other", "GET", ""),
        ("302 Found", "GET", ""),
        ("307 Temporary Redirect", "POST", "q"),
        ("308 Permanent Redirect", "POST", "q"),
    ] {
        let server = Faulty::start(move |heard, _| {
            if heard.path == "/a" {
                redirect(status, "/b")
            } else {
                ok("")
            }
        })
        .await;
        let post = Some(Post {
            media_type: "text/plain".into(),
            body: "q".into(),
        });
        let request = Request {
            post,
            ..Request::get(server.at("/a"), "*/*")
        };
        Bed::at(&server.url).ask(&request).await.unwrap();
        let heard = server.requests().remove(1);
        assert_eq!(
            (heard.method.as_str(), heard.body.as_str()),
            (method, body),
            "{status}"
        );
    }
}

#[tokio::test]
async fn circles_and_long_chains_are_refused_with_their_hops() {
    let circle = Faulty::start(|heard, _| {
        redirect("302 Found", if heard.path == "/a" { "/b" } else { "/a" })
    })
    .await;
    let error = Bed::at(&circle.url)
        .limits(|limits| limits.tries_max = 3)
        .error(&circle.at("/a"))
        .await;
    assert_eq!((error.kind, circle.requests().len()), (Kind::Redirect, 2));
    let chain = format!(
        "GET {} (redirected from {}): found a circle of redirects",
        circle.at("/b"),
        circle.at("/a")
    );
    assert!(error.to_string().starts_with(&chain), "{error}");

    let endless =
        Faulty::start(|_, before| redirect("302 Found", format!("/{}", before + 1))).await;
    let error = Bed::at(&endless.url).error(&endless.at("/0")).await;
    assert_eq!(
        (error.kind, endless.requests().len()),
        (Kind::Redirect, 6),
        "{error}"
    );

    let nowhere = Faulty::always(answer("302 Found", &[], "")).await;
    assert_eq!(
        Bed::at(&nowhere.url).error(&nowhere.url).await.kind,
        Kind::Redirect
    );
}

#[tokio::test]
async fn a_redirect_to_a_private_address_reaches_nobody() {
    let inside = Faulty::always(ok("secret")).await;
    let port = inside.port();
    for target in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://user:pw@catalogue.example/".to_owned(),
    ] {
        let location = target.clone();
        let outside = Faulty::start(move |_, _| redirect("302 Found", &location)).await;
        let error = Bed::at(&outside.url).error(&outside.url).await;
        assert_eq!(error.kind, Kind::Refused, "{target}: {error}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn another_host_of_the_configuration_may_be_redirected_to() {
    let inside = Faulty::always(ok("moved here")).await;
    let target = inside.url.clone();
    let outside = Faulty::start(move |_, _| redirect("302 Found", &target)).await;
    let entry = format!("127.0.0.1:{}", inside.port());
    let bed = Bed::at(&outside.url).source(|network| network.allow_hosts.push(entry));
    assert_eq!(text(&bed.get(&outside.url).await.unwrap()), "moved here");
    // And asked directly, as the page after the first one may be.
    assert_eq!(text(&bed.get(&inside.url).await.unwrap()), "moved here");
}

#[tokio::test]
async fn a_question_for_a_foreign_server_is_not_asked() {
    let foreign = Faulty::always(ok("")).await;
    let home = Faulty::always(ok("")).await;
    let error = Bed::at(&home.url).error(&foreign.url).await;
    assert_eq!((error.kind, foreign.connections()), (Kind::Refused, 0));
    assert!(error.to_string().contains("allow_hosts"), "{error}");
}

#[tokio::test]
async fn credentials_stay_at_the_sources_own_origin() {
    let other = Faulty::start(|heard, _| {
        let back = heard.path.rsplit('/').next().unwrap_or_default();
        redirect("302 Found", format!("http://127.0.0.1:{back}/back"))
    })
    .await;
    let away = other.url.clone();
    let home = Faulty::start(move |heard, _| {
        if heard.path.starts_with("/away") {
            redirect("302 Found", away.join(&heard.path[6..]).unwrap())
        } else {
            ok("")
        }
    })
    .await;
    let bed = Bed::at(&home.url).source(|network| {
        network
            .headers
            .push(("X-Api-Key".into(), Secret("k-1234".into())));
        network.basic_auth = Some(("me".into(), Secret("pass-word".into())));
        network.allow_hosts.push("127.0.0.1".into());
    });
    bed.get(&home.at(&format!("/away/{}", home.port())))
        .await
        .unwrap();
    let sent = |heard: &Heard| {
        heard.header("X-Api-Key").is_some() && heard.header("Authorization").is_some()
    };
    let kept = |heard: &Heard| {
        heard.header("X-Api-Key").is_none() && heard.header("Authorization").is_none()
    };
    assert!(sent(&home.requests()[0]));
    assert!(kept(&other.requests()[0]));
    assert_eq!(home.requests()[1].path, "/back");
    assert!(
        kept(&home.requests()[1]),
        "whoever sends us back chooses the question"
    );
}
