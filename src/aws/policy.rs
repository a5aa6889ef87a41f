//! IAM policies for whoever runs this program: what a deployer of one stage may do, and who may be that deployer.

use serde_json::{Value, json};

use super::US_EAST_1;
use super::permissions::{On, permits};

/// Characters of a managed policy, white space left out (IAM's quotas).
pub const LARGEST_MANAGED: usize = 6_144;
/// Characters of all inline policies of a role together.
pub const LARGEST_INLINE: usize = 10_240;

/// The names of one stage's things, as far as ARNs are made of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub partition: String,
    pub region: String,
    pub account: String,
    pub bucket: String,
    /// Under which its objects lie: `APP/STAGE/`.
    pub prefix: String,
    /// Is a package uploaded there?
    pub uploads: bool,
    pub site_bucket: Option<String>,
    pub function: String,
    pub layers: Vec<String>,
    /// ARN of the image's repository.
    pub repository: Option<String>,
    pub role: String,
    pub managed_policies: Vec<String>,
    /// Does the API have a resource policy?
    pub policed: bool,
    /// Does the stage need the account's role for logs?
    pub logs: bool,
    /// ARNs of the log groups that API Gateway writes of the stage.
    pub stage_logs: Vec<String>,
    /// Is there a usage plan?
    pub keyed: bool,
    pub domain: Option<DomainScope>,
}

/// What a host name of one's own adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainScope {
    pub name: String,
    pub edge: bool,
    /// Is the certificate requested, and not given?
    pub requested: bool,
    /// `bucket/key` of the truststore, where clients show certificates.
    pub truststore: Option<String>,
    /// The hosted zone's id, where it is known.
    pub zone: Option<String>,
}

/// Statements in the order of the policy, each under its `Sid`.
const STATEMENTS: &[(&str, On)] = &[
    ("Account", On::Account),
    ("ArtifactBucket", On::ArtifactBucket),
    ("ArtifactObjects", On::ArtifactObjects),
    ("Packages", On::Packages),
    ("SiteBucket", On::SiteBucket),
    ("SiteObjects", On::SiteObjects),
    ("LogGroups", On::LogGroups),
    ("LogGroup", On::LogGroup),
    ("StageLogs", On::StageLogs),
    ("Role", On::Role),
    ("RolePolicies", On::AttachedRole),
    ("PassRole", On::PassedRole),
    ("Function", On::Function),
    ("Layers", On::Layers),
    ("Image", On::Repository),
    ("RestApis", On::RestApis),
    ("RestApi", On::RestApi),
    ("ApiPolicy", On::PolicedApis),
    ("Tags", On::Tags),
    ("OldTags", On::OldTags),
    ("KeyLists", On::KeyLists),
    ("NewKeys", On::NewKeys),
    ("UsagePlan", On::UsagePlan),
    ("ApiKey", On::ApiKey),
    ("LoggingRole", On::LoggingRole),
    ("DomainNames", On::DomainNames),
    ("DomainName", On::DomainName),
    ("MutualTls", On::MutualTls),
    ("Truststore", On::Truststore),
    ("Distribution", On::Distribution),
    ("ServiceRole", On::ServiceRole),
    ("Certificates", On::Certificates),
    ("Certificate", On::Certificate),
    ("NewCertificate", On::NewCertificate),
    ("OwnCertificate", On::OwnCertificate),
    ("Zones", On::Zones),
    ("Zone", On::Zone),
    ("Records", On::Records),
    ("ZoneChange", On::ZoneChange),
];

struct Statement {
    sid: &'static str,
    actions: Vec<&'static str>,
    resources: Vec<String>,
    condition: Option<Value>,
}

