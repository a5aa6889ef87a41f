//! What the REST API routes: resources, methods, models, validators, gateway responses of the draft. One resource and
//! one writer, because API Gateway takes one change of an API at a time (`AWS_FACTS` A).

mod edits;
mod import;
mod model;
mod openapi;
mod openapi_schema;
mod read;
mod write;

use std::collections::BTreeMap;

pub use edits::Edits;
pub use model::{
    Definition, GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse, Methods, Model, Validator,
};
pub use openapi::{AllWords, Form, Server, VERSION, Words, document};
use sha2::{Digest, Sha256};

use super::rest_api::{RestApi, Settings};
use crate::aws::{Aws, Result};
use crate::engine::plan::Change;
use crate::engine::{Handle, Identity, Known, NodeId, Resource};

/// The draft of a REST API.
#[derive(Clone, Debug)]
pub struct Draft {
    pub api: Handle<RestApi>,
    /// The API that the handle leads to: importing a definition touches its settings.
    pub whole: RestApi,
    pub want: Definition,
}

/// The draft as it stands, with the identifiers that changing it takes.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    definition: Definition,
    /// Path to resource id.
    resource_ids: BTreeMap<String, String>,
    /// Name to validator id.
    validator_ids: BTreeMap<String, String>,
}

impl Resource for Draft {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("definition", "API definition", &self.whole.settings.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        match known.get(self.api) {
            Some(api) => read::draft(aws, &api.id).await,
            None => Ok(None),
        }
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        Edits::changes(&seen.definition, &self.want)
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Edits::changes(&Definition::default(), &self.want)
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let api = known.require(self.api)?;
        let seen = match &api.root {
            Some(root) => Observed { resource_ids: [("/".to_owned(), root.clone())].into(), ..Observed::default() },
            None => read::draft(aws, &api.id).await?.unwrap_or_default(),
        };
        self.write(aws, &api.id, seen).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        self.write(aws, &known.require(self.api)?.id, seen.clone()).await
    }

    fn goes_with(&self) -> Option<NodeId> {
        Some(self.api.id())
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        Ok(())
    }
}

/// Names the picture that a deployment of this definition under these settings takes: equal text, equal answers.
pub fn fingerprint(definition: &Definition, settings: &Settings) -> String {
    let whole = serde_json::json!({ "definition": definition, "settings": settings.deployed() });
    let digest = Sha256::digest(whole.to_string());
    digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}
