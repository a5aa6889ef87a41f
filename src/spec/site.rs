//! The section `site`: the folder of the pages, and the bucket that everybody may read. What would put something into it
//! that is nobody's business is refused here.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::bucket;
use super::decode::{At, Reader, Table};
use super::grammar::SITE;
use super::interpolate::Filled;
use super::model::{PackageSource, Site};
use super::root::ignore_patterns;

const INDEX: &str = "index.html";

/// Seconds. Short, because the names of most people's files stay the same when their content changes.
const CACHE: i64 = 300;

/// What must stay out of the site.
pub(super) struct Package<'a> {
    pub source: Option<&'a PackageSource>,
    pub bucket: &'a str,
}

pub(super) fn read(root: &Table<'_>, reader: &Reader<'_>, app: &Filled, package: &Package<'_>) -> Option<Site> {
    let at = root.get("site")?;
    let table = at.table(&SITE)?;
    let path = table.need("path").and_then(|at| folder(&at, reader, package));
    let bucket = bucket::name("site", root, Some(&table), reader, ("poc-site", app));
    if bucket == package.bucket && !bucket.is_empty() {
        let at = table.get("bucket").unwrap_or_else(|| at.clone());
        let message = "the site's bucket is the package's: everybody could read the function's code";
        at.fault("same_bucket", message, "give the site a bucket of its own, or leave `bucket` out");
    }
    let site = Site {
        index: table.get("index").and_then(|at| index(&at)).unwrap_or_else(|| INDEX.to_string()),
        error: table.get("error").and_then(|at| error_page(&at)),
        cache: Duration::from_secs(u64::try_from(table.whole("cache").unwrap_or(CACHE)).unwrap_or_default()),
        ignore: ignore_patterns(&table),
        path: path?,
        bucket,
    };
    for (key, page) in [("index", Some(&site.index)), ("error", site.error.as_ref())] {
        if let Some(page) = page.filter(|page| !site.path.join(page).is_file()) {
            let named = table.get(key).and_then(|at| at.text()).unwrap_or_else(|| Filled::literal(page));
            let at = table.get(key).or_else(|| table.get("path")).unwrap_or_else(|| at.clone());
            let message = format!("the site's folder has no {}", named.shown());
            at.fault("missing_file", message, format!("create it, or name another page with `{key}`"));
        }
    }
    Some(site)
}

/// A folder that is there, and holds neither deploy.yaml nor the function's code.
fn folder(at: &At<'_>, reader: &Reader<'_>, package: &Package<'_>) -> Option<PathBuf> {
    let filled = at.text()?;
    let path = reader.resolve(if filled.text.is_empty() { "." } else { &filled.text });
    let shown = if filled.from_env { filled.shown() } else { path.display().to_string() };
    let Ok(whole) = path.canonicalize() else {
        at.fault("missing_file", format!("there is no `{shown}`"), "paths start from the directory deploy.yaml is in");
        return None;
    };
    if !whole.is_dir() {
        at.fault("not_a_directory", format!("{shown} is not a directory"), "name the folder that holds the pages");
        return None;
    }
    let own = if reader.directory.as_os_str().is_empty() { Path::new(".") } else { &reader.directory };
    let code = match package.source {
        Some(PackageSource::Directory { path, .. } | PackageSource::Zip { path }) => Some(path.as_path()),
        Some(PackageSource::Image(_)) | None => None,
    };
    let within = |other: &Path| other.canonicalize().is_ok_and(|other| other.starts_with(&whole));
    let help = "give the pages a folder of their own, like web";
    if within(own) {
        at.fault("site_holds_project", format!("everybody could read deploy.yaml: it is in {shown}"), help);
    } else if code.is_some_and(within) {
        at.fault("site_holds_package", format!("everybody could read the function's code: it is in {shown}"), help);
    }
    Some(path)
}

/// S3 adds it to paths, so it is a name and no path.
fn index(at: &At<'_>) -> Option<String> {
    let text = at.text()?;
    if text.text.is_empty() || text.text.contains('/') || text.text.starts_with('.') {
        let message = format!("`{}` is not the name of a page", text.shown());
        at.fault("bad_page", message, "write a file's name, like index.html");
        return None;
    }
    Some(text.text)
}

fn error_page(at: &At<'_>) -> Option<String> {
    let text = at.text()?;
    let plain =
        |part: Component<'_>| matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."));
    if text.text.is_empty() || !Path::new(&text.text).components().all(plain) || text.text.ends_with('/') {
        let message = format!("`{}` is not a page of the site", text.shown());
        at.fault("bad_page", message, "write its path from the site's folder, like error.html");
        return None;
    }
    Some(text.text)
}