/// The policy of a deployer; with `reads` of somebody who only looks.
pub fn policy(scope: &Scope, reads: bool) -> Value {
    let mut statements: Vec<Statement> = Vec::new();
    for (sid, on) in STATEMENTS {
        let resources = scope.resources(*on);
        let mut actions: Vec<&str> =
            permits(reads).filter(|(_, needed)| needed == on).map(|(action, _)| action).collect();
        if resources.is_empty() || actions.is_empty() {
            continue;
        }
        let condition = scope.condition(*on);
        // What is allowed on the same things under the same condition is one statement.
        match statements.iter_mut().find(|one| one.resources == resources && one.condition == condition) {
            Some(same) => same.actions.append(&mut actions),
            None => statements.push(Statement { sid, actions, resources, condition }),
        }
    }
    let statements: Vec<Value> = statements.into_iter().map(Statement::document).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// As IAM counts a policy's characters: without white space.
pub fn size(policy: &Value) -> usize {
    policy.to_string().chars().filter(|letter| !letter.is_whitespace()).count()
}

impl Statement {
    fn document(mut self) -> Value {
        self.actions.sort_unstable();
        self.actions.dedup();
        let mut document = json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": one_or_many(self.actions),
            "Resource": one_or_many(self.resources),
        });
        if let Some(condition) = self.condition {
            document["Condition"] = condition;
        }
        document
    }
}

fn one_or_many<T: Into<Value>>(mut values: Vec<T>) -> Value {
    match (values.pop(), values.len()) {
        (Some(one), 0) => one.into(),
        (last, _) => values.into_iter().chain(last).map(Into::into).collect::<Vec<Value>>().into(),
    }
}

impl Scope {
    fn resources(&self, on: On) -> Vec<String> {
        let Scope { region, account, bucket, prefix, role, .. } = self;
        let when = |wanted: bool, all: Vec<String>| if wanted { all } else { Vec::new() };
        let domain = self.domain.as_ref();
        let zone = domain.map(|domain| domain.zone.as_deref().unwrap_or("*"));
        match on {
            On::Account => vec!["*".to_owned()],
            On::ArtifactBucket => vec![self.s3(bucket)],
            On::ArtifactObjects => vec![self.s3(&format!("{bucket}/{prefix}*"))],
            On::Packages => when(self.uploads, vec![self.s3(&format!("{bucket}/{prefix}*"))]),
            On::SiteBucket => self.site_bucket.iter().map(|site| self.s3(site)).collect(),
            On::SiteObjects => self.site_bucket.iter().map(|site| self.s3(&format!("{site}/*"))).collect(),
            On::LogGroups => vec![self.arn("logs", region, account, "log-group:*")],
            On::LogGroup => {
                let group = self.arn("logs", region, account, &format!("log-group:/aws/lambda/{}", self.function));
                vec![group.clone(), format!("{group}:*")]
            }
            On::StageLogs => self.stage_logs.iter().map(|group| format!("{group}:*")).collect(),
            On::Role | On::PassedRole => vec![self.role(role)],
            On::AttachedRole => when(!self.managed_policies.is_empty(), vec![self.role(role)]),
            On::Function => {
                let function = self.arn("lambda", region, account, &format!("function:{}", self.function));
                vec![function.clone(), format!("{function}:*")]
            }
            On::Layers => self.layers.clone(),
            On::Repository => self.repository.iter().cloned().collect(),
            On::RestApis => vec![self.gateway("/restapis")],
            On::RestApi => vec![self.gateway("/restapis/*")],
            On::PolicedApis => when(self.policed, vec![self.gateway("/restapis"), self.gateway("/restapis/*")]),
            On::Tags => vec![self.gateway("/tags/*")],
            On::OldTags => when(domain.is_some() || self.site_bucket.is_some(), vec![self.gateway("/tags/*")]),
            On::KeyLists => vec![self.gateway("/usageplans"), self.gateway("/apikeys")],
            On::NewKeys => when(self.keyed, vec![self.gateway("/usageplans"), self.gateway("/apikeys")]),
            On::UsagePlan => when(self.keyed, vec![self.gateway("/usageplans/*")]),
            On::ApiKey => when(self.keyed, vec![self.gateway("/apikeys/*")]),
            On::LoggingRole => when(self.logs, vec![self.gateway("/account")]),
            On::DomainNames => when(domain.is_some(), vec![self.gateway("/domainnames")]),
            On::DomainName => domain.map(|domain| self.domain_name(domain)).unwrap_or_default(),
            On::MutualTls => domain
                .filter(|domain| domain.truststore.is_some())
                .map(|domain| {
                    vec![self.gateway("/domainnames"), self.gateway(&format!("/domainnames/{}", domain.name))]
                })
                .unwrap_or_default(),
            On::Truststore => {
                domain.and_then(|domain| domain.truststore.as_ref()).map(|place| self.s3(place)).into_iter().collect()
            }
            On::Distribution => when(domain.is_some_and(|domain| domain.edge), vec!["*".to_owned()]),
            On::ServiceRole => when(
                domain.is_some(),
                vec![self.role(&format!("aws-service-role/{API_GATEWAY}/AWSServiceRoleForAPIGateway"))],
            ),
            On::Certificates => when(domain.is_some(), vec!["*".to_owned()]),
            On::NewCertificate => when(domain.is_some_and(|domain| domain.requested), vec!["*".to_owned()]),
            On::Certificate => when(domain.is_some(), vec![self.certificates()]),
            On::OwnCertificate => when(domain.is_some_and(|domain| domain.requested), vec![self.certificates()]),
            On::Zones => when(domain.is_some(), vec!["*".to_owned()]),
            On::Zone | On::Records => {
                zone.map(|zone| self.arn("route53", "", "", &format!("hostedzone/{zone}"))).into_iter().collect()
            }
            On::ZoneChange => when(domain.is_some(), vec![self.arn("route53", "", "", "change/*")]),
        }
    }

