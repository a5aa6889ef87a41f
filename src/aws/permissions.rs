//! Which permissions a call needs: one table of every operation that is sent, as IAM names it (`AWS_FACTS` E, and AWS's
//! Service Authorization Reference). `policy.rs` makes an IAM policy of it.

use super::call::is_write;

/// What an action is allowed on. Where a deployment has no such thing, nothing of it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// Actions that IAM knows for a whole account only.
    Account,
    ArtifactBucket,
    /// What lies under the stage's prefix, its lock among it.
    ArtifactObjects,
    /// The same where there is a package to upload.
    Packages,
    SiteBucket,
    SiteObjects,
    LogGroups,
    LogGroup,
    /// What API Gateway writes of the stage, which is read alone.
    StageLogs,
    Role,
    /// The role, and only with the managed policies that the file names.
    AttachedRole,
    /// The role, and only into Lambda's hands.
    PassedRole,
    Function,
    Layers,
    Repository,
    RestApis,
    RestApi,
    /// Both, where the API has a resource policy.
    PolicedApis,
    /// API Gateway checks tags that come with a creation as if they were put afterwards (`AWS_FACTS` E).
    Tags,
    /// Names of what the file may lose: a domain, a site.
    OldTags,
    KeyLists,
    /// The lists, where the file has a usage plan.
    NewKeys,
    UsagePlan,
    ApiKey,
    LoggingRole,
    DomainNames,
    DomainName,
    /// Both, where clients show certificates of their own.
    MutualTls,
    Truststore,
    /// An edge domain name is a distribution of CloudFront's.
    Distribution,
    /// Made by API Gateway itself with an account's first domain name.
    ServiceRole,
    Certificates,
    Certificate,
    /// Where the certificate is requested, and not given by its ARN.
    NewCertificate,
    OwnCertificate,
    Zones,
    Zone,
    /// The zone, and only the records of our names.
    Records,
    ZoneChange,
}

