//! `poc dev`: deploys into the embedded cloud, serves it, and deploys again whenever a file was edited. The file's checks
//! are not run.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};

use serde_json::Value;
use tokio::time::Instant;

use super::locked::{Aim, Converged};
use super::pictured;
use super::session::{self, Session, Sources};
use super::watch::Watch;
use super::{Failure, Settings};
use crate::aws::{EmbeddedCloud, Error, Port, Serving, reachable};
use crate::clock::Clock;
use crate::engine::plan::{Plan, Side, Step};
use crate::event::{Event, Outcome, Reporter};
use crate::spec::Fault;

/// What the command line of `poc dev` asked for.
#[derive(Clone, Debug)]
pub struct DevSettings {
    pub run: Settings,
    /// Port 0 stands for one that is free.
    pub address: SocketAddr,
    pub watch: bool,
}

/// Serves until `stop` is done. `refused` is told why an edit was not deployed.
///
/// # Errors
/// Why there is nothing to serve: the port is taken, or the first deploy failed.
pub async fn dev(
    settings: &DevSettings,
    reporter: &dyn Reporter,
    refused: &dyn Fn(&Failure),
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut stop = pin!(stop);
    // Before anything is deployed: a port that is taken should not cost anybody a deploy.
    let port = Port::bind(settings.address).map_err(|error| taken(settings.address, &error))?;
    let address = port.address().map_err(|error| taken(settings.address, &error))?;
    let cloud = session::embedded(&settings.run, Clock::system())?;
    let run = Settings { local: true, cloud: Some(cloud.clone()), ..settings.run.clone() };
    let live = tokio::select! {
        biased;
        deployed = Box::pin(deploy(&run, reporter)) => deployed?,
        () = stop.as_mut() => return Err(Failure::Interrupted),
    };
    let mut dev = Dev {
        run,
        reporter,
        refused,
        serving: serve(&cloud, port)?,
        sources: live.sources.clone(),
        behind: false,
        told: Vec::new(),
        written: None,
    };
    let page = dev.put_in_front(&live);
    dev.tell_serving(reachable(address), &live, page, settings.watch);
    if !address.ip().is_loopback() {
        dev.tell_of_others();
    }
    let watched = match settings.watch {
        true => dev.watch(stop.as_mut()).await,
        false => dev.tell_until(stop.as_mut(), std::future::pending()).await.map_or(Ok(()), Ok),
    };
    dev.end(begun, watched.as_ref().err()).await;
    watched
}

/// What a deploy made, as far as serving it goes.
struct Live {
    api: String,
    /// The path that the API answers under: its stage, or the base path where only the custom domain name is served.
    path: String,
    outcome: Outcome,
    plan: Plan,
    custom_url: Option<String>,
    /// The bucket of the pages.
    site: Option<String>,
    stage: String,
    sources: Sources,
    /// Runs nowhere on this machine.
    image: Option<String>,
    /// A line to try it with, but for the place of the address.
    call: Option<String>,
    /// What the page shows of the API.
    page: Value,
    /// The site has pages where the page of the API is.
    hides: bool,
}

/// Stands in a line to try, until the address is known.
const ADDRESS: &str = "{address}";

async fn deploy(settings: &Settings, reporter: &dyn Reporter) -> Result<Live, Failure> {
    let session = Session::open(settings, "deploy", reporter).await?;
    let Converged { read, outcome, .. } = Box::pin(session.converge(Aim::Wanted, &|_| true)).await?;
    let plan = read.decided.plan.clone();
    let mut outputs = session.outputs(&read);
    let custom_url = outputs.remove("custom_url");
    // Without one, the API does not answer under AWS's own name for it, which is what the address stands for.
    let custom = custom_url.as_deref().and_then(host_and_path);
    let (path, named) = match (outputs.remove("invoke_url"), custom) {
        (None, Some((host, path))) => (path.to_owned(), Some(host.to_owned())),
        _ => (session.target.stage.clone(), None),
    };
    let host = named.as_ref().map_or_else(String::new, |host| format!("-H 'Host: {host}' "));
    let url = format!("http://{ADDRESS}/{path}");
    let image = session.image();
    let call = session.curl(url.trim_end_matches('/')).filter(|_| image.is_none());
    Ok(Live {
        api: outputs.remove("rest_api_id").unwrap_or_default(),
        outcome,
        plan,
        sources: session.sources(settings),
        image,
        // With `-i`, the answer's headers are seen, too.
        call: call.map(|call| call.replacen("curl ", &format!("curl -i {host}"), 1)),
        custom_url,
        site: session.spec.site.as_ref().map(|site| site.bucket.clone()),
        stage: session.target.stage.clone(),
        page: pictured::page(&session, settings, &path, named.as_deref()),
        hides: session.spec.site.as_ref().is_some_and(|site| site.path.join("_poc").exists()),
        path,
    })
}

