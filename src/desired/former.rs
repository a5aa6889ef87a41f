//! What an earlier deploy.yaml named: the record of names that the REST API carries as tags, and keys with our tags.
//! With it a renamed function or a removed domain is cleaned up without a state file (law 1).

use aws_sdk_apigateway::types::{ApiKey as Key, RestApi as Api};

use super::{Live, Page, Words};
use crate::aws::ordered;
use crate::engine::Graph;
use crate::resources::Owner;
use crate::spec::Spec;
use crate::spec::model::{self, Endpoint};

const FUNCTION: &str = "poc:function";
const ROLE: &str = "poc:role";
const BUCKET: &str = "poc:bucket";
const DOMAIN: &str = "poc:domain";

/// Names that were given before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    function: Option<String>,
    role: Option<String>,
    bucket: Option<String>,
    domain: Option<FormerDomain>,
    /// Keys of ours; those that deploy.yaml still names are taken out by [`Former::without`].
    pub(super) keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FormerDomain {
    endpoint: Endpoint,
    name: String,
    base_path: Option<String>,
}

/// The names of today, as tags for the REST API: only characters that API Gateway's tags allow (`AWS_FACTS` F).
pub(super) fn record(spec: &Spec) -> Words {
    let mut record = Words::from([
        (FUNCTION.to_owned(), spec.function.name.clone()),
        (ROLE.to_owned(), spec.role.name.clone()),
        (BUCKET.to_owned(), spec.package.bucket.clone()),
    ]);
    if let Some(domain) = &spec.domain {
        let endpoint = match domain.endpoint {
            Endpoint::Regional => "regional",
            Endpoint::Edge => "edge",
        };
        let path = domain.base_path.as_deref().unwrap_or_default();
        record.insert(DOMAIN.to_owned(), format!("{endpoint}:{}/{path}", domain.name));
    }
    record
}

/// A key that is only to be found and removed.
pub(super) fn nameless_key(name: &str) -> model::ApiKey {
    model::ApiKey { name: name.to_owned(), description: None, enabled: true, value: None }
}

impl Former {
    /// Reads the record of our API among `apis`, and our keys among `keys`, less what `spec` names.
    pub fn told_by(apis: &[Api], keys: &[Key], owner: &Owner, spec: &Spec) -> Former {
        let ours = apis.iter().map(|api| ordered(api.tags())).find(|tags| owner.tags.own(tags)).unwrap_or_default();
        let named: Vec<&str> =
            spec.usage_plan.iter().flat_map(|plan| &plan.keys).map(|key| key.name.as_str()).collect();
        let mut keys: Vec<String> = keys
            .iter()
            .filter(|key| owner.tags.own(&ordered(key.tags())))
            .filter_map(|key| key.name().map(str::to_owned))
            .filter(|name| !named.contains(&name.as_str()))
            .collect();
        keys.sort();
        keys.dedup();
        let differs = |tag: &str, now: &str| ours.get(tag).filter(|was| *was != now).cloned();
        Former {
            function: differs(FUNCTION, &spec.function.name),
            role: differs(ROLE, &spec.role.name),
            bucket: differs(BUCKET, &spec.package.bucket),
            domain: ours.get(DOMAIN).and_then(|text| FormerDomain::parse(text)),
            keys,
        }
    }

    /// Adds what must go, each after what it needed.
    pub(super) fn add_surplus(&self, page: &Page<'_>, g: &mut Graph, live: Live) {
        if let Some(name) = &self.bucket {
            page.former_bucket(g, name);
        }
        if self.function.is_some() || self.role.is_some() {
            page.former_function(g, self.function.as_deref(), self.role.as_deref());
        }
        if let Some(former) = &self.domain {
            former.add_surplus(page, g, live);
        }
    }
}

impl FormerDomain {
    fn parse(text: &str) -> Option<FormerDomain> {
        let (endpoint, rest) = text.split_once(':')?;
        let (name, path) = rest.split_once('/')?;
        let endpoint = if endpoint == "edge" { Endpoint::Edge } else { Endpoint::Regional };
        let base_path = (!path.is_empty()).then(|| path.to_owned());
        Some(FormerDomain { endpoint, name: name.to_owned(), base_path })
    }

    fn add_surplus(&self, page: &Page<'_>, g: &mut Graph, live: Live) {
        match &page.spec.domain {
            Some(domain) if domain.name == self.name && domain.base_path == self.base_path => {}
            Some(domain) if domain.name == self.name => page.former_mapping(g, &self.name, self.base_path.clone(), live),
            _ => page.former_names(g, &self.name, self.base_path.clone(), self.endpoint, live),
        }
    }
}
