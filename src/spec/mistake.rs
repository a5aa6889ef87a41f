//! The kinds of mistakes there are. A fault carries the name of one; src/explain/mistakes.md has a page for each.

macro_rules! mistakes {
    ($($kind:ident = $name:literal;)*) => {
        /// A kind of mistake in deploy.yaml, in what it names or in the package.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mistake {
            $(#[doc = $name] $kind,)*
        }

        impl Mistake {
            /// Every kind, by name.
            pub fn all() -> &'static [Mistake] {
                &[$(Mistake::$kind,)*]
            }

            /// What `--json` calls it.
            pub fn name(self) -> &'static str {
                match self { $(Mistake::$kind => $name,)* }
            }
        }
    };
}

mistakes! {
    Alias = "alias";
    Anchor = "anchor";
    BadArn = "bad_arn";
    BadBasePath = "bad_base_path";
    BadBucket = "bad_bucket";
    BadContentType = "bad_content_type";
    BadCors = "bad_cors";
    BadDescription = "bad_description";
    BadDirectory = "bad_directory";
    BadHandler = "bad_handler";
    BadHeader = "bad_header";
    BadHostName = "bad_host_name";
    BadIgnorePattern = "bad_ignore_pattern";
    BadImage = "bad_image";
    BadKeyValue = "bad_key_value";
    BadLogFormat = "bad_log_format";
    BadMapping = "bad_mapping";
    BadMutualTls = "bad_mutual_tls";
    BadName = "bad_name";
    BadOffset = "bad_offset";
    BadPackageJson = "bad_package_json";
    BadPage = "bad_page";
    BadPath = "bad_path";
    BadPattern = "bad_pattern";
    BadPolicy = "bad_policy";
    BadReference = "bad_reference";
    BadRegion = "bad_region";
    BadRetention = "bad_retention";
    BadSchema = "bad_schema";
    BadSecurityPolicy = "bad_security_policy";
    BadStatus = "bad_status";
    BadSummary = "bad_summary";
    BadTag = "bad_tag";
    BadTarget = "bad_target";
    BadTruststore = "bad_truststore";
    BadZip = "bad_zip";
    BlockedRuntime = "blocked_runtime";
    ControlCharacter = "control_character";
    DependencyClash = "dependency_clash";
    DuplicateKey = "duplicate_key";
    DuplicateKeyName = "duplicate_key_name";
    DuplicateParameter = "duplicate_parameter";
    DuplicatePattern = "duplicate_pattern";
    DuplicateRoute = "duplicate_route";
    DuplicateStage = "duplicate_stage";
    EmptyCommand = "empty_command";
    EmptyFile = "empty_file";
    EmptyPackage = "empty_package";
    EmptyTemplate = "empty_template";
    FileTooBig = "file_too_big";
    FixedKey = "fixed_key";
    ForeignDependencies = "foreign_dependencies";
    GreedyChild = "greedy_child";
    HandlerMissing = "handler_missing";
    ImageAndPath = "image_and_path";
    JsonSyntax = "json_syntax";
    KeyInFile = "key_in_file";
    KeyNotText = "key_not_text";
    KeyWithoutPlan = "key_without_plan";
    LinkInSite = "link_in_site";
    LinkOutside = "link_outside";
    LocalDependency = "local_dependency";
    MisplacedReference = "misplaced_reference";
    MissingFile = "missing_file";
    MissingKey = "missing_key";
    MissingVariable = "missing_variable";
    NoDefault = "no_default";
    NoEdge = "no_edge";
    NoLockFile = "no_lock_file";
    NoMethod = "no_method";
    NotADirectory = "not_a_directory";
    NotAFile = "not_a_file";
    NotAPackage = "not_a_package";
    NotAWheel = "not_a_wheel";
    NotExecutable = "not_executable";
    NotUtf8 = "not_utf8";
    OptionalPathVariable = "optional_path_variable";
    OutOfRange = "out_of_range";
    OutsideZone = "outside_zone";
    PackageTooBig = "package_too_big";
    PackageUnwritten = "package_unwritten";
    PageLeftOut = "page_left_out";
    PatternMatchesSuccess = "pattern_matches_success";
    ReservedName = "reserved_name";
    SameBucket = "same_bucket";
    SecretInSite = "secret_in_site";
    SeveralDocuments = "several_documents";
    SeveralRequests = "several_requests";
    SiblingVariables = "sibling_variables";
    SiteHoldsPackage = "site_holds_package";
    SiteHoldsProject = "site_holds_project";
    SiteTooBig = "site_too_big";
    SpecialFile = "special_file";
    Tag = "tag";
    TemplateSyntax = "template_syntax";
    TooDeep = "too_deep";
    TooLarge = "too_large";
    TooManyLayers = "too_many_layers";
    TooManyPolicies = "too_many_policies";
    TooManyResources = "too_many_resources";
    TooManyTags = "too_many_tags";
    TooManyThrottles = "too_many_throttles";
    TooManyVariables = "too_many_variables";
    TwoDefaults = "two_defaults";
    UndeclaredParameter = "undeclared_parameter";
    UnknownApiKey = "unknown_api_key";
    UnknownKey = "unknown_key";
    UnknownModel = "unknown_model";
    UnknownParameter = "unknown_parameter";
    UnknownRoute = "unknown_route";
    UnknownRuntime = "unknown_runtime";
    UnknownStage = "unknown_stage";
    UnknownValue = "unknown_value";
    UnknownVariable = "unknown_variable";
    UnreadableFile = "unreadable_file";
    UnusedKey = "unused_key";
    VariableSyntax = "variable_syntax";
    WrongAccount = "wrong_account";
    WrongRegion = "wrong_region";
    WrongType = "wrong_type";
    YamlSyntax = "yaml_syntax";
}

impl Mistake {
    /// The kind that is called so.
    pub fn named(name: &str) -> Option<Mistake> {
        Mistake::all().iter().find(|kind| kind.name() == name).copied()
    }
}