/// Of a custom domain name's URL.
fn host_and_path(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

fn serve(cloud: &EmbeddedCloud, port: Port) -> Result<Serving, Failure> {
    cloud.serve(port).map_err(|error| {
        let next = "close other programs, or raise what the system grants one";
        problem("server", format!("the operating system refuses what a server needs: {error}"), next.to_owned())
    })
}

struct Dev<'a> {
    run: Settings,
    reporter: &'a dyn Reporter,
    refused: &'a dyn Fn(&Failure),
    serving: Serving,
    sources: Sources,
    /// The last edit was not deployed.
    behind: bool,
    /// The mistakes that were told of and still stand.
    told: Vec<Fault>,
    /// What the files said when the last deploy was over, where that may have written some itself: its own writing is no
    /// edit.
    written: Option<String>,
}

impl Dev<'_> {
    fn tell_serving(&self, address: SocketAddr, live: &Live, page: bool, watching: bool) {
        let call = live.call.as_ref().map(|call| call.replace(ADDRESS, &address.to_string()));
        self.reporter.report(&Event::Serving {
            url: format!("http://{address}/{}", live.path),
            site: live.site.as_ref().map(|_| format!("http://{address}/")),
            page: page.then(|| format!("http://{address}/_poc/")),
            endpoint: format!("http://{address}"),
            call,
            custom_url: live.custom_url.clone(),
            watching,
        });
        self.tell_of_the_page(live, page);
        if let Some(image) = &live.image {
            let text = format!(
                "{image} is a container image, and images do not run on this machine: every call that reaches the \
                 function is answered with 500; keys, validation, templates and mocks work"
            );
            self.reporter.report(&Event::Note { text });
        }
    }

    fn tell_of_others(&self) {
        let text = "everybody who reaches this address can call the API, and the AWS APIs of the embedded cloud, whose \
                    credentials are no secret; /_poc/ shows no key then, and no calls";
        self.reporter.report(&Event::Note { text: text.to_owned() });
    }

    /// Whose paths are whose, where that is not as people expect.
    fn tell_of_the_page(&self, live: &Live, page: bool) {
        let text = match (page, live.hides) {
            (false, _) => {
                "the stage is called _poc, so /_poc/ is the API's, and its page and /_poc/health are not shown"
            }
            (true, true) => {
                "/_poc/ is the page of the API here, so the site's folder _poc is shown under its bucket's name alone"
            }
            (true, false) => return,
        };
        self.reporter.report(&Event::Note { text: text.to_owned() });
    }

    /// Deploys what is edited.
    async fn watch(&mut self, mut stop: Pin<&mut impl Future<Output = ()>>) -> Result<(), Failure> {
        let mut watch = Watch::new().map_err(unwatched)?;
        watch.follow(&self.run.file, &self.sources).map_err(unwatched)?;
        // What was edited between the deploy and now.
        watch.look_again();
        self.written = self.sources.builds.then(|| self.sources.picture(&self.run.file));
        while self.tell_until(stop.as_mut(), watch.edited()).await.is_some() {
            if self.written.as_ref().is_some_and(|written| *written == self.sources.picture(&self.run.file)) {
                continue;
            }
            // Before the files are read, so that whatever is new among them is watched from then on.
            let followed = watch.follow(&self.run.file, &self.sources);
            let (run, begun) = (self.run.clone(), Instant::now());
            let quiet = Quiet(self.reporter);
            let Some(deployed) = self.tell_until(stop.as_mut(), Box::pin(deploy(&run, &quiet))).await else { break };
            let told = match &deployed {
                Ok(live) => Some(live.sources.clone()),
                // Which files a file that is wrong means, it does not tell: every edit counts.
                Err(_) => Sources::now(&run),
            };
            let builds = told.as_ref().is_some_and(|sources| sources.builds);
            if let Some(sources) = told {
                self.sources = sources;
            }
            // Before anything is told of it: whoever hears may edit at once.
            self.written = builds.then(|| self.sources.picture(&self.run.file));
            match deployed {
                Ok(live) => self.redeployed(&live, begun),
                Err(failure) => self.tell_refused(&failure, begun),
            }
            if let Err(error) = followed.and_then(|()| watch.follow(&self.run.file, &self.sources)) {
                self.reporter.report(&Event::Note { text: format!("some directories cannot be watched: {error}") });
            }
        }
        Ok(())
    }

    /// What answers where a request's host name does not say who is meant; whether there is room for the API's page.
    fn put_in_front(&self, live: &Live) -> bool {
        self.serving.set_default_api(&live.api);
        let path = format!("/{}", live.stage);
        self.serving.set_site(live.site.as_deref(), &path);
        self.serving.set_page(live.page.clone(), &live.stage, &path)
    }

    /// Says why an edit was not deployed; of mistakes only those that are not known yet.
    fn tell_refused(&mut self, failure: &Failure, begun: Instant) {
        self.behind = true;
        let faults = match failure {
            Failure::Faults(faults) => faults.clone(),
            _ => Vec::new(),
        };
        if !faults.is_empty() && faults == self.told {
            return;
        }
        self.told = faults;
        (self.refused)(failure);
        self.reporter.report(&Event::Kept { elapsed: begun.elapsed() });
    }

    fn redeployed(&mut self, live: &Live, begun: Instant) {
        self.put_in_front(live);
        self.told.clear();
        let (elapsed, behind) = (begun.elapsed(), std::mem::take(&mut self.behind));
        if live.outcome == Outcome::Changed {
            self.reporter.report(&Event::Redeployed { elapsed, changes: changes(&live.plan) });
        } else if behind {
            self.reporter.report(&Event::Restored { elapsed });
        }
    }

    /// Tells of requests until the work is done; nothing if it is to stop.
    async fn tell_until<T>(
        &mut self,
        mut stop: Pin<&mut impl Future<Output = ()>>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                () = stop.as_mut() => return None,
                done = work.as_mut() => return Some(done),
                request = self.serving.request() => self.reporter.report(&Event::Request(request)),
            }
        }
    }

    async fn end(&mut self, begun: Instant, why: Option<&Failure>) {
        let reporter = self.reporter;
        let problem = match why {
            Some(Failure::Problem(problem)) => Some((**problem).clone()),
            _ => None,
        };
        self.serving.stop(|request| reporter.report(&Event::Request(request))).await;
        reporter.report(&Event::Stopped { requests: self.serving.answered(), elapsed: begun.elapsed(), problem });
    }
}

