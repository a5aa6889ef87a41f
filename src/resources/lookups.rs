//! Lists that several resources look into, fetched once a run. API Gateway finds nothing by name, so its lists are read
//! whole.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use aws_sdk_apigateway::types::{ApiKey, RestApi, UsagePlan};
use tokio::sync::OnceCell;

use super::zone::{Zone, public_zones};
use crate::aws::{Aws, Repeat, Result, ordered};

/// The largest page API Gateway gives.
const PAGE: i32 = 500;

/// What has been fetched so far. A new run starts with a new one.
#[derive(Debug, Default)]
pub struct Lookups {
    rest_apis: OnceCell<Vec<RestApi>>,
    usage_plans: OnceCell<Vec<UsagePlan>>,
    api_keys: OnceCell<Vec<ApiKey>>,
    /// By name.
    zones: RefCell<HashMap<String, Rc<OnceCell<Vec<Zone>>>>>,
}

impl Lookups {
    /// Every REST API of the account and region, tags included.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn rest_apis(&self, aws: &Aws<'_>) -> Result<&[RestApi]> {
        let fetch = || async {
            let (mut all, mut position) = (Vec::new(), None);
            loop {
                let call = || aws.apigateway().get_rest_apis().limit(PAGE).set_position(position.clone()).send();
                let page = aws.call("apigateway", "GetRestApis", Repeat::Safe, call).await?;
                position = page.position;
                all.extend(page.items.unwrap_or_default());
                if position.is_none() {
                    return Ok(all);
                }
            }
        };
        self.rest_apis.get_or_try_init(fetch).await.map(Vec::as_slice)
    }

    /// Every usage plan; this list carries no tags (`AWS_FACTS` F).
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn usage_plans(&self, aws: &Aws<'_>) -> Result<&[UsagePlan]> {
        let fetch = || async {
            let (mut all, mut position) = (Vec::new(), None);
            loop {
                let call = || aws.apigateway().get_usage_plans().limit(PAGE).set_position(position.clone()).send();
                let page = aws.call("apigateway", "GetUsagePlans", Repeat::Safe, call).await?;
                position = page.position;
                all.extend(page.items.unwrap_or_default());
                if position.is_none() {
                    return Ok(all);
                }
            }
        };
        self.usage_plans.get_or_try_init(fetch).await.map(Vec::as_slice)
    }

    /// Every API key, tags included, values not.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn api_keys(&self, aws: &Aws<'_>) -> Result<&[ApiKey]> {
        let fetch = || async {
            let (mut all, mut position) = (Vec::new(), None);
            loop {
                let call = || aws.apigateway().get_api_keys().limit(PAGE).set_position(position.clone()).send();
                let page = aws.call("apigateway", "GetApiKeys", Repeat::Safe, call).await?;
                position = page.position;
                all.extend(page.items.unwrap_or_default());
                if position.is_none() {
                    return Ok(all);
                }
            }
        };
        self.api_keys.get_or_try_init(fetch).await.map(Vec::as_slice)
    }

    /// The public hosted zones called `name`.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn zones(&self, aws: &Aws<'_>, name: &str) -> Result<Vec<Zone>> {
        let cell = self.zones.borrow_mut().entry(name.to_owned()).or_default().clone();
        cell.get_or_try_init(|| public_zones(aws, name)).await.cloned()
    }

    /// Tags of the REST API with that id, where it exists.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub async fn rest_api_tags(&self, aws: &Aws<'_>, id: &str) -> Result<Option<BTreeMap<String, String>>> {
        let apis = self.rest_apis(aws).await?;
        Ok(apis.iter().find(|api| api.id() == Some(id)).map(|api| ordered(api.tags())))
    }
}
