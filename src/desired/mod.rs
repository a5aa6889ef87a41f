//! The whole pipeline on one page: every resource that a deploy.yaml stands for, in order, with what each needs. Pure.

mod cors;
mod definition;
mod former;
mod openapi;
mod outputs;
mod scope;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use former::Former;
pub use openapi::openapi;
pub use outputs::{Manner, base_url, curl, custom_url, outputs, site_url};
pub use scope::{execution_log, scope};

use crate::aws::{Tags, US_EAST_1};
use crate::engine::{Graph, Handle, Known, NodeId};
use crate::package::Zipped;
use crate::package::site::Pages;
use crate::resources::bucket::Place;
use crate::resources::definition::fingerprint;
use crate::resources::domain_name::CertificateHandle;
use crate::resources::function::Configuration;
use crate::resources::lock::Founded;
use crate::resources::permission::Allowed;
use crate::resources::rest_api::Settings;
use crate::resources::usage_plan::method_key;
use crate::resources::{
    Alias, AliasRecord, ApiKey, BasePathMapping, Bucket, Certificate, Deployment, DomainName, DomainReady, Draft,
    Function, GivenCertificate, HostedZone, Image, IssuedCertificate, Lock, LogGroup, LoggingRole, Lookups, Object,
    Owner, Permission, RestApi, Role, Site, SiteBucket, SiteSettings, Stage, UsagePlan, UsagePlanKey, ValidationRecord,
};
use crate::resources::{site_bucket, site_settings};
use crate::spec::Spec;
use crate::spec::model::{self, Endpoint, IntegrationKind, PackageSource};

/// Whose AWS it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    pub region: String,
}

/// What the command line decides.
#[derive(Clone, Copy, Debug)]
pub struct Choices<'a> {
    /// Who gave it, for those who look later: `alice@laptop`, or a CI run's page.
    pub by: &'a str,
    /// Take over namesakes.
    pub adopt: bool,
    /// Wait for slow states.
    pub wait: bool,
}

/// What lies on this machine and is to be sent.
#[derive(Clone, Default)]
pub struct Uploads {
    pub package: Rc<Zipped>,
    pub pages: Rc<Pages>,
}

/// The graph, and the way to those of its resources whose outputs a person wants to see.
pub struct Desired {
    pub graph: Graph,
    pub handles: Handles,
    /// Told once the artifact bucket is made.
    pub founded: Rc<Founded>,
}

pub struct Handles {
    pub bucket: Handle<Bucket>,
    pub api: Handle<RestApi>,
    pub alias: Handle<Alias>,
    /// Where the function runs one.
    pub image: Option<Handle<Image>>,
    pub deployment: Handle<Deployment>,
    pub site: Option<Handle<Site>>,
    /// Of the domain: one of ours, or one that the file gives.
    pub certificate: Option<Handle<Certificate>>,
    pub given_certificate: Option<Handle<GivenCertificate>>,
}

