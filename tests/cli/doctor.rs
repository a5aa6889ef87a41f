//! `poc doctor`: each check against a fault of the kind that it looks for, put there from the outside: in what AWS answers,
//! in what it holds, in DNS, on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use poc::aws::{EmbeddedCloud, Port};
use poc::clock::Clock;
use poc::local::cloud::acm::Certificate;
use poc::local::cloud::iam::Role;
use poc::local::cloud::{Cloud, Profile, State};
use serde_json::Value;
use tokio::task::LocalSet;

use super::dns::{Names, OURS, Server};
use super::problems::found;
use super::relay::{Fate, Relay};
use super::{Desk, Ran};

/// A patient in a world that can be made ill.
struct Ward {
    desk: Desk,
    cloud: Arc<Cloud>,
    names: Names,
    mend: fn(&str, Vec<u8>) -> Vec<u8>,
    environment: Vec<(&'static str, String)>,
}

impl Ward {
    fn new() -> Ward {
        Ward::with(Profile::quick())
    }

    fn with(profile: Profile) -> Ward {
        Ward {
            desk: Desk::new(),
            cloud: Cloud::in_memory(Clock::system(), profile),
            names: Names::delegated(),
            mend: |_, answer| answer,
            environment: vec![
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "hush".to_owned()),
            ],
        }
    }

    async fn holding(self, change: impl FnOnce(&mut State)) -> Ward {
        self.cloud.inspect(change).await.unwrap();
        self
    }

    fn named(self, names: Names) -> Ward {
        Ward { names, ..self }
    }

    async fn examined(&self) -> Ran {
        self.examined_over(&[], |_| Fate::Passed).await
    }

    async fn examined_over(&self, more: &[&str], fate: impl Fn(&str) -> Fate + 'static) -> Ran {
        self.ran_over(&[&["doctor", "--json"], more].concat(), fate).await
    }

    /// Some command, in the ward's world.
    async fn ran_over(&self, words: &[&str], fate: impl Fn(&str) -> Fate + 'static) -> Ran {
        let port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let upstream = port.address().unwrap();
        let mut serving = EmbeddedCloud::from(self.cloud.clone()).serve(port).unwrap();
        let dns = Server::of(self.names.clone());
        let local = LocalSet::new();
        let ran = local.run_until(async {
            let relay = Relay::mending(upstream, fate, self.mend).await;
            let (endpoint, dns) = (relay.url(), dns.address.to_string());
            let asked = if words[0] == "doctor" { vec!["--dns", &dns] } else { Vec::new() };
            let arguments = [words, &["--endpoint-url", &endpoint], &asked].concat();
            let mut command = self.desk.command(&arguments);
            command.envs(self.environment.iter().map(|(name, value)| (name, value)));
            Ran::of(tokio::process::Command::from(command).output().await.unwrap())
        });
        let ran = ran.await;
        serving.stop(|_| ()).await;
        assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "the secret is shown");
        ran
    }
}

/// Kind and verdict of every check.
fn findings(ran: &Ran) -> BTreeMap<String, (String, String)> {
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let document = ran.json();
    let checks = document["checks"].as_array().unwrap();
    let told = checks.iter().map(|one| (word(one, "check"), (word(one, "verdict"), word(one, "kind"))));
    let told: BTreeMap<_, _> = told.collect();
    told.values().for_each(|(_, kind)| assert_explained(kind));
    assert_eq!(told.len(), checks.len(), "a check is told twice: {document:#}");
    told
}

fn message(ran: &Ran, check: &str) -> String {
    let document = ran.json();
    let finding = document["checks"].as_array().unwrap().iter().find(|one| one["check"] == check).unwrap().clone();
    format!("{} / {}", finding["message"].as_str().unwrap(), finding["remedy"].as_str().unwrap_or_default())
}

/// Every kind that is told but these two has a page.
fn assert_explained(kind: &str) {
    assert_eq!(poc::explain::page(kind).is_err(), ["ok", "not_asked"].contains(&kind), "{kind}");
}

