//! What a request asks for, by AWS's name of the operation: told by the action where the protocol sends it, else by
//! method and path.

use crate::local::cloud::Request;

/// Service, method, path after the version; `*` stands for any one segment.
const BY_PATH: &[(&str, &str, &str, &str)] = &[
    ("apigateway", "GET", "account", "GetAccount"),
    ("apigateway", "PATCH", "account", "UpdateAccount"),
    ("apigateway", "POST", "restapis", "CreateRestApi"),
    ("apigateway", "GET", "restapis", "GetRestApis"),
    ("apigateway", "GET", "restapis/*", "GetRestApi"),
    ("apigateway", "PUT", "restapis/*", "PutRestApi"),
    ("apigateway", "PATCH", "restapis/*", "UpdateRestApi"),
    ("apigateway", "DELETE", "restapis/*", "DeleteRestApi"),
    ("apigateway", "GET", "restapis/*/resources", "GetResources"),
    ("apigateway", "POST", "restapis/*/resources/*", "CreateResource"),
    ("apigateway", "GET", "restapis/*/resources/*", "GetResource"),
    ("apigateway", "DELETE", "restapis/*/resources/*", "DeleteResource"),
    ("apigateway", "PUT", "restapis/*/resources/*/methods/*", "PutMethod"),
    ("apigateway", "GET", "restapis/*/resources/*/methods/*", "GetMethod"),
    ("apigateway", "PATCH", "restapis/*/resources/*/methods/*", "UpdateMethod"),
    ("apigateway", "DELETE", "restapis/*/resources/*/methods/*", "DeleteMethod"),
    ("apigateway", "PUT", "restapis/*/resources/*/methods/*/responses/*", "PutMethodResponse"),
    ("apigateway", "PUT", "restapis/*/resources/*/methods/*/integration", "PutIntegration"),
    ("apigateway", "GET", "restapis/*/resources/*/methods/*/integration", "GetIntegration"),
    ("apigateway", "PUT", "restapis/*/resources/*/methods/*/integration/responses/*", "PutIntegrationResponse"),
    ("apigateway", "POST", "restapis/*/models", "CreateModel"),
    ("apigateway", "GET", "restapis/*/models", "GetModels"),
    ("apigateway", "DELETE", "restapis/*/models/*", "DeleteModel"),
    ("apigateway", "POST", "restapis/*/requestvalidators", "CreateRequestValidator"),
    ("apigateway", "GET", "restapis/*/requestvalidators", "GetRequestValidators"),
    ("apigateway", "DELETE", "restapis/*/requestvalidators/*", "DeleteRequestValidator"),
    ("apigateway", "GET", "restapis/*/gatewayresponses", "GetGatewayResponses"),
    ("apigateway", "PUT", "restapis/*/gatewayresponses/*", "PutGatewayResponse"),
    ("apigateway", "DELETE", "restapis/*/gatewayresponses/*", "DeleteGatewayResponse"),
    ("apigateway", "POST", "restapis/*/deployments", "CreateDeployment"),
    ("apigateway", "GET", "restapis/*/deployments", "GetDeployments"),
    ("apigateway", "GET", "restapis/*/deployments/*", "GetDeployment"),
    ("apigateway", "PATCH", "restapis/*/deployments/*", "UpdateDeployment"),
    ("apigateway", "DELETE", "restapis/*/deployments/*", "DeleteDeployment"),
    ("apigateway", "POST", "restapis/*/stages", "CreateStage"),
    ("apigateway", "GET", "restapis/*/stages", "GetStages"),
    ("apigateway", "GET", "restapis/*/stages/*", "GetStage"),
    ("apigateway", "PATCH", "restapis/*/stages/*", "UpdateStage"),
    ("apigateway", "DELETE", "restapis/*/stages/*", "DeleteStage"),
    ("apigateway", "POST", "usageplans", "CreateUsagePlan"),
    ("apigateway", "GET", "usageplans", "GetUsagePlans"),
    ("apigateway", "GET", "usageplans/*", "GetUsagePlan"),
    ("apigateway", "PATCH", "usageplans/*", "UpdateUsagePlan"),
    ("apigateway", "DELETE", "usageplans/*", "DeleteUsagePlan"),
    ("apigateway", "POST", "usageplans/*/keys", "CreateUsagePlanKey"),
    ("apigateway", "GET", "usageplans/*/keys", "GetUsagePlanKeys"),
    ("apigateway", "DELETE", "usageplans/*/keys/*", "DeleteUsagePlanKey"),
    ("apigateway", "POST", "apikeys", "CreateApiKey"),
    ("apigateway", "GET", "apikeys", "GetApiKeys"),
    ("apigateway", "GET", "apikeys/*", "GetApiKey"),
    ("apigateway", "PATCH", "apikeys/*", "UpdateApiKey"),
    ("apigateway", "DELETE", "apikeys/*", "DeleteApiKey"),
    ("apigateway", "POST", "domainnames", "CreateDomainName"),
    ("apigateway", "GET", "domainnames", "GetDomainNames"),
    ("apigateway", "GET", "domainnames/*", "GetDomainName"),
    ("apigateway", "PATCH", "domainnames/*", "UpdateDomainName"),
    ("apigateway", "DELETE", "domainnames/*", "DeleteDomainName"),
    ("apigateway", "POST", "domainnames/*/basepathmappings", "CreateBasePathMapping"),
    ("apigateway", "GET", "domainnames/*/basepathmappings", "GetBasePathMappings"),
    ("apigateway", "GET", "domainnames/*/basepathmappings/*", "GetBasePathMapping"),
    ("apigateway", "PATCH", "domainnames/*/basepathmappings/*", "UpdateBasePathMapping"),
    ("apigateway", "DELETE", "domainnames/*/basepathmappings/*", "DeleteBasePathMapping"),
    ("apigateway", "GET", "tags/*", "GetTags"),
    ("apigateway", "PUT", "tags/*", "TagResource"),
    ("apigateway", "DELETE", "tags/*", "UntagResource"),
    ("lambda", "POST", "functions", "CreateFunction"),
    ("lambda", "GET", "functions/*", "GetFunction"),
    ("lambda", "DELETE", "functions/*", "DeleteFunction"),
    ("lambda", "GET", "functions/*/configuration", "GetFunctionConfiguration"),
    ("lambda", "PUT", "functions/*/configuration", "UpdateFunctionConfiguration"),
    ("lambda", "PUT", "functions/*/code", "UpdateFunctionCode"),
    ("lambda", "POST", "functions/*/versions", "PublishVersion"),
    ("lambda", "GET", "functions/*/versions", "ListVersionsByFunction"),
    ("lambda", "POST", "functions/*/aliases", "CreateAlias"),
    ("lambda", "GET", "functions/*/aliases/*", "GetAlias"),
    ("lambda", "PUT", "functions/*/aliases/*", "UpdateAlias"),
    ("lambda", "DELETE", "functions/*/aliases/*", "DeleteAlias"),
    ("lambda", "POST", "functions/*/policy", "AddPermission"),
    ("lambda", "GET", "functions/*/policy", "GetPolicy"),
    ("lambda", "DELETE", "functions/*/policy/*", "RemovePermission"),
    ("lambda", "PUT", "functions/*/concurrency", "PutFunctionConcurrency"),
    ("lambda", "GET", "functions/*/concurrency", "GetFunctionConcurrency"),
    ("lambda", "DELETE", "functions/*/concurrency", "DeleteFunctionConcurrency"),
    ("lambda", "GET", "account-settings", "GetAccountSettings"),
    ("lambda", "GET", "tags/*", "ListTags"),
    ("lambda", "POST", "tags/*", "TagResource"),
    ("route53", "GET", "hostedzone", "ListHostedZones"),
    ("route53", "GET", "hostedzonesbyname", "ListHostedZonesByName"),
    ("route53", "GET", "hostedzone/*", "GetHostedZone"),
    ("route53", "GET", "hostedzone/*/rrset", "ListResourceRecordSets"),
    ("route53", "POST", "hostedzone/*/rrset", "ChangeResourceRecordSets"),
    ("route53", "GET", "change/*", "GetChange"),
];

