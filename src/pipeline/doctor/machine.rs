//! What this machine needs: what runs the function here, and what fetches its libraries.

use super::{Finding, Settings};
use crate::aws;
use crate::event::FindingKind;
use crate::package;
use crate::pipeline::packing;
use crate::spec::Spec;
use crate::spec::model::PackageSource;

pub(super) async fn checks(settings: &Settings, spec: &Spec) -> Vec<Finding> {
    let (runtime, installer) = tokio::join!(runtime(settings, spec), installer(settings, spec));
    [Some(runtime), installer].into_iter().flatten().collect()
}

/// Without it `poc dev` and calls with --local answer nothing; AWS has its own.
async fn runtime(settings: &Settings, spec: &Spec) -> Finding {
    let name = &spec.function.runtime;
    if let PackageSource::Image(_) = &spec.package.source {
        return Finding::ok("runtime", "a container image, which AWS runs and this machine does not");
    }
    let here = settings.local || settings.cloud.is_some();
    match aws::interpreter(name).await {
        None => Finding::ok("runtime", format!("{name} brings its own")),
        Some(Ok(found)) => Finding::ok("runtime", format!("{name} runs here, by {found}")),
        Some(Err(missing)) => {
            let message = format!("the function does not run on this machine: it takes {missing}");
            let remedy = format!("install {missing} and put it on the PATH; AWS does not need it");
            match here {
                true => Finding::problem("runtime", FindingKind::NoInterpreter.name(), message, remedy),
                false => Finding::warning("runtime", FindingKind::NoInterpreter.name(), message, remedy),
            }
        }
    }
}

/// Where the package lists libraries.
async fn installer(settings: &Settings, spec: &Spec) -> Option<Finding> {
    Some(match packing::installer(settings, spec).await? {
        Ok(tool) => Finding::ok("installer", format!("{tool} fetches the function's libraries")),
        Err(package::Broken { name, message, next, .. }) => Finding::problem("installer", name, message, next),
    })
}
