//! Law 7: a REST API has one writer.

use std::time::Duration;

use poc::event::Event;

use crate::support::{Told, World, counting};

/// Changes of a REST API, its draft, deployments and stages that were under way at the same time as another.
fn overlaps(told: &Told) -> Vec<(&'static str, &'static str)> {
    let apart = ["ApiKey", "UsagePlan", "DomainName", "BasePathMapping", "Account"];
    let mut changes: Vec<(Duration, Duration, &'static str)> = Vec::new();
    for event in &told.0 {
        if let Event::Call { service: "apigateway", operation, started, elapsed, .. } = event
            && !operation.starts_with("Get")
            && !apart.iter().any(|thing| operation.contains(thing))
        {
            changes.push((*started, *started + *elapsed, operation));
        }
    }
    assert!(changes.len() > 1, "{changes:?}");
    changes.sort();
    changes.windows(2).filter(|two| two[1].0 < two[0].1).map(|two| (two[0].2, two[1].2)).collect()
}

#[tokio::test(start_paused = true)]
async fn changes_of_an_api_never_overlap() {
    let world = World::with(counting());
    assert_eq!(overlaps(&world.deploy().await), []);
    world.edit("templates/admit/error.vtl", "{", "{ ");
    world.edit("deploy.yaml", "description: Admission prediction", "description: Admission, predicted");
    world.edit("deploy.yaml", "\nstage: prod ", "\ntags: { team: admission }\nstage: prod ");
    assert_eq!(overlaps(&world.deploy().await), []);
    assert_eq!(overlaps(&world.teardown().await.1), []);
}
