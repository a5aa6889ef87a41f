//! Why a run can stop, and what can be found before: a [`Problem`](super::Problem) or a finding of the doctor carries the name
//! of one of these; src/explain/problems.md and findings.md have a page for each.

kinds! {
    /// A kind of problem.
    ProblemKind:
    AccessDenied = "access_denied";
    AlreadyExists = "already_exists";
    AmbiguousHostedZone = "ambiguous_hosted_zone";
    BucketElsewhere = "bucket_elsewhere";
    BucketTaken = "bucket_taken";
    BuildFailed = "build_failed";
    Busy = "busy";
    CacheUnusable = "cache_unusable";
    CertificateFailed = "certificate_failed";
    CertificateUnfit = "certificate_unfit";
    ChangedMeanwhile = "changed_meanwhile";
    ClockOff = "clock_off";
    Credentials = "credentials";
    CredentialsExpired = "credentials_expired";
    Deferred = "deferred";
    DependenciesFailed = "dependencies_failed";
    DomainNameStuck = "domain_name_stuck";
    DomainTaken = "domain_taken";
    Emulated = "emulated";
    FunctionFailed = "function_failed";
    HashMismatch = "hash_mismatch";
    ImageDenied = "image_denied";
    ImageIndex = "image_index";
    InUse = "in_use";
    IndexUnreachable = "index_unreachable";
    Interrupted = "interrupted";
    InvalidRequest = "invalid_request";
    LocalState = "local_state";
    LockLost = "lock_lost";
    Locked = "locked";
    NoCargoLambda = "no_cargo_lambda";
    NoEarlierRelease = "no_earlier_release";
    NoHostedZone = "no_hosted_zone";
    NoImage = "no_image";
    NoInstaller = "no_installer";
    NoLog = "no_log";
    NoLoggingRole = "no_logging_role";
    NoRegion = "no_region";
    NoRepository = "no_repository";
    NoSuchAddress = "no_such_address";
    NoSuchRelease = "no_such_release";
    NoWheel = "no_wheel";
    NotDeployed = "not_deployed";
    NotFound = "not_found";
    NotOurs = "not_ours";
    NotStarted = "not_started";
    ObjectKept = "object_kept";
    OutputUnwritten = "output_unwritten";
    PackageType = "package_type";
    PageUnreadable = "page_unreadable";
    PortInUse = "port_in_use";
    PortRefused = "port_refused";
    PublicAccessBlocked = "public_access_blocked";
    Quota = "quota";
    Refused = "refused";
    ReleaseGone = "release_gone";
    RoleElsewhere = "role_elsewhere";
    RoleHasPath = "role_has_path";
    RoleNotReady = "role_not_ready";
    RotationUndone = "rotation_undone";
    Server = "server";
    StaleLockFile = "stale_lock_file";
    TemplateFailed = "template_failed";
    Throttled = "throttled";
    TimedOut = "timed_out";
    Unclear = "unclear";
    UnexpectedAnswer = "unexpected_answer";
    Unreachable = "unreachable";
    Usage = "usage";
    ValueIsGiven = "value_is_given";
    Watch = "watch";
}

kinds! {
    /// A kind of finding that is no kind of problem, too.
    FindingKind:
    CaaForbids = "caa_forbids";
    CertificateHangs = "certificate_hangs";
    CertificatePending = "certificate_pending";
    CertificateTimedOut = "certificate_timed_out";
    ClockDrifts = "clock_drifts";
    ConcurrencyLow = "concurrency_low";
    ConcurrencyShort = "concurrency_short";
    CredentialsExpireSoon = "credentials_expire_soon";
    DelegatedElsewhere = "delegated_elsewhere";
    DelegatedPartly = "delegated_partly";
    DelegationIncomplete = "delegation_incomplete";
    NoCertificate = "no_certificate";
    NoInterpreter = "no_interpreter";
    NotDelegated = "not_delegated";
    PermissionsMissing = "permissions_missing";
    QuotaNear = "quota_near";
    QuotaReached = "quota_reached";
    RootUser = "root_user";
    UnknownRegion = "unknown_region";
    ValidationRecordMissing = "validation_record_missing";
    ValidationRecordWrong = "validation_record_wrong";
}