/// What S3 calls a request, with and without a key, by method and query.
const OF_S3: &[(&str, &str, &str, &str)] = &[
    ("PUT", "", "CreateBucket", "PutObject"),
    ("GET", "", "ListObjectsV2", "GetObject"),
    ("HEAD", "", "HeadBucket", "HeadObject"),
    ("DELETE", "", "DeleteBucket", "DeleteObject"),
    ("GET", "tagging", "GetBucketTagging", "GetObjectTagging"),
    ("PUT", "tagging", "PutBucketTagging", "PutObjectTagging"),
    ("GET", "versioning", "GetBucketVersioning", "GetObject"),
    ("PUT", "versioning", "PutBucketVersioning", "PutObject"),
    ("GET", "encryption", "GetBucketEncryption", "GetObject"),
    ("PUT", "encryption", "PutBucketEncryption", "PutObject"),
    ("GET", "publicAccessBlock", "GetPublicAccessBlock", "GetObject"),
    ("PUT", "publicAccessBlock", "PutPublicAccessBlock", "PutObject"),
    ("GET", "policy", "GetBucketPolicy", "GetObject"),
    ("PUT", "policy", "PutBucketPolicy", "PutObject"),
    ("DELETE", "policy", "DeleteBucketPolicy", "DeleteObject"),
    ("GET", "website", "GetBucketWebsite", "GetObject"),
    ("PUT", "website", "PutBucketWebsite", "PutObject"),
    ("DELETE", "website", "DeleteBucketWebsite", "DeleteObject"),
    ("GET", "versions", "ListObjectVersions", "GetObject"),
    ("POST", "delete", "DeleteObjects", "DeleteObjects"),
    ("POST", "uploads", "CreateMultipartUpload", "CreateMultipartUpload"),
    ("GET", "uploads", "ListMultipartUploads", "ListMultipartUploads"),
    ("PUT", "uploadId", "UploadPart", "UploadPart"),
    ("GET", "uploadId", "ListParts", "ListParts"),
    ("POST", "uploadId", "CompleteMultipartUpload", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload", "AbortMultipartUpload"),
];

/// Operations that are told by name on the wire and have a row of their own.
const BY_NAME: &[&str] = &[
    "CreateRole",
    "GetRole",
    "TagRole",
    "PutRolePolicy",
    "GetRolePolicy",
    "ListRolePolicies",
    "ListAttachedRolePolicies",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "DeleteRolePolicy",
    "UpdateAssumeRolePolicy",
    "DeleteRole",
    "GetAccountSummary",
    "SimulatePrincipalPolicy",
    "GetCallerIdentity",
    "RequestCertificate",
    "DescribeCertificate",
    "ListCertificates",
    "ListTagsForCertificate",
    "AddTagsToCertificate",
    "DeleteCertificate",
    "DescribeImages",
    "CreateLogGroup",
    "PutRetentionPolicy",
    "DescribeLogGroups",
    "DeleteLogGroup",
    "TagResource",
    "ListTagsForResource",
];

/// AWS's name of what is asked for; empty for what has none here.
pub fn name(request: &Request) -> &'static str {
    match request.service() {
        "iam" | "sts" => by_name(request.form().iter().find(|(key, _)| key == "Action").map(|(_, name)| name.as_str())),
        "acm" | "ecr" | "logs" => by_name(request.header("x-amz-target").and_then(|target| target.rsplit('.').next())),
        "s3" => of_s3(request),
        service => by_path(service, request),
    }
}