/// Passes on what is worth a line of a server's log.
struct Quiet<'a>(&'a dyn Reporter);

impl Reporter for Quiet<'_> {
    fn report(&self, event: &Event) {
        let of_work = matches!(
            event,
            Event::WorkStarted { .. }
                | Event::WorkOutput { .. }
                | Event::WorkFinished { .. }
                | Event::WorkFailed { .. }
        );
        if of_work || matches!(event, Event::Call { .. } | Event::Note { .. } | Event::StepRetrying { .. }) {
            self.0.report(event);
        }
    }
}

/// What was edited, told from the plan: without what only follows from it.
fn changes(plan: &Plan) -> Vec<String> {
    let follows = |step: &&Step| {
        let made_up = |side: &Side| matches!(side, Side::KnownAfter(_));
        matches!(step.step.as_str(), "package" | "deployment" | "alias")
            || (!step.changes.is_empty() && step.changes.iter().all(|change| made_up(&change.after)))
    };
    let own: Vec<&Step> = plan.steps.iter().filter(|step| !follows(step)).collect();
    if own.is_empty() {
        return plan.steps.iter().map(|step| format!("{} {}", step.kind, step.name)).collect();
    }
    own.into_iter().flat_map(words).collect()
}

/// `GET /admit integration.templates.application/json`, `Lambda function code`, `API key ServerlessPOC-2 created`.
fn words(step: &Step) -> Vec<String> {
    use crate::event::Action;
    match step.action {
        Action::Update | Action::Replace if !step.changes.is_empty() => {
            let whose = |path: &str| match path.split_once(" · ") {
                Some((part, property)) => format!("{part} {property}"),
                None => format!("{} {path}", step.kind),
            };
            step.changes.iter().map(|change| whose(&change.path)).collect()
        }
        Action::Update | Action::Replace => vec![format!("{} {}", step.kind, step.name)],
        Action::Create => vec![format!("new {} {}", step.kind, step.name)],
        Action::Delete | Action::Prune => vec![format!("no more {} {}", step.kind, step.name)],
    }
}

fn taken(address: SocketAddr, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let (ip, port) = (address.ip(), address.port());
    match error.kind() {
        ErrorKind::AddrInUse => problem(
            "port_in_use",
            format!("port {port} of {ip} is in use"),
            format!("stop what uses it, or choose another: `poc dev --port {}` (0 takes a free one)", port ^ 1),
        ),
        ErrorKind::PermissionDenied => problem(
            "port_refused",
            format!("the operating system keeps port {port} to itself"),
            "choose one above 1023, or --port 0 for a free one".to_owned(),
        ),
        ErrorKind::AddrNotAvailable => problem(
            "no_such_address",
            format!("{ip} is no address of this machine"),
            "leave out --host, or give 0.0.0.0 for every address of this machine".to_owned(),
        ),
        _ => problem(
            "port_refused",
            format!("port {port} of {ip} cannot be opened: {error}"),
            "choose another with --port and --host".to_owned(),
        ),
    }
}

fn unwatched(mut error: notify::Error) -> Failure {
    // They are all of them, in the words of a debugger.
    error.paths.clear();
    let next = "raise fs.inotify.max_user_watches, or do without: `poc dev --no-watch`";
    problem("watch", format!("the files cannot be watched: {error}"), next.to_owned())
}

fn problem(name: &'static str, message: String, next: String) -> Failure {
    Failure::Problem(Box::new(Error::refused(name, message, next).problem(None)))
}
