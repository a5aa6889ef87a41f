//! The Lambda function: code from the bucket, configuration, reserved concurrency, tags. What callers get is not this but
//! the version that the alias points to; here is what the next version will be.

mod configuration;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use aws_sdk_lambda::types::{self, FunctionCode, LastUpdateStatus, State};

pub(super) use configuration::Seen;
pub use configuration::{Code, Configuration};

use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone, ordered};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::wait::{self, Wait};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::object;
use crate::resources::{Image, LogGroup, Object, Owner, Role};

/// A Lambda function.
#[derive(Clone)]
pub struct Function {
    pub role: Handle<Role>,
    pub package: Handle<Object>,
    /// What is run in place of the package.
    pub image: Option<Handle<Image>>,
    /// Made before the function, because Lambda would make it otherwise.
    pub log_group: Handle<LogGroup>,
    pub name: String,
    /// Unqualified: [`Function::arn_of`].
    pub arn: String,
    /// What a version is made of; the alias compares versions with the same one.
    pub configuration: Rc<Configuration>,
    pub description: Option<String>,
    pub reserved_concurrency: Option<u32>,
    /// With the tags of the function itself.
    pub owner: Owner,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Unqualified.
    pub arn: String,
    /// The version that this run's creation or change of the code made, where there was one.
    pub published: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    configuration: Seen,
    description: Option<String>,
    reserved_concurrency: Option<i32>,
    /// Why the function cannot run, where AWS says so.
    failed: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Resource for Function {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("function", "Lambda function", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        let code = self.image.map_or(self.package.id(), |image| image.id());
        vec![self.role.id(), code, self.log_group.id()]
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let call = || aws.lambda().get_function().function_name(&self.name).send();
        let Some(answer) = found(aws.call("lambda", "GetFunction", Repeat::Safe, call).await)? else {
            return Ok(None);
        };
        let tags = ordered(answer.tags());
        self.owner.check("Lambda function", &self.name, &tags)?;
        let seen = answer.configuration().ok_or_else(|| Error::unexpected("GetFunction tells no configuration"))?;
        let failed = failure(seen.state(), seen.state_reason())
            .or_else(|| update_failure(seen.last_update_status(), seen.last_update_status_reason()));
        Ok(Some(Observed {
            configuration: Seen {
                image: answer.code().and_then(|code| code.resolved_image_uri().or(code.image_uri())).map(str::to_owned),
                ..Seen::from(seen)
            },
            description: seen.description().filter(|text| !text.is_empty()).map(str::to_owned),
            reserved_concurrency: answer.concurrency().and_then(|limit| limit.reserved_concurrent_executions()),
            failed,
            tags,
        }))
    }

    fn outputs(&self, _: &Observed) -> Outputs {
        Outputs { arn: self.arn.clone(), published: None }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        if let Some(why) = &seen.failed {
            changes.push(Change::new("state", format!("failed: {why}"), "active"));
        }
        changes.compare("description", seen.description.clone(), self.description.clone());
        self.configuration.diff(&mut changes, &seen.configuration);
        changes.compare("reserved_concurrency", seen.reserved_concurrency, self.reserved_concurrency);
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("description", None::<String>, self.description.clone());
        self.configuration.diff(&mut changes, &Seen::default());
        changes.compare("reserved_concurrency", None::<u32>, self.reserved_concurrency);
        changes.done()
    }

    /// A function is of one kind for ever. Deleting it first would leave its callers without an answer (law 6), and a
    /// function of another name can take its place without.
    fn refuses(&self, _: &Observed, changes: &[Change]) -> Option<Error> {
        let change = changes.iter().find(|change| change.path == "package_type")?;
        let (now, then, suffix) = match &change.after {
            Side::Value(kind) if kind == configuration::IMAGE => ("a zip", "a container image", "image"),
            _ => ("a container image", "a zip", "zip"),
        };
        let name = &self.name;
        Some(Error::refused(
            "package_type",
            format!("{name} runs {now}, and AWS cannot change it to run {then}"),
            format!(
                "give the new one a name of its own, `function: {{ name: {name}-{suffix} }}`: it is made beside the old \
                 one, callers move to it in one step, and then the old one is removed"
            ),
        ))
    }

    /// What makes a new version changes what the alias may point to.
    fn keeps_outputs(&self, changes: &[Change]) -> bool {
        !changes.iter().any(|change| Configuration::has(&change.path) || change.path == "state")
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let package = self.uploaded(known)?;
        let wanted = &self.configuration;
        let call = || {
            let create = aws.lambda().create_function().function_name(&self.name).role(&wanted.role);
            let create = match &package {
                Some(package) => {
                    let code = FunctionCode::builder().s3_bucket(&package.bucket).s3_key(&package.key).build();
                    create.code(code).runtime(wanted.sdk_runtime()).handler(&wanted.handler)
                }
                None => {
                    let code = FunctionCode::builder().image_uri(wanted.image_uri()).build();
                    create
                        .code(code)
                        .package_type(types::PackageType::Image)
                        .set_image_config(wanted.sdk_image_config())
                }
            };
            let create = create.memory_size(wanted.sdk_memory()).timeout(wanted.sdk_timeout());
            let create = create.architectures(wanted.sdk_architecture()).ephemeral_storage(wanted.sdk_storage());
            let create = create.set_description(self.description.clone()).environment(wanted.sdk_environment());
            let layers = (!wanted.layers.is_empty()).then(|| wanted.layers.clone());
            create.set_layers(layers).set_tags(Some(self.owner.tags.hash_map())).publish(true).send()
        };
        let made = match aws.call("lambda", "CreateFunction", Repeat::Safe, call).await {
            Ok(made) => made,
            Err(error) if error.is(ErrorKind::AlreadyExists) => return self.finish(aws, known, error).await,
            Err(error) => return Err(self.configuration.hushed(self.unpulled(error))),
        };
        let published = made.version().filter(|version| *version != LATEST).map(str::to_owned);
        let settled = async {
            if is_settled(made.state(), made.last_update_status()) {
                return Ok(());
            }
            self.settle(aws, published.as_deref()).await
        };
        let limited = async {
            match self.reserved_concurrency {
                Some(_) => self.put_concurrency(aws).await,
                None => Ok(()),
            }
        };
        let (settled, limited) = tokio::join!(settled, limited);
        settled.and(limited)?;
        Ok(Outputs { arn: self.arn.clone(), published })
    }

    /// Configuration first, code last: publishing along with the code then takes both into one version.
    async fn update(&self, aws: &Aws<'_>, known: &Known, _: &Observed, changes: &[Change]) -> Result<Outputs> {
        let has = |path: &str| changes.iter().any(|change| change.path == path);
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            self.put_tags(aws).await?;
        }
        if has("reserved_concurrency") {
            self.put_concurrency(aws).await?;
        }
        let settings = |change: &Change| Configuration::is_setting(&change.path) || change.path == "description";
        if changes.iter().any(settings) {
            self.put_settings(aws, changes).await?;
        }
        let mut published = None;
        if has("code") || has("image") || has("architecture") || has("state") {
            published = self.put_code(aws, known).await?;
        }
        Ok(Outputs { arn: self.arn.clone(), published })
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let stopped =
            changes.iter().any(|change| change.path == "reserved_concurrency" && change.after == Side::from(0));
        match action {
            Action::Update if stopped => vec!["the function answers no call any more".to_owned()],
            Action::Delete => vec!["all versions of the function go with it".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        let call = || aws.lambda().delete_function().function_name(&self.name).send();
        gone(aws.call("lambda", "DeleteFunction", Repeat::Safe, call).await)
    }
}

/// The version that is no version.
const LATEST: &str = "$LATEST";

impl Function {
    /// The unqualified ARN of a function; follows from its name.
    pub fn arn_of(partition: &str, region: &str, account: &str, name: &str) -> String {
        format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
    }

    /// Where the zip is; nothing where the function runs an image.
    fn uploaded(&self, known: &Known) -> Result<Option<object::Outputs>> {
        match self.image {
            Some(_) => Ok(None),
            None => known.require(self.package).map(Some),
        }
    }

    /// Lambda pulls the image itself: for an image of the same account it writes that into the repository's policy with
    /// the caller's permissions (`AWS_FACTS` E).
    fn unpulled(&self, error: Error) -> Error {
        if !error.message.contains("ECR") && !error.message.contains("ource image") {
            return error;
        }
        let next = "let these credentials do ecr:GetRepositoryPolicy, ecr:SetRepositoryPolicy, ecr:BatchGetImage and \
                    ecr:GetDownloadUrlForLayer on the repository; one of another account has to allow \
                    lambda.amazonaws.com the last two in its policy. Then run the same command again";
        Error { next: Some(next.to_owned()), ..error }
    }

    /// A repeated creation whose first answer was lost. Should the function be somebody else's after all, this refuses;
    /// should it differ, it is changed.
    async fn finish(&self, aws: &Aws<'_>, known: &Known, error: Error) -> Result<Outputs> {
        let seen = self.read(aws, known).await?.ok_or(error)?;
        self.settle(aws, None).await?;
        let changes = self.diff(&seen, known);
        self.update(aws, known, &seen, &changes).await
    }

    /// Only what the plan names is sent: Lambda leaves the rest as it is.
    async fn put_settings(&self, aws: &Aws<'_>, changes: &[Change]) -> Result<()> {
        let wanted = &self.configuration;
        let has = |path: &str| changes.iter().any(|change| change.path == path);
        let environment = changes.iter().any(|change| change.path.starts_with("environment."));
        let of_image = changes.iter().any(|change| Configuration::is_of_image(&change.path));
        let call = || {
            let update = aws.lambda().update_function_configuration().function_name(&self.name);
            let update = update
                .set_role(has("role").then(|| wanted.role.clone()))
                .set_runtime(has("runtime").then(|| wanted.sdk_runtime()))
                .set_handler(has("handler").then(|| wanted.handler.clone()))
                .set_memory_size(has("memory").then(|| wanted.sdk_memory()))
                .set_timeout(has("timeout").then(|| wanted.sdk_timeout()))
                .set_ephemeral_storage(has("ephemeral_storage").then(|| wanted.sdk_storage()))
                .set_image_config(of_image.then(|| wanted.sdk_image_config()).flatten())
                .set_layers(has("layers").then(|| wanted.layers.clone()))
                .set_environment(environment.then(|| wanted.sdk_environment()))
                .set_description(has("description").then(|| self.description.clone().unwrap_or_default()));
            update.send()
        };
        let answer = aws.call("lambda", "UpdateFunctionConfiguration", Repeat::Safe, call).await;
        let answer = answer.map_err(|error| wanted.hushed(error))?;
        if is_settled(answer.state(), answer.last_update_status()) {
            return Ok(());
        }
        self.settle(aws, None).await
    }

    /// The version made of it, and of the settings before.
    async fn put_code(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<String>> {
        let package = self.uploaded(known)?;
        let call = || {
            let update = aws.lambda().update_function_code().function_name(&self.name);
            let update = match &package {
                Some(package) => update.s3_bucket(&package.bucket).s3_key(&package.key),
                None => update.image_uri(self.configuration.image_uri()),
            };
            update.architectures(self.configuration.sdk_architecture()).publish(true).send()
        };
        let answer = aws.call("lambda", "UpdateFunctionCode", Repeat::Safe, call).await;
        let answer = answer.map_err(|error| self.unpulled(error))?;
        let published = answer.version().filter(|version| *version != LATEST).map(str::to_owned);
        if !is_settled(answer.state(), answer.last_update_status()) {
            self.settle(aws, published.as_deref()).await?;
        }
        Ok(published)
    }

    async fn put_concurrency(&self, aws: &Aws<'_>) -> Result<()> {
        let Some(limit) = self.reserved_concurrency else {
            let call = || aws.lambda().delete_function_concurrency().function_name(&self.name).send();
            return gone(aws.call("lambda", "DeleteFunctionConcurrency", Repeat::Safe, call).await);
        };
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let call = || {
            let put = aws.lambda().put_function_concurrency().function_name(&self.name);
            put.reserved_concurrent_executions(limit).send()
        };
        aws.call("lambda", "PutFunctionConcurrency", Repeat::Safe, call).await.map(|_| ()).map_err(|error| {
            let reserved = error.message.contains("UnreservedConcurrentExecution");
            let next = "lower or remove function.reserved_concurrency, or ask AWS to raise the account's concurrency \
                        (new accounts have little of it)";
            Error { next: reserved.then(|| next.to_owned()), ..error }
        })
    }

    async fn put_tags(&self, aws: &Aws<'_>) -> Result<()> {
        let tags = self.owner.tags.hash_map();
        let call = || aws.lambda().tag_resource().resource(&self.arn).set_tags(Some(tags.clone())).send();
        aws.call("lambda", "TagResource", Repeat::Safe, call).await.map(|_| ())
    }

    /// Waits until the function can be changed again and `published` can be called (`AWS_FACTS` B5).
    async fn settle(&self, aws: &Aws<'_>, published: Option<&str>) -> Result<()> {
        let version = async {
            match published {
                Some(version) => settled(aws, &self.name, Some(version)).await,
                None => Ok(()),
            }
        };
        let (latest, version) = tokio::join!(settled(aws, &self.name, None), version);
        latest.and(version)
    }
}

/// Waits for the function, or one version of it.
pub(super) async fn settled(aws: &Aws<'_>, function: &str, version: Option<&str>) -> Result<()> {
    let what = version.map_or_else(|| "the function to be ready".to_owned(), |version| format!("version {version}"));
    let wait = Wait {
        what: &what,
        usual: Duration::from_secs(10),
        deadline: Duration::from_secs(300),
        // Of a deploy without certificate and domain this is the longest wait but one: half of the waiters' second.
        interval: Duration::from_millis(500),
    };
    wait::until(aws, wait, || async {
        let call = || {
            let get = aws.lambda().get_function_configuration().function_name(function);
            get.set_qualifier(version.map(str::to_owned)).send()
        };
        // A function, or a version of it, may not be seen for a moment after it was made.
        let answer = found(aws.call("lambda", "GetFunctionConfiguration", Repeat::Safe, call).await)?;
        let Some(answer) = answer else { return Ok(None) };
        let failed = failure(answer.state(), answer.state_reason())
            .or_else(|| update_failure(answer.last_update_status(), answer.last_update_status_reason()));
        match failed {
            Some(why) => Err(Error::refused(
                "function_failed",
                format!("Lambda could not make {function} ready: {why}"),
                "mend what AWS names, then run the same command again",
            )),
            None => Ok(is_settled(answer.state(), answer.last_update_status()).then_some(())),
        }
    })
    .await
}

/// Neither being made nor being changed. Other clouds tell no state at all.
pub(super) fn is_settled(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    !matches!(state, Some(State::Pending)) && !matches!(update, Some(LastUpdateStatus::InProgress))
}

fn failure(state: Option<&State>, reason: Option<&str>) -> Option<String> {
    matches!(state, Some(State::Failed)).then(|| reason.unwrap_or("no reason is told").to_owned())
}

fn update_failure(update: Option<&LastUpdateStatus>, reason: Option<&str>) -> Option<String> {
    matches!(update, Some(LastUpdateStatus::Failed)).then(|| reason.unwrap_or("no reason is told").to_owned())
}

impl From<&types::FunctionConfiguration> for Seen {
    fn from(answer: &types::FunctionConfiguration) -> Seen {
        let environment = answer.environment().and_then(|environment| environment.variables());
        let config = answer.image_config_response().and_then(|response| response.image_config());
        Seen {
            package_type: answer.package_type().map(|kind| kind.as_str().to_owned()),
            image: None,
            command: config.map(|config| config.command().to_vec()).unwrap_or_default(),
            entry_point: config.map(|config| config.entry_point().to_vec()).unwrap_or_default(),
            working_directory: config.and_then(|config| config.working_directory()).map(str::to_owned),
            runtime: answer.runtime().map(|runtime| runtime.as_str().to_owned()),
            handler: answer.handler().map(str::to_owned),
            memory: answer.memory_size(),
            timeout: answer.timeout(),
            environment: ordered(environment),
            architecture: answer.architectures().first().map(|architecture| architecture.as_str().to_owned()),
            ephemeral_storage: answer.ephemeral_storage().map(|storage| storage.size()),
            layers: answer.layers().iter().filter_map(|layer| layer.arn().map(str::to_owned)).collect(),
            role: answer.role().map(str::to_owned),
            code: answer.code_sha256().map(configuration::hash),
        }
    }
}
