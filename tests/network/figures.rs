//! What the network counts.

use crate::*;

#[test]
fn what_happens_is_counted() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let figures = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Faulty::start(|_, before| match before {
            0 => answer("503 Service Unavailable", &[], ""),
            1 => ok("eleven text"),
            _ => answer("404 Not Found", &[], ""),
        })
        .await;
        let bed = Bed::at(&server.url).limits(|limits| limits.tries_max = 2);
        bed.get(&server.url).await.unwrap();
        bed.error(&server.url).await;
    });
    let shown = figures.render();
    for line in [
        "harvestd_network_requests_total{outcome=\"answer\"} 1",
        "harvestd_network_requests_total{outcome=\"status\"} 1",
        "harvestd_network_retries_total{cause=\"status\"} 1",
        "harvestd_network_bytes_total{form=\"wire\"} 11",
        "harvestd_network_bytes_total{form=\"decoded\"} 11",
        "harvestd_network_wait_seconds_count{reason=\"pace\"} 3",
        "harvestd_network_wait_seconds_count{reason=\"retry\"} 1",
    ] {
        assert!(shown.contains(line), "{line} in\n{shown}");
    }
}
