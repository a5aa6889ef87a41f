//! Runs work in the order its dependencies allow, everything that may run at once at once.

use std::future::Future;

use futures_util::stream::{FuturesUnordered, StreamExt};

/// How a piece of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Failed,
    /// Not tried, because that other piece failed or was not tried.
    Skipped(usize),
}

/// Starts every piece `0..after.len()` once all of `after[piece]` are done. A piece answers whether it succeeded; what
/// depends on a failed one is skipped, everything else still runs.
pub(super) async fn in_order<F, Fut>(after: &[Vec<usize>], mut start: F) -> Vec<Ended>
where
    F: FnMut(usize) -> Fut,
    Fut: Future<Output = bool>,
{
    let mut ended: Vec<Option<Ended>> = vec![None; after.len()];
    let mut begun = vec![false; after.len()];
    let mut running = FuturesUnordered::new();
    loop {
        for piece in 0..after.len() {
            if begun[piece] {
                continue;
            }
            let failed = after[piece].iter().find(|needed| !matches!(ended[**needed], None | Some(Ended::Done)));
            if let Some(cause) = failed {
                begun[piece] = true;
                ended[piece] = Some(Ended::Skipped(root_cause(&ended, *cause)));
            } else if after[piece].iter().all(|needed| ended[*needed] == Some(Ended::Done)) {
                begun[piece] = true;
                let work = start(piece);
                running.push(async move { (piece, work.await) });
            }
        }
        match running.next().await {
            Some((piece, true)) => ended[piece] = Some(Ended::Done),
            Some((piece, false)) => ended[piece] = Some(Ended::Failed),
            None if begun.iter().all(|begun| *begun) => break,
            None => {}
        }
    }
    ended.into_iter().map(|end| end.unwrap_or(Ended::Failed)).collect()
}

fn root_cause(ended: &[Option<Ended>], piece: usize) -> usize {
    match ended[piece] {
        Some(Ended::Skipped(cause)) => cause,
        _ => piece,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn independent_pieces_run_at_once() {
        let begun = tokio::time::Instant::now();
        let after = vec![vec![], vec![], vec![0, 1]];
        let ended = in_order(&after, |_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            true
        })
        .await;
        assert_eq!(ended, [Ended::Done; 3]);
        assert_eq!(begun.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn what_depends_on_a_failure_is_skipped_and_the_rest_runs() {
        let ran = RefCell::new(Vec::new());
        let after = vec![vec![], vec![0], vec![1], vec![]];
        let ended = in_order(&after, |piece| {
            ran.borrow_mut().push(piece);
            async move { piece != 0 }
        })
        .await;
        assert_eq!(ended, [Ended::Failed, Ended::Skipped(0), Ended::Skipped(0), Ended::Done]);
        assert_eq!(*ran.borrow(), [0, 3]);
    }
}
