//! What IAM would ask of a request, told by the request alone, and whether a policy answers yes: written from AWS's
//! Service Authorization Reference, and knowing nothing of the table that policies are made of.

use std::sync::{Arc, Mutex};

use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use poc::local::cloud::{ACCOUNT, Request, like};
use serde_json::Value;

/// Keeps every request; one in the way may fail.
#[derive(Default)]
pub struct Tap {
    pub heard: Mutex<Vec<Arc<Request>>>,
    /// The operation that is refused until it is taken away.
    pub refused: Mutex<Option<&'static str>>,
}

impl Between for Tap {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        self.heard.lock().unwrap().push(call.request.clone());
        let refused = *self.refused.lock().unwrap() == Some(call.operation);
        Box::pin(async move { refused.then_some(Fault::AccessDenied) })
    }
}

/// One thing that a request has to be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    pub action: String,
    pub resource: String,
    /// Condition keys that AWS fills in.
    context: Vec<(&'static str, Vec<String>)>,
}

fn need(action: impl Into<String>, resource: impl Into<String>) -> Need {
    Need { action: action.into(), resource: resource.into(), context: Vec::new() }
}

impl Need {
    fn knowing(mut self, key: &'static str, values: Vec<String>) -> Need {
        self.context.push((key, values));
        self
    }
}

/// Everything that AWS would look up in the caller's policies for this request.
pub fn needs(request: &Request) -> Vec<Need> {
    match request.service() {
        "sts" => vec![need(format!("sts:{}", form(request, "Action").unwrap()), "*")],
        "s3" => of_s3(request),
        "iam" => of_iam(request),
        "logs" => of_logs(request),
        "acm" => of_acm(request),
        "ecr" => {
            let body = request.json();
            let repository = body["repositoryName"].as_str().unwrap();
            vec![need(format!("ecr:{}", target(request)), ecr(request, repository))]
        }
        "lambda" => of_lambda(request),
        "route53" => of_route53(request),
        "apigateway" => of_apigateway(request),
        other => panic!("nobody knows what {other} asks for"),
    }
}