/// That check found that, and the exit code goes with it; every other check is well.
#[track_caller]
fn assert_only(ran: Ran, check: &str, verdict: &str, kind: &str) -> String {
    let found = findings(&ran);
    let ill: Vec<_> = found.iter().filter(|(_, (verdict, _))| verdict != "ok").collect();
    assert_eq!(ill, [(&check.to_owned(), &(verdict.to_owned(), kind.to_owned()))], "{}", ran.out);
    let ran = ran.exits(i32::from(verdict == "problem"));
    let told = message(&ran, check);
    assert_eq!(told.ends_with(" / "), verdict == "not_asked", "a remedy where there is one: {told}");
    told
}

/// The same, with what a person is told compared with the snapshot of that kind.
#[track_caller]
fn assert_shown(ran: Ran, check: &str, verdict: &str, kind: &str) -> String {
    let document = ran.json();
    let told = assert_only(ran, check, verdict, kind);
    found(document["checks"].as_array().unwrap().iter().find(|one| one["check"] == check).unwrap());
    told
}

const CHECKS: [&str; 16] = [
    "credentials",
    "region",
    "endpoint",
    "clock",
    "permissions",
    "zone",
    "delegation",
    "caa",
    "certificate",
    "rest_apis",
    "usage_plans",
    "api_keys",
    "concurrency",
    "code_storage",
    "roles",
    "runtime",
];

#[tokio::test]
async fn a_well_patient_is_told_so_in_sixteen_lines() {
    let ran = Ward::new().examined().await.exits(0);
    let document = ran.json();
    let checks: Vec<&str> =
        document["checks"].as_array().unwrap().iter().map(|one| one["check"].as_str().unwrap()).collect();
    assert_eq!(checks, CHECKS);
    assert!(findings(&ran).values().all(|found| *found == ("ok".to_owned(), "ok".to_owned())), "{}", ran.out);
    assert!(message(&ran, "credentials").contains("user/local in account 000000000000, from the environment"));
    assert_eq!((&document["account"], &document["region"]), (&"000000000000".into(), &"us-east-1".into()));
}