fn by_name(told: Option<&str>) -> &'static str {
    BY_NAME.iter().find(|name| Some(**name) == told).copied().unwrap_or_default()
}

fn by_path(service: &str, request: &Request) -> &'static str {
    let versions = usize::from(service != "apigateway");
    let segments = request.segments.get(versions..).unwrap_or_default();
    let fits = |pattern: &str| {
        pattern.split('/').count() == segments.len()
            && pattern.split('/').zip(segments).all(|(wanted, segment)| wanted == "*" || wanted == segment)
    };
    let rows = BY_PATH.iter().filter(|(of, method, ..)| *of == service && request.method == *method);
    rows.into_iter().find(|(.., pattern, _)| fits(pattern)).map(|(.., name)| *name).unwrap_or_default()
}

fn of_s3(request: &Request) -> &'static str {
    let by_host = request.host.contains(".s3.") || request.host.contains(".s3-");
    let has_key = request.segments.len() > usize::from(!by_host);
    let row = OF_S3.iter().filter(|(method, ..)| request.method == *method);
    let row = row.filter(|(_, query, ..)| query.is_empty() || request.query(query).is_some());
    // The row without a query comes first and fits any: the last one that fits says most.
    let row = row.last();
    row.map(|(_, _, bucket, object)| if has_key { *object } else { *bucket }).unwrap_or_default()
}
