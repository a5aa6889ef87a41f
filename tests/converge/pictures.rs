//! The pictures in docs/ are what the program draws today.

use super::support::pictures::drawn;

#[tokio::test(start_paused = true)]
async fn the_pictures_in_the_docs_are_up_to_date() {
    for (file, now) in drawn().await {
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(now == kept, "{} has changed: `cargo run --example timeline` draws it anew", file.display());
    }
}
