//! `docs/deploy.svg` is what the program shows today.

use super::support::pictures::{file, recorded};

#[tokio::test(start_paused = true)]
async fn the_recording_in_the_docs_is_up_to_date() {
    let now = recorded().await;
    let kept = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(now == kept, "the live view has changed: `cargo run --example timeline` draws docs/deploy.svg anew");
}
