//! Lambda's runtimes and when each can no longer be created (AWS_FACTS D). A table, because it changes every few
//! months: a new runtime is a new line, and a date that passes is told by moving [`AS_OF`] on.

/// Dates up to this one have passed. Moved forward with each release, because reading a file must not depend on the day.
pub(super) const AS_OF: &str = "2026-11-22";

struct Runtime {
    id: &'static str,
    /// From this day AWS refuses to create functions with it; `None` where no day is known.
    create_blocked: Option<&'static str>,
    /// Whether a handler is `module.function` in a file of the package.
    module_handler: Option<&'static [&'static str]>,
}

const PYTHON: Option<&[&str]> = Some(&["py", "pyc", "so"]);
const NODE: Option<&[&str]> = Some(&["js", "mjs", "cjs"]);
const RUBY: Option<&[&str]> = Some(&["rb"]);

const fn runtime(
    id: &'static str,
    create_blocked: Option<&'static str>,
    module_handler: Option<&'static [&'static str]>,
) -> Runtime {
    Runtime { id, create_blocked, module_handler }
}

/// Newest first within a language: what is suggested is the first that is not blocked.
static RUNTIMES: &[Runtime] = &[
    runtime("python3.14", Some("2029-07-31"), PYTHON),
    runtime("python3.13", Some("2029-07-31"), PYTHON),
    runtime("python3.12", Some("2028-11-30"), PYTHON),
    runtime("python3.11", None, PYTHON),
    runtime("python3.10", None, PYTHON),
    runtime("python3.9", Some("2026-01-15"), PYTHON),
    runtime("python3.8", Some("2024-11-01"), PYTHON),
    runtime("python3.7", Some("2024-01-09"), PYTHON),
    runtime("python3.6", Some("2022-07-18"), PYTHON),
    runtime("python2.7", Some("2021-07-15"), PYTHON),
    runtime("nodejs24.x", Some("2028-06-01"), NODE),
    runtime("nodejs22.x", Some("2027-06-01"), NODE),
    runtime("nodejs20.x", Some("2026-06-01"), NODE),
    runtime("nodejs18.x", Some("2025-10-01"), NODE),
    runtime("nodejs16.x", Some("2024-07-15"), NODE),
    runtime("nodejs14.x", Some("2024-01-09"), NODE),
    runtime("nodejs12.x", Some("2023-03-31"), NODE),
    runtime("nodejs10.x", Some("2021-07-30"), NODE),
    runtime("java25", Some("2029-07-31"), None),
    runtime("java21", None, None),
    runtime("java17", None, None),
    runtime("java11", None, None),
    runtime("java8.al2", None, None),
    runtime("java8", Some("2024-02-08"), None),
    runtime("dotnet10", Some("2028-12-14"), None),
    runtime("dotnet8", None, None),
    runtime("dotnet6", Some("2025-01-20"), None),
    runtime("dotnetcore3.1", Some("2023-04-03"), None),
    runtime("ruby3.4", Some("2028-04-30"), RUBY),
    runtime("ruby3.3", Some("2027-04-30"), RUBY),
    runtime("ruby3.2", None, RUBY),
    runtime("ruby2.7", Some("2024-01-09"), RUBY),
    runtime("provided.al2023", Some("2029-07-31"), None),
    runtime("provided.al2", None, None),
    runtime("provided", Some("2024-02-08"), None),
    runtime("go1.x", Some("2024-02-08"), None),
];

/// How AWS would take a runtime, and the file endings a `module.function` handler of it may have; `None` where handlers
/// look otherwise.
pub(super) enum Verdict {
    Accepted(Option<&'static [&'static str]>),
    Blocked { since: &'static str, instead: &'static str, module_handler: Option<&'static [&'static str]> },
    Unknown,
}

pub(super) fn judge(id: &str) -> Verdict {
    // ISO dates compare as text.
    let blocked = |runtime: &Runtime| runtime.create_blocked.filter(|day| *day <= AS_OF);
    let Some(runtime) = RUNTIMES.iter().find(|runtime| runtime.id == id) else {
        return Verdict::Unknown;
    };
    match blocked(runtime) {
        None => Verdict::Accepted(runtime.module_handler),
        Some(since) => {
            let instead = RUNTIMES
                .iter()
                .find(|other| language(other.id) == language(id) && blocked(other).is_none())
                .map_or("provided.al2023", |other| other.id);
            Verdict::Blocked { since, instead, module_handler: runtime.module_handler }
        }
    }
}

/// When AWS's support of a runtime ends (AWS_FACTS D): from then on it gets no security fixes, and a month later no function
/// is created with it, two months later none changed. Amazon Linux 2 takes what is built on it along.
const ENDS: [(&str, &str); 12] = [
    ("python3.14", "2029-06-30"),
    ("python3.13", "2029-06-30"),
    ("python3.11", "2026-06-30"),
    ("python3.10", "2026-06-30"),
    ("python3.9", "2025-12-15"),
    ("nodejs24.x", "2028-04-30"),
    ("nodejs22.x", "2027-04-30"),
    ("nodejs20.x", "2026-04-30"),
    ("java17", "2026-06-30"),
    ("java11", "2026-06-30"),
    ("java8.al2", "2026-06-30"),
    ("provided.al2", "2026-06-30"),
];

/// The day a runtime's support ends, and what to move to.
pub(super) struct End {
    pub day: &'static str,
    pub instead: &'static str,
}

/// The known day, else the one from which no function is created with it; `None` where neither is known.
pub(super) fn end(id: &str) -> Option<End> {
    let ends = |id: &str| {
        let told = ENDS.iter().find(|(known, _)| *known == id).map(|(_, day)| *day);
        told.or_else(|| RUNTIMES.iter().find(|runtime| runtime.id == id)?.create_blocked)
    };
    let day = ends(id)?;
    // What lasts longest, the newest of those; where no day is known it is no advice.
    let same = RUNTIMES.iter().rev().filter(|runtime| language(runtime.id) == language(id));
    let instead = same.max_by_key(|runtime| ends(runtime.id)).filter(|best| ends(best.id) > Some(day));
    Some(End { day, instead: instead.map_or("provided.al2023", |best| best.id) })
}

/// `python` of `python3.13`; .NET Core became .NET.
fn language(id: &str) -> &str {
    let name = id.split(|c: char| c.is_ascii_digit() || c == '.').next().unwrap_or(id);
    name.strip_suffix("core").unwrap_or(name)
}

/// Every runtime that can be created.
pub(super) fn accepted() -> impl Iterator<Item = &'static str> + Clone {
    RUNTIMES.iter().filter(|r| r.create_blocked.is_none_or(|day| day > AS_OF)).map(|r| r.id)
}