fn form(request: &Request, name: &str) -> Option<String> {
    request.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn target(request: &Request) -> String {
    request.header("x-amz-target").unwrap().rsplit('.').next().unwrap().to_owned()
}

fn of_s3(request: &Request) -> Vec<Need> {
    let bucket = format!("arn:aws:s3:::{}", request.segments[0]);
    let object = format!("{bucket}/{}", request.segments[1..].join("/"));
    let asks = |name: &str| request.query(name).is_some();
    let sub = ["tagging", "publicAccessBlock", "policy", "website", "versions", "uploads", "delete", "uploadId"];
    let sub = sub.into_iter().find(|name| asks(name)).unwrap_or_default();
    let of_objects = request.segments.len() > 1;
    let action = match (request.method.as_str(), sub, of_objects) {
        ("HEAD", "", false) | ("GET", "", false) => "ListBucket",
        ("PUT", "", false) => "CreateBucket",
        ("DELETE", "", false) => "DeleteBucket",
        ("GET", "tagging", false) => "GetBucketTagging",
        ("PUT", "tagging", false) => "PutBucketTagging",
        ("GET", "publicAccessBlock", false) => "GetBucketPublicAccessBlock",
        ("PUT", "publicAccessBlock", false) => "PutBucketPublicAccessBlock",
        ("GET", "policy", false) => "GetBucketPolicy",
        ("PUT", "policy", false) => "PutBucketPolicy",
        ("DELETE", "policy", false) => "DeleteBucketPolicy",
        ("GET", "website", false) => "GetBucketWebsite",
        ("PUT", "website", false) => "PutBucketWebsite",
        ("DELETE", "website", false) => "DeleteBucketWebsite",
        ("GET", "versions", false) => "ListBucketVersions",
        ("GET", "uploads", false) => "ListBucketMultipartUploads",
        ("HEAD" | "GET", "", true) => "GetObject",
        ("PUT", "" | "uploadId", true) | ("POST", "uploads" | "uploadId", true) => "PutObject",
        ("GET", "uploadId", true) => "ListMultipartUploadParts",
        ("DELETE", "uploadId", true) => "AbortMultipartUpload",
        ("POST", "delete", false) => {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            let document = roxmltree::Document::parse(&text).unwrap();
            let objects = document.descendants().filter(|node| node.has_tag_name((NS, "Object")));
            let text = |node: roxmltree::Node<'_, '_>, name: &str| {
                let child = node.children().find(|child| child.has_tag_name((NS, name)));
                child.and_then(|child| child.text()).map(str::to_owned)
            };
            // Which of the two is asked for where a bucket keeps no versions, and so has one called null, is not written.
            let needs = objects.flat_map(|object| {
                let arn = format!("{bucket}/{}", text(object, "Key").unwrap());
                let actions: &[&str] = match text(object, "VersionId").as_deref() {
                    None => &["s3:DeleteObject"],
                    Some("null") => &["s3:DeleteObject", "s3:DeleteObjectVersion"],
                    Some(_) => &["s3:DeleteObjectVersion"],
                };
                actions.iter().map(|action| need(*action, &arn)).collect::<Vec<_>>()
            });
            return needs.collect();
        }
        other => panic!("nobody knows what this asks for: {other:?} {}", request.path),
    };
    vec![need(format!("s3:{action}"), if of_objects { object } else { bucket })]
}

const NS: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

fn of_iam(request: &Request) -> Vec<Need> {
    let action = form(request, "Action").unwrap();
    if action == "SimulatePrincipalPolicy" {
        // Whoever may not ask what he may do goes on without.
        return Vec::new();
    }
    let Some(name) = form(request, "RoleName") else { return vec![need(format!("iam:{action}"), "*")] };
    let mut needs = vec![need(format!("iam:{action}"), role(&name))];
    if let Some(policy) = form(request, "PolicyArn") {
        needs[0] = needs[0].clone().knowing("iam:PolicyARN", vec![policy]);
    }
    if action == "CreateRole" && form(request, "Tags.member.1.Key").is_some() {
        needs.push(need("iam:TagRole", role(&name)));
    }
    needs
}

/// Log groups are asked for with all that is in them, but for tags.
fn of_logs(request: &Request) -> Vec<Need> {
    let (operation, body) = (target(request), request.json());
    let arn = |rest: &str| format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{rest}", request.region());
    let action = format!("logs:{operation}");
    match (operation.as_str(), body["logGroupName"].as_str(), body["resourceArn"].as_str()) {
        ("DescribeLogGroups", ..) => vec![need(action, arn(":log-stream:"))],
        ("CreateLogGroup", Some(name), _) => {
            let tagged = body["tags"].is_object().then(|| need("logs:TagResource", arn(name)));
            std::iter::once(need(action, arn(&format!("{name}:log-stream:")))).chain(tagged).collect()
        }
        (_, Some(name), _) => vec![need(action, arn(&format!("{name}:log-stream:")))],
        (_, None, Some(resource)) => vec![need(action, resource)],
        other => panic!("nobody knows what this asks for: {other:?}"),
    }
}

fn of_acm(request: &Request) -> Vec<Need> {
    let (operation, body) = (target(request), request.json());
    let arn = body["CertificateArn"].as_str().unwrap_or("*");
    let mut needs = vec![need(format!("acm:{operation}"), arn)];
    if operation == "RequestCertificate" && body["Tags"].is_array() {
        let new = format!("arn:aws:acm:{}:{ACCOUNT}:certificate/new", request.region());
        needs.push(need("acm:AddTagsToCertificate", new));
    }
    needs
}

fn ecr(request: &Request, repository: &str) -> String {
    format!("arn:aws:ecr:{}:{ACCOUNT}:repository/{repository}", request.region())
}

fn of_lambda(request: &Request) -> Vec<Need> {
    let segments: Vec<&str> = request.segments[1..].iter().map(String::as_str).collect();
    let body = request.json();
    let function = |name: &str| match name.starts_with("arn:") {
        true => name.to_owned(),
        false => format!("arn:aws:lambda:{}:{ACCOUNT}:function:{name}", request.region()),
    };
    let (action, name) = match (request.method.as_str(), &segments[..]) {
        ("POST", ["functions"]) => ("CreateFunction", body["FunctionName"].as_str().unwrap()),
        ("GET", ["functions", name]) => ("GetFunction", *name),
        ("DELETE", ["functions", name]) => ("DeleteFunction", *name),
        ("GET", ["functions", name, "configuration"]) => ("GetFunctionConfiguration", *name),
        ("PUT", ["functions", name, "configuration"]) => ("UpdateFunctionConfiguration", *name),
        ("PUT", ["functions", name, "code"]) => ("UpdateFunctionCode", *name),
        ("POST", ["functions", name, "versions"]) => ("PublishVersion", *name),
        ("GET", ["functions", name, "versions"]) => ("ListVersionsByFunction", *name),
        ("GET", ["functions", name, "aliases"]) => ("ListAliases", *name),
        ("POST", ["functions", name, "aliases"]) => ("CreateAlias", *name),
        ("GET", ["functions", name, "aliases", _]) => ("GetAlias", *name),
        ("PUT", ["functions", name, "aliases", _]) => ("UpdateAlias", *name),
        ("DELETE", ["functions", name, "aliases", _]) => ("DeleteAlias", *name),
        ("GET", ["functions", name, "policy"]) => ("GetPolicy", *name),
        ("POST", ["functions", name, "policy"]) => ("AddPermission", *name),
        ("DELETE", ["functions", name, "policy", _]) => ("RemovePermission", *name),
        ("PUT", ["functions", name, "concurrency"]) => ("PutFunctionConcurrency", *name),
        ("DELETE", ["functions", name, "concurrency"]) => ("DeleteFunctionConcurrency", *name),
        ("POST", ["tags", arn]) => ("TagResource", *arn),
        ("GET", ["account-settings"]) => return vec![need("lambda:GetAccountSettings", "*")],
        other => panic!("nobody knows what this asks for: {other:?}"),
    };
    let qualified = request.query("Qualifier").map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    let mut needs = vec![need(format!("lambda:{action}"), function(name) + &qualified)];
    if body["Tags"].is_object() && action == "CreateFunction" {
        needs.push(need("lambda:TagResource", function(name)));
    }
    if let Some(role) = body["Role"].as_str() {
        let to = vec!["lambda.amazonaws.com".to_owned()];
        needs.push(need("iam:PassRole", role).knowing("iam:PassedToService", to));
    }
    for layer in body["Layers"].as_array().into_iter().flatten() {
        needs.push(need("lambda:GetLayerVersion", layer.as_str().unwrap()));
    }
    let code = if action == "UpdateFunctionCode" { &body } else { &body["Code"] };
    if let (Some(bucket), Some(key)) = (code["S3Bucket"].as_str(), code["S3Key"].as_str()) {
        needs.push(need("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")));
    }
    if let Some(image) = code["ImageUri"].as_str() {
        let repository = image.split_once('/').unwrap().1.split(['@', ':']).next().unwrap();
        for action in ["BatchGetImage", "GetDownloadUrlForLayer", "GetRepositoryPolicy", "SetRepositoryPolicy"] {
            needs.push(need(format!("ecr:{action}"), ecr(request, repository)));
        }
    }
    needs
}

