//! API Gateway's custom domain name: what terminates TLS for our host and hands requests to the mapped API. It answers
//! its target at once, long before it works; [`super::DomainReady`] is the wait for that.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_apigateway::operation::create_domain_name::CreateDomainNameOutput;
use aws_sdk_apigateway::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_apigateway::operation::update_domain_name::UpdateDomainNameOutput;
use aws_sdk_apigateway::types::{
    DomainNameStatus, EndpointAccessMode, EndpointConfiguration, IpAddressType, MutualTlsAuthentication,
    MutualTlsAuthenticationInput, Op, PatchOperation, SecurityPolicy,
};

use super::Owner;
use super::given_certificate::GivenCertificate;
use super::issued_certificate::IssuedCertificate;
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone, ordered};
use crate::engine::plan::{Change, Changes, Side, Slow};
use crate::engine::wait::{self, Wait};
use crate::engine::{Handle, Identity, Known, NodeId, Resource, slow};
use crate::event::Action;
pub use crate::spec::model::Endpoint as EndpointType;
use crate::spec::model::MutualTls;

/// A custom domain name.
#[derive(Clone)]
pub struct DomainName {
    /// `api.example.com`.
    pub name: String,
    pub endpoint: EndpointType,
    /// `TLS_1_2` and so on.
    pub security_policy: String,
    pub mutual_tls: Option<MutualTls>,
    pub dualstack: bool,
    pub certificate: CertificateHandle,
    pub owner: Owner,
    /// `aws`, `aws-cn`: for the ARN by which it is tagged.
    pub partition: String,
    /// Wait until changes have arrived everywhere.
    pub wait: bool,
}

/// Where the certificate comes from.
#[derive(Clone, Copy)]
pub enum CertificateHandle {
    Given(Handle<GivenCertificate>),
    Issued(Handle<IssuedCertificate>),
}

#[derive(Clone, Debug)]
pub struct Outputs {
    /// What the alias record points at: `d-abc.execute-api.eu-west-1.amazonaws.com`.
    pub target: String,
    /// The hosted zone of `target`.
    pub target_zone: String,
    /// Every host name it has: two while it moves from one endpoint type to the other.
    pub hosts: Vec<String>,
    /// It works everywhere.
    pub ready: bool,
}

#[derive(Clone, Debug)]
pub struct Observed {
    types: Vec<EndpointType>,
    regional: Endpoint,
    edge: Endpoint,
    security_policy: Option<String>,
    mutual_tls: Option<MutualTls>,
    dualstack: bool,
    state: State,
    tags: BTreeMap<String, String>,
}

/// One of the two ways into a domain name.
#[derive(Clone, Debug, Default)]
struct Endpoint {
    host: Option<String>,
    zone: Option<String>,
    certificate: Option<String>,
}

/// How far AWS is with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    Changing,
    /// Nothing more happens by itself: the status, and AWS's words.
    Stuck(String),
}

