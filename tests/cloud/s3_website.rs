//! S3's static website hosting: what the control plane takes and refuses, and what a browser is shown.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ErrorDocument, IndexDocument, Protocol, PublicAccessBlockConfiguration, RedirectAllRequestsTo, WebsiteConfiguration,
};
use http::{HeaderMap, Method};
use poc::local::cloud::s3::PublicAccessBlock;
use poc::local::cloud::s3::website::{self, Shown};
use serde_json::json;

use super::support::{Env, refused, seconds};

const BLOCKED: &str = "User: arn:aws:iam::000000000000:user/local is not authorized to perform: s3:PutBucketPolicy on \
                       resource: \"arn:aws:s3:::pages\" because public policies are prevented by the BlockPublicPolicy \
                       setting in S3 Block Public Access.";

fn readable() -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pages/*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

async fn policy(env: &Env, text: &str) -> Result<(), (String, String)> {
    let put = env.s3.put_bucket_policy().bucket("pages").policy(text).send().await;
    if put.is_ok() { Ok(()) } else { Err(super::support::refusal(put)) }
}

async fn open(env: &Env, policies_blocked: bool) {
    let block = PublicAccessBlockConfiguration::builder().block_public_acls(true).ignore_public_acls(true);
    let block = block.block_public_policy(policies_blocked).restrict_public_buckets(false).build();
    env.s3.put_public_access_block().bucket("pages").public_access_block_configuration(block).send().await.unwrap();
}

async fn website(env: &Env, index: &str, error: Option<&str>) {
    let index = IndexDocument::builder().suffix(index).build().unwrap();
    let error = error.map(|key| ErrorDocument::builder().key(key).build().unwrap());
    let website = WebsiteConfiguration::builder().index_document(index).set_error_document(error).build();
    env.s3.put_bucket_website().bucket("pages").website_configuration(website).send().await.unwrap();
}

async fn put(env: &Env, key: &str, kind: &str, text: &'static str) {
    let put = env.s3.put_object().bucket("pages").key(key).content_type(kind).cache_control("max-age=60");
    put.body(ByteStream::from_static(text.as_bytes())).send().await.unwrap();
}

/// Status, headers, body, and why.
async fn shown(env: &Env, method: Method, path: &str, headers: &HeaderMap) -> (u16, String, String, Option<String>) {
    let shown = env.cloud.look(|state, blobs| website::answer(&state.s3, blobs, "pages", &method, path, headers));
    let Shown { reply, reason } = shown.await.unwrap();
    let headers = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    (reply.status, headers, String::from_utf8(reply.body.to_vec()).unwrap(), reason)
}

async fn get(env: &Env, path: &str) -> (u16, String, String) {
    let (status, headers, body, _) = shown(env, Method::GET, path, &HeaderMap::new()).await;
    (status, headers, body)
}

async fn site() -> Env {
    let env = Env::new();
    env.s3.create_bucket().bucket("pages").send().await.unwrap();
    website(&env, "index.html", None).await;
    open(&env, false).await;
    seconds(60).await;
    policy(&env, &readable()).await.unwrap();
    put(&env, "index.html", "text/html; charset=utf-8", "home").await;
    put(&env, "docs/index.html", "text/html", "docs").await;
    put(&env, "a b.css", "text/css", "p {}").await;
    env
}

#[tokio::test(start_paused = true)]
async fn a_public_policy_is_refused_until_the_bucket_is_opened() {
    let env = Env::new();
    env.s3.create_bucket().bucket("pages").send().await.unwrap();
    let blocked = Err(("AccessDenied".to_owned(), BLOCKED.to_owned()));
    assert_eq!(policy(&env, &readable()).await, blocked, "as new buckets are");
    open(&env, false).await;
    policy(&env, &readable()).await.unwrap();
    // What is there stays, and no other is taken.
    open(&env, true).await;
    assert!(env.s3.get_bucket_policy().bucket("pages").send().await.unwrap().policy().is_some());
    assert_eq!(policy(&env, &readable()).await, blocked);
    // One that names a principal, or binds everybody to fixed values, is not public.
    for condition in [json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }), json!({})] {
        let principal = if condition == json!({}) { json!({ "AWS": "arn:aws:iam::1:root" }) } else { json!("*") };
        let mut statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::pages/*" });
        if condition != json!({}) {
            statement["Condition"] = condition;
        }
        policy(&env, &json!({ "Version": "2012-10-17", "Statement": statement }).to_string()).await.unwrap();
    }
    // The account's own block goes before the bucket's.
    open(&env, false).await;
    let whole = PublicAccessBlock { block_acls: true, ignore_acls: true, block_policy: true, restrict_buckets: true };
    env.cloud.inspect(|state| state.s3.public_access_block = Some(whole)).await.unwrap();
    assert_eq!(policy(&env, &readable()).await, blocked);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_opens_after_a_moment() {
    let clock = poc::clock::Clock::system();
    let opens = std::time::Duration::from_secs(3);
    let profile = poc::local::cloud::Profile { public_access_opens: opens, ..super::support::profile() };
    let env = Env::of(poc::local::cloud::Cloud::in_memory(clock, profile), clock, "us-east-1");
    env.s3.create_bucket().bucket("pages").send().await.unwrap();
    open(&env, false).await;
    seconds(2).await;
    assert_eq!(policy(&env, &readable()).await.unwrap_err().0, "AccessDenied");
    seconds(2).await;
    policy(&env, &readable()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_one_of_this_bucket() {
    let env = Env::new();
    env.s3.create_bucket().bucket("pages").send().await.unwrap();
    let none = env.s3.get_bucket_policy().bucket("pages").send().await;
    refused(none, "NoSuchBucketPolicy", "The bucket policy does not exist");
    open(&env, false).await;
    for (from, to, message) in [
        ("pages/*", "other/*", "Policy has invalid resource"),
        ("pages/*", "pages", "Action does not apply to any resource(s) in statement"),
        ("\"*\"", "\"everybody\"", "Invalid principal in policy"),
        ("s3:GetObject", "sns:Publish", "Policy has invalid action"),
        ("Allow", "Perhaps", "Missing required field Effect"),
        ("{\"Version", "x{\"Version", "Policies must be valid JSON and the first byte must be '{'"),
        ("Statement", "Statements", "Missing required field Statement"),
    ] {
        let wrong = readable().replacen(from, to, 1);
        assert_eq!(policy(&env, &wrong).await, Err(("MalformedPolicy".to_owned(), message.to_owned())), "{wrong}");
    }
    policy(&env, &readable()).await.unwrap();
    let told = env.s3.get_bucket_policy().bucket("pages").send().await.unwrap();
    assert_eq!(told.policy(), Some(readable().as_str()));
    env.s3.delete_bucket_policy().bucket("pages").send().await.unwrap();
    assert!(env.s3.get_bucket_policy().bucket("pages").send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_website_configuration_names_a_page_of_folders() {
    let env = Env::new();
    env.s3.create_bucket().bucket("pages").send().await.unwrap();
    let none = env.s3.get_bucket_website().bucket("pages").send().await;
    let missing = "The specified bucket does not have a website configuration";
    refused(none, "NoSuchWebsiteConfiguration", missing);
    let put = async |index: Option<&str>, error: Option<&str>| {
        let index = index.map(|suffix| IndexDocument::builder().suffix(suffix).build().unwrap());
        let error = error.map(|key| ErrorDocument::builder().key(key).build().unwrap());
        let website = WebsiteConfiguration::builder().set_index_document(index).set_error_document(error).build();
        env.s3.put_bucket_website().bucket("pages").website_configuration(website).send().await
    };
    let needed = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
    refused(put(None, None).await, "InvalidArgument", needed);
    refused(put(Some("a/b"), None).await, "InvalidArgument", "The IndexDocument Suffix is not well formed");
    refused(put(Some(""), None).await, "InvalidArgument", "The IndexDocument Suffix is not well formed");
    refused(put(Some("i"), Some("")).await, "InvalidArgument", "The ErrorDocument Key is not well formed");
    let elsewhere =
        RedirectAllRequestsTo::builder().host_name("example.com").protocol(Protocol::Https).build().unwrap();
    let website = WebsiteConfiguration::builder().redirect_all_requests_to(elsewhere).build();
    let put_it = env.s3.put_bucket_website().bucket("pages").website_configuration(website).send().await;
    assert_eq!(super::support::refusal(put_it).0, "NotImplemented");
    put(Some("index.html"), Some("oops.html")).await.unwrap();
    let told = env.s3.get_bucket_website().bucket("pages").send().await.unwrap();
    assert_eq!(told.index_document().map(|index| index.suffix()), Some("index.html"));
    assert_eq!(told.error_document().map(|error| error.key()), Some("oops.html"));
    env.s3.delete_bucket_website().bucket("pages").send().await.unwrap();
    assert!(env.s3.get_bucket_website().bucket("pages").send().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn pages_are_shown_by_path_with_their_headers() {
    let env = site().await;
    let (status, headers, body) = get(&env, "/").await;
    assert_eq!((status, body.as_str()), (200, "home"));
    assert!(headers.contains("content-type: text/html; charset=utf-8\n"), "{headers}");
    assert!(headers.contains("cache-control: max-age=60\n") && headers.contains("etag: \""), "{headers}");
    assert_eq!(get(&env, "/docs/").await.2, "docs");
    assert_eq!(get(&env, "/a%20b.css").await.2, "p {}");
    // Without its final slash a folder is sent to the one with it.
    let (status, headers, _) = get(&env, "/docs").await;
    assert!(status == 302 && headers.contains("location: /docs/\n"), "{status} {headers}");

    let tag = headers_of(&get(&env, "/").await.1, "etag");
    let mut known = HeaderMap::new();
    known.insert("if-none-match", tag.parse().unwrap());
    assert_eq!(shown(&env, Method::GET, "/", &known).await.0, 304);
    put(&env, "index.html", "text/html", "moved").await;
    assert_eq!(shown(&env, Method::GET, "/", &known).await.0, 200);
}

fn headers_of(headers: &str, name: &str) -> String {
    headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_shown_as_s3_shows_it() {
    let env = site().await;
    // Nobody may list the bucket, so nobody is told what it does not have.
    let (status, headers, body, why) = shown(&env, Method::GET, "/none.html", &HeaderMap::new()).await;
    assert_eq!((status, why.as_deref()), (403, Some("the site has no none.html")));
    assert!(headers.contains("x-amz-error-code: AccessDenied\n"), "{headers}");
    insta::assert_snapshot!(body, @"
    <html>
    <head><title>403 Forbidden</title></head>
    <body>
    <h1>403 Forbidden</h1>
    <ul>
    <li>Code: AccessDenied</li>
    <li>Message: Access Denied</li>
    <li>RequestId: LOCAL</li>
    </ul>
    <hr/>
    </body>
    </html>
    ");
    for path in ["/../index.html", "/%2e%2e/index.html", "//index.html", "/index.html%00", "/.poc/x", "/index.htm%6c/"]
    {
        assert_eq!(get(&env, path).await.0, 403, "{path}");
    }
    assert_eq!(get(&env, "/%ff").await.0, 400);
    assert_eq!(get(&env, "/index.htm%6c").await.0, 200, "a letter may be written so");
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert_eq!(shown(&env, method, "/", &HeaderMap::new()).await.0, 405);
    }

    put(&env, "oops.html", "text/html", "oops").await;
    website(&env, "index.html", Some("oops.html")).await;
    let (status, headers, body) = get(&env, "/none.html").await;
    assert_eq!((status, body.as_str()), (403, "oops"));
    assert!(headers.contains("x-amz-error-code: AccessDenied\n"), "{headers}");

    // Closed again, in each of the ways.
    env.s3.delete_bucket_website().bucket("pages").send().await.unwrap();
    assert_eq!(get(&env, "/").await.0, 404);
    website(&env, "index.html", None).await;
    assert_eq!(get(&env, "/").await.0, 200);
    env.s3.delete_bucket_policy().bucket("pages").send().await.unwrap();
    assert_eq!(get(&env, "/").await.0, 403);
    policy(&env, &readable()).await.unwrap();
    env.cloud
        .inspect(|state| {
            state.s3.buckets.get_mut("pages").unwrap().public_access_block.as_mut().unwrap().restrict_buckets = true
        })
        .await
        .unwrap();
    assert_eq!(get(&env, "/").await.0, 403);
}

/// A denial wins, and what asks for a key that nobody brings denies everybody who has not signed.
#[tokio::test(start_paused = true)]
async fn a_denial_goes_before_what_is_allowed() {
    let env = site().await;
    put(&env, ".poc/site.json", "application/json", "{}").await;
    assert_eq!(get(&env, "/.poc/site.json").await.0, 200);
    let mut both: serde_json::Value = serde_json::from_str(&readable()).unwrap();
    both["Statement"].as_array_mut().unwrap().push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pages/.poc/*",
        "Condition": { "StringNotEquals": { "aws:PrincipalAccount": "000000000000" } },
    }));
    policy(&env, &both.to_string()).await.unwrap();
    assert_eq!(get(&env, "/.poc/site.json").await.0, 403);
    assert_eq!(get(&env, "/").await.0, 200);
    // The account itself reads it.
    env.s3.get_object().bucket("pages").key(".poc/site.json").send().await.unwrap();
}
