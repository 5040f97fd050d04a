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
    let catalogue = "@prefix dcat: <http://www.w3.org/ns/dcat#> .\n<https://centre.example/> a dcat:Catalog ; dcat:dataset <https://centre.example/dataset/wind> .\n";
    let text = format!("{catalogue}{}", dataset("wind", "Asked"));
    origin.say("/centre", "text/turtle", text);
    let asked = texts::source("centre", "dcat", &origin.at("/centre"), "");
    let bed = Bed::new().await;
    let pushed = async |title: &str| {
        let push = bed.turtle("PUT", "/push/centre/rain", dataset("rain", title));
        push.send().await.unwrap().status()
    };
    for title in ["Pushed", "Pushed again"] {
        assert!(pushed(title).await.is_success());
        assert!(bed.titles().await.contains(&title.to_owned()));

        configure(&bed, &asked).await;
        assert_eq!(pushed(title).await, 404);
        let report = bed.house.run("centre").await;
        assert_eq!(report.counts.received, 1, "{}", report.line());
        assert!(bed.titles().await.contains(&"Asked".to_owned()));

        configure(&bed, CENTRE).await;
    }
    // What is asked for while the old way ends waits for the new one.
    for n in 0..10 {
        configure(&bed, &asked).await;
        assert_eq!(bed.house.run("centre").await.counts.received, 1);
        configure(&bed, CENTRE).await;
        assert!(pushed(&format!("Push {n}")).await.is_success());
    }
    assert!(bed.titles().await.contains(&"Push 9".to_owned()));
    bed.whole();
}