impl Resource for DomainName {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("domain_name", "custom domain name", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.certificate.id()]
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let Some(seen) = get(aws, &self.name).await? else { return Ok(None) };
        self.owner.check("custom domain name", &self.name, &seen.tags)?;
        Ok(Some(seen))
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        seen.told(self.endpoint)
    }

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        if !seen.types.contains(&self.endpoint) {
            changes.push(Change::new(ENDPOINT, seen.types.first().map(|kind| kind.word()), self.endpoint.word()));
        }
        changes.compare(CERTIFICATE, seen.at(self.endpoint).certificate.clone(), self.certificate.side(known));
        if seen.security_policy.is_some() {
            changes.compare(SECURITY_POLICY, seen.security_policy.clone(), self.security_policy.as_str());
        }
        let (before, after) = (seen.mutual_tls.as_ref(), self.mutual_tls.as_ref());
        changes.compare(TRUSTSTORE, before.map(|tls| tls.truststore.clone()), after.map(|tls| tls.truststore.clone()));
        let version = |tls: Option<&MutualTls>| tls.and_then(|tls| tls.version.clone());
        changes.compare(TRUSTSTORE_VERSION, version(before), version(after));
        changes.compare(IP, ip_word(seen.dualstack), ip_word(self.dualstack));
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        let mut changes = vec![
            Change::set(ENDPOINT, self.endpoint.word()),
            Change::set(CERTIFICATE, self.certificate.side(known)),
            Change::set(SECURITY_POLICY, self.security_policy.as_str()),
        ];
        changes.extend(self.mutual_tls.as_ref().map(|tls| Change::set(TRUSTSTORE, tls.truststore.as_str())));
        if self.dualstack {
            changes.push(Change::set(IP, ip_word(true)));
        }
        changes
    }

    fn keeps_outputs(&self, changes: &[Change]) -> bool {
        !changes.iter().any(|change| change.path == ENDPOINT)
    }

    fn slow(&self, action: Action) -> Option<Slow> {
        match action {
            Action::Update => self.endpoint.slow(),
            _ => None,
        }
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let arn = self.certificate.arn(known)?;
        let tags = self.owner.tags.hash_map();
        let call = || {
            let create = aws.apigateway().create_domain_name().domain_name(&self.name);
            let create = match self.endpoint {
                EndpointType::Edge => create.certificate_arn(&arn),
                EndpointType::Regional => create.regional_certificate_arn(&arn),
            };
            create
                .endpoint_configuration(self.endpoint_configuration())
                .security_policy(SecurityPolicy::from(self.security_policy.as_str()))
                .set_endpoint_access_mode(access_mode(&self.security_policy))
                .set_mutual_tls_authentication(self.mutual_tls.as_ref().map(MutualTls::input))
                .set_tags(Some(tags.clone()))
                .send()
        };
        match aws.call("apigateway", "CreateDomainName", Repeat::Safe, call).await {
            Ok(answer) => Ok(Observed::from(&answer).told(self.endpoint)),
            // A repeated call whose first answer was lost finds its own work.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {
                let seen = get(aws, &self.name).await?.ok_or_else(|| self.taken())?;
                self.owner.check("custom domain name", &self.name, &seen.tags)?;
                Ok(seen.told(self.endpoint))
            }
            Err(error) => Err(error),
        }
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let arn = format!("arn:{}:apigateway:{}::/domainnames/{}", self.partition, aws.region(), self.name);
            let tags = self.owner.tags.hash_map();
            let call = || aws.apigateway().tag_resource().resource_arn(&arn).set_tags(Some(tags.clone())).send();
            aws.call("apigateway", "TagResource", Repeat::Safe, call).await?;
        }
        let operations = self.operations(known, seen, changes)?;
        if operations.is_empty() {
            return Ok(seen.told(self.endpoint));
        }
        if seen.state != State::Ready {
            self.settled(aws).await?;
        }
        let mut seen = self.patch(aws, operations).await?;
        if self.wait && seen.state != State::Ready {
            seen = until_ready(aws, &self.name, self.endpoint).await?;
        }
        Ok(seen.told(self.endpoint))
    }

    /// The former endpoint type goes once the alias points at the new one (law 6).
    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        let former = seen.types.iter().filter(|kind| **kind != self.endpoint);
        former.map(|kind| Change::removed(ENDPOINT, kind.word())).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        for former in seen.types.iter().filter(|kind| **kind != self.endpoint) {
            let remove = |path: &str, value: Option<&str>| operation(Op::Remove, path, value);
            let operations = vec![
                remove("/endpointConfiguration/types", Some(former.word())),
                remove(former.certificate_path(), None),
            ];
            self.settled(aws).await?;
            let after = self.patch(aws, operations).await?;
            if self.wait && after.state != State::Ready {
                until_ready(aws, &self.name, self.endpoint).await?;
            }
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        let call = || aws.apigateway().delete_domain_name().domain_name(&self.name).send();
        gone(aws.call("apigateway", "DeleteDomainName", Repeat::Safe, call).await)
    }
}