/// Everything that deploy.yaml asks for, and what an earlier one left.
pub fn desired(
    spec: &Spec,
    account: &Account,
    choices: Choices<'_>,
    uploads: Uploads,
    lookups: &Rc<Lookups>,
    former: &Former,
) -> Desired {
    let Uploads { package, pages } = uploads;
    let page = Page { spec, account, choices, lookups, owner: owner(spec, choices) };
    let mut graph = Graph::new();
    let g = &mut graph;

    // The code.
    let founded = Rc::default();
    let bucket = g.add(page.bucket(&spec.package.bucket, &founded));
    let object = page.object(&spec.package.bucket, bucket, package.clone());
    let (object, image) = match &spec.package.source {
        // The bucket stays, for the lock; packages of an earlier deploy.yaml go.
        PackageSource::Image(image) => {
            let image = Image { image: image.clone(), digest: Rc::default() };
            (g.add_unwanted(object), Some(image))
        }
        PackageSource::Directory { .. } | PackageSource::Zip { .. } => (g.add(object), None),
    };
    let log_group = g.add(page.log_group(&spec.function.name));
    let wanted_role = page.role(&spec.function.name, spec.role.clone());
    let role_arn = wanted_role.arn();
    let role = g.add(wanted_role);
    let configuration = Rc::new(match &image {
        Some(image) => Configuration::of_image(&spec.function, role_arn, image),
        None => Configuration::new(&spec.function, role_arn, &package),
    });
    let image = image.map(|image| g.add(image));
    let function = g.add(Function {
        role,
        package: object,
        image,
        log_group,
        name: spec.function.name.clone(),
        arn: page.function_arn(&spec.function.name),
        configuration: configuration.clone(),
        description: spec.function.description.clone(),
        reserved_concurrency: spec.function.reserved_concurrency,
        owner: page.function_owner(),
    });
    let settings = Settings::of(&spec.api);
    let mut definition = definition::definition(&spec.api, &alias_uri(spec, account));
    cors::add(&spec.api, &mut definition);
    let picture = fingerprint(&definition, &settings);
    let alias = g.add(Alias {
        function,
        function_name: spec.function.name.clone(),
        function_arn: page.function_arn(&spec.function.name),
        name: spec.stage.clone(),
        configuration,
        picture: picture.clone(),
    });

    // The API, in its draft.
    let whole = RestApi {
        settings,
        record: former::record(spec),
        region: account.region.clone(),
        partition: account.partition.clone(),
        owner: page.owner.clone(),
        lookups: lookups.clone(),
    };
    let api = g.add(whole.clone());
    let draft = g.add(Draft { api, whole, want: definition });

    // Live. Permission before deployment, alias before stage: no caller sees a gap (law 6).
    let permission = page.permission(api, alias.id(), function.id());
    // Where everything is answered by API Gateway itself, nothing needs to be allowed.
    let permission = if permission.allowed.methods.is_empty() { g.add_unwanted(permission) } else { g.add(permission) };
    let deployment = g.add(Deployment {
        api,
        alias,
        stage: spec.stage.clone(),
        fingerprint: picture,
        by: choices.by.to_owned(),
        after: vec![draft.id(), permission.id()],
    });
    let logging_role = scope::logs(spec).then(|| g.add(LoggingRole).id());
    let stage = g.add(Stage {
        name: spec.stage.clone(),
        api,
        alias,
        deployment,
        logging_role,
        settings: spec.stage_settings.clone(),
        region: account.region.clone(),
        partition: account.partition.clone(),
        owner: page.owner.clone(),
    });

    // Who may call, and how often.
    page.keys(g, api, stage.id(), former);

    // Under which name.
    let live = Live { api, stage: stage.id() };
    let names = spec.domain.as_ref().map(|domain| page.names(g, domain, live));
    let domain = names.as_ref().map(|names| names.domain);

    // The pages that use it: after what they call, and sent to a name only once that works.
    let named = names.iter().flat_map(|names| names.working).collect();
    let site = spec.site.as_ref().map(|site| page.site(g, site, pages, (live, named)));

    // What an earlier deploy.yaml named and this one does not.
    former.add_surplus(&page, g, live, Parts { role, object, domain });

    let (certificate, given_certificate) = names.map_or((None, None), |names| (names.certificate, names.given));
    let handles = Handles { bucket, api, alias, image, deployment, site, certificate, given_certificate };
    Desired { graph, handles, founded }
}

/// What a mapping leads to.
#[derive(Clone, Copy)]
struct Live {
    api: Handle<RestApi>,
    stage: NodeId,
}

/// A host name, and what it takes until it answers.
struct Names {
    domain: Handle<DomainName>,
    certificate: Option<Handle<Certificate>>,
    given: Option<Handle<GivenCertificate>>,
    working: [NodeId; 3],
}

/// What is wanted and what a former resource may hang on to as well.
#[derive(Clone, Copy)]
struct Parts {
    role: Handle<Role>,
    object: Handle<Object>,
    domain: Option<Handle<DomainName>>,
}

fn prefix(spec: &Spec) -> String {
    format!("{}/{}/", spec.app, spec.stage)
}

/// The lock that keeps runs on this stage apart.
pub fn lock(spec: &Spec, account: &Account) -> Lock {
    Lock::under(&spec.package.bucket, &account.id, &prefix(spec))
}

/// What API Gateway may call for the stage: the alias, through these methods.
pub fn allowed(spec: &Spec, account: &Account, methods: Vec<(String, String)>) -> Allowed {
    let Account { id, partition, region } = account.clone();
    let (function, stage) = (spec.function.name.clone(), spec.stage.clone());
    Allowed { function, alias_name: stage.clone(), stage, methods, region, account: id, partition }
}

/// Path and verb of what API Gateway answers by itself.
pub fn mocks(spec: &Spec, account: &Account) -> Vec<(String, String)> {
    let mut definition = definition::definition(&spec.api, &alias_uri(spec, account));
    cors::add(&spec.api, &mut definition);
    let methods = definition.resources.iter().flat_map(|(path, methods)| methods.iter().map(move |of| (path, of)));
    let mocks = methods.filter(|(_, (_, method))| method.integration.as_ref().is_some_and(|one| one.kind == "MOCK"));
    mocks.map(|(path, (verb, _))| (path.clone(), verb.clone())).collect()
}