/// One action on one kind of thing.
pub(super) type Permit = (&'static str, On);

struct Row {
    #[cfg_attr(not(test), expect(dead_code, reason = "it tells readers, and the test, whose call it is"))]
    service: &'static str,
    operation: &'static str,
    needs: &'static [Permit],
    /// It looks, but only in the course of a change, so that whoever only looks does not need it.
    changing: bool,
}

const fn row(service: &'static str, operation: &'static str, needs: &'static [Permit]) -> Row {
    Row { service, operation, needs, changing: false }
}

const fn while_changing(service: &'static str, operation: &'static str, needs: &'static [Permit]) -> Row {
    Row { changing: true, ..row(service, operation, needs) }
}

const GET_RESTAPI: &[Permit] = &[("apigateway:GET", On::RestApi)];
const POST_RESTAPI: &[Permit] = &[("apigateway:POST", On::RestApi)];
const PUT_RESTAPI: &[Permit] = &[("apigateway:PUT", On::RestApi)];
const PATCH_RESTAPI: &[Permit] = &[("apigateway:PATCH", On::RestApi)];
const DELETE_RESTAPI: &[Permit] = &[("apigateway:DELETE", On::RestApi)];

/// What Lambda fetches in the caller's name.
const PACKAGE: Permit = ("s3:GetObject", On::Packages);
const IMAGE: Permit = ("ecr:BatchGetImage", On::Repository);
const IMAGE_LAYER: Permit = ("ecr:GetDownloadUrlForLayer", On::Repository);
/// Lambda has itself let in to the repository, in the caller's name, too.
const SEE_WHO_PULLS: Permit = ("ecr:GetRepositoryPolicy", On::Repository);
const SAY_WHO_PULLS: Permit = ("ecr:SetRepositoryPolicy", On::Repository);

/// By service; within one in the order in which a life meets them.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("sts", "GetCallerIdentity", &[("sts:GetCallerIdentity", On::Account)]),

    // Of the doctor's alone. Who may ask what he may do is for others to say: it goes on without.
    row("lambda", "GetAccountSettings", &[("lambda:GetAccountSettings", On::Account)]),
    row("iam", "GetAccountSummary", &[("iam:GetAccountSummary", On::Account)]),
    row("iam", "SimulatePrincipalPolicy", &[]),

    row("s3", "HeadBucket", &[("s3:ListBucket", On::ArtifactBucket), ("s3:ListBucket", On::SiteBucket)]),
    row("s3", "GetBucketTagging", &[("s3:GetBucketTagging", On::ArtifactBucket), ("s3:GetBucketTagging", On::SiteBucket)]),
    row("s3", "GetPublicAccessBlock", &[("s3:GetBucketPublicAccessBlock", On::ArtifactBucket), ("s3:GetBucketPublicAccessBlock", On::SiteBucket)]),
    row("s3", "CreateBucket", &[("s3:CreateBucket", On::ArtifactBucket), ("s3:CreateBucket", On::SiteBucket)]),
    row("s3", "PutBucketTagging", &[("s3:PutBucketTagging", On::ArtifactBucket), ("s3:PutBucketTagging", On::SiteBucket)]),
    row("s3", "PutPublicAccessBlock", &[("s3:PutBucketPublicAccessBlock", On::ArtifactBucket), ("s3:PutBucketPublicAccessBlock", On::SiteBucket)]),
    row("s3", "DeleteBucket", &[("s3:DeleteBucket", On::ArtifactBucket), ("s3:DeleteBucket", On::SiteBucket)]),
    row("s3", "ListObjectsV2", &[("s3:ListBucket", On::ArtifactBucket), ("s3:ListBucket", On::SiteBucket)]),
    while_changing("s3", "ListObjectVersions", &[("s3:ListBucketVersions", On::ArtifactBucket), ("s3:ListBucketVersions", On::SiteBucket)]),
    row("s3", "ListMultipartUploads", &[("s3:ListBucketMultipartUploads", On::ArtifactBucket)]),
    row("s3", "GetObject", &[("s3:GetObject", On::ArtifactObjects), ("s3:GetObject", On::SiteObjects)]),
    row("s3", "PutObject", &[("s3:PutObject", On::ArtifactObjects), ("s3:PutObject", On::SiteObjects)]),
    row("s3", "DeleteObjects", &[
        ("s3:DeleteObject", On::ArtifactObjects), ("s3:DeleteObjectVersion", On::ArtifactObjects),
        ("s3:DeleteObject", On::SiteObjects), ("s3:DeleteObjectVersion", On::SiteObjects),
    ]),
    row("s3", "HeadObject", &[("s3:GetObject", On::Packages)]),
    row("s3", "CreateMultipartUpload", &[("s3:PutObject", On::Packages)]),
    row("s3", "UploadPart", &[("s3:PutObject", On::Packages)]),
    row("s3", "CompleteMultipartUpload", &[("s3:PutObject", On::Packages)]),
    while_changing("s3", "ListParts", &[("s3:ListMultipartUploadParts", On::Packages)]),
    row("s3", "AbortMultipartUpload", &[("s3:AbortMultipartUpload", On::Packages)]),
    row("s3", "GetBucketWebsite", &[("s3:GetBucketWebsite", On::SiteBucket)]),
    row("s3", "PutBucketWebsite", &[("s3:PutBucketWebsite", On::SiteBucket)]),
    row("s3", "DeleteBucketWebsite", &[("s3:DeleteBucketWebsite", On::SiteBucket)]),
    row("s3", "GetBucketPolicy", &[("s3:GetBucketPolicy", On::SiteBucket)]),
    row("s3", "PutBucketPolicy", &[("s3:PutBucketPolicy", On::SiteBucket)]),
    row("s3", "DeleteBucketPolicy", &[("s3:DeleteBucketPolicy", On::SiteBucket)]),

    row("logs", "DescribeLogGroups", &[("logs:DescribeLogGroups", On::LogGroups)]),
    row("logs", "ListTagsForResource", &[("logs:ListTagsForResource", On::LogGroup)]),
    row("logs", "CreateLogGroup", &[("logs:CreateLogGroup", On::LogGroup), ("logs:TagResource", On::LogGroup)]),
    row("logs", "TagResource", &[("logs:TagResource", On::LogGroup)]),
    row("logs", "PutRetentionPolicy", &[("logs:PutRetentionPolicy", On::LogGroup)]),
    row("logs", "DeleteRetentionPolicy", &[("logs:DeleteRetentionPolicy", On::LogGroup)]),
    row("logs", "FilterLogEvents", &[("logs:FilterLogEvents", On::LogGroup), ("logs:FilterLogEvents", On::StageLogs)]),
    row("logs", "DeleteLogGroup", &[("logs:DeleteLogGroup", On::LogGroup)]),

    row("iam", "GetRole", &[("iam:GetRole", On::Role)]),
    row("iam", "GetRolePolicy", &[("iam:GetRolePolicy", On::Role)]),
    row("iam", "ListRolePolicies", &[("iam:ListRolePolicies", On::Role)]),
    row("iam", "ListAttachedRolePolicies", &[("iam:ListAttachedRolePolicies", On::Role)]),
    row("iam", "CreateRole", &[("iam:CreateRole", On::Role), ("iam:TagRole", On::Role)]),
    row("iam", "TagRole", &[("iam:TagRole", On::Role)]),
    row("iam", "UpdateAssumeRolePolicy", &[("iam:UpdateAssumeRolePolicy", On::Role)]),
    row("iam", "PutRolePolicy", &[("iam:PutRolePolicy", On::Role)]),
    row("iam", "DeleteRolePolicy", &[("iam:DeleteRolePolicy", On::Role)]),
    row("iam", "AttachRolePolicy", &[("iam:AttachRolePolicy", On::AttachedRole)]),
    row("iam", "DetachRolePolicy", &[("iam:DetachRolePolicy", On::Role)]),
    row("iam", "DeleteRole", &[("iam:DeleteRole", On::Role)]),

    row("lambda", "GetFunction", &[("lambda:GetFunction", On::Function)]),
    while_changing("lambda", "GetFunctionConfiguration", &[("lambda:GetFunctionConfiguration", On::Function)]),
    row("lambda", "CreateFunction", &[
        ("lambda:CreateFunction", On::Function), ("lambda:TagResource", On::Function),
        ("iam:PassRole", On::PassedRole), ("lambda:GetLayerVersion", On::Layers),
        PACKAGE, IMAGE, IMAGE_LAYER, SEE_WHO_PULLS, SAY_WHO_PULLS,
    ]),
    row("lambda", "UpdateFunctionCode", &[
        ("lambda:UpdateFunctionCode", On::Function), PACKAGE, IMAGE, IMAGE_LAYER, SEE_WHO_PULLS, SAY_WHO_PULLS,
    ]),
    row("lambda", "UpdateFunctionConfiguration", &[
        ("lambda:UpdateFunctionConfiguration", On::Function), ("iam:PassRole", On::PassedRole), ("lambda:GetLayerVersion", On::Layers),
    ]),
    row("lambda", "TagResource", &[("lambda:TagResource", On::Function)]),
    row("lambda", "PutFunctionConcurrency", &[("lambda:PutFunctionConcurrency", On::Function)]),
    row("lambda", "DeleteFunctionConcurrency", &[("lambda:DeleteFunctionConcurrency", On::Function)]),
    row("lambda", "PublishVersion", &[("lambda:PublishVersion", On::Function)]),
    row("lambda", "ListVersionsByFunction", &[("lambda:ListVersionsByFunction", On::Function)]),
    row("lambda", "ListAliases", &[("lambda:ListAliases", On::Function)]),
    row("lambda", "GetAlias", &[("lambda:GetAlias", On::Function)]),
    row("lambda", "CreateAlias", &[("lambda:CreateAlias", On::Function)]),
    row("lambda", "UpdateAlias", &[("lambda:UpdateAlias", On::Function)]),
    // An alias goes with its function, so this is not sent in any life.
    row("lambda", "DeleteAlias", &[]),
    row("lambda", "GetPolicy", &[("lambda:GetPolicy", On::Function)]),
    row("lambda", "AddPermission", &[("lambda:AddPermission", On::Function)]),
    row("lambda", "RemovePermission", &[("lambda:RemovePermission", On::Function)]),
    row("lambda", "DeleteFunction", &[("lambda:DeleteFunction", On::Function)]),

    row("ecr", "DescribeImages", &[("ecr:DescribeImages", On::Repository)]),

    row("apigateway", "GetRestApis", &[("apigateway:GET", On::RestApis)]),
    row("apigateway", "CreateRestApi", &[
        ("apigateway:POST", On::RestApis), ("apigateway:PUT", On::Tags), ("apigateway:UpdateRestApiPolicy", On::PolicedApis),
    ]),
    row("apigateway", "GetRestApi", GET_RESTAPI),
    row("apigateway", "UpdateRestApi", &[("apigateway:PATCH", On::RestApi), ("apigateway:UpdateRestApiPolicy", On::PolicedApis)]),
    row("apigateway", "PutRestApi", &[("apigateway:PUT", On::RestApi), ("apigateway:UpdateRestApiPolicy", On::PolicedApis)]),
    row("apigateway", "DeleteRestApi", DELETE_RESTAPI),
    row("apigateway", "TagResource", &[("apigateway:PUT", On::Tags)]),
    row("apigateway", "UntagResource", &[("apigateway:DELETE", On::OldTags)]),
    row("apigateway", "GetResources", GET_RESTAPI),
    row("apigateway", "GetModels", GET_RESTAPI),
    row("apigateway", "GetRequestValidators", GET_RESTAPI),
    row("apigateway", "GetGatewayResponses", GET_RESTAPI),
    row("apigateway", "CreateResource", POST_RESTAPI),
    row("apigateway", "DeleteResource", DELETE_RESTAPI),
    row("apigateway", "CreateModel", POST_RESTAPI),
    row("apigateway", "UpdateModel", PATCH_RESTAPI),
    row("apigateway", "DeleteModel", DELETE_RESTAPI),
    row("apigateway", "CreateRequestValidator", POST_RESTAPI),
    row("apigateway", "UpdateRequestValidator", PATCH_RESTAPI),
    row("apigateway", "DeleteRequestValidator", DELETE_RESTAPI),
    row("apigateway", "PutGatewayResponse", PUT_RESTAPI),
    row("apigateway", "DeleteGatewayResponse", DELETE_RESTAPI),
    row("apigateway", "PutMethod", PUT_RESTAPI),
    row("apigateway", "PutMethodResponse", PUT_RESTAPI),
    row("apigateway", "PutIntegration", PUT_RESTAPI),
    row("apigateway", "PutIntegrationResponse", PUT_RESTAPI),
    row("apigateway", "DeleteMethod", DELETE_RESTAPI),
    row("apigateway", "GetDeployments", GET_RESTAPI),
    // Of a rollback, which looks at one by its id.
    row("apigateway", "GetDeployment", GET_RESTAPI),
    row("apigateway", "CreateDeployment", POST_RESTAPI),
    row("apigateway", "UpdateDeployment", PATCH_RESTAPI),
    row("apigateway", "DeleteDeployment", DELETE_RESTAPI),
    row("apigateway", "GetStage", GET_RESTAPI),
    row("apigateway", "CreateStage", &[("apigateway:POST", On::RestApi), ("apigateway:PUT", On::Tags)]),
    row("apigateway", "UpdateStage", PATCH_RESTAPI),
    row("apigateway", "DeleteStage", DELETE_RESTAPI),
    row("apigateway", "GetUsagePlans", &[("apigateway:GET", On::KeyLists)]),
    row("apigateway", "GetApiKeys", &[("apigateway:GET", On::KeyLists)]),
    row("apigateway", "CreateUsagePlan", &[("apigateway:POST", On::NewKeys), ("apigateway:PUT", On::Tags)]),
    row("apigateway", "GetUsagePlan", &[("apigateway:GET", On::UsagePlan)]),
    row("apigateway", "UpdateUsagePlan", &[("apigateway:PATCH", On::UsagePlan)]),
    row("apigateway", "DeleteUsagePlan", &[("apigateway:DELETE", On::UsagePlan)]),
    row("apigateway", "GetUsagePlanKeys", &[("apigateway:GET", On::UsagePlan)]),
    row("apigateway", "CreateUsagePlanKey", &[("apigateway:POST", On::UsagePlan)]),
    row("apigateway", "DeleteUsagePlanKey", &[("apigateway:DELETE", On::UsagePlan)]),
    row("apigateway", "CreateApiKey", &[("apigateway:POST", On::NewKeys), ("apigateway:PUT", On::Tags)]),
    // It gives a value away.
    while_changing("apigateway", "GetApiKey", &[("apigateway:GET", On::ApiKey)]),
    row("apigateway", "UpdateApiKey", &[("apigateway:PATCH", On::ApiKey)]),
    row("apigateway", "DeleteApiKey", &[("apigateway:DELETE", On::ApiKey)]),
    row("apigateway", "GetAccount", &[("apigateway:GET", On::LoggingRole)]),
    row("apigateway", "CreateDomainName", &[
        ("apigateway:POST", On::DomainNames), ("apigateway:PUT", On::Tags),
        ("apigateway:AddCertificateToDomain", On::MutualTls), ("s3:GetObject", On::Truststore), ("s3:GetObjectVersion", On::Truststore),
        ("cloudfront:UpdateDistribution", On::Distribution), ("iam:CreateServiceLinkedRole", On::ServiceRole),
    ]),
    row("apigateway", "GetDomainName", &[("apigateway:GET", On::DomainName)]),
    row("apigateway", "UpdateDomainName", &[
        ("apigateway:PATCH", On::DomainName),
        ("apigateway:AddCertificateToDomain", On::MutualTls), ("apigateway:RemoveCertificateFromDomain", On::MutualTls),
        ("s3:GetObject", On::Truststore), ("s3:GetObjectVersion", On::Truststore),
        ("cloudfront:UpdateDistribution", On::Distribution),
    ]),
    row("apigateway", "DeleteDomainName", &[
        ("apigateway:DELETE", On::DomainName), ("apigateway:RemoveCertificateFromDomain", On::MutualTls),
        ("cloudfront:UpdateDistribution", On::Distribution),
    ]),
    row("apigateway", "GetBasePathMapping", &[("apigateway:GET", On::DomainName)]),
    row("apigateway", "CreateBasePathMapping", &[("apigateway:POST", On::DomainName)]),
    row("apigateway", "UpdateBasePathMapping", &[("apigateway:PATCH", On::DomainName)]),
    row("apigateway", "DeleteBasePathMapping", &[("apigateway:DELETE", On::DomainName)]),

    row("acm", "ListCertificates", &[("acm:ListCertificates", On::Certificates)]),
    row("acm", "ListTagsForCertificate", &[("acm:ListTagsForCertificate", On::Certificate)]),
    row("acm", "DescribeCertificate", &[("acm:DescribeCertificate", On::Certificate)]),
    row("acm", "RequestCertificate", &[("acm:RequestCertificate", On::NewCertificate), ("acm:AddTagsToCertificate", On::OwnCertificate)]),
    row("acm", "AddTagsToCertificate", &[("acm:AddTagsToCertificate", On::OwnCertificate)]),
    row("acm", "DeleteCertificate", &[("acm:DeleteCertificate", On::OwnCertificate)]),

    row("route53", "ListHostedZonesByName", &[("route53:ListHostedZonesByName", On::Zones)]),
    row("route53", "GetHostedZone", &[("route53:GetHostedZone", On::Zone)]),
    row("route53", "ListResourceRecordSets", &[("route53:ListResourceRecordSets", On::Zone)]),
    row("route53", "ChangeResourceRecordSets", &[("route53:ChangeResourceRecordSets", On::Records)]),
    while_changing("route53", "GetChange", &[("route53:GetChange", On::ZoneChange)]),
];

