//! Pace and concurrency, kept by all sources of a host together.

use crate::*;

#[tokio::test]
async fn the_pace_of_a_host_is_kept_by_all_its_sources_together() {
    let server = Faulty::always(ok("")).await;
    let mut bed = Bed::at(&server.url).source(|network| network.requests_per_second = 20.0);
    bed.source.network.concurrency = 8;
    let mut hasty = bed.source.clone();
    (hasty.id, hasty.network.requests_per_second) = ("hasty".into(), 1e6);
    let request = Request::get(server.url.clone(), "*/*");
    let began = Instant::now();
    bed.get(&server.url).await.unwrap();
    let asks = (0..6).map(|n| {
        bed.network.ask(
            if n % 2 == 0 { &bed.source } else { &hasty },
            &request,
            None,
            bed.dir.path(),
        )
    });
    for asked in futures_util::future::join_all(asks).await {
        asked.unwrap();
    }
    let heard = server.requests();
    let took = heard[6].at - began;
    // Six intervals of 50 ms: the first request is let go after the beginning, and heard who knows when.
    assert!(took >= Duration::from_millis(300), "{took:?}");
}

#[tokio::test]
async fn only_so_many_questions_at_once() {
    for concurrency in [1, 3] {
        // As many as there may be come together before one is answered; more would come meanwhile.
        let together = Step::Meet(Arc::new(tokio::sync::Barrier::new(concurrency)));
        let busy = vec![together, Step::Wait(Duration::from_millis(30))];
        let server = Faulty::always([busy, ok("")].concat()).await;
        let bed = Bed::at(&server.url).source(|network| network.concurrency = concurrency);
        let request = Request::get(server.url.clone(), "*/*");
        let asks = (0..9).map(|_| bed.ask(&request));
        for asked in futures_util::future::join_all(asks).await {
            asked.unwrap();
        }
        assert_eq!(
            (server.requests().len(), server.at_once_max()),
            (9, concurrency)
        );
    }
}

#[tokio::test]
async fn a_redirect_on_a_host_with_one_place_does_not_wait_for_itself() {
    let server = Faulty::start(|heard, _| {
        if heard.path == "/a" {
            redirect("302 Found", "/b")
        } else {
            ok("")
        }
    })
    .await;
    let bed = Bed::at(&server.url).source(|network| network.concurrency = 1);
    bed.get(&server.at("/a")).await.unwrap();
}
