//! Whose credentials they are, whether AWS answers, and whether both sides agree on the time.

use jiff::Timestamp;

use super::{Finding, Settings};
use crate::aws::{Aws, Error, ErrorKind, Identity};
use crate::event::{FindingKind, ProblemKind};
use crate::spec::REGIONS;

/// AWS takes a signature for five minutes around its own time.
const REFUSED_FROM: u64 = 5 * 60;
/// Seconds that a clock may be off without a word.
const TOLD_FROM: u64 = 60;
/// Seconds that credentials should last: a certificate and an edge domain name take so long.
const SHORT: i64 = 60 * 60;

/// What time it is, here and there.
pub(super) struct Clocks {
    /// Milliseconds since 1970.
    pub here: u64,
    /// What AWS's answer was dated, to the second.
    pub there: Option<Timestamp>,
}

impl Clocks {
    /// Seconds by which this machine's clock is ahead.
    fn ahead(&self) -> Option<i64> {
        Some(i64::try_from(self.here / 1000).ok()? - self.there?.as_second())
    }

    fn refuse(&self) -> bool {
        self.ahead().is_some_and(|ahead| ahead.unsigned_abs() > REFUSED_FROM)
    }
}

/// What answered, or why nothing did.
type Asked<'a> = Result<&'a Identity, &'a Error>;

pub(super) fn credentials(settings: &Settings, aws: &Aws<'_>, identity: Asked<'_>, clocks: &Clocks) -> Finding {
    let identity = match identity {
        Ok(identity) => identity,
        Err(_) if clocks.refuse() => {
            return Finding::not_asked("credentials", "AWS takes no signature made by this machine's clock");
        }
        Err(error) if matches!(error.kind, ErrorKind::Credentials | ErrorKind::Expired) => {
            return refused(error, settings);
        }
        Err(error) => return Finding::unanswered("credentials", error),
    };
    let known = aws.credentials();
    let source = known.map(|known| format!(", from {}", known.source)).unwrap_or_default();
    let whose = format!("{} in account {}{source}{}", identity.arn, identity.account, profile(settings));
    if identity.arn.ends_with(":root") {
        return Finding::warning(
            "credentials",
            FindingKind::RootUser.name(),
            format!("{whose}: the root user, who may do everything and cannot be limited"),
            "use a role or a user of IAM for deploys: `poc policy` prints what it needs",
        );
    }
    let Some(expires) = known.and_then(|known| known.expires) else { return Finding::ok("credentials", whose) };
    let here = i64::try_from(clocks.here / 1000).unwrap_or(i64::MAX);
    let left = expires.as_second().saturating_sub(here);
    let until = expires.strftime("%Y-%m-%d %H:%M:%S UTC");
    if left < SHORT {
        return Finding::warning(
            "credentials",
            FindingKind::CredentialsExpireSoon.name(),
            format!("{whose}; they expire in {} minutes, at {until}", left.max(0) / 60),
            "get fresh ones before a long deploy; one that is cut off is gone on with by the same command",
        );
    }
    Finding::ok("credentials", format!("{whose}; they expire at {until}"))
}

pub(super) fn refused(error: &Error, settings: &Settings) -> Finding {
    let problem = error.problem(None);
    Finding::problem("credentials", problem.kind, format!("{}{}", error.message, profile(settings)), problem.next)
}

/// ` (profile work)`, where one is asked for.
fn profile(settings: &Settings) -> String {
    let named = settings.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    let named = named.filter(|_| !settings.local && settings.cloud.is_none());
    named.map(|profile| format!(" (profile {profile})")).unwrap_or_default()
}

/// A region that nobody knows is none, unless AWS answers there.
pub(super) fn region(name: Option<&str>, identity: Option<Asked<'_>>) -> Finding {
    let Some(name) = name else {
        return Finding::not_asked("region", "the profile says it, once credentials are found");
    };
    if REGIONS.contains(&name) {
        return Finding::ok("region", name);
    }
    let near = REGIONS.iter().min_by_key(|known| strsim::osa_distance(known, name));
    let near = near.filter(|known| strsim::osa_distance(known, name) <= 3);
    let remedy = match near {
        Some(near) => format!("did you mean {near}? Correct region: in deploy.yaml, AWS_REGION or --region"),
        None => "correct region: in deploy.yaml, AWS_REGION or --region".to_owned(),
    };
    match identity {
        Some(Ok(_)) => Finding::warning(
            "region",
            FindingKind::UnknownRegion.name(),
            format!("{name} is not known to this version of poc, but something answers for it"),
            remedy,
        ),
        _ => Finding::problem(
            "region",
            FindingKind::UnknownRegion.name(),
            format!("{name} is no region of AWS's"),
            remedy,
        ),
    }
}

pub(super) fn endpoint(settings: &Settings, identity: Asked<'_>, clocks: &Clocks) -> Finding {
    let place = super::place(settings);
    match identity {
        Ok(_) => Finding::ok("endpoint", format!("{place} answers")),
        Err(_) if clocks.there.is_some() => Finding::ok("endpoint", format!("{place} answers")),
        Err(error) if matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Unclear) => Finding::problem(
            "endpoint",
            ProblemKind::Unreachable.name(),
            format!("{place} does not answer: {}", error.message),
            "check the network, a proxy or firewall on the way (port 443), the region's name, and AWS_ENDPOINT_URL",
        ),
        Err(error) => Finding::ok("endpoint", format!("{place} answers: {}", error.message)),
    }
}

pub(super) fn clock(clocks: &Clocks) -> Finding {
    let Some(ahead) = clocks.ahead() else {
        return Finding::not_asked("clock", "no answer came that says what time it is there");
    };
    let off = ahead.unsigned_abs();
    let which = if ahead > 0 { "ahead of" } else { "behind" };
    let told = match off {
        0..120 => format!("{off} seconds"),
        120..7200 => format!("{} minutes", off / 60),
        _ => format!("{} hours", off / 3600),
    };
    let message = format!("this machine's clock is {told} {which} AWS's");
    let remedy = "let the machine's clock be set over the network (timedatectl set-ntp true; in a virtual machine, after it slept)";
    match off {
        0..=TOLD_FROM => Finding::ok("clock", "agrees with AWS's"),
        _ if off > REFUSED_FROM => Finding::problem(
            "clock",
            ProblemKind::ClockOff.name(),
            format!("{message}, and signatures are refused from 5 minutes on"),
            remedy,
        ),
        _ => Finding::warning("clock", FindingKind::ClockDrifts.name(), message, remedy),
    }
}