    fn condition(&self, on: On) -> Option<Value> {
        match on {
            On::PassedRole => Some(json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } })),
            On::AttachedRole => {
                Some(json!({ "ArnEquals": { "iam:PolicyARN": one_or_many(self.managed_policies.clone()) } }))
            }
            On::ServiceRole => Some(json!({ "StringEquals": { "iam:AWSServiceName": API_GATEWAY } })),
            On::Records => {
                let name = self.domain.as_ref().map(|domain| domain.name.as_str()).unwrap_or_default();
                // Lower case, a star by its number, no last dot: so Route 53 normalizes names. ACM's records lie below the
                // name that they are for, which of *.example.com is example.com.
                let own = name.replace('*', "\\052");
                let names = [own, format!("_*.{}", name.trim_start_matches("*."))];
                Some(json!({ "ForAllValues:StringLike": {
                    "route53:ChangeResourceRecordSetsNormalizedRecordNames": names,
                } }))
            }
            _ => None,
        }
    }

    fn arn(&self, service: &str, region: &str, account: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{region}:{account}:{rest}", self.partition)
    }

    fn s3(&self, place: &str) -> String {
        self.arn("s3", "", "", place)
    }

    fn role(&self, name: &str) -> String {
        self.arn("iam", "", &self.account, &format!("role/{name}"))
    }

    /// API Gateway's resources are paths of its API, and name no account.
    fn gateway(&self, path: &str) -> String {
        self.arn("apigateway", &self.region, "", path)
    }

    fn domain_name(&self, domain: &DomainScope) -> Vec<String> {
        let name = self.gateway(&format!("/domainnames/{}", domain.name));
        vec![name.clone(), format!("{name}/*")]
    }

    /// ACM makes the ids up. Edge certificates are us-east-1's.
    fn certificates(&self) -> String {
        let edge = self.domain.as_ref().is_some_and(|domain| domain.edge);
        let region = if edge { US_EAST_1 } else { &self.region };
        self.arn("acm", region, &self.account, "certificate/*")
    }
}

const API_GATEWAY: &str = "ops.apigateway.amazonaws.com";

/// GitHub's OIDC provider, and the audience that its tokens are asked for.
const GITHUB: &str = "token.actions.githubusercontent.com";
const AUDIENCE: &str = "sts.amazonaws.com";

/// Lets the workflows of GitHub with exactly this subject be the role: `repo:OWNER/REPO:ref:refs/heads/main`.
pub fn github_trust(partition: &str, account: &str, subject: &str) -> Value {
    let (audience, subject_key) = (format!("{GITHUB}:aud"), format!("{GITHUB}:sub"));
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "GitHub",
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:{partition}:iam::{account}:oidc-provider/{GITHUB}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": { audience: AUDIENCE, subject_key: subject } },
        }],
    })
}
