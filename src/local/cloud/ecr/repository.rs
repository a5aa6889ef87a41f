//! Repositories made, told and deleted.

use serde_json::{Value, json};

use super::{ACCOUNT, Answer, Repository, named, no_repository, own, seconds};
use crate::local::cloud::{Call, Failure};

pub fn create(call: &mut Call<'_>, input: &Value) -> Answer {
    let (registry, name) = named(input)?;
    let (region, created) = (call.region.clone(), call.now);
    let repositories = call.state.ecr.regions.entry(region.clone()).or_default();
    if repositories.contains_key(&name) {
        let message = format!("The repository with name '{name}' already exists in the registry with id '{registry}'");
        return Err(Failure::new(400, "RepositoryAlreadyExistsException", message));
    }
    let immutable = input["imageTagMutability"] == "IMMUTABLE";
    let repository = Repository { created, immutable, ..Repository::default() };
    let told = tell(&region, &name, &repository);
    repositories.insert(name, repository);
    Ok(json!({ "repository": told }))
}

pub fn describe(call: &mut Call<'_>, input: &Value) -> Answer {
    let region = call.region.clone();
    let repositories = call.state.ecr.regions.entry(region.clone()).or_default();
    let told: Vec<Value> = match input["repositoryNames"].as_array() {
        None => repositories.iter().map(|(name, repository)| tell(&region, name, repository)).collect(),
        Some(names) => {
            let told = names.iter().filter_map(Value::as_str).map(|name| {
                let repository = repositories.get(name).ok_or_else(|| no_repository(ACCOUNT, name))?;
                Ok(tell(&region, name, repository))
            });
            told.collect::<Result<_, Failure>>()?
        }
    };
    Ok(json!({ "repositories": told }))
}

pub fn delete(call: &mut Call<'_>, input: &Value) -> Answer {
    let (registry, name) = named(input)?;
    let force = input["force"].as_bool().unwrap_or_default();
    if !own(call, input)?.images.is_empty() && !force {
        let message = format!(
            "The repository with name '{name}' in registry with id '{registry}' cannot be deleted because it still \
             contains images"
        );
        return Err(Failure::new(400, "RepositoryNotEmptyException", message));
    }
    let region = call.region.clone();
    let repositories = call.state.ecr.regions.entry(region.clone()).or_default();
    let gone = repositories.remove(&name).ok_or_else(|| no_repository(&registry, &name))?;
    Ok(json!({ "repository": tell(&region, &name, &gone) }))
}

fn tell(region: &str, name: &str, repository: &Repository) -> Value {
    json!({
        "repositoryArn": format!("arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}"),
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": format!("{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{name}"),
        "createdAt": seconds(repository.created),
        "imageTagMutability": if repository.immutable { "IMMUTABLE" } else { "MUTABLE" },
        "imageScanningConfiguration": { "scanOnPush": false },
        "encryptionConfiguration": { "encryptionType": "AES256" },
    })
}
