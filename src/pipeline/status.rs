//! `poc status`: what is there against what deploy.yaml says, who made it and when, and what needs looking after soon.

use jiff::Timestamp;

use super::rollback;
use super::session::{Session, unnamed};
use super::{CertificateEnd, Failure, LastChange, Settings, Status};
use crate::event::Reporter;
use crate::resources::lock::{Record, told};

/// ACM renews by itself 60 days before the end: with fewer left than this it has failed to, for a while.
const SOON: i64 = 30;

const DAY: i64 = 86_400;

/// # Errors
/// As [`super::plan`].
pub async fn status(settings: &Settings, reporter: &dyn Reporter) -> Result<Status, Failure> {
    let session = Session::open(settings, "status", reporter).await?;
    let lock = session.lock();
    let (seen, read) = tokio::join!(Box::pin(lock.look(&session.aws)), Box::pin(session.read()));
    let read = read?;
    let history = match session.release_place(&read.lookups).await? {
        Some(place) => place.history(&session.aws).await.map_err(unnamed)?,
        None => None,
    };
    let releases = history.map(|history| rollback::lines(&history)).unwrap_or_default();
    // Whoever may not read the lock may know the rest.
    let last_change = seen.as_ref().ok().and_then(|seen| last_change(&seen.record));
    let now = i64::try_from(session.aws.clock().epoch_millis() / 1000).unwrap_or(i64::MAX);
    let certificate = read.desired.certificate_end(read.decided.known()).map(|(_, end)| certificate_end(end, now));
    let status = session.status(&read);
    let at_work = seen.ok().and_then(|seen| super::locked::at_work(&seen));
    let mut notes: Vec<String> = at_work.into_iter().chain(status.notes).collect();
    let domain = session.spec.domain.as_ref().map(|domain| domain.name.as_str()).unwrap_or_default();
    notes.extend(certificate.as_ref().and_then(|end| ending(end, domain)));
    Ok(Status { releases, last_change, certificate, notes, ..status })
}

fn last_change(record: &Record) -> Option<LastChange> {
    let at = told(record.since?);
    Some(LastChange { command: record.command.clone(), by: record.who.clone(), run: record.run.clone(), at })
}

fn certificate_end(end: i64, now: i64) -> CertificateEnd {
    CertificateEnd { expires: moment(end).map(told).unwrap_or_default(), days_left: (end - now).div_euclid(DAY) }
}

/// What to do about a certificate that ends soon.
fn ending(end: &CertificateEnd, domain: &str) -> Option<String> {
    let what = match end.days_left {
        ..0 => format!("the certificate of {domain} has expired ({}): callers refuse the connection", end.expires),
        0 => format!("the certificate of {domain} expires today ({})", end.expires),
        1 => format!("the certificate of {domain} expires in 1 day ({})", end.expires),
        days if days < SOON => format!("the certificate of {domain} expires in {days} days ({})", end.expires),
        _ => return None,
    };
    Some(format!(
        "{what}. ACM renews one that it issued by itself, 60 days before, while its validation record is in the zone: \
         look whether `poc plan` wants to put that back; one that was imported has to be imported anew"
    ))
}

/// `2027-01-31`.
pub(super) fn day(seconds: i64) -> String {
    moment(seconds).map(|moment| moment.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn moment(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_worth_a_word_when_its_renewal_is_late() {
        let in_days = |days: i64| ending(&certificate_end(1_000 * DAY + days * DAY, 1_000 * DAY), "api.example.com");
        assert_eq!((in_days(30), in_days(395)), (None, None));
        for (days, words) in
            [(29, "expires in 29 days"), (1, "expires in 1 day ("), (0, "expires today"), (-1, "has expired")]
        {
            let told = in_days(days).unwrap();
            assert!(told.contains(words) && told.contains("api.example.com"), "{days}: {told}");
        }
        // A day that has begun is no whole one.
        assert_eq!(certificate_end(1_001 * DAY - 1, 1_000 * DAY).days_left, 0);
        assert_eq!(day(20_000 * DAY), "2024-10-04");
    }
}