fn owner(spec: &Spec, choices: Choices<'_>) -> Owner {
    Owner { tags: Tags::new(&spec.app, &spec.stage, &spec.tags), adopt: choices.adopt }
}

/// The alias's ARN follows from names, so the API's draft need not wait for the function.
fn alias_uri(spec: &Spec, account: &Account) -> String {
    let Account { id, partition, region } = account;
    let alias = format!("{}:{}", Function::arn_of(partition, region, id, &spec.function.name), spec.stage);
    definition::invocation_uri(partition, region, &alias)
}

/// What is at hand while the graph is drawn.
struct Page<'a> {
    spec: &'a Spec,
    account: &'a Account,
    choices: Choices<'a>,
    lookups: &'a Rc<Lookups>,
    owner: Owner,
}

impl Page<'_> {
    /// Under which our objects lie in the artifact bucket, apart from other stages' and applications'.
    fn prefix(&self) -> String {
        prefix(self.spec)
    }

    fn bucket(&self, name: &str, founded: &Rc<Founded>) -> Bucket {
        Bucket {
            lock: Lock::under(name, &self.account.id, &self.prefix()),
            founded: founded.clone(),
            place: self.place(name, "package.bucket"),
            owner: self.owner.clone(),
        }
    }

    fn place(&self, bucket: &str, key: &'static str) -> Place {
        let Account { id, region, .. } = self.account;
        Place { name: bucket.to_owned(), region: region.clone(), account: id.clone(), key }
    }

    fn object(&self, bucket_name: &str, bucket: Handle<Bucket>, package: Rc<Zipped>) -> Object {
        Object {
            bucket,
            bucket_name: bucket_name.to_owned(),
            account: self.account.id.clone(),
            prefix: self.prefix(),
            package,
        }
    }

    fn log_group(&self, function: &str) -> LogGroup {
        let retention = self.spec.function.log_retention.and_then(|days| i32::try_from(days).ok());
        LogGroup { name: format!("/aws/lambda/{function}"), retention, owner: self.owner.clone() }
    }

    fn function_owner(&self) -> Owner {
        Owner { tags: self.owner.tags.and(&self.spec.function.tags), adopt: self.owner.adopt }
    }

    fn role(&self, function: &str, role: model::Role) -> Role {
        let environment = self.spec.function.environment.values();
        Role {
            role,
            references: environment.filter_map(|value| value.reference.clone()).collect(),
            partition: self.account.partition.clone(),
            account: self.account.id.clone(),
            region: self.account.region.clone(),
            log_group: format!("/aws/lambda/{function}"),
            owner: self.owner.clone(),
        }
    }

    fn function_arn(&self, name: &str) -> String {
        let Account { id, partition, region } = self.account;
        Function::arn_of(partition, region, id, name)
    }

    fn permission(&self, api: Handle<RestApi>, alias: NodeId, function_node: NodeId) -> Permission {
        let invoking = |route: &&model::Route| route.integration.kind != IntegrationKind::Mock;
        let methods = self.spec.api.routes.iter().filter(invoking);
        let methods = methods.map(|route| (route.path.clone(), route.verb.clone())).collect();
        Permission { allowed: allowed(self.spec, self.account, methods), alias, function_node, api }
    }

    fn usage_plan(&self, api: Handle<RestApi>, stage: NodeId, plan: Option<&model::UsagePlan>) -> UsagePlan {
        let methods = plan.map(|plan| plan.method_throttles.clone()).unwrap_or_default();
        UsagePlan {
            name: plan.map_or_else(|| self.spec.api.name.clone(), |plan| plan.name.clone()),
            description: plan.and_then(|plan| plan.description.clone()),
            throttle: plan.and_then(|plan| plan.throttle),
            quota: plan.and_then(|plan| plan.quota),
            methods: methods.into_iter().map(|((path, verb), throttle)| (method_key(&path, &verb), throttle)).collect(),
            api,
            stage,
            stage_name: self.spec.stage.clone(),
            region: self.account.region.clone(),
            partition: self.account.partition.clone(),
            owner: self.owner.clone(),
            lookups: self.lookups.clone(),
        }
    }

    fn api_key(&self, key: model::ApiKey) -> ApiKey {
        ApiKey {
            key,
            region: self.account.region.clone(),
            partition: self.account.partition.clone(),
            owner: self.owner.clone(),
            lookups: self.lookups.clone(),
        }
    }

    fn former_key(&self, name: &str) -> ApiKey {
        ApiKey { owner: self.owner.without_adopting(), ..self.api_key(former::nameless_key(name)) }
    }

    fn keys(&self, g: &mut Graph, api: Handle<RestApi>, stage: NodeId, former: &Former) {
        let asked = self.spec.usage_plan.as_ref();
        let wanted: Vec<_> =
            asked.into_iter().flat_map(|plan| &plan.keys).map(|key| g.add(self.api_key(key.clone()))).collect();
        let gone: Vec<_> = former.keys.iter().map(|name| (name, g.add_unwanted(self.former_key(name)))).collect();
        let plan = self.usage_plan(api, stage, asked);
        let plan = match asked {
            Some(_) => g.add(plan),
            None => g.add_unwanted(UsagePlan { owner: self.owner.without_adopting(), ..plan }),
        };
        for (key, spec) in wanted.iter().zip(asked.into_iter().flat_map(|plan| &plan.keys)) {
            g.add(UsagePlanKey { name: spec.name.clone(), plan, key: *key });
        }
        for (name, key) in gone {
            g.add_unwanted(UsagePlanKey { name: name.clone(), plan, key });
        }
    }

    /// Certificate, validation, domain name, mapping, alias records.
    fn names(&self, g: &mut Graph, domain: &model::Domain, live: Live) -> Names {
        let zone = g.add(HostedZone {
            domain: domain.name.clone(),
            zone_name: domain.hosted_zone.clone(),
            lookups: self.lookups.clone(),
        });
        let region = self.certificate_region(domain.endpoint);
        let (mut ours, mut theirs) = (None, None);
        let certificate = match &domain.certificate {
            model::Certificate::Arn(arn) => {
                let (arn, domain) = (arn.clone(), domain.name.clone());
                let given = g.add(GivenCertificate { arn, domain: domain.clone(), region: region.clone() });
                // One that was requested before goes when nothing uses it any more, and its record with it.
                let former = g.add_unwanted(self.certificate(&domain, region));
                g.add_unwanted(ValidationRecord { domain, zone, certificate: former });
                theirs = Some(given);
                CertificateHandle::Given(given)
            }
            model::Certificate::Request => {
                let (domain, wait) = (domain.name.clone(), self.choices.wait);
                let request = self.certificate(&domain, region);
                let certificate = g.add(request.clone());
                ours = Some(certificate);
                let validation = g.add(ValidationRecord { domain, zone, certificate });
                CertificateHandle::Issued(g.add(IssuedCertificate { request, certificate, validation, wait }))
            }
        };
        let wanted = self.domain_name(domain, certificate);
        let name = g.add(wanted.clone());
        let mapping = g.add(self.mapping(&domain.name, domain.base_path.clone(), name.id(), live));
        // A record that is taken over serves somebody until it moves (law 6); a new one need not wait.
        let after = self.choices.adopt.then(|| mapping.id());
        let record = g.add(AliasRecord { after, ..self.alias_record(&wanted, zone, name) });
        let (name_text, endpoint, wait) = (domain.name.clone(), domain.endpoint, self.choices.wait);
        let ready = g.add(DomainReady { name: name_text, endpoint, domain: name, wait });
        let working = [mapping.id(), record.id(), ready.id()];
        Names { domain: name, certificate: ours, given: theirs, working }
    }

    /// Bucket, pages, and what tells them where the API is.
    fn site(
        &self,
        g: &mut Graph,
        site: &model::Site,
        pages: Rc<Pages>,
        (live, named): (Live, Vec<NodeId>),
    ) -> Handle<Site> {
        let bucket = g.add(SiteBucket { pages: pages.clone(), ..self.site_bucket(&site.bucket, site) });
        let shown = g.add(Site { after: vec![live.stage], ..self.pages(&site.bucket, bucket, pages) });
        let after = std::iter::once(live.stage).chain(named).collect();
        g.add(SiteSettings { after, ..self.site_settings(&site.bucket, bucket, live.api) });
        shown
    }

    fn site_bucket(&self, bucket: &str, site: &model::Site) -> SiteBucket {
        SiteBucket {
            place: self.place(bucket, "site.bucket"),
            partition: self.account.partition.clone(),
            owner: self.owner.clone(),
            index: site.index.clone(),
            error: site.error.clone(),
            pages: Rc::default(),
        }
    }

    fn pages(&self, bucket_name: &str, bucket: Handle<SiteBucket>, pages: Rc<Pages>) -> Site {
        Site {
            bucket,
            place: self.place(bucket_name, "site.bucket"),
            owner: self.owner.clone(),
            url: site_bucket::url(bucket_name, &self.account.region, &self.account.partition),
            pages,
            after: Vec::new(),
        }
    }

    fn site_settings(&self, bucket_name: &str, bucket: Handle<SiteBucket>, api: Handle<RestApi>) -> SiteSettings {
        let url = outputs::custom_url(self.spec);
        SiteSettings {
            bucket,
            place: self.place(bucket_name, "site.bucket"),
            owner: self.owner.clone(),
            app: self.spec.app.clone(),
            stage: self.spec.stage.clone(),
            api,
            url: url.unwrap_or_else(|| outputs::invoke_url(self.spec, self.account, site_settings::API)),
            needs_key: self.spec.api.routes.iter().any(|route| route.api_key),
            after: Vec::new(),
        }
    }

    fn domain_name(&self, domain: &model::Domain, certificate: CertificateHandle) -> DomainName {
        DomainName {
            name: domain.name.clone(),
            endpoint: domain.endpoint,
            security_policy: domain.security_policy.clone(),
            mutual_tls: domain.mutual_tls.clone(),
            dualstack: domain.dualstack,
            certificate,
            owner: self.owner.clone(),
            partition: self.account.partition.clone(),
            wait: self.choices.wait,
        }
    }

    fn alias_record(&self, of: &DomainName, zone: Handle<HostedZone>, domain: Handle<DomainName>) -> AliasRecord {
        let Choices { adopt, wait, .. } = self.choices;
        let (name, ipv6) = (of.name.clone(), of.has_ipv6());
        AliasRecord { name, endpoint: of.endpoint, ipv6, zone, domain, after: None, adopt, wait }
    }

    /// Never the one that deploy.yaml gives by its ARN, be it ours or not.
    fn certificate(&self, domain: &str, region: String) -> Certificate {
        let spared = match self.spec.domain.as_ref().map(|domain| &domain.certificate) {
            Some(model::Certificate::Arn(arn)) => Some(arn.clone()),
            _ => None,
        };
        Certificate { domain: domain.to_owned(), region, spared, owner: self.owner.clone() }
    }

    /// Edge certificates are us-east-1's whatever the API's region (`AWS_FACTS` B4).
    fn certificate_region(&self, endpoint: Endpoint) -> String {
        match endpoint {
            Endpoint::Edge => US_EAST_1.to_owned(),
            Endpoint::Regional => self.account.region.clone(),
        }
    }

    fn mapping(&self, domain_name: &str, base_path: Option<String>, domain: NodeId, live: Live) -> BasePathMapping {
        BasePathMapping {
            domain_name: domain_name.to_owned(),
            base_path,
            domain,
            api: live.api,
            stage: live.stage,
            stage_name: self.spec.stage.clone(),
            owner: self.owner.clone(),
            lookups: self.lookups.clone(),
        }
    }
}