#[test]
fn the_embedded_cloud_is_examined_without_a_word_to_anybody_and_people_get_lines() {
    let desk = Desk::new();
    let ran = desk.poc(&["doctor", "--local"]).exits(0);
    for line in
        ["  ✓ credentials   arn:aws:iam::000000000000:user/local", "  ? delegation    the zones of the embedded cloud"]
    {
        assert!(ran.out.contains(line), "{line}\n{}", ran.out);
    }
    assert!(
        ran.out.ends_with("Nothing keeps a deploy from working, as far as can be told, 2 could not be asked.\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    desk.edit("deploy.yaml", "  memory: 256", "  memory: 256\n  reserved_concurrency: 950");
    let ran = desk.poc(&["doctor", "--local"]).exits(1);
    let lines: Vec<&str> = ran.out.lines().skip_while(|line| !line.contains("✗ concurrency")).collect();
    assert!(lines[0].contains("asks for 950, and 900 of the account's 1000"), "{}", ran.out);
    assert!(ran.out.contains("lower function.reserved_concurrency"), "{}", ran.out);
    assert!(ran.out.contains("more: poc explain concurrency_short\n"), "{}", ran.out);
    assert!(ran.out.contains("1 problem, 2 could not be asked."), "{}", ran.out);
}

fn answer(status: &str, headers: &str, body: &str) -> Fate {
    Fate::Refused(format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn refusal(code: &str, headers: &str) -> Fate {
    let body = format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    answer("403 Forbidden", headers, &body)
}

fn asks_who(request: &str) -> bool {
    request.contains("Action=GetCallerIdentity")
}

/// Everything that needs AWS is told as not asked, and what does not is looked at all the same.
fn assert_rest_unasked(ran: &Ran, but: &[&str]) {
    for (check, (verdict, _)) in findings(ran).iter().filter(|(check, _)| !but.contains(&check.as_str())) {
        let alone = ["caa", "runtime"].contains(&check.as_str());
        assert_eq!(verdict == "ok", alone, "{check}: {}", ran.out);
        assert!(alone || verdict == "not_asked", "{check}: {}", ran.out);
    }
}

#[tokio::test]
async fn credentials_that_aws_does_not_take_are_the_problem_and_the_rest_is_not_asked() {
    for (code, kind) in [("InvalidClientTokenId", "credentials"), ("ExpiredToken", "credentials_expired")] {
        let fate = move |request: &str| if asks_who(request) { refusal(code, "") } else { Fate::Passed };
        let ran = Ward::new().examined_over(&[], fate).await.exits(1);
        assert_eq!(findings(&ran)["credentials"], ("problem".to_owned(), kind.to_owned()), "{}", ran.out);
        assert_rest_unasked(&ran, &["credentials", "region", "endpoint", "clock"]);
    }
    let ward = Ward { environment: Vec::new(), ..Ward::new() };
    let ran = ward.examined().await.exits(1);
    assert_eq!(findings(&ran)["credentials"], ("problem".to_owned(), "credentials".to_owned()), "{}", ran.out);
    assert_rest_unasked(&ran, &["credentials", "region"]);
}

#[tokio::test]
async fn credentials_tell_where_they_come_from_and_when_they_end() {
    let ward = Ward { environment: Vec::new(), ..Ward::new() };
    let process = |minutes: i64| {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
        let until = until.strftime("%Y-%m-%dT%H:%M:%SZ");
        let told = format!(
            "{{\"Version\": 1, \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"hush\", \"Expiration\": \"{until}\"}}"
        );
        let home = ward.desk.directory.path();
        fs::create_dir_all(home.join(".aws")).unwrap();
        fs::write(home.join("told.json"), told).unwrap();
        let line = format!("[profile work]\ncredential_process = cat {}\n", home.join("told.json").display());
        fs::write(home.join(".aws/config"), line).unwrap();
    };
    process(10);
    let told = assert_shown(
        ward.examined_over(&["--profile", "work"], |_| Fate::Passed).await,
        "credentials",
        "warning",
        "credentials_expire_soon",
    );
    assert!(told.contains("a credential process") && told.contains("(profile work)"), "{told}");
    assert!(told.contains("in 9 minutes") || told.contains("in 10 minutes"), "{told}");
    process(600);
    let ran = ward.examined_over(&["--profile", "work"], |_| Fate::Passed).await.exits(0);
    assert_eq!(findings(&ran)["credentials"].1, "ok", "{}", ran.out);

    let root = it_is("arn:aws:iam::000000000000:root");
    let told = assert_shown(Ward::new().examined_over(&[], root).await, "credentials", "warning", "root_user");
    assert!(told.contains("poc policy"), "{told}");
}

/// Now, or so many seconds later, as answers tell it. The program that is tested goes by the machine's clock, and so must
/// whoever answers it.
fn day(ahead: i64) -> String {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(ahead);
    then.strftime("date: %a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Answers that the credentials are those of `arn`.
fn it_is(arn: &str) -> impl Fn(&str) -> Fate + use<> {
    let (date, body) = (
        format!("{}\r\n", day(0)),
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>{arn}</Arn><UserId>A</UserId><Account>000000000000</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>"
        ),
    );
    move |request: &str| if asks_who(request) { answer("200 OK", &date, &body) } else { Fate::Passed }
}

/// The answers of a cloud whose day is another by so many seconds.
fn dated(answer: Vec<u8>, ahead: i64) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let date = day(ahead);
    let lines =
        head.split("\r\n").map(|line| if line.to_lowercase().starts_with("date:") { date.as_str() } else { line });
    [lines.collect::<Vec<_>>().join("\r\n").as_bytes(), &answer[end..]].concat()
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_not_mistaken_for_wrong_keys() {
    let behind = Ward { mend: |_, answer| dated(answer, 600), ..Ward::new() };
    let told = assert_only(behind.examined().await, "clock", "problem", "clock_off");
    assert!(told.contains("10 minutes behind AWS's") || told.contains("9 minutes behind"), "{told}");
    let ahead = Ward { mend: |_, answer| dated(answer, -130), ..Ward::new() };
    let told = assert_shown(ahead.examined().await, "clock", "warning", "clock_drifts");
    assert!(told.contains("2 minutes ahead of AWS's"), "{told}");

    let date = format!("{}\r\n", day(3 * 3600));
    let fate =
        move |request: &str| if asks_who(request) { refusal("SignatureDoesNotMatch", &date) } else { Fate::Passed };
    let ran = Ward::new().examined_over(&[], fate).await.exits(1);
    let found = findings(&ran);
    assert_eq!((found["clock"].1.as_str(), found["credentials"].0.as_str()), ("clock_off", "not_asked"), "{}", ran.out);
}

#[tokio::test]
async fn a_region_that_is_none_and_an_endpoint_that_is_not_there_are_told_apart() {
    let ward = Ward::new();
    let told = assert_shown(
        ward.examined_over(&["--region", "us-esat-1"], |_| Fate::Passed).await,
        "region",
        "warning",
        "unknown_region",
    );
    assert!(told.contains("did you mean us-east-1?"), "{told}");
    let dns = Server::of(Names::delegated()).address.to_string();
    let nowhere = ["doctor", "--json", "--endpoint-url", "http://127.0.0.1:1", "--dns", &dns];
    let ran = ward.desk.with_keys(&[&nowhere[..], &["--region", "us-esat-1"]].concat()).exits(1);
    let found = findings(&ran);
    assert_eq!(found["region"], ("problem".to_owned(), "unknown_region".to_owned()), "{}", ran.out);
    assert_eq!(found["endpoint"], ("problem".to_owned(), "unreachable".to_owned()), "{}", ran.out);
    ward.desk.edit("deploy.yaml", "region: us-east-1\n", "");
    let ran = ward.examined().await.exits(1);
    assert_eq!(findings(&ran)["region"], ("problem".to_owned(), "no_region".to_owned()), "{}", ran.out);
    assert_rest_unasked(&ran, &["region"]);
}

#[tokio::test]
async fn missing_permissions_are_named_and_who_may_not_ask_goes_on_without() {
    let ward = Ward::new().holding(|state| {
        state.iam.denied.extend(["lambda:CreateFunction", "s3:PutObject"].map(str::to_owned));
    });
    let told = assert_shown(ward.await.examined().await, "permissions", "problem", "permissions_missing");
    assert!(told.contains("2 of ") && told.contains("lambda:CreateFunction, s3:PutObject"), "{told}");
    assert!(told.contains("arn:aws:iam::000000000000:user/local what `poc policy` prints"), "{told}");
    let fate = |request: &str| match request.contains("Action=SimulatePrincipalPolicy") {
        true => refusal("AccessDenied", ""),
        false => Fate::Passed,
    };
    let told = assert_only(Ward::new().examined_over(&[], fate).await, "permissions", "not_asked", "not_asked");
    assert!(told.contains("may not do iam:SimulatePrincipalPolicy"), "{told}");
}

/// The zone by its id, and each of two managed policies that may be attached.
#[tokio::test]
async fn whoever_has_the_policy_that_is_printed_misses_nothing_and_is_told_what_is_taken_from_it() {
    let ward = Ward::new();
    let policies =
        "\"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\", \"arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess\"";
    ward.desk.edit(
        "deploy.yaml",
        "  memory: 256",
        &format!("  role: {{ managed_policies: [{policies}] }}\n  memory: 256"),
    );
    let printed = ward.ran_over(&["policy"], |_| Fate::Passed).await.exits(0).out;
    assert!(printed.contains("hostedzone/Z"), "{printed}");
    let ward = ward.holding(|state| state.iam.granted = Some(printed.clone())).await;
    let ran = ward.examined().await.exits(0);
    assert_eq!(findings(&ran)["permissions"].1, "ok", "{}", message(&ran, "permissions"));

    let one_fewer = printed.replace("AWSXrayWriteOnlyAccess", "AnotherOne");
    let ward = ward.holding(|state| state.iam.granted = Some(one_fewer)).await;
    let told = assert_only(ward.examined().await, "permissions", "problem", "permissions_missing");
    assert!(told.starts_with("1 of ") && told.contains("not allowed: iam:AttachRolePolicy /"), "{told}");
    let other_bucket = printed.replace("s3:::serverless-poc-0", "s3:::other-0");
    let ward = ward.holding(|state| state.iam.granted = Some(other_bucket)).await;
    let told = assert_only(ward.examined().await, "permissions", "problem", "permissions_missing");
    assert!(told.contains("s3:"), "{told}");
}

/// Of a session it is the role that has policies, and a role of single sign-on has a path that its session does not tell.
#[tokio::test]
async fn a_session_is_asked_for_by_its_role_and_who_is_neither_user_nor_role_cannot_be() {
    let ward = Ward::new().holding(|state| {
        let role = Role { name: "Admin".to_owned(), path: "/sso/".to_owned(), ..Role::default() };
        state.iam.roles.insert("Admin".to_owned(), role);
        state.iam.denied.insert("lambda:CreateFunction".to_owned());
    });
    let ward = ward.await;
    let alice = it_is("arn:aws:sts::000000000000:assumed-role/Admin/alice");
    let told = assert_only(ward.examined_over(&[], alice).await, "permissions", "problem", "permissions_missing");
    assert!(told.contains("give arn:aws:iam::000000000000:role/sso/Admin what"), "{told}");

    let alice = it_is("arn:aws:sts::000000000000:federated-user/alice");
    let told = assert_only(ward.examined_over(&[], alice).await, "permissions", "not_asked", "not_asked");
    assert!(told.contains("federated-user/alice may do"), "{told}");
}

#[tokio::test]
async fn a_zone_that_is_missing_or_doubled_is_told() {
    let ward = Ward::new();
    ward.desk.edit("deploy.yaml", "hosted_zone: example.com", "hosted_zone: api.example.com");
    let ran = ward.examined().await.exits(1);
    assert_eq!(findings(&ran)["zone"], ("problem".to_owned(), "no_hosted_zone".to_owned()), "{}", ran.out);
    assert_eq!(findings(&ran)["delegation"].0, "not_asked");
    let twice = Ward::new().holding(|state| {
        let mut zone = state.route53.zones.values().next().unwrap().clone();
        zone.id = "ZSECOND".to_owned();
        state.route53.zones.insert(zone.id.clone(), zone);
    });
    let ran = twice.await.examined().await.exits(1);
    assert_eq!(findings(&ran)["zone"], ("problem".to_owned(), "ambiguous_hosted_zone".to_owned()), "{}", ran.out);
}

#[tokio::test]
async fn what_the_zone_above_says_is_compared_with_the_hosted_zone() {
    let served = |servers: &[&'static str]| Ward::new().named(Names { servers: servers.to_vec(), ..Names::default() });
    let told = assert_shown(served(&[]).examined().await, "delegation", "problem", "not_delegated");
    assert!(OURS.iter().all(|server| told.contains(server)), "{told}");
    let elsewhere = served(&["ns1.registrar.test", "ns2.registrar.test"]);
    let told = assert_shown(elsewhere.examined().await, "delegation", "problem", "delegated_elsewhere");
    assert!(told.contains("served by ns1.registrar.test, ns2.registrar.test"), "{told}");
    let both = served(&[&OURS[..], &["ns1.registrar.test"]].concat());
    assert_shown(both.examined().await, "delegation", "problem", "delegated_partly");
    let told = assert_shown(served(&OURS[..3]).examined().await, "delegation", "warning", "delegation_incomplete");
    assert!(told.contains(&format!("does not name {}", OURS[3])), "{told}");
}

#[tokio::test]
async fn a_dns_that_does_not_answer_leaves_two_questions_open() {
    let ran = Ward::new().named(Names { silent: true, ..Names::default() }).examined().await.exits(0);
    let found = findings(&ran);
    assert_eq!((found["delegation"].0.as_str(), found["caa"].0.as_str()), ("not_asked", "not_asked"), "{}", ran.out);
}

#[tokio::test]
async fn caa_records_count_from_the_nearest_name_up_and_wildcards_have_their_own() {
    let with = |caa: &[(&'static str, &'static str, &'static str)]| {
        Ward::new().named(Names { caa: caa.to_vec(), ..Names::delegated() })
    };
    let told = assert_shown(
        with(&[("example.com", "issue", "letsencrypt.org")]).examined().await,
        "caa",
        "problem",
        "caa_forbids",
    );
    assert!(
        told.contains("of example.com let only \"letsencrypt.org\"") && told.contains("0 issue \"amazon.com\""),
        "{told}"
    );
    assert_only(with(&[("api.example.com", "issue", ";")]).examined().await, "caa", "problem", "caa_forbids");
    for good in ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com; account=1"] {
        let names = [("api.example.com", "issue", good), ("example.com", "issue", "letsencrypt.org")];
        with(&names).examined().await.exits(0);
    }
    // Of another kind: whom to tell, and who issues wildcards.
    let others = [("example.com", "iodef", "mailto:a@example.com"), ("example.com", "issuewild", "letsencrypt.org")];
    with(&others).examined().await.exits(0);
    let wild = with(&[("example.com", "issue", "amazon.com"), ("example.com", "issuewild", "letsencrypt.org")]);
    wild.desk.edit("deploy.yaml", "name: api.example.com", "name: \"*.example.com\"");
    let told = assert_only(wild.examined().await, "caa", "problem", "caa_forbids");
    assert!(told.contains("0 issuewild \"amazon.com\""), "{told}");
}

const ARN: &str = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555";

/// A certificate of ours that was asked for so long ago.
fn requested(minutes: u64) -> Certificate {
    let now = Clock::system().epoch_millis();
    let tags = [("poc:app", "ServerlessPOC"), ("poc:stage", "prod")];
    Certificate {
        arn: ARN.to_owned(),
        region: "us-east-1".to_owned(),
        domains: vec!["api.example.com".to_owned()],
        requested: now - minutes * 60_000,
        validation: "DNS".to_owned(),
        key_algorithm: "RSA_2048".to_owned(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Certificate::default()
    }
}

/// A cloud that never issues.
fn never() -> Profile {
    Profile { certificate_issued: Duration::from_secs(1_000_000), ..Profile::quick() }
}

async fn with_certificate(ward: Ward, certificate: Certificate) -> Ward {
    ward.holding(|state| {
        state.acm.certificates.insert(ARN.to_owned(), certificate);
    })
    .await
}

/// Puts a record under the name that ACM looks for: the right one, or another.
async fn with_record(ward: Ward, right: bool) -> Ward {
    let sdk = EmbeddedCloud::from(ward.cloud.clone()).sdk_config("us-east-1");
    let (acm, dns) = (aws_sdk_acm::Client::new(&sdk), aws_sdk_route53::Client::new(&sdk));
    let told = acm.describe_certificate().certificate_arn(ARN).send().await.unwrap().certificate.unwrap();
    let record = told.domain_validation_options()[0].resource_record().unwrap().clone();
    use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
    let value = if right { record.value() } else { "_old.acm-validations.aws." };
    let value = ResourceRecord::builder().value(value).build().unwrap();
    let set = ResourceRecordSet::builder().name(record.name()).r#type(RrType::Cname).ttl(300).resource_records(value);
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set.build().unwrap());
    let batch = ChangeBatch::builder().changes(change.build().unwrap()).build().unwrap();
    let zones = dns.list_hosted_zones_by_name().send().await.unwrap();
    let zone = zones.hosted_zones()[0].id().trim_start_matches("/hostedzone/").to_owned();
    dns.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await.unwrap();
    ward
}

#[tokio::test]
async fn a_certificate_that_hangs_says_why() {
    let pending = || with_certificate(Ward::with(never()), requested(121));
    let told = assert_shown(pending().await.examined().await, "certificate", "problem", "validation_record_missing");
    assert!(told.contains("ACM gives up in 69 hours") && told.contains("`poc deploy` writes it (CNAME _"), "{told}");
    let wrong = with_record(pending().await, false).await;
    let told = assert_shown(wrong.examined().await, "certificate", "problem", "validation_record_wrong");
    assert!(told.contains("leads to _old.acm-validations.aws"), "{told}");
    let hangs = with_record(pending().await, true).await;
    assert_shown(hangs.examined().await, "certificate", "problem", "certificate_hangs");
    let young = with_record(with_certificate(Ward::with(never()), requested(3)).await, true).await;
    young.examined().await.exits(0);

    let forbidden = with_record(pending().await, true).await;
    let names = Names { caa: vec![("example.com", "issue", "letsencrypt.org")], ..Names::delegated() };
    let ran = forbidden.named(names).examined().await.exits(1);
    assert_eq!(findings(&ran)["certificate"], ("problem".to_owned(), "caa_forbids".to_owned()), "{}", ran.out);

    // ACM has not said yet what it looks for.
    let slow = Profile { certificate_record: Duration::from_secs(14_400), ..never() };
    let silent = with_certificate(Ward::with(slow), requested(130)).await;
    assert_shown(silent.examined().await, "certificate", "warning", "certificate_pending");
}

#[tokio::test]
async fn a_certificate_that_will_not_come_or_is_not_there_is_told() {
    let given_up = with_certificate(Ward::new(), Certificate { given_up: true, ..requested(5000) }).await;
    assert_shown(given_up.examined().await, "certificate", "problem", "certificate_timed_out");
    let issued = with_certificate(Ward::new(), Certificate { issued: Some(1), ..requested(5000) }).await;
    issued.examined().await.exits(0);
    let failed = with_certificate(Ward::with(never()), requested(5)).await;
    let body = serde_json::json!({ "Certificate": {
        "CertificateArn": ARN, "DomainName": "api.example.com", "Status": "FAILED", "FailureReason": "CAA_ERROR",
        "DomainValidationOptions": [], "SubjectAlternativeNames": ["api.example.com"], "InUseBy": [],
    } });
    let fate = move |request: &str| match request.contains("CertificateManager.DescribeCertificate") {
        true => answer("200 OK", "content-type: application/x-amz-json-1.1\r\n", &body.to_string()),
        false => Fate::Passed,
    };
    let told = assert_only(failed.examined_over(&[], fate).await, "certificate", "problem", "certificate_failed");
    assert!(told.contains("CAA_ERROR"), "{told}");
    let given = Ward::new();
    given.desk.edit("deploy.yaml", "certificate: request ", &format!("certificate: \"{ARN}\" "));
    assert_shown(given.examined().await, "certificate", "problem", "no_certificate");
}

/// A cloud that holds so many copies of the one REST API, usage plan and key that it is given.
async fn crowded(kind: &'static str, count: usize) -> Ward {
    let ward = Ward::new();
    let sdk = EmbeddedCloud::from(ward.cloud.clone()).sdk_config("us-east-1");
    let gateway = aws_sdk_apigateway::Client::new(&sdk);
    use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
    let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
    gateway.create_rest_api().name("crowd").endpoint_configuration(regional).send().await.unwrap();
    gateway.create_usage_plan().name("crowd").send().await.unwrap();
    gateway.create_api_key().name("crowd").send().await.unwrap();
    let changed = ward.holding(move |state| {
        let region = state.apigateway.regions.get_mut("us-east-1").unwrap();
        for at in 1..count {
            match kind {
                "rest_apis" => {
                    let mut one = region.rest_apis.values().next().unwrap().clone();
                    one.id = format!("crowd{at}");
                    region.rest_apis.insert(one.id.clone(), one);
                }
                "usage_plans" => {
                    let mut one = region.usage_plans.values().next().unwrap().clone();
                    one.id = format!("crowd{at}");
                    region.usage_plans.insert(one.id.clone(), one);
                }
                _ => {
                    let mut one = region.api_keys.values().next().unwrap().clone();
                    one.id = format!("crowd{at}");
                    region.api_keys.insert(one.id.clone(), one);
                }
            }
        }
    });
    changed.await
}

#[tokio::test]
async fn quotas_of_api_gateway_are_told_before_they_are_met() {
    let room = crowded("rest_apis", 539).await;
    room.examined().await.exits(0);
    let told = assert_shown(crowded("rest_apis", 540).await.examined().await, "rest_apis", "warning", "quota_near");
    assert!(told.starts_with("540 of 600 regional REST APIs"), "{told}");
    assert_shown(crowded("rest_apis", 600).await.examined().await, "rest_apis", "problem", "quota_reached");
    let told =
        assert_only(crowded("usage_plans", 300).await.examined().await, "usage_plans", "problem", "quota_reached");
    assert!(told.starts_with("300 of 300 usage plans"), "{told}");
    let told = assert_only(crowded("api_keys", 9000).await.examined().await, "api_keys", "warning", "quota_near");
    assert!(told.starts_with("9000 of 10000 API keys"), "{told}");
}

#[tokio::test]
async fn quotas_of_lambda_and_iam_are_told_before_they_are_met() {
    let low = Ward::new().holding(|state| state.lambda.concurrency = Some(10)).await;
    let told = assert_shown(low.examined().await, "concurrency", "warning", "concurrency_low");
    assert!(told.contains("run 10 times at once"), "{told}");
    low.desk.edit("deploy.yaml", "  memory: 256", "  memory: 256\n  reserved_concurrency: 5");
    let told = assert_shown(low.examined().await, "concurrency", "problem", "concurrency_short");
    assert!(told.contains("asks for 5, and 0 of the account's 10"), "{told}");
    let full = Ward::new().holding(|state| {
        let function =
            state.lambda.regions.entry("us-east-1".to_owned()).or_default().entry("big".to_owned()).or_default();
        function.name = "big".to_owned();
        function.latest.code.size = 75 << 30;
    });
    assert_only(full.await.examined().await, "code_storage", "problem", "quota_reached");
    let roles = |count: usize| {
        Ward::new().holding(move |state| {
            for at in 0..count {
                state.iam.roles.insert(format!("crowd{at}"), Role::default());
            }
        })
    };
    let told = assert_only(roles(950).await.examined().await, "roles", "warning", "quota_near");
    assert!(told.starts_with("950 of 1000 IAM roles"), "{told}");
    assert_only(roles(1000).await.examined().await, "roles", "problem", "quota_reached");
    // Of what is there already a deploy makes no other.
    let deployed = roles(999).await.holding(|state| {
        let name = "ServerlessPOCAdmission-role".to_owned();
        state.iam.roles.insert(name.clone(), Role { name, ..Role::default() });
    });
    assert_only(deployed.await.examined().await, "roles", "warning", "quota_near");
}

#[tokio::test]
async fn what_is_missing_on_this_machine_is_told() {
    let ward =
        Ward { environment: [Ward::new().environment, vec![("PATH", "/nowhere".to_owned())]].concat(), ..Ward::new() };
    let told = assert_shown(ward.examined().await, "runtime", "warning", "no_interpreter");
    assert!(told.contains("Python 3.8 or newer"), "{told}");
    fs::write(ward.desk.directory.path().join("app/requirements.txt"), "six==1.16.0\n").unwrap();
    let ran = ward.examined().await.exits(1);
    assert_eq!(findings(&ran)["installer"], ("problem".to_owned(), "no_installer".to_owned()), "{}", ran.out);
    let mut local = ward.desk.command(&["doctor", "--local", "--json"]);
    local.env("PATH", "/nowhere");
    let ran = Ran::of(local.output().unwrap()).exits(1);
    assert_eq!(findings(&ran)["runtime"], ("problem".to_owned(), "no_interpreter".to_owned()), "{}", ran.out);
}

#[tokio::test]
async fn a_file_without_a_domain_and_a_plan_is_asked_no_questions_of_them() {
    let ward = Ward::new();
    let least = "name: least\nstage: prod\nregion: us-east-1\npackage: { path: app }\n\
                 function: { name: least, runtime: python3.13, handler: handler.lambda_handler }\n\
                 api: { name: least, resources: { /predict: { POST: {} } } }\n";
    fs::write(ward.desk.directory.path().join("deploy.yaml"), least).unwrap();
    let ran = ward.examined().await.exits(0);
    let asked: Vec<String> = findings(&ran).into_keys().collect();
    for check in ["zone", "delegation", "caa", "certificate", "usage_plans", "api_keys"] {
        assert!(!asked.contains(&check.to_owned()), "{check}");
    }
    ward.desk.poc(&["doctor", "--dns", "nobody"]).exits(2);
}