const ENDPOINT: &str = "endpoint";
const CERTIFICATE: &str = "certificate";
const SECURITY_POLICY: &str = "security_policy";
const TRUSTSTORE: &str = "mutual_tls.truststore";
const TRUSTSTORE_VERSION: &str = "mutual_tls.version";
const IP: &str = "ip_address_type";

impl DomainName {
    /// Does its target answer by IPv6 too? Then the host wants an AAAA record.
    pub fn has_ipv6(&self) -> bool {
        self.dualstack || self.endpoint == EndpointType::Edge
    }

    fn endpoint_configuration(&self) -> EndpointConfiguration {
        let dualstack = self.dualstack.then_some(IpAddressType::Dualstack);
        EndpointConfiguration::builder().types(self.endpoint.word().into()).set_ip_address_type(dualstack).build()
    }

    /// The patch that makes `changes`; new endpoint types are added, so that the former one serves until it is removed.
    fn operations(&self, known: &Known, seen: &Observed, changes: &[Change]) -> Result<Vec<PatchOperation>> {
        let mut operations = Vec::new();
        for change in changes {
            let replace = |path: &str, value: &str| operation(Op::Replace, path, Some(value));
            match change.path.as_str() {
                ENDPOINT => {
                    operations.push(operation(Op::Add, "/endpointConfiguration/types", Some(self.endpoint.word())))
                }
                CERTIFICATE => {
                    let op = if seen.at(self.endpoint).certificate.is_some() { Op::Replace } else { Op::Add };
                    let arn = self.certificate.arn(known)?;
                    operations.push(operation(op, self.endpoint.certificate_path(), Some(&arn)));
                }
                SECURITY_POLICY => {
                    operations.push(replace("/securityPolicy", &self.security_policy));
                    if let Some(mode) = access_mode(&self.security_policy) {
                        operations.push(replace("/endpointAccessMode", mode.as_str()));
                    }
                }
                TRUSTSTORE => {
                    let uri = self.mutual_tls.as_ref().map(|tls| tls.truststore.as_str());
                    operations.push(replace("/mutualTlsAuthentication/truststoreUri", uri.unwrap_or_default()));
                }
                // Without a truststore there is no version to change.
                TRUSTSTORE_VERSION => operations.extend(self.mutual_tls.as_ref().map(|tls| {
                    replace("/mutualTlsAuthentication/truststoreVersion", tls.version.as_deref().unwrap_or_default())
                })),
                IP => operations.push(replace("/endpointConfiguration/ipAddressType", ip_word(self.dualstack))),
                _ => {}
            }
        }
        Ok(operations)
    }

    /// While AWS is at one change it takes no other (`AWS_FACTS` B4).
    async fn settled(&self, aws: &Aws<'_>) -> Result<()> {
        if self.wait {
            return until_ready(aws, &self.name, self.endpoint).await.map(|_| ());
        }
        if is_ready(aws, &self.name).await? {
            return Ok(());
        }
        Err(Error::deferred(self.endpoint.waiting_for()))
    }

    async fn patch(&self, aws: &Aws<'_>, operations: Vec<PatchOperation>) -> Result<Observed> {
        let call = || {
            let update = aws.apigateway().update_domain_name().domain_name(&self.name);
            update.set_patch_operations(Some(operations.clone())).send()
        };
        let answer = aws.call("apigateway", "UpdateDomainName", Repeat::Safe, call).await?;
        Ok(Observed::from(&answer))
    }

    /// It exists, but this account does not have it.
    fn taken(&self) -> Error {
        Error::refused(
            "domain_taken",
            format!(
                "the custom domain name {} is in use already: by API Gateway in another AWS account, or by a CloudFront \
                 distribution",
                self.name
            ),
            "remove it there first, or choose another domain.name",
        )
    }
}

