//! How the SDK's clients reach AWS: the real thing over TLS, another endpoint, or the cloud in this process.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::time::Instant;

use super::call::is_write;
use super::credentials::{self, KnownCredentials};
use super::fence::Fence;
use super::pace::Pace;
use super::web::Web;
use super::{EmbeddedCloud, Error, Heard, Repeat, Result, wire};
use crate::clock::Clock;
use crate::event::{Event, Reporter};

/// Where edge certificates live, and where global services sign.
pub const US_EAST_1: &str = "us-east-1";

/// Where to, and as whom.
pub struct Connection {
    pub place: Place,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub clock: Clock,
    /// Of the chance in retry delays.
    pub seed: u64,
}

/// What answers.
pub enum Place {
    Aws,
    Endpoint(String),
    Embedded(EmbeddedCloud),
}

/// Whose credentials they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// Of the user, or of the role's session.
    pub arn: String,
}

/// The clients of one account and region, and the meter that all their calls pass.
pub struct Aws<'r> {
    region: String,
    path_style: bool,
    config: SdkConfig,
    clients: Clients,
    known: Option<KnownCredentials>,
    /// Where the run talks to the cloud in this process.
    pub(super) cloud: Option<EmbeddedCloud>,
    /// To what was deployed.
    pub(super) web: Web,
    elsewhere: bool,
    reporter: &'r dyn Reporter,
    pace: Pace,
    fence: Fence,
    /// Held while a change of a REST API is under way (law 7).
    writer: tokio::sync::Mutex<()>,
    clock: Clock,
    started: Instant,
    requests: Cell<u64>,
    writes: Cell<u64>,
    chance: RefCell<SmallRng>,
}

#[derive(Default)]
struct Clients {
    apigateway: OnceCell<aws_sdk_apigateway::Client>,
    lambda: OnceCell<aws_sdk_lambda::Client>,
    iam: OnceCell<aws_sdk_iam::Client>,
    s3: OnceCell<aws_sdk_s3::Client>,
    logs: OnceCell<aws_sdk_cloudwatchlogs::Client>,
    route53: OnceCell<aws_sdk_route53::Client>,
    acm: OnceCell<aws_sdk_acm::Client>,
    ecr: OnceCell<aws_sdk_ecr::Client>,
    acm_us_east_1: OnceCell<aws_sdk_acm::Client>,
}