fn of_route53(request: &Request) -> Vec<Need> {
    let segments: Vec<&str> = request.segments[1..].iter().map(String::as_str).collect();
    let zone = |id: &str| format!("arn:aws:route53:::hostedzone/{id}");
    match (request.method.as_str(), &segments[..]) {
        ("GET", ["hostedzonesbyname"]) => vec![need("route53:ListHostedZonesByName", "*")],
        ("GET", ["hostedzone", id]) => vec![need("route53:GetHostedZone", zone(id))],
        ("GET", ["hostedzone", id, "rrset"]) => vec![need("route53:ListResourceRecordSets", zone(id))],
        ("GET", ["change", id]) => vec![need("route53:GetChange", format!("arn:aws:route53:::change/{id}"))],
        ("POST", ["hostedzone", id, "rrset"]) => {
            let text = String::from_utf8_lossy(&request.body).into_owned();
            let document = roxmltree::Document::parse(&text).unwrap();
            let sets = document.descendants().filter(|node| node.tag_name().name() == "ResourceRecordSet");
            let names = sets.map(|set| {
                let name = set.children().find(|child| child.tag_name().name() == "Name").unwrap().text().unwrap();
                name.to_lowercase().trim_end_matches('.').replace('*', "\\052")
            });
            let key = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
            vec![need("route53:ChangeResourceRecordSets", zone(id)).knowing(key, names.collect())]
        }
        other => panic!("nobody knows what this asks for: {other:?}"),
    }
}

fn of_apigateway(request: &Request) -> Vec<Need> {
    let (verb, path, body) = (request.method.as_str(), request.path.as_str(), request.json());
    let arn = |path: &str| format!("arn:aws:apigateway:{}::{path}", request.region());
    let mut needs = vec![need(format!("apigateway:{verb}"), arn(path))];
    if verb == "POST" && body["tags"].as_object().is_some_and(|tags| !tags.is_empty()) {
        let escaped = path.replace('/', "%2F");
        needs.push(need(
            "apigateway:PUT",
            arn(&format!("/tags/arn%3Aaws%3Aapigateway%3A{}%3A%3A{escaped}%2Fnew", request.region())),
        ));
    }
    let patched = |start: &str| {
        let operations = body["patchOperations"].as_array();
        operations.into_iter().flatten().any(|one| one["path"].as_str().is_some_and(|path| path.starts_with(start)))
    };
    let policy = body["policy"].is_string() || body["x-amazon-apigateway-policy"].is_object() || patched("/policy");
    if policy && path.starts_with("/restapis") {
        needs.push(need("apigateway:UpdateRestApiPolicy", arn(path)));
    }
    if verb == "POST" && path == "/domainnames" {
        let role = role("aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway");
        let service = vec!["ops.apigateway.amazonaws.com".to_owned()];
        needs.push(need("iam:CreateServiceLinkedRole", role).knowing("iam:AWSServiceName", service));
        if body["certificateArn"].is_string() {
            needs.push(need("cloudfront:UpdateDistribution", "*"));
        }
        if let Some(place) = body["mutualTlsAuthentication"]["truststoreUri"].as_str() {
            let object = format!("arn:aws:s3:::{}", place.trim_start_matches("s3://"));
            needs.push(need("apigateway:AddCertificateToDomain", arn(path)));
            needs.push(need("s3:GetObject", &object));
            needs.push(need("s3:GetObjectVersion", &object));
        }
    }
    if patched("/mutualTlsAuthentication") {
        needs.push(need("apigateway:AddCertificateToDomain", arn(path)));
        needs.push(need("apigateway:RemoveCertificateFromDomain", arn(path)));
    }
    needs
}