impl EndpointType {
    /// As API Gateway writes it.
    pub fn word(self) -> &'static str {
        match self {
            EndpointType::Regional => "REGIONAL",
            EndpointType::Edge => "EDGE",
        }
    }

    fn certificate_path(self) -> &'static str {
        match self {
            EndpointType::Regional => "/regionalCertificateArn",
            EndpointType::Edge => "/certificateArn",
        }
    }

    pub(super) fn usual(self) -> Duration {
        match self {
            EndpointType::Regional => Duration::from_secs(60),
            EndpointType::Edge => Duration::from_secs(40 * 60),
        }
    }

    pub(super) fn slow(self) -> Option<Slow> {
        match self {
            EndpointType::Regional => slow("API Gateway sets up the domain name", self.usual()),
            EndpointType::Edge => slow("CloudFront distributes the domain name to its edges", self.usual()),
        }
    }

    pub(super) fn waiting_for(self) -> &'static str {
        match self {
            EndpointType::Regional => "API Gateway to set up the domain name",
            EndpointType::Edge => "CloudFront to distribute the domain name to its edges",
        }
    }
}

impl CertificateHandle {
    fn id(self) -> NodeId {
        match self {
            CertificateHandle::Given(handle) => handle.id(),
            CertificateHandle::Issued(handle) => handle.id(),
        }
    }

    fn get(self, known: &Known) -> Option<String> {
        match self {
            CertificateHandle::Given(handle) => known.get(handle).map(|certificate| certificate.arn),
            CertificateHandle::Issued(handle) => known.get(handle).map(|certificate| certificate.arn),
        }
    }

    fn arn(self, known: &Known) -> Result<String> {
        match self {
            CertificateHandle::Given(handle) => known.require(handle).map(|certificate| certificate.arn),
            CertificateHandle::Issued(handle) => known.require(handle).map(|certificate| certificate.arn),
        }
    }

    fn side(self, known: &Known) -> Side {
        match (self.get(known), self) {
            (Some(arn), _) => arn.into(),
            (None, CertificateHandle::Given(handle)) => Side::KnownAfter(known.step_of(handle)),
            (None, CertificateHandle::Issued(handle)) => Side::KnownAfter(known.step_of(handle)),
        }
    }
}

impl MutualTls {
    fn of(seen: &MutualTlsAuthentication) -> Option<MutualTls> {
        let truststore = seen.truststore_uri().filter(|uri| !uri.is_empty())?.to_owned();
        Some(MutualTls { truststore, version: seen.truststore_version().map(str::to_owned) })
    }

    fn input(&self) -> MutualTlsAuthenticationInput {
        let input = MutualTlsAuthenticationInput::builder().truststore_uri(&self.truststore);
        input.set_truststore_version(self.version.clone()).build()
    }
}

/// Get, Create and Update answer the same members under three type names.
macro_rules! observed_from {
    ($($answer:ty),+) => {$(
        impl From<&$answer> for Observed {
            fn from(answer: &$answer) -> Observed {
                let owned = |value: Option<&str>| value.map(str::to_owned);
                Observed {
                    types: types(answer.endpoint_configuration()),
                    regional: Endpoint {
                        host: owned(answer.regional_domain_name()),
                        zone: owned(answer.regional_hosted_zone_id()),
                        certificate: owned(answer.regional_certificate_arn()),
                    },
                    edge: Endpoint {
                        host: owned(answer.distribution_domain_name()),
                        zone: Some(answer.distribution_hosted_zone_id().unwrap_or(CLOUDFRONT_ZONE).to_owned()),
                        certificate: owned(answer.certificate_arn()),
                    },
                    security_policy: answer.security_policy().map(|policy| policy.as_str().to_owned()),
                    mutual_tls: answer.mutual_tls_authentication().and_then(MutualTls::of),
                    dualstack: is_dualstack(answer.endpoint_configuration()),
                    state: State::of(answer.domain_name_status(), answer.domain_name_status_message()),
                    tags: ordered(answer.tags()),
                }
            }
        }
    )+};
}

observed_from!(GetDomainNameOutput, CreateDomainNameOutput, UpdateDomainNameOutput);