impl<'r> Aws<'r> {
    /// Settles credentials, region and endpoint; sends nothing but what the credential chain itself needs.
    ///
    /// # Errors
    /// When no region or no credentials can be found.
    pub async fn connect(connection: Connection, reporter: &'r dyn Reporter) -> Result<Aws<'r>> {
        let real = matches!(connection.place, Place::Aws);
        let config = match &connection.place {
            Place::Embedded(cloud) => cloud.sdk_config(connection.region.as_deref().unwrap_or(US_EAST_1)),
            Place::Endpoint(url) => load(&connection, Some(url)).await,
            Place::Aws => load(&connection, None).await,
        };
        let region = config.region().map(ToString::to_string).ok_or_else(|| {
            Error::refused(
                "no_region",
                "no AWS region is set",
                "write region: in deploy.yaml, set AWS_REGION, or give --region",
            )
        })?;
        let (config, known) = match connection.place {
            Place::Embedded(_) => (config, None),
            Place::Aws | Place::Endpoint(_) => credentials::at_hand(config, connection.profile.as_deref()).await?,
        };
        let elsewhere =
            config.endpoint_url().is_some() || std::env::vars().any(|(name, _)| name.starts_with("AWS_ENDPOINT_URL"));
        let paced = match &connection.place {
            Place::Aws => !elsewhere,
            Place::Embedded(cloud) => cloud.traffic().is_some(),
            Place::Endpoint(_) => false,
        };
        Ok(Aws {
            region,
            path_style: !real || elsewhere,
            config,
            clients: Clients::default(),
            known,
            cloud: match connection.place {
                Place::Embedded(cloud) => Some(cloud),
                Place::Aws | Place::Endpoint(_) => None,
            },
            web: Web::default(),
            elsewhere: !real || elsewhere,
            reporter,
            pace: Pace::new(paced),
            fence: Fence::new(connection.clock),
            writer: tokio::sync::Mutex::default(),
            clock: connection.clock,
            started: Instant::now(),
            requests: Cell::new(0),
            writes: Cell::new(0),
            chance: RefCell::new(SmallRng::seed_from_u64(connection.seed)),
        })
    }

    /// Is it an emulator, whose APIs do not answer under AWS's host names?
    pub fn is_emulated(&self) -> bool {
        self.elsewhere && self.cloud.is_none()
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Calls sent so far, and how many of them changed something.
    pub fn counted(&self) -> (u64, u64) {
        (self.requests.get(), self.writes.get())
    }

    pub fn report(&self, event: &Event) {
        self.reporter.report(event);
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn since_start(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.started)
    }

    /// Does AWS itself answer, or what has its manners?
    pub fn is_paced(&self) -> bool {
        self.pace.is_on()
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// What keeps this run's changes apart from another's.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    pub(super) fn writer(&self) -> &tokio::sync::Mutex<()> {
        &self.writer
    }

    pub(super) fn count(&self, operation: &str, succeeded: bool) {
        self.requests.set(self.requests.get() + 1);
        if succeeded && is_write(operation) {
            self.writes.set(self.writes.get() + 1);
        }
    }

    /// Between half of `delay` and all of it.
    pub(super) fn jitter(&self, delay: Duration) -> Duration {
        delay.mul_f64(self.chance.borrow_mut().random_range(0.5..=1.0))
    }

    /// A made-up word for idempotency tokens: letters and digits only.
    pub fn token(&self) -> String {
        format!("{:016x}", self.chance.borrow_mut().random::<u64>())
    }

    /// The account these credentials belong to, and its partition (`aws`, `aws-cn`, …).
    ///
    /// # Errors
    /// When the credentials are missing, unknown or expired.
    pub async fn identify(&self) -> Result<(String, String)> {
        let Identity { account, partition, .. } = Box::pin(self.identify_hearing(&Heard::default())).await?;
        Ok((account, partition))
    }

    /// The same in full; `heard` takes what time AWS says it is, also where it refuses.
    ///
    /// # Errors
    /// As [`Aws::identify`].
    pub async fn identify_hearing(&self, heard: &Heard) -> Result<Identity> {
        let client = aws_sdk_sts::Client::new(&self.config);
        let call = || client.get_caller_identity().customize().interceptor(heard.clone()).send();
        let answer = self.call("sts", "GetCallerIdentity", Repeat::Safe, call).await?;
        let arn = answer.arn().unwrap_or_default().to_owned();
        let partition = arn.split(':').nth(1).unwrap_or("aws").to_owned();
        let account = answer.account().ok_or_else(|| Error::unexpected("GetCallerIdentity names no account"))?;
        Ok(Identity { account: account.to_owned(), partition, arn })
    }

    /// Where the credentials come from; nothing of those of the cloud in this process.
    pub fn credentials(&self) -> Option<&KnownCredentials> {
        self.known.as_ref()
    }

    pub fn apigateway(&self) -> &aws_sdk_apigateway::Client {
        self.clients.apigateway.get_or_init(|| aws_sdk_apigateway::Client::new(&self.config))
    }

    pub fn lambda(&self) -> &aws_sdk_lambda::Client {
        self.clients.lambda.get_or_init(|| aws_sdk_lambda::Client::new(&self.config))
    }

    pub fn ecr(&self) -> &aws_sdk_ecr::Client {
        self.clients.ecr.get_or_init(|| aws_sdk_ecr::Client::new(&self.config))
    }

    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.clients.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.config))
    }

    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.clients.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.path_style);
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }

    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.clients.logs.get_or_init(|| aws_sdk_cloudwatchlogs::Client::new(&self.config))
    }

    pub fn route53(&self) -> &aws_sdk_route53::Client {
        self.clients.route53.get_or_init(|| aws_sdk_route53::Client::new(&self.config))
    }

    /// ACM in `region`, which is this one's or us-east-1 (edge certificates).
    pub fn acm(&self, region: &str) -> &aws_sdk_acm::Client {
        if region == self.region {
            return self.clients.acm.get_or_init(|| aws_sdk_acm::Client::new(&self.config));
        }
        self.clients.acm_us_east_1.get_or_init(|| {
            let config = aws_sdk_acm::config::Builder::from(&self.config).region(Region::new(US_EAST_1));
            aws_sdk_acm::Client::from_conf(config.build())
        })
    }
}

/// Settings from the whole chain that any AWS tool honours (`AWS_FACTS` G).
async fn load(connection: &Connection, endpoint: Option<&str>) -> SdkConfig {
    let client =
        wire::client(endpoint.map(str::to_owned).or_else(|| std::env::var("AWS_ENDPOINT_URL").ok()).as_deref());
    let timeouts =
        TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60)).build();
    let mut loader = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .http_client(client.clone());
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = endpoint {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    match &connection.profile {
        Some(profile) => credentials::of_profile(config, profile, client),
        None => config,
    }
}
