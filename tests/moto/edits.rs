//! One edit at a time: the plan names it and nothing else, and the cloud changes by it and by nothing else.

use crate::world::{LOCK, World};

const HEALTH: &str = "    /health: { GET: { integration: mock, responses: { 200: {} } } }\n";

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn every_edit_changes_what_it_says_and_no_more() {
    let world = World::new().await;
    world.deploy().await;

    world.template_edited().await;
    world.handler_edited().await;
    world.plan_edited().await;
    world.resource_added_and_removed().await;
    world.pages_edited().await;

    world.teardown().await;
}

impl World {
    async fn template_edited(&self) {
        let before = self.portrait().await;
        self.edit("templates/admit/error.vtl", "\"code\"", "\"status\"");
        let template = "update definition: GET /admit · integration.responses.400.templates.application/json";
        let expected = [template, "update deployment: definition", "update stage: deployment"];
        assert_eq!(self.deploys("a template", &expected).await.writes, 9 + LOCK);
        let changes = self.portrait().await.since(&before);
        assert_eq!(kinds(&changes), TEMPLATE_AND_DEPLOYMENT, "{changes:#?}");
        assert!(changes[0].contains(r#"\"code\""#) && changes[2].contains(r#"\"status\""#), "{changes:#?}");
    }

    async fn handler_edited(&self) {
        let before = self.portrait().await;
        self.edit("app/handler.py", "import json", "# Predicts.\nimport json");
        let expected = ["update package: sha256", "update function: code", "update alias: version"];
        assert_eq!(self.deploys("the handler", &expected).await.writes, 3 + LOCK);
        let changes = self.portrait().await.since(&before);
        assert_eq!(
            kinds(&changes),
            [
                "- function ServerlessPOCAdmission: prod is version 1",
                "- function ServerlessPOCAdmission: python3.13",
                "+ bucket",
                "+ function ServerlessPOCAdmission: prod is version 2",
                "+ function ServerlessPOCAdmission: python3.13",
                "+ function ServerlessPOCAdmission: version 2 python3.13"
            ],
            "{changes:#?}"
        );
    }

    async fn plan_edited(&self) {
        let before = self.portrait().await;
        let (mut expected, mut changed) =
            (vec!["update usage_plan: description"], vec!["+ usage plan ServerlessPOC: \"Students\""]);
        self.edit("deploy.yaml", "usage_plan:\n", "usage_plan:\n  description: Students\n");
        // Others keep a patched number as a text, which nobody can read any more.
        if self.server.is_moto() {
            self.edit("deploy.yaml", "rate: 10, burst: 20", "rate: 11, burst: 22");
            expected.extend(["update usage_plan: throttle.rate", "update usage_plan: throttle.burst"]);
            changed.push("+ usage plan ServerlessPOC: rate 11, burst 22");
        }
        assert_eq!(self.deploys("the usage plan", &expected).await.writes, 1 + LOCK);
        let changes = self.portrait().await.since(&before);
        let new: Vec<&String> = changes.iter().filter(|line| line.starts_with("+ ")).collect();
        assert_eq!(new, changed, "{changes:#?}");
    }

    async fn resource_added_and_removed(&self) {
        let before = self.portrait().await;
        self.edit("deploy.yaml", "    /admit:\n", &format!("{HEALTH}    /admit:\n"));
        let added = ["update definition: GET /health", "update definition: OPTIONS /health"];
        let expected = [&added[..], &["update deployment: definition", "update stage: deployment"]].concat();
        assert_eq!(self.deploys("a resource added", &expected).await.writes, 11 + LOCK);
        let there = self.portrait().await.since(&before);
        assert!(there.contains(&"+ API ServerlessPOC: path /health".to_owned()), "{there:#?}");

        self.edit("deploy.yaml", HEALTH, "");
        // The definition of before is deployed still, so nothing new needs to be.
        let expected = [&added[..], &["update stage: deployment"]].concat();
        assert_eq!(self.deploys("a resource removed", &expected).await.writes, 2 + LOCK);
        let left = self.portrait().await.since(&before);
        assert_eq!(kinds(&left), ["+ API ServerlessPOC: deployment poc"], "{left:#?}");
    }
}

impl World {
    async fn pages_edited(&self) {
        let before = self.portrait().await;
        self.edit("web/index.html", "Will I be", "Shall I be");
        self.write("web/about/index.html", "<p>About");
        self.remove("web/icon.svg");
        let pages = ["about/index.html", "index.html", "icon.svg"];
        let expected = pages.map(|page| format!("update site: site · {page}"));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        // The note of what comes, two pages, the removal, the note of what is there.
        assert_eq!(self.deploys("pages", &expected).await.writes, 5 + LOCK);
        let changes = self.portrait().await.since(&before);
        let bucket = "bucket serverless-poc-site-ACCOUNT-us-east-1: object";
        let gone = format!("- {bucket} icon.svg (image/svg+xml, max-age=300)");
        let new = format!("+ {bucket} about/index.html (text/html; charset=utf-8, no-cache)");
        assert_eq!(changes, [gone, new]);
        let site = self.sdk.site().await;
        let home = self.sdk.s3.get_object().bucket(site).key("index.html").send().await.unwrap();
        let text = home.body.collect().await.unwrap().to_vec();
        assert!(String::from_utf8(text).unwrap().contains("Shall I be"));
    }
}

const TEMPLATE_AND_DEPLOYMENT: [&str; 5] = [
    "- API ServerlessPOC: GET /admit: integration response 400 template",
    "- API ServerlessPOC: stage prod serves poc",
    "+ API ServerlessPOC: GET /admit: integration response 400 template",
    "+ API ServerlessPOC: deployment poc",
    "+ API ServerlessPOC: stage prod serves poc",
];

/// What the lines are about: the words before hashes and texts.
fn kinds(lines: &[String]) -> Vec<&str> {
    let ends = [" application/json", " handler.lambda_handler", " serverless-poc-"];
    let kind = |line: &'_ String| -> usize {
        let fingerprint = line.find(" poc ").map(|at| at + 4);
        ends.iter().filter_map(|end| line.find(end)).chain(fingerprint).min().unwrap_or(line.len())
    };
    lines.iter().map(|line| &line[..kind(line)]).collect()
}
