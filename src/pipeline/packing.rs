//! The package of a run: what is ordered of [`package`], how the work is told, and `poc package`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{Failure, Settings, opened};
use crate::aws::Error;
use crate::event::{Event, Reporter};
use crate::package::{self, Broken, Failed, Order, Watcher, Work, Zipped, parts};
use crate::spec::Spec;
use crate::spec::model::{Architecture, PackageSource};

/// What took long to make is kept beside deploy.yaml.
const CACHE: &str = ".poc/cache";

/// What the command line of `poc package` asked for.
#[derive(Clone, Debug)]
pub struct PackageWanted {
    /// Every file.
    pub list: bool,
    /// Write the zip there.
    pub output: Option<PathBuf>,
}

/// `poc package`.
#[derive(Clone, Debug, Serialize)]
pub struct Packaged {
    /// The directory, the zip or the image.
    pub source: String,
    pub stage: String,
    /// Empty for an image.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    pub architecture: &'static str,
    /// Nothing for an image, which is not packed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<PackedZip>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PackedZip {
    pub sha256: String,
    pub files: usize,
    #[serde(rename = "zipped_bytes")]
    pub zipped: u64,
    #[serde(rename = "unzipped_bytes")]
    pub unzipped: u64,
    /// What Lambda takes at most.
    #[serde(rename = "limit_bytes")]
    pub limit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<PackedDependencies>,
    /// By what is at the top, the biggest first.
    pub parts: Vec<PackedPart>,
    /// Where every file was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Vec<PackedFile>>,
    /// Where the zip was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<PathBuf>,
}

