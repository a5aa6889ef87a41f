//! Names in a template that mean nothing, and print nothing or themselves: variables that nothing sets, members that
//! `$input`, `$util` and `$context` do not have (AWS_FACTS C5), directives that there are not. They are noted while the text
//! is parsed, and judged once all of it is known: a variable that one branch sets is set.

use std::collections::BTreeSet;

use super::ast::{Expr, Reference, Step};
use super::error::Position;
use super::parameters::key_of;

/// What a name was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrangerKind {
    /// `$x`
    Variable,
    /// A member of this, `$context` or `$input.params()`.
    Member(&'static str),
    /// `#x`, which is printed as it stands.
    Directive,
}

/// One name that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    pub kind: StrangerKind,
    pub name: String,
    /// What it could have been.
    pub known: Vec<String>,
    /// What stands there as a whole, `$context.requstId`.
    pub written: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A method or property of a known variable, as a template asks for it.
#[derive(Debug, Clone)]
struct Member {
    owner: &'static str,
    name: String,
    known: &'static [&'static str],
}

#[derive(Debug, Clone)]
struct Used {
    at: Position,
    written: String,
    root: String,
    member: Option<Member>,
}

/// Every name of a template, as far as its text shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    used: Vec<Used>,
    set: BTreeSet<String>,
    /// Keys that the template puts into `$context`.
    put: BTreeSet<String>,
    called: Vec<(String, Position)>,
    /// `#evaluate` may set anything.
    pub anything: bool,
}

/// Set for every template, by loops and by macros.
const OWN: [&str; 9] = [
    "input",
    "util",
    "context",
    "stageVariables",
    "foreach",
    "velocityCount",
    "velocityHasNext",
    "bodyContent",
    // Nobody sets it: `$x == $null` asks whether there is a value.
    "null",
];

const DIRECTIVES: [&str; 10] =
    ["if", "else", "elseif", "end", "set", "foreach", "macro", "define", "evaluate", "break"];

const INPUT: &[&str] = &["body", "json()", "params()", "path()"];
const GROUPS: &[&str] = &["header", "path", "querystring"];
const UTIL: &[&str] =
    &["base64Decode()", "base64Encode()", "escapeJavaScript()", "parseJson()", "urlDecode()", "urlEncode()"];

/// What `$context` has, those members included that only access logs fill.
pub const CONTEXT: &[&str] = &[
    "accountId",
    "apiId",
    "authenticate",
    "authorize",
    "authorizer",
    "awsEndpointRequestId",
    "cipherSuite",
    "customDomain",
    "deploymentId",
    "domainName",
    "domainPrefix",
    "endpointType",
    "error",
    "extendedRequestId",
    "httpMethod",
    "identity",
    "integration",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "isCanaryRequest",
    "path",
    "protocol",
    "requestId",
    "requestOverride",
    "requestTime",
    "requestTimeEpoch",
    "resourceId",
    "resourcePath",
    "responseLatency",
    "responseLength",
    "responseOverride",
    "stage",
    "status",
    "tlsVersion",
    "waf",
    "wafResponseCode",
    "webaclArn",
    "xrayTraceId",
];

const IDENTITY: &[&str] = &[
    "accessKey",
    "accountId",
    "apiKey",
    "apiKeyId",
    "caller",
    "clientCert",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "sourceIp",
    "user",
    "userAgent",
    "userArn",
    "vpcId",
    "vpceId",
];

