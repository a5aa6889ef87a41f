//! The gateway's own answers: each kind with its gateway response type, status, text and error type (`AWS_FACTS` C7).

/// Why the gateway answers by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub kind: Kind,
    /// `$context.error.message`
    pub message: String,
    /// Where it is not the kind's own.
    pub status: Option<u16>,
    /// `$context.error.validationErrorString`
    pub validation: Option<String>,
    /// For the developer alone.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    AccessDenied,
    ApiConfiguration,
    AuthorizerConfiguration,
    BadParameters,
    BadBody,
    /// No stage, no mapping, or the default endpoint is disabled: there is no API yet whose gateway responses would count.
    Forbidden,
    HeadersTooLarge,
    IncompleteSignature,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    MissingAuthenticationToken,
    QuotaExceeded,
    RequestTooLarge,
    Throttled,
    UnknownAccessKey,
    UnsupportedMediaType,
    UriTooLong,
}

/// Gateway response type (none: cannot be customised), status, message, `x-amzn-ErrorType`.
type Row = (Option<&'static str>, u16, &'static str, &'static str);

impl Kind {
    #[rustfmt::skip]
    fn row(self) -> Row {
        match self {
            Kind::AccessDenied => (Some("ACCESS_DENIED"), 403, "Access Denied", "AccessDeniedException"),
            Kind::ApiConfiguration => (Some("API_CONFIGURATION_ERROR"), 500, "Internal server error", "InternalServerErrorException"),
            Kind::AuthorizerConfiguration => (Some("AUTHORIZER_CONFIGURATION_ERROR"), 500, "Internal server error", "AuthorizerConfigurationException"),
            Kind::BadParameters => (Some("BAD_REQUEST_PARAMETERS"), 400, "Missing required request parameters", "BadRequestException"),
            Kind::BadBody => (Some("BAD_REQUEST_BODY"), 400, "Invalid request body", "BadRequestException"),
            Kind::Forbidden => (None, 403, "Forbidden", "ForbiddenException"),
            Kind::HeadersTooLarge => (None, 431, "Request Header Fields Too Large", "RequestHeaderFieldsTooLargeException"),
            Kind::IncompleteSignature => (Some("INVALID_SIGNATURE"), 403, "Invalid signature", "IncompleteSignatureException"),
            Kind::IntegrationFailure => (Some("INTEGRATION_FAILURE"), 500, "Internal server error", "InternalServerErrorException"),
            Kind::IntegrationTimeout => (Some("INTEGRATION_TIMEOUT"), 504, "Endpoint request timed out", "InternalServerErrorException"),
            Kind::InvalidApiKey => (Some("INVALID_API_KEY"), 403, "Forbidden", "ForbiddenException"),
            Kind::InvalidSignature => (Some("INVALID_SIGNATURE"), 403, "Invalid signature", "InvalidSignatureException"),
            Kind::MissingAuthenticationToken => (Some("MISSING_AUTHENTICATION_TOKEN"), 403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
            Kind::QuotaExceeded => (Some("QUOTA_EXCEEDED"), 429, "Limit Exceeded", "LimitExceededException"),
            Kind::RequestTooLarge => (None, 413, "Request Too Long", "RequestTooLargeException"),
            Kind::Throttled => (Some("THROTTLED"), 429, "Too Many Requests", "TooManyRequestsException"),
            Kind::UnknownAccessKey => (Some("INVALID_SIGNATURE"), 403, "The security token included in the request is invalid.", "UnrecognizedClientException"),
            Kind::UnsupportedMediaType => (Some("UNSUPPORTED_MEDIA_TYPE"), 415, "Unsupported Media Type", "BadRequestException"),
            Kind::UriTooLong => (None, 414, "Request-URI Too Long", "RequestUriTooLongException"),
        }
    }

    pub fn response_type(self) -> Option<&'static str> {
        self.row().0
    }

    pub fn status(self) -> u16 {
        self.row().1
    }

    pub fn error_type(self) -> &'static str {
        self.row().3
    }

    pub fn refusal(self) -> Refusal {
        Refusal { kind: self, message: self.row().2.to_owned(), status: None, validation: None, reason: None }
    }

    /// With the reason for the developer.
    pub fn because(self, reason: impl Into<String>) -> Refusal {
        Refusal { reason: Some(reason.into()), ..self.refusal() }
    }
}

impl Refusal {
    pub fn saying(self, message: impl Into<String>) -> Refusal {
        Refusal { message: message.into(), ..self }
    }
}
