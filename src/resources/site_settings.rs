//! What tells the pages where their API is: `poc.json` beside them, with the URL filled in. The URL is AWS's to make up,
//! and a custom domain's is no use before it works, so this comes after the pages. The key of the API is never in it.

use serde_json::{Value, json};

use super::object;
use crate::aws::{Aws, Error, Result};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::package::site::SETTINGS;
use crate::resources::bucket::Place;
use crate::resources::{Owner, RestApi, SiteBucket};

/// Stands for the API's id in a URL.
pub const API: &str = "{api}";

/// Larger objects are none of ours.
const LARGEST: usize = 65_536;

/// The object `poc.json`.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    pub bucket: Handle<SiteBucket>,
    pub place: Place,
    pub owner: Owner,
    pub app: String,
    pub stage: String,
    pub api: Handle<RestApi>,
    /// With [`API`] where the id belongs; a custom URL has none.
    pub url: String,
    /// Do callers need a key?
    pub needs_key: bool,
    /// What must work before pages are sent there (law 6).
    pub after: Vec<NodeId>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    settings: Value,
}

impl Resource for SiteSettings {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("site_settings", "site settings", SETTINGS)
    }

    fn needs(&self) -> Vec<NodeId> {
        [self.bucket.id(), self.api.id()].into_iter().chain(self.after.iter().copied()).collect()
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.bucket.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        if known.get(self.bucket).is_none() {
            return Ok(None);
        }
        let Some(text) = self.place.small(aws, SETTINGS, LARGEST).await? else { return Ok(None) };
        let settings: Value = serde_json::from_slice(&text).unwrap_or_default();
        let ours = settings["app"] == self.app.as_str() && settings["stage"] == self.stage.as_str();
        if !ours && !self.owner.adopt {
            return Err(Error::in_the_way(
                "not_ours",
                format!("s3://{}/{SETTINGS} is there already, and poc did not put it there", self.place.name),
                "rename it, or write over it with --adopt if it is yours to change",
            ));
        }
        Ok(Some(Observed { settings }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("api", seen.settings["api"].clone(), self.wanted_url(known));
        changes.compare("needs_key", seen.settings["needs_key"].clone(), self.needs_key);
        let alike = |name: &str, value: &str| seen.settings[name] == value;
        if !alike("app", &self.app) || !alike("stage", &self.stage) {
            changes.push(Change::set("app", self.app.clone()));
        }
        changes.done()
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        vec![Change::set("api", self.wanted_url(known)), Change::set("needs_key", self.needs_key)]
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let moved = changes.iter().any(|change| change.path == "api");
        match action {
            Action::Update if moved => vec!["the pages call the API by its new URL".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let url = self.url.replace(API, &known.require(self.api)?.id);
        let (app, stage) = (&self.app, &self.stage);
        let settings = json!({ "app": app, "stage": stage, "api": url, "needs_key": self.needs_key }).to_string();
        self.place.put_json(aws, SETTINGS, "no-cache", &settings).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, _: &Observed, _: &[Change]) -> Result<()> {
        self.create(aws, known).await
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        object::clear(aws, &self.place.name, &self.place.account, SETTINGS, |key| key == SETTINGS).await
    }
}

impl SiteSettings {
    fn wanted_url(&self, known: &Known) -> Side {
        match known.get(self.api) {
            _ if !self.url.contains(API) => self.url.clone().into(),
            Some(api) => self.url.replace(API, &api.id).into(),
            None => Side::KnownAfter(known.step_of(self.api)),
        }
    }
}