/// The members of one that are a closed set; an authorizer's are the authorizer's own.
pub fn members_of_context(name: &str) -> Option<(&'static str, &'static [&'static str])> {
    match name {
        "identity" => Some(("$context.identity", IDENTITY)),
        "error" => Some(("$context.error", &["message", "messageString", "responseType", "validationErrorString"])),
        "requestOverride" => Some(("$context.requestOverride", GROUPS)),
        "responseOverride" => Some(("$context.responseOverride", &["header", "status"])),
        _ => None,
    }
}

impl Names {
    pub fn use_of(&mut self, reference: &Reference) {
        if reference.escaped || reference.runt || !reference.computable {
            return;
        }
        if let ("context", [Step::Method(name, arguments), ..]) = (reference.root.as_str(), reference.steps.as_slice())
            && let ("put", [Expr::String(key), ..]) = (name.as_str(), arguments.as_slice())
        {
            self.put.insert(key.to_string());
        }
        let member = member(&reference.root, &reference.steps);
        let (at, written, root) = (reference.at, reference.text.clone(), reference.root.clone());
        self.used.push(Used { at, written, root, member });
    }

    pub fn set(&mut self, name: &str) {
        self.set.insert(name.to_owned());
    }

    /// What `#set` puts a value into.
    pub fn assign(&mut self, reference: &Reference) {
        match reference.steps.as_slice() {
            [] => self.set(&reference.root),
            [step] if reference.root == "context" => self.put.extend(key_of(step)),
            _ => {}
        }
    }

    pub fn call(&mut self, name: &str, at: Position) {
        self.called.push((name.to_owned(), at));
    }

    /// How many uses there are so far, and back to as many: `#literal` prints its block and uses nothing.
    pub fn mark(&self) -> (usize, usize) {
        (self.used.len(), self.called.len())
    }

    pub fn back_to(&mut self, (used, called): (usize, usize)) {
        self.used.truncate(used);
        self.called.truncate(called);
    }

    /// Those that mean nothing, in the order of the text.
    pub fn strangers<'m>(&self, macros: impl Iterator<Item = &'m String>, stage_variables: &[&str]) -> Vec<Stranger> {
        let mut found: Vec<Stranger> =
            self.used.iter().filter_map(|used| self.of_reference(used, stage_variables)).collect();
        let macros: Vec<&String> = macros.collect();
        let unknown = self.called.iter().filter(|(name, _)| !macros.contains(&name));
        found.extend(unknown.map(|(name, at)| Stranger {
            kind: StrangerKind::Directive,
            name: name.clone(),
            known: DIRECTIVES.iter().map(|known| (*known).to_owned()).chain(macros.iter().copied().cloned()).collect(),
            written: format!("#{name}"),
            line: at.line,
            column: at.column,
        }));
        found.sort_by_key(|stranger| (stranger.line, stranger.column));
        found.dedup();
        found
    }

    fn of_reference(&self, used: &Used, stage_variables: &[&str]) -> Option<Stranger> {
        let Used { at, written, root, member } = used;
        let stranger = |kind: StrangerKind, name: &str, known: Vec<String>| Stranger {
            kind,
            name: name.to_owned(),
            known,
            written: written.clone(),
            line: at.line,
            column: at.column,
        };
        if !OWN.contains(&root.as_str()) || self.set.contains(root) {
            let known = self.anything || self.set.contains(root);
            let all = OWN[..4].iter().map(|own| (*own).to_owned()).chain(self.set.iter().cloned());
            return (!known).then(|| stranger(StrangerKind::Variable, root, all.collect()));
        }
        let Member { owner, name, known } = member.as_ref()?;
        let texts = |known: &[&str]| known.iter().map(|one| (*one).to_owned()).collect();
        match *owner {
            "$stageVariables" if stage_variables.contains(&name.as_str()) => None,
            "$stageVariables" => Some(stranger(StrangerKind::Member(owner), name, texts(stage_variables))),
            "$context" if self.put.contains(name) => None,
            _ if known.contains(&name.as_str()) => None,
            _ => Some(stranger(StrangerKind::Member(owner), name, texts(known))),
        }
    }
}

/// The first member on the way of a reference that may not be there.
fn member(root: &str, steps: &[Step]) -> Option<Member> {
    let of = |owner: &'static str, step: &Step, known: &'static [&'static str]| {
        Some(Member { owner, name: key_of(step)?, known })
    };
    match (root, steps) {
        ("input", [Step::Method(name, given), group, ..]) if name == "params" && given.is_empty() => {
            of("$input.params()", group, GROUPS)
        }
        ("input", [step, ..]) => called("$input", step, INPUT),
        ("util", [step, ..]) => called("$util", step, UTIL),
        ("stageVariables", [step, ..]) => of("$stageVariables", step, &[]),
        ("context", [first, rest @ ..]) => {
            let name = key_of(first)?;
            let inner = members_of_context(&name).zip(rest.first());
            match inner.and_then(|((owner, known), step)| of(owner, step, known)) {
                Some(member) if !member.known.contains(&member.name.as_str()) => Some(member),
                _ => of("$context", first, CONTEXT),
            }
        }
        _ => None,
    }
}

/// A method has its parentheses, a property none. What every object of Java's has is not asked about.
fn called(owner: &'static str, step: &Step, known: &'static [&'static str]) -> Option<Member> {
    let name = match step {
        Step::Method(name, _) if matches!(name.as_str(), "toString" | "equals" | "hashCode" | "getBody") => {
            return None;
        }
        Step::Method(name, _) => format!("{name}()"),
        Step::Property(name) => name.clone(),
        Step::Index(_) => return None,
    };
    Some(Member { owner, name, known })
}