/// What was fetched.
#[derive(Clone, Debug, Serialize)]
pub struct PackedDependencies {
    /// The file that lists them.
    pub list: PathBuf,
    pub files: usize,
    #[serde(rename = "unzipped_bytes")]
    pub unzipped: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct PackedPart {
    pub name: String,
    pub files: usize,
    #[serde(rename = "unzipped_bytes")]
    pub unzipped: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct PackedFile {
    pub path: String,
    #[serde(rename = "unzipped_bytes")]
    pub unzipped: u64,
}

/// Makes the package as a deploy to AWS would, and sends nothing.
///
/// # Errors
/// What is wrong with the package, or why the zip cannot be written.
pub async fn package(
    settings: &Settings,
    wanted: &PackageWanted,
    reporter: &dyn Reporter,
) -> Result<Packaged, Failure> {
    // For Lambda, wherever the function is tried.
    let settings = &Settings { local: false, cloud: None, ..settings.clone() };
    let document = opened::open(settings)?;
    let spec = document.spec(&super::session::variables(settings, None, None)).map_err(Failure::Faults)?;
    let zipped = pack(settings, &spec, reporter).await?;
    let (source, packed) = match &spec.package.source {
        PackageSource::Image(image) => (image.uri(), false),
        PackageSource::Directory { path, .. } | PackageSource::Zip { path } => (path.display().to_string(), true),
    };
    if let (Some(output), false) = (&wanted.output, packed) {
        let message = format!("{}: there is no zip of a container image", output.display());
        return Err(Failure::Usage(message));
    }
    if let Some(output) = &wanted.output {
        write(&zipped, output).map_err(|error| {
            let message = format!("{} cannot be written: {error}", output.display());
            problem("output_unwritten", message, "choose another place with --output".to_owned())
        })?;
    }
    Ok(Packaged {
        source,
        stage: spec.stage.clone(),
        runtime: spec.function.runtime.clone(),
        architecture: match spec.function.architecture {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        },
        zip: packed.then(|| told(&zipped, wanted)),
    })
}

fn told(zipped: &Zipped, wanted: &PackageWanted) -> PackedZip {
    let part = |part: package::PartOf| PackedPart { name: part.name, files: part.files, unzipped: part.size };
    let file = |entry: &package::Entry| PackedFile { path: entry.path.clone(), unzipped: entry.size };
    PackedZip {
        sha256: zipped.sha256_hex.clone(),
        files: zipped.entries.len(),
        zipped: zipped.content.size(),
        unzipped: zipped.unzipped_size,
        limit: package::MAX_UNZIPPED,
        dependencies: zipped.fetched.as_ref().map(|fetched| PackedDependencies {
            list: fetched.list.clone(),
            files: fetched.files,
            unzipped: fetched.size,
        }),
        parts: parts(&zipped.entries).into_iter().map(part).collect(),
        list: wanted.list.then(|| zipped.entries.iter().map(file).collect()),
        output: wanted.output.clone(),
    }
}

fn write(zipped: &Zipped, output: &Path) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::io::BufWriter::new(std::fs::File::create(output)?);
    let mut piece = vec![0; 1 << 16];
    let mut offset = 0;
    loop {
        let read = zipped.content.read_at(offset, &mut piece)?;
        file.write_all(&piece[..read])?;
        offset += read as u64;
        if read < piece.len() {
            return file.flush();
        }
    }
}

/// The package of that stage, as it will be uploaded.
pub(super) async fn pack(settings: &Settings, spec: &Spec, reporter: &dyn Reporter) -> Result<Zipped, Failure> {
    let project = project(settings);
    let cache = project.join(CACHE);
    let made = package::make(&order(settings, spec, &project, &cache), &Told(reporter)).await;
    made.map_err(|failed| match failed {
        Failed::Faults(faults) => Failure::Faults(faults),
        Failed::Work(broken) => {
            let Broken { name, message, next } = *broken;
            problem(name, message, format!("{next}; nothing was sent to AWS"))
        }
    })
}

/// What is ordered for that stage.
pub(super) fn with_order<T>(settings: &Settings, spec: &Spec, ask: impl FnOnce(&Order<'_>) -> T) -> T {
    let project = project(settings);
    let cache = project.join(CACHE);
    ask(&order(settings, spec, &project, &cache))
}

/// What fetches the libraries that the package lists, or why nothing does; none where it lists none.
pub(super) async fn installer(settings: &Settings, spec: &Spec) -> Option<Result<&'static str, package::Broken>> {
    let project = project(settings);
    let cache = project.join(CACHE);
    package::installer(&order(settings, spec, &project, &cache)).await
}

fn order<'a>(settings: &Settings, spec: &'a Spec, project: &'a Path, cache: &'a Path) -> Order<'a> {
    Order {
        package: &spec.package,
        function: &spec.function,
        stage: &spec.stage,
        project,
        cache,
        afresh: settings.rebuild,
        // The embedded cloud runs functions where this program runs.
        here: settings.local || settings.cloud.is_some(),
    }
}

fn project(settings: &Settings) -> PathBuf {
    let parent = settings.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

fn problem(name: &'static str, message: String, next: String) -> Failure {
    Failure::Problem(Box::new(Error::refused(name, message, next).problem(Some("package".to_owned()))))
}

/// Passes on what the work tells.
struct Told<'r>(&'r dyn Reporter);

impl Watcher for Told<'_> {
    fn began(&self, work: &Work) {
        self.0.report(&Event::WorkStarted { work: work.what.clone() });
    }

    fn line(&self, line: &str) {
        self.0.report(&Event::WorkOutput { line: line.to_owned() });
    }

    fn ended(&self, work: &Work, elapsed: Duration) {
        self.0.report(&Event::WorkFinished { work: work.what.clone(), elapsed, kept: false });
    }

    fn kept(&self, work: &Work) {
        self.0.report(&Event::WorkFinished { work: work.what.clone(), elapsed: Duration::ZERO, kept: true });
    }

    fn failed(&self, work: &Work, output: &str) {
        self.0.report(&Event::WorkFailed { work: work.what.clone(), output: output.to_owned() });
    }

    fn note(&self, text: &str) {
        self.0.report(&Event::Note { text: text.to_owned() });
    }
}
