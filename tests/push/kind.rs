//! A source that pushes is asked from now on, and one that was asked pushes: by a reload, without a restart.

use super::*;
use crate::{bed::OTHER, origin::Origin, texts};

/// The centre's configuration, and the other's.
async fn configure(bed: &Bed, centre: &str) {
    let sources = [centre.to_owned(), OTHER.to_owned()];
    let config = texts::config(bed.dir.path(), "", &sources);
    bed.house.daemon.configure(config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_changes_between_pushing_and_being_asked() {
    let origin = Origin::start().await;
    let catalogue = "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n<https://centre.example/> a dcat:Catalog ; dcat:dataset <https://centre.example/dataset/rain> .\n";
    let text = format!("{catalogue}{}", dataset("rain", "Asked"));
    origin.say("/centre", "text/turtle", text);
    let asked = texts::source("centre", "dcat", &origin.at("/centre"), "");
    let bed = Bed::new().await;
    for (title, status) in [("Pushed", 201), ("Pushed again", 200)] {
        let push = || bed.turtle("PUT", "/push/centre/rain", dataset("rain", title));
        answer(push(), status).await;
        assert_eq!(bed.titles().await, [title]);

        configure(&bed, &asked).await;
        let report = bed.house.complete("centre").await;
        assert_eq!(report.counts.holds, 1, "{}", report.line());
        assert_eq!(bed.titles().await, ["Asked"]);
        assert_eq!(push().send().await.unwrap().status(), 404);

        configure(&bed, CENTRE).await;
    }
    // Orders and pushes that wait while the old way ends are for the new one.
    for _ in 0..10 {
        configure(&bed, &asked).await;
        bed.house.complete("centre").await;
        configure(&bed, CENTRE).await;
        let push = bed.turtle("PUT", "/push/centre/rain", dataset("rain", "Last"));
        answer(push, 200).await;
    }
    assert_eq!(bed.titles().await, ["Last"]);
    bed.whole();
}