/// Every action that some call needs, with what it is needed on; with `reads` only those of lookups.
pub(super) fn permits(reads: bool) -> impl Iterator<Item = Permit> {
    let rows = TABLE.iter().filter(move |row| !reads || !(row.changing || is_write(row.operation)));
    rows.flat_map(|row| row.needs).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::TABLE;

    /// Every `call("service", "Operation", Repeat::…` below `directory`.
    fn sent(directory: &Path, found: &mut BTreeSet<(String, String)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What stands for AWS sends it nothing.
                if !path.ends_with("src/local") {
                    sent(&path, found);
                }
                continue;
            }
            let text: String = fs::read_to_string(&path).unwrap_or_default().split_whitespace().collect();
            for (at, _) in text.match_indices("\",Repeat::") {
                let words: Vec<&str> = text[..at].rsplitn(4, '"').collect();
                if let [operation, ",", service, _] = words[..] {
                    found.insert((service.to_owned(), operation.to_owned()));
                }
            }
        }
    }

    #[test]
    fn the_table_has_a_row_for_every_call_and_no_other() {
        let mut calls = BTreeSet::new();
        sent(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut calls);
        calls.retain(|(_, operation)| operation != "Operation");
        assert!(calls.len() > 80, "{calls:?}");
        let named = |(service, operation): (&str, &str)| (service.to_owned(), operation.to_owned());
        let rows: BTreeSet<_> = TABLE.iter().map(|row| named((row.service, row.operation))).collect();
        assert_eq!(rows.len(), TABLE.len(), "two rows for one call");
        let unnamed: Vec<_> = calls.difference(&rows).collect();
        assert!(unnamed.is_empty(), "say in the table which permissions these calls need: {unnamed:?}");
        let stale: Vec<_> = rows.difference(&calls).collect();
        assert!(stale.is_empty(), "nothing sends these calls any more: {stale:?}");
    }
}
