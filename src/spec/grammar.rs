//! Every key deploy.yaml may hold, as tables: what it takes, in which range, and what it says. The decoders ask these
//! tables for known keys, ranges and choices, so that what is accepted is written down once.

use super::form::Form;
use super::limits;
use super::lint::WarningCode;

/// A mapping with a fixed set of keys.
pub(super) struct Mapping {
    /// With its article, for sentences: `a method`.
    pub what: &'static str,
    pub keys: &'static [Field],
}

pub(super) struct Field {
    pub key: &'static str,
    pub takes: Takes,
    /// What it means, for help texts.
    pub says: &'static str,
    pub needed: Needed,
}

/// Must it be there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Never,
    /// Unless something else stands in its place.
    Sometimes,
    Always,
}

/// What stands under a key.
pub(super) enum Takes {
    Text,
    /// A text that looks a certain way. The decoders judge it themselves, and say more.
    Like(Form),
    Flag,
    Whole(i64, i64),
    Number(f64, f64),
    OneOf(&'static [&'static str]),
    List(&'static Takes),
    /// A mapping from names of the user's choice.
    Named(&'static Takes),
    /// A mapping from names that look a certain way.
    Keyed(Form, &'static Takes),
    Map(&'static Mapping),
    Either(&'static [Takes]),
    /// Any value: JSON to us.
    Any,
}

use Takes::{Any, Either, Flag, Keyed, Like, List, Map, Named, Number, OneOf, Text, Whole};

const DESCRIPTION: Takes = Like(Form::Description(limits::DESCRIPTION));
const TAGS: Takes = Keyed(Form::TagName, &Like(Form::TagValue));
const API_THING: Takes = Like(Form::Name(limits::API_THING));

const fn field(key: &'static str, takes: Takes, says: &'static str) -> Field {
    Field { key, takes, says, needed: Needed::Never }
}

const fn sometimes(key: &'static str, takes: Takes, says: &'static str) -> Field {
    Field { key, takes, says, needed: Needed::Sometimes }
}

const fn needed(key: &'static str, takes: Takes, says: &'static str) -> Field {
    Field { key, takes, says, needed: Needed::Always }
}

const MAX_I32: i64 = i32::MAX as i64;

pub(super) static ROOT: Mapping = Mapping {
    what: "deploy.yaml",
    keys: &[
        needed("name", Like(Form::Name(limits::APP)), "the application's name; everything it owns is tagged with it"),
        needed("stage", Like(Form::Stage), "the stage that is deployed without --stage"),
        field("region", Like(Form::Region), "the AWS region; otherwise the command line's or the profile's"),
        needed("package", Map(&PACKAGE), "what is uploaded, and where to"),
        needed("function", Map(&FUNCTION), "the Lambda function"),
        needed("api", Map(&API), "the REST API"),
        field("stage_settings", Map(&STAGE_SETTINGS), "variables, throttling and logging of the stage"),
        field("usage_plan", Map(&USAGE_PLAN), "throttle, quota and the API keys"),
        field("domain", Map(&DOMAIN), "a host name of your own"),
        field("site", Map(&SITE), "pages that use the API"),
        field("checks", List(&Map(&CHECK)), "requests to make after a deploy, and what must come back"),
        field("tags", TAGS, "tags for everything that can be tagged"),
        field("stages", Keyed(Form::Stage, &Any), "other stages, as differences from this file"),
        field("allow", ALLOW, "codes of warnings to keep quiet in the whole file"),
    ],
};

pub(super) static PACKAGE: Mapping = Mapping {
    what: "`package`",
    keys: &[
        sometimes("path", Text, "a directory to zip, or a ready .zip"),
        sometimes("image", Either(&[Text, Map(&IMAGE)]), "a container image in ECR, in place of `path`"),
        field("bucket", Like(Form::Bucket), "the S3 bucket for the zip and for the stage's lock"),
        field("ignore", List(&Text), "what to leave out, in .gitignore patterns"),
        field("build", Either(&[List(&COMMAND), Map(&BUILD)]), "commands to run in `path` before it is zipped"),
        field("dependencies", Text, "auto, none, or the file that lists the libraries to package"),
    ],
};

pub(super) static IMAGE: Mapping = Mapping {
    what: "`image`",
    keys: &[
        needed("uri", Text, "REPOSITORY:TAG of this account and region, or the whole URI"),
        field("command", List(&Text), "in place of the image's CMD: for a Lambda base image, the handler"),
        field("entry_point", List(&Text), "in place of the image's ENTRYPOINT"),
        field("working_directory", Text, "in place of the image's WORKDIR"),
    ],
};

pub(super) static BUILD: Mapping = Mapping {
    what: "`build`",
    keys: &[
        needed("run", List(&COMMAND), "the commands, one after the other"),
        field("inputs", List(&Text), "files and directories elsewhere whose change asks for a new build"),
    ],
};

/// A line for the shell, or a program and its arguments.
static COMMAND: Takes = Either(&[Text, List(&Text)]);

pub(super) static FUNCTION: Mapping = Mapping {
    what: "`function`",
    keys: &[
        field("name", Like(Form::Name(limits::FUNCTION)), "the function's name"),
        field("description", Like(Form::Description(limits::FUNCTION_DESCRIPTION)), "what the function is for"),
        sometimes("runtime", Like(Form::Runtime), "Lambda's runtime identifier, like python3.13"),
        sometimes("handler", Like(Form::Handler), "module and function, like handler.lambda_handler"),
        field("memory", Whole(128, 10_240), "memory in MB"),
        field("timeout", Whole(1, 900), "seconds until Lambda gives up"),
        field(
            "environment",
            Keyed(Form::Variable, &Either(&[Text, Map(&ENVIRONMENT_VALUE)])),
            "environment variables; ${ssm:NAME} and ${secret:NAME} are passed on as references",
        ),
        field("architecture", OneOf(&["x86_64", "arm64"]), "the processor"),
        field("ephemeral_storage", Whole(512, 10_240), "space in /tmp in MB"),
        field("reserved_concurrency", Whole(0, MAX_I32), "how many may run at once"),
        field("layers", List(&Like(Form::Layer)), "layer version ARNs, at most five"),
        field("log_retention", Either(&[OneOf(&["forever"]), Like(Form::Retention)]), "days that logs are kept"),
        field("tags", TAGS, "tags for the function alone"),
        field("role", Map(&ROLE), "the role it runs as"),
    ],
};

pub(super) static ENVIRONMENT_VALUE: Mapping = Mapping {
    what: "an environment variable",
    keys: &[needed("value", Text, "its text"), field("secret", Flag, "whether it is kept out of all output")],
};

pub(super) static ROLE: Mapping = Mapping {
    what: "`role`",
    keys: &[
        field("name", Like(Form::Name(limits::ROLE)), "the role's name"),
        field("managed_policies", List(&Like(Form::ManagedPolicy)), "ARNs of managed policies to attach"),
        field("statements", List(&Any), "IAM policy statements to allow more"),
    ],
};

pub(super) static API: Mapping = Mapping {
    what: "`api`",
    keys: &[
        field("name", API_THING, "the API's name"),
        field("description", DESCRIPTION, "what the API is for"),
        field("endpoint", OneOf(&["regional", "edge"]), "where it is reached"),
        field("api_key_source", OneOf(&["header", "authorizer"]), "where the caller's key is read from"),
        field("binary_media_types", List(&Text), "content types that are not text"),
        field("minimum_compression", Whole(0, 10_485_760), "bytes from which responses are compressed"),
        field("policy", Either(&[Any, Text]), "the resource policy, or the file that holds it"),
        field("disable_execute_api_endpoint", Flag, "whether only the custom domain answers"),
        field("models", Keyed(Form::Name(limits::MODEL), &Map(&MODEL)), "JSON schemas of bodies"),
        field(
            "gateway_responses",
            Keyed(Form::GatewayResponse, &Map(&GATEWAY_RESPONSE)),
            "what API Gateway's own errors look like",
        ),
        field("cors", Either(&[Flag, Map(&CORS)]), "let browsers of other origins call it"),
        field("validate", OneOf(VALIDATE), "what is validated where a method does not say"),
        needed("resources", Keyed(Form::Path, &Map(&RESOURCE)), "paths and their methods"),
    ],
};

const VALIDATE: &[&str] = &["none", "parameters", "body", "all"];

pub(super) static MODEL: Mapping = Mapping {
    what: "a model",
    keys: &[
        field("content_type", Text, "the content type it describes"),
        field("description", DESCRIPTION, "what the model is for"),
        needed("schema", Either(&[Any, Text]), "a JSON schema of draft 4, or the file that holds it"),
    ],
};

pub(super) static GATEWAY_RESPONSE: Mapping = Mapping {
    what: "a gateway response",
    keys: &[
        field("status", Whole(100, 599), "the status code"),
        field("headers", Keyed(Form::Name(limits::HEADER), &Text), "header name to mapping expression"),
        field("templates", Keyed(Form::ContentType, &Either(&[Text, Map(&INLINE)])), "body templates by content type"),
    ],
};

pub(super) static INLINE: Mapping =
    Mapping { what: "a template", keys: &[needed("inline", Text, "the template itself, in place of a file")] };

pub(super) static CORS: Mapping = Mapping {
    what: "`cors`",
    keys: &[
        field("origins", List(&Text), "origins that may call, or '*'"),
        field("headers", List(&Text), "request headers that may be sent"),
        field("methods", List(&Text), "methods that may be used"),
        field("credentials", Flag, "whether cookies may be sent"),
        field("max_age", Whole(0, 86_400), "seconds a browser may remember the answer"),
        field("expose", List(&Text), "response headers a page may read"),
    ],
};

pub(super) static RESOURCE: Mapping = Mapping {
    what: "a resource",
    keys: &[
        field("cors", Either(&[Flag, Map(&CORS)]), "CORS of this path"),
        field("GET", Map(&METHOD), "a method"),
        field("POST", Map(&METHOD), "a method"),
        field("PUT", Map(&METHOD), "a method"),
        field("DELETE", Map(&METHOD), "a method"),
        field("PATCH", Map(&METHOD), "a method"),
        field("HEAD", Map(&METHOD), "a method"),
        field("OPTIONS", Map(&METHOD), "a method"),
        field("ANY", Map(&METHOD), "every method that has no entry of its own"),
    ],
};

pub(super) static METHOD: Mapping = Mapping {
    what: "a method",
    keys: &[
        field("operation", Text, "its name in generated clients"),
        field("summary", Like(Form::Summary), "what it does, in a line"),
        field("description", DESCRIPTION, "what callers should know of it"),
        field("authorization", OneOf(&["none", "aws_iam"]), "who may call"),
        field("api_key", Flag, "whether callers need an API key"),
        field("query", Keyed(Form::Name(limits::PARAMETER), &PARAMETER), "query parameters"),
        field("headers", Keyed(Form::Name(limits::PARAMETER), &PARAMETER), "request headers"),
        field("path", Named(&PARAMETER), "path variables"),
        field("validate", OneOf(VALIDATE), "what is validated before the function is called"),
        field("models", Keyed(Form::ContentType, &Text), "model of the body by content type"),
        field("integration", OneOf(&["lambda", "lambda_proxy", "mock"]), "what answers"),
        field("timeout", Number(0.05, 29.0), "seconds until API Gateway gives up"),
        field("request", Map(&REQUEST), "what the function is sent"),
        field("responses", Keyed(Form::Status, &Map(&RESPONSE)), "what callers get, by status code"),
        field("allow", ALLOW, "codes of warnings to keep quiet for this method"),
    ],
};

const TARGET: Takes = Like(Form::Target);

/// Codes like POC001.
const ALLOW: Takes = List(&OneOf(WarningCode::NAMES));

static PARAMETER: Takes = Either(&[OneOf(&["required", "optional"]), Map(&PARAMETER_SETTINGS)]);

pub(super) static PARAMETER_SETTINGS: Mapping = Mapping {
    what: "a parameter",
    keys: &[
        field("required", Flag, "whether it must be sent"),
        field("description", DESCRIPTION, "what it means, and what it may be"),
    ],
};

pub(super) static REQUEST: Mapping = Mapping {
    what: "`request`",
    keys: &[
        field(
            "passthrough",
            OneOf(&["when_no_match", "when_no_templates", "never"]),
            "what happens to a body that no template is for",
        ),
        field(
            "templates",
            Keyed(Form::ContentType, &Either(&[Text, Map(&INLINE)])),
            "mapping templates by content type",
        ),
        field("headers", Keyed(Form::Name(limits::HEADER), &Text), "headers to send, as mapping expressions"),
        field("query", Keyed(Form::Name(limits::PARAMETER), &Text), "query parameters to send, as mapping expressions"),
        field("path", Keyed(Form::Name(limits::PARAMETER), &Text), "path variables to send, as mapping expressions"),
        field("content_handling", OneOf(CONTENT_HANDLING), "conversion of the body"),
    ],
};

const CONTENT_HANDLING: &[&str] = &["convert_to_text", "convert_to_binary"];

pub(super) static RESPONSE: Mapping = Mapping {
    what: "a response",
    keys: &[
        field("pattern", Text, "a regular expression for the whole errorMessage"),
        field(
            "templates",
            Keyed(Form::ContentType, &Either(&[Text, Map(&INLINE)])),
            "mapping templates by content type",
        ),
        field("headers", Keyed(Form::Name(limits::HEADER), &Text), "header name to mapping expression"),
        field("models", Keyed(Form::ContentType, &Text), "model of the body by content type"),
        field("content_handling", OneOf(CONTENT_HANDLING), "conversion of the body"),
    ],
};

pub(super) static STAGE_SETTINGS: Mapping = Mapping {
    what: "`stage_settings`",
    keys: &[
        field("description", DESCRIPTION, "what the stage is for"),
        field(
            "variables",
            Keyed(Form::Name(limits::STAGE_VARIABLE), &Like(Form::Name(limits::STAGE_VARIABLE_VALUE))),
            "stage variables",
        ),
        field("throttle", Map(&THROTTLE), "limit of every method that has none of its own"),
        field("methods", Keyed(Form::MethodName, &Map(&THROTTLE)), "limits by method, like GET /admit"),
        field("logging", Map(&LOGGING), "execution logs"),
        field("metrics", Flag, "detailed CloudWatch metrics"),
        field("access_log", Map(&ACCESS_LOG), "one line per request"),
        field("xray", Flag, "tracing"),
        field("tags", TAGS, "tags for the stage alone"),
    ],
};

pub(super) static LOGGING: Mapping = Mapping {
    what: "`logging`",
    keys: &[
        field("level", OneOf(&["off", "error", "info"]), "how much is logged"),
        field("data_trace", Flag, "whether whole requests and responses are logged"),
    ],
};

pub(super) static ACCESS_LOG: Mapping = Mapping {
    what: "`access_log`",
    keys: &[
        needed("destination", Like(Form::LogDestination), "ARN of a log group or Firehose stream"),
        needed("format", Like(Form::LogFormat), "one line with $context.requestId in it"),
    ],
};

pub(super) static THROTTLE: Mapping = Mapping {
    what: "a throttle",
    keys: &[
        needed("rate", Number(0.0, 1_000_000_000.0), "requests per second"),
        needed("burst", Whole(0, MAX_I32), "requests at once"),
    ],
};

pub(super) static USAGE_PLAN: Mapping = Mapping {
    what: "`usage_plan`",
    keys: &[
        field("name", API_THING, "the plan's name"),
        field("description", DESCRIPTION, "what the plan is for"),
        field("throttle", Map(&THROTTLE), "limit of each key"),
        field("quota", Map(&QUOTA), "requests of each key per period"),
        field("methods", Keyed(Form::MethodName, &Map(&THROTTLE)), "limits by method, like GET /admit"),
        field("keys", List(&Either(&[API_THING, Map(&API_KEY)])), "the API keys"),
    ],
};

pub(super) static QUOTA: Mapping = Mapping {
    what: "`quota`",
    keys: &[
        needed("limit", Whole(1, MAX_I32), "requests per period"),
        needed("period", OneOf(&["day", "week", "month"]), "the period"),
        field("offset", Whole(0, 27), "day of the week or month the period starts on"),
    ],
};

pub(super) static API_KEY: Mapping = Mapping {
    what: "an API key",
    keys: &[
        needed("name", API_THING, "the key's name"),
        field("description", DESCRIPTION, "who the key is for"),
        field("enabled", Flag, "whether it works"),
        field("value", Text, "${env:NAME}; without it AWS makes one up"),
    ],
};

pub(super) static DOMAIN: Mapping = Mapping {
    what: "`domain`",
    keys: &[
        needed("name", Like(Form::HostName), "the host name"),
        field("base_path", Like(Form::BasePath), "one path segment under it"),
        needed("certificate", Like(Form::Certificate), "request, or the ARN of an ACM certificate"),
        field("hosted_zone", Like(Form::Zone), "the Route 53 zone that holds the name"),
        field("endpoint", OneOf(&["regional", "edge"]), "where it is reached; the API's unless given"),
        field("security_policy", Like(Form::SecurityPolicy), "TLS versions and ciphers"),
        field("ip_address_type", OneOf(&["ipv4", "dualstack"]), "whether IPv6 is answered too"),
        field("mutual_tls", Map(&MUTUAL_TLS), "ask callers for a certificate"),
    ],
};

pub(super) static MUTUAL_TLS: Mapping = Mapping {
    what: "`mutual_tls`",
    keys: &[
        needed("truststore", Like(Form::Truststore), "s3://bucket/key of the certificates to trust"),
        field("version", Text, "version of that object"),
    ],
};

pub(super) static SITE: Mapping = Mapping {
    what: "`site`",
    keys: &[
        needed("path", Text, "the folder of the pages"),
        field("bucket", Like(Form::Bucket), "the S3 bucket they are shown from"),
        field("index", Text, "the page of a folder"),
        field("error", Text, "the page that is shown with an error"),
        field("cache", Whole(0, 31_536_000), "seconds that browsers keep everything but HTML"),
        field("ignore", List(&Text), "what to leave out, in .gitignore patterns"),
    ],
};

pub(super) static CHECK: Mapping = Mapping {
    what: "a check",
    keys: &[
        field("name", Text, "what is checked"),
        field("get", TARGET, "path and query of a GET"),
        field("post", TARGET, "path and query of a POST"),
        field("put", TARGET, "path and query of a PUT"),
        field("delete", TARGET, "path and query of a DELETE"),
        field("patch", TARGET, "path and query of a PATCH"),
        field("head", TARGET, "path and query of a HEAD"),
        field("options", TARGET, "path and query of an OPTIONS"),
        field("headers", Named(&Text), "headers to send"),
        field("body", Any, "body to send: text as it is, anything else as JSON"),
        field("key", Text, "name of the API key to send, or none; the first one unless given"),
        needed("expect", Map(&EXPECT), "what must come back"),
    ],
};

pub(super) static EXPECT: Mapping = Mapping {
    what: "`expect`",
    keys: &[
        field("status", Whole(100, 599), "the status code"),
        field("json", Any, "the body as JSON"),
        field("text", Text, "the body as text"),
        field("headers", Named(&Text), "headers that must be there"),
    ],
};

impl Mapping {
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.keys.iter().find(|field| field.key == key)
    }
}