/// A policy as IAM reads it, which takes note of what of it was of use.
pub struct Reader {
    statements: Vec<Value>,
    used: Vec<(usize, &'static str, String)>,
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        other => panic!("neither a text nor texts: {other}"),
    }
}

impl Reader {
    pub fn of(policy: &Value) -> Reader {
        assert_eq!(policy["Version"], "2012-10-17");
        let statements = policy["Statement"].as_array().unwrap().clone();
        let mut sids: Vec<&str> = statements.iter().map(|one| one["Sid"].as_str().unwrap()).collect();
        assert!(sids.iter().all(|sid| sid.chars().all(|letter| letter.is_ascii_alphanumeric())), "{sids:?}");
        sids.sort_unstable();
        sids.dedup();
        assert_eq!(sids.len(), statements.len(), "a Sid stands twice");
        Reader { statements, used: Vec::new() }
    }

    /// Does some statement allow it?
    pub fn allows(&mut self, need: &Need) -> bool {
        let mut allowed = false;
        for (at, statement) in self.statements.iter().enumerate() {
            let (actions, resources) = (list(&statement["Action"]), list(&statement["Resource"]));
            let action = actions.iter().find(|pattern| like(&pattern.to_lowercase(), &need.action.to_lowercase()));
            let resource = resources.iter().filter(|pattern| like(pattern, &need.resource));
            let resource: Vec<&String> = resource.collect();
            if let (Some(action), [_, ..], "Allow") = (action, &resource[..], statement["Effect"].as_str().unwrap())
                && holds(&statement["Condition"], need)
            {
                allowed = true;
                self.used.push((at, "Action", action.clone()));
                self.used.extend(resource.into_iter().map(|pattern| (at, "Resource", pattern.clone())));
            }
        }
        allowed
    }

    /// `Sid: Action` of everything that nothing asked for.
    pub fn unused(&self) -> Vec<String> {
        let mut unused = Vec::new();
        for (at, statement) in self.statements.iter().enumerate() {
            for member in ["Action", "Resource"] {
                for pattern in list(&statement[member]) {
                    if !self.used.contains(&(at, member, pattern.clone())) {
                        unused.push(format!("{}: {pattern}", statement["Sid"].as_str().unwrap()));
                    }
                }
            }
        }
        unused
    }
}

/// All operators, all keys of each, any of a key's values.
fn holds(condition: &Value, need: &Need) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    operators.into_iter().all(|(operator, keys)| {
        keys.as_object().unwrap().iter().all(|(key, values)| {
            let wanted = list(values);
            let given = need.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, values)| values);
            let fits = |value: &String| match operator.as_str() {
                "StringEquals" => wanted.contains(value),
                "ArnEquals" | "ForAllValues:StringLike" => wanted.iter().any(|pattern| like(pattern, value)),
                other => panic!("nobody knows the operator {other}"),
            };
            match given {
                Some(given) => given.iter().all(fits),
                // Of no value, all fit.
                None => operator.starts_with("ForAllValues:"),
            }
        })
    })
}

#[test]
fn the_reader_is_as_strict_as_iam() {
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a/x/*", "arn:aws:s3:::b/*"] },
        { "Sid": "B", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:r",
          "Condition": { "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } } },
    ] });
    let mut reader = Reader::of(&policy);
    let pass = |to: &str| need("iam:PassRole", "arn:r").knowing("iam:PassedToService", vec![to.to_owned()]);
    assert!(!reader.allows(&need("s3:GetObject", "arn:aws:s3:::a/y/z")));
    assert!(!reader.allows(&need("s3:PutObject", "arn:aws:s3:::a/x/z")));
    assert!(!reader.allows(&pass("ec2.amazonaws.com")) && !reader.allows(&need("iam:PassRole", "arn:r")));
    assert_eq!(reader.unused().len(), 5);
    assert!(reader.allows(&need("s3:GetObject", "arn:aws:s3:::a/x/z")));
    assert!(reader.allows(&pass("lambda.amazonaws.com")));
    assert_eq!(reader.unused(), ["A: arn:aws:s3:::b/*"]);
}