impl Desired {
    /// When the domain's certificate ends, in seconds since 1970-01-01 UTC, and how it is found in the graph.
    pub fn certificate_end(&self, known: &Known) -> Option<(usize, i64)> {
        let ours = self.handles.certificate.and_then(|one| Some((one.id().at(), known.get(one)?.expires?)));
        let given = || self.handles.given_certificate.and_then(|one| Some((one.id().at(), known.get(one)?.expires?)));
        ours.or_else(given)
    }

    /// What a person may want to know of the resource at `at`.
    pub fn facts(&self, at: usize, known: &Known) -> Vec<(String, String)> {
        let fact = |name: &str, value: String| vec![(name.to_owned(), value)];
        let handles = &self.handles;
        if handles.api.id().at() == at {
            return known.get(handles.api).map(|api| fact("id", api.id)).unwrap_or_default();
        }
        if handles.alias.id().at() == at {
            return known.get(handles.alias).map(|alias| fact("version", alias.version)).unwrap_or_default();
        }
        if let Some(image) = handles.image.filter(|image| image.id().at() == at) {
            return known.get(image).map(|image| fact("digest", image.digest)).unwrap_or_default();
        }
        if handles.deployment.id().at() == at {
            let Some(deployment) = known.get(handles.deployment) else { return Vec::new() };
            let made = deployment.created.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            let made = made.map(|time| ("made".to_owned(), time.to_string()));
            return fact("id", deployment.id).into_iter().chain(made).collect();
        }
        Vec::new()
    }
}

/// For maps that are built here and there.
type Words = BTreeMap<String, String>;
