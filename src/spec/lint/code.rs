//! The warnings there are: a code that never changes its meaning, and a title.

use std::fmt;

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        /// A kind of warning. Numbers go by theme, and one that was given is never given to another kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum WarningCode {
            $(#[doc = $title] $name,)*
        }

        impl WarningCode {
            /// What `allow` takes.
            pub(in crate::spec) const NAMES: &'static [&'static str] = &[$($code,)*];

            /// Every kind, by number.
            pub fn all() -> &'static [WarningCode] {
                &[$(WarningCode::$name,)*]
            }

            /// `POC001`.
            pub fn name(self) -> &'static str {
                match self { $(WarningCode::$name => $code,)* }
            }

            /// What it is about, in half a sentence.
            pub fn title(self) -> &'static str {
                match self { $(WarningCode::$name => $title,)* }
            }
        }
    };
}

codes! {
    RawParameter = "POC001", "text of the caller's stands raw in JSON";
    RawBody = "POC002", "text of a payload stands raw in JSON";
    Apostrophe = "POC003", "an apostrophe becomes \\' in JSON";
    Unquoted = "POC004", "text stands outside of quotes in JSON";
    UntemplatedBody = "POC005", "other content types go past the template";
    NoTemplateWithoutContentType = "POC006", "a request without Content-Type finds no template";
    UnusedTemplate = "POC007", "a template that nothing uses";
    UnknownName = "POC008", "a name that means nothing";
    UndeclaredParameter = "POC009", "a parameter that the method does not declare";
    PatternOfOtherSpacing = "POC010", "a pattern that cannot match what the function prints";
    PatternOfStatus = "POC011", "a pattern that looks for a status code";
    PatternOfPart = "POC012", "a pattern that matches a part of the text only";
    PatternsOverlap = "POC013", "two patterns match the same error";
    SuccessIsError = "POC014", "what succeeds is answered with an error's status";
    ErrorIsSuccess = "POC015", "what fails is answered with a success's status";
    NotValidated = "POC020", "a required parameter that nothing requires";
    NoModel = "POC021", "a body is validated against nothing";
    ModelNotUsed = "POC022", "a model that nothing is validated against";
    Unprotected = "POC030", "an open method beside protected ones";
    PlanWithoutUse = "POC031", "a usage plan that limits nobody";
    NoQuota = "POC032", "a usage plan without a quota";
    NoThrottle = "POC033", "a usage plan without a throttle";
    NothingAllowed = "POC034", "a limit that lets nothing through";
    NoAuthorizer = "POC035", "keys are read from an authorizer, and there is none";
    NoKeyEnabled = "POC036", "no API key is enabled";
    CorsHeader = "POC040", "an answer that a page may not read";
    CorsProxy = "POC041", "a function that has to send the CORS headers itself";
    CorsKeyHeader = "POC042", "a page may not send the key";
    CorsMethod = "POC043", "a page may not use the method";
    RuntimeEnds = "POC050", "a runtime that ends";
    FunctionOutlivesCaller = "POC051", "a function that runs on when its caller has gone";
    WildcardPermission = "POC052", "a permission for everything";
    SecretInFile = "POC053", "a secret that stands in the file";
    NoConcurrency = "POC054", "a function that may not run";
    Edge = "POC060", "an edge endpoint";
    DataTrace = "POC061", "whole requests are written to the log";
    BackDoor = "POC062", "a way past the client certificates";
    OldTls = "POC063", "an outdated TLS version is accepted";
    UnknownRegion = "POC064", "a region that is not known";
    CheckOfNothing = "POC070", "a check of a method that is not there";
    UnusedAllow = "POC090", "an `allow` that allows nothing";
}

impl fmt::Display for WarningCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
