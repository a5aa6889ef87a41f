//! How long AWS's slow states take here, and whether callers meet AWS's limits.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Passed through by every state; a test sets what it is about.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Added to every answer, where `traffic` does not say it by operation.
    pub latency: Duration,
    /// From CreateRole until IAM itself finds the role.
    pub role_visible: Duration,
    /// From CreateRole until Lambda can assume the role.
    pub role_propagation: Duration,
    /// Lambda: Pending to Active, and LastUpdateStatus InProgress to Successful.
    pub function_settles: Duration,
    /// ACM: from RequestCertificate until the validation record is told.
    pub certificate_record: Duration,
    /// ACM: from the moment the validation record stands in the zone until ISSUED.
    pub certificate_issued: Duration,
    /// ACM: how long a certificate counts as in use after its domain name is deleted.
    pub certificate_released: Duration,
    /// API Gateway: a regional domain name becomes AVAILABLE.
    pub domain_regional: Duration,
    /// API Gateway: an edge domain name becomes AVAILABLE.
    pub domain_edge: Duration,
    /// API Gateway: from the moment a key joins a usage plan until it opens the plan's stages.
    pub key_usable: Duration,
    /// API Gateway: from a change of tags until it is seen.
    pub tags_visible: Duration,
    /// Route 53: PENDING to INSYNC.
    pub record_insync: Duration,
    /// S3: from the moment a bucket's public access block is opened until a public policy is taken.
    pub public_access_opens: Duration,
    /// Latency by operation, rate limits, one writer per API: chance in it follows from this seed. Without it, every
    /// call is taken as it comes.
    pub traffic: Option<u64>,
    /// ECR: an image exists that nobody put there, unless its repository was made here.
    pub assumes_images: bool,
    /// API Gateway: the account has its logging role, as long as nobody sets another or none.
    pub logging_role: bool,
    /// With `traffic`: every call takes its operation's median, so that a run can be held against a computed time.
    pub steady: bool,
}

impl Profile {
    /// Every state is passed through, none is long: for people at a terminal.
    pub fn quick() -> Profile {
        Profile {
            role_propagation: Duration::from_millis(30),
            function_settles: Duration::from_millis(20),
            certificate_record: Duration::from_millis(20),
            certificate_issued: Duration::from_millis(20),
            certificate_released: Duration::from_millis(20),
            domain_regional: Duration::from_millis(20),
            domain_edge: Duration::from_millis(40),
            record_insync: Duration::from_millis(20),
            public_access_opens: Duration::from_millis(20),
            ..Profile::instant()
        }
    }

    /// Every state is reached at once.
    pub fn instant() -> Profile {
        Profile {
            latency: Duration::ZERO,
            role_visible: Duration::ZERO,
            role_propagation: Duration::ZERO,
            function_settles: Duration::ZERO,
            certificate_record: Duration::ZERO,
            certificate_issued: Duration::ZERO,
            certificate_released: Duration::ZERO,
            domain_regional: Duration::ZERO,
            domain_edge: Duration::ZERO,
            key_usable: Duration::ZERO,
            tags_visible: Duration::ZERO,
            record_insync: Duration::ZERO,
            public_access_opens: Duration::ZERO,
            traffic: None,
            assumes_images: true,
            logging_role: false,
            steady: false,
        }
    }

    /// As AWS is, on a day that `seed` stands for. The ranges are those of `AWS_FACTS`: B8 and B5 (a role is assumable
    /// after single-digit seconds, rarely more), B6 (the record after several seconds, ISSUED after minutes, in use for
    /// 15 minutes), B4 (regional seconds to minutes, edge up to 40 minutes), B3 (a key opens within a minute or two),
    /// B7 (INSYNC within a minute). That tags are seen late, and that a bucket opens only after a moment, is unverified.
    pub fn aws(seed: u64) -> Profile {
        let mut day = SmallRng::seed_from_u64(seed ^ 0xA35_0DA7);
        let mut between = |from: u64, to: u64| Duration::from_millis(day.random_range(from * 1000..=to * 1000));
        Profile {
            latency: Duration::ZERO,
            role_visible: between(0, 4),
            role_propagation: between(5, 15),
            function_settles: between(1, 5),
            certificate_record: between(3, 12),
            certificate_issued: between(60, 300),
            certificate_released: between(840, 960),
            domain_regional: between(5, 60),
            domain_edge: between(900, 2400),
            key_usable: between(2, 60),
            tags_visible: between(0, 5),
            record_insync: between(20, 60),
            public_access_opens: between(0, 4),
            traffic: Some(seed),
            assumes_images: true,
            logging_role: false,
            steady: false,
        }
    }
}