fn types(configuration: Option<&EndpointConfiguration>) -> Vec<EndpointType> {
    let types = configuration.map(EndpointConfiguration::types).unwrap_or_default().iter();
    types
        .filter_map(|kind| match kind.as_str() {
            "REGIONAL" => Some(EndpointType::Regional),
            "EDGE" => Some(EndpointType::Edge),
            _ => None,
        })
        .collect()
}

fn is_dualstack(configuration: Option<&EndpointConfiguration>) -> bool {
    configuration.and_then(EndpointConfiguration::ip_address_type) == Some(&IpAddressType::Dualstack)
}

impl Observed {
    fn at(&self, kind: EndpointType) -> &Endpoint {
        match kind {
            EndpointType::Regional => &self.regional,
            EndpointType::Edge => &self.edge,
        }
    }

    fn told(&self, wanted: EndpointType) -> Outputs {
        let endpoint = self.at(wanted);
        Outputs {
            target: endpoint.host.clone().unwrap_or_default(),
            target_zone: endpoint.zone.clone().unwrap_or_default(),
            hosts: [&self.regional.host, &self.edge.host].into_iter().flatten().cloned().collect(),
            ready: self.state == State::Ready,
        }
    }
}

impl State {
    fn of(status: Option<&DomainNameStatus>, message: Option<&str>) -> State {
        let Some(status) = status else { return State::Ready };
        let words = message.map(|words| format!(": {words}")).unwrap_or_default();
        match status.as_str() {
            "AVAILABLE" => State::Ready,
            "FAILED" | "PENDING_CERTIFICATE_REIMPORT" | "PENDING_OWNERSHIP_VERIFICATION" => {
                State::Stuck(format!("{}{words}", status.as_str()))
            }
            _ => State::Changing,
        }
    }
}

/// The zone of every CloudFront distribution (`AWS_FACTS` B4).
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

async fn get(aws: &Aws<'_>, name: &str) -> Result<Option<Observed>> {
    let call = || aws.apigateway().get_domain_name().domain_name(name).send();
    let answer = found(aws.call("apigateway", "GetDomainName", Repeat::Safe, call).await)?;
    Ok(answer.as_ref().map(Observed::from))
}

/// Does the domain name work everywhere? An error where it never will by itself.
pub(super) async fn is_ready(aws: &Aws<'_>, name: &str) -> Result<bool> {
    ready(aws, name).await.map(|seen| seen.is_some())
}

async fn ready(aws: &Aws<'_>, name: &str) -> Result<Option<Observed>> {
    let Some(seen) = get(aws, name).await? else { return Ok(None) };
    match &seen.state {
        State::Ready => Ok(Some(seen)),
        State::Changing => Ok(None),
        State::Stuck(why) => Err(Error::refused(
            "domain_name_stuck",
            format!("the custom domain name {name} has the status {why}"),
            "do what AWS asks for, then run the same command again: it continues waiting",
        )),
    }
}

pub(super) async fn until_ready(aws: &Aws<'_>, name: &str, endpoint: EndpointType) -> Result<Observed> {
    let (usual, deadline, interval) = match endpoint {
        EndpointType::Regional => (endpoint.usual(), Duration::from_secs(15 * 60), Duration::from_secs(5)),
        EndpointType::Edge => (endpoint.usual(), Duration::from_secs(75 * 60), Duration::from_secs(30)),
    };
    wait::until(aws, Wait { what: endpoint.waiting_for(), usual, deadline, interval }, || ready(aws, name)).await
}

/// Policies of the newer kind want an access mode, the older ones refuse it (`AWS_FACTS` B4).
fn access_mode(security_policy: &str) -> Option<EndpointAccessMode> {
    security_policy.starts_with("SecurityPolicy_").then_some(EndpointAccessMode::Basic)
}

fn ip_word(dualstack: bool) -> &'static str {
    if dualstack { "dualstack" } else { "ipv4" }
}

fn operation(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).set_value(value.map(str::to_owned)).build()
}
