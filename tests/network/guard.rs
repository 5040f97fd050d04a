//! The address guard: in URLs, and behind names.

use crate::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn the_guard_knows_every_spelling_of_an_address() {
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://172.31.255.255/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://192.0.0.192/",
        "http://192.0.2.1/",
        "http://192.88.99.1/",
        "http://198.18.0.1/",
        "http://198.51.100.1/",
        "http://203.0.113.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[::]/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001::1]/",
        "http://[2001:db8::1]/",
        "http://[3fff::1]/",
        "http://[fc00::1]/",
        "http://[fd12:3456::1]/",
        "http://[fe80::1]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[5f00::1]/",
        "http://[100::1]/",
        "ftp://portal.example/",
        "file:///etc/passwd",
        "gopher://portal.example/",
        "data:text/plain,x",
        "http://me:pw@portal.example/",
        "http://me@portal.example/",
        "http://portal.example:25/",
        "https://portal.example:6667/",
    ] {
        let url: Url = url.parse().unwrap();
        let mut bed = Bed::with_lookup(Fixed("192.0.2.1"), &url);
        bed.source.network.allow_ranges.clear();
        let error = bed.error(&url).await;
        assert_eq!(error.kind, Kind::Refused, "{url}: {error}");
    }
}

#[tokio::test]
async fn names_that_lead_to_private_addresses_are_refused() {
    let url: Url = "http://portal.example/".parse().unwrap();
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "64:ff9b::a00:1",
    ] {
        let mut bed = Bed::with_lookup(Fixed(address), &url);
        bed.source.network.allow_ranges.clear();
        let error = bed.error(&url).await;
        assert_eq!(error.kind, Kind::Refused, "{address}: {error}");
        assert!(error.to_string().contains("allow_ranges"), "{error}");
    }
}

#[tokio::test]
async fn a_private_range_is_open_to_the_source_that_names_it() {
    let server = Faulty::always(ok("inside")).await;
    let url: Url = format!("http://centre.example:{}/", server.port())
        .parse()
        .unwrap();
    let bed = Bed::with_lookup(Fixed("127.0.0.1"), &url);
    assert_eq!(text(&bed.get(&url).await.unwrap()), "inside");
    let mut other = source(&url);
    other.network.allow_ranges = vec!["10.0.0.0/8".parse().unwrap()];
    let request = Request::get(url, "*/*");
    let error = bed
        .network
        .ask(&other, &request, None, bed.dir.path())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind,
        Kind::Refused,
        "the connection that the first source opened is not the second's"
    );
}

/// Public when asked first, private from then on, and mixed now and then.
struct Flipping {
    asked: Arc<AtomicUsize>,
}

impl Lookup for Flipping {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let addresses: &[&str] = if asked == 0 {
            &["198.51.100.7", "127.0.0.1"]
        } else {
            &["127.0.0.1"]
        };
        let addresses = addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
        Box::pin(async move { Ok(addresses) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_gains_nothing() {
    let inside = Faulty::always(ok("secret")).await;
    let url: Url = format!("http://rebinding.example:{}/", inside.port())
        .parse()
        .unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let mut bed = Bed::with_lookup(
        Flipping {
            asked: Arc::clone(&asked),
        },
        &url,
    )
    .limits(|limits| limits.connect_ms = 100);
    // A range that stands for the public internet, where nobody answers.
    bed.source.network.allow_ranges = vec!["198.51.100.0/24".parse().unwrap()];
    for _ in 0..3 {
        let error = bed.error(&url).await;
        assert!(
            matches!(error.kind, Kind::Connect | Kind::Refused),
            "{error}"
        );
    }
    assert_eq!((asked.load(Ordering::SeqCst), inside.connections()), (3, 0));
}

#[tokio::test]
async fn proxies_of_the_environment_are_not_asked() {
    // The environment of this process cannot be set safely while others read it: a child asks.
    if std::env::var_os("HARVESTD_TEST_PROXIED").is_some() {
        let url: Url = std::env::var("HARVESTD_TEST_TARGET")
            .unwrap()
            .parse()
            .unwrap();
        Bed::at(&url).get(&url).await.unwrap();
        return;
    }
    let (proxy, server) = (
        Faulty::always(ok("proxy")).await,
        Faulty::always(ok("server")).await,
    );
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "guard::proxies_of_the_environment_are_not_asked"]);
    child
        .env("HARVESTD_TEST_PROXIED", "1")
        .env("HARVESTD_TEST_TARGET", server.url.as_str())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        child.env(name, proxy.url.as_str());
    }
    let ended = child.output().await.unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stdout)
    );
    assert_eq!((proxy.connections(), server.requests().len()), (0, 1));
}
