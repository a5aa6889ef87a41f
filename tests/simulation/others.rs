//! Did anything change in what others have? Each of their things is compared as a whole, both ways: what was added to it,
//! taken from it, doubled in it or put in another order is a change. Only between their things may ours have come.

use std::collections::BTreeSet;

use serde_json::Value;

/// Where things lie side by side, by name or identifier; `*` is any one step.
const SHELVES: [&str; 16] = [
    "/acm/certificates",
    "/apigateway/regions",
    "/apigateway/regions/*/rest_apis",
    "/apigateway/regions/*/usage_plans",
    "/apigateway/regions/*/api_keys",
    "/apigateway/regions/*/domain_names",
    "/ecr/regions",
    "/ecr/regions/*",
    "/iam/roles",
    "/lambda/regions",
    "/lambda/regions/*",
    "/logs/regions",
    "/logs/regions/*",
    "/route53/zones",
    "/s3/buckets",
    "/s3/uploads",
];

/// The records of a zone are a list, and each is a thing of its own.
const RECORDS: &str = "/route53/zones/*/records";

/// What AWS keeps for itself: no thing of anybody's. Of tags that are not seen yet, see [`late`].
const ITS_OWN: [&str; 4] = ["/serial", "/route53/changes", "/acm/tokens", "/apigateway/regions/*/late_tags"];

/// What is not as it was, each with its place.
pub fn changed(before: &Value, now: &Value) -> Vec<String> {
    let mut told = Vec::new();
    compare(&mut Vec::new(), before, now, &mut told);
    late(before, now, &mut told);
    told
}

fn is(place: &[&str], pattern: &str) -> bool {
    let steps = pattern.split('/').skip(1);
    steps.clone().count() == place.len() && steps.zip(place).all(|(step, at)| step == "*" || step == *at)
}

fn compare<'v>(place: &mut Vec<&'v str>, before: &'v Value, now: &'v Value, told: &mut Vec<String>) {
    let any = |patterns: &[&str], place: &[&str]| patterns.iter().any(|pattern| is(place, pattern));
    let tell = |place: &[&str], what: String| format!("/{}: {what}", place.join("/"));
    match (before, now) {
        _ if any(&ITS_OWN, place) => {}
        (Value::Object(before), Value::Object(now)) => {
            for (name, member) in before {
                place.push(name);
                match now.get(name) {
                    Some(now) => compare(place, member, now, told),
                    None if any(&ITS_OWN, place) => {}
                    None => told.push(tell(place, format!("{member} is gone"))),
                }
                place.pop();
            }
            if any(&SHELVES, place) {
                return;
            }
            for (name, member) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
                place.push(name);
                if !any(&ITS_OWN, place) {
                    told.push(tell(place, format!("{member} was added")));
                }
                place.pop();
            }
        }
        (Value::Array(before), Value::Array(now)) if is(place, RECORDS) => {
            let theirs: BTreeSet<_> = before.iter().map(named).collect();
            let now: Vec<&Value> = now.iter().filter(|record| theirs.contains(&named(record))).collect();
            if now != before.iter().collect::<Vec<_>>() {
                told.push(tell(place, format!("{before:?} became {now:?}")));
            }
        }
        _ if before == now => {}
        _ => told.push(tell(place, format!("{before} became {now}"))),
    }
}

fn named(record: &Value) -> (Option<&str>, Option<&str>) {
    (record["name"].as_str(), record["kind"].as_str())
}

/// Tags that are on their way to one of their things.
fn late(before: &Value, now: &Value, told: &mut Vec<String>) {
    for (region, gateway) in now["apigateway"]["regions"].as_object().into_iter().flatten() {
        let had = &before["apigateway"]["regions"][region];
        let shelves = ["rest_apis", "usage_plans", "api_keys", "domain_names"].map(|shelf| &had[shelf]);
        for tags in gateway["late_tags"].as_array().into_iter().flatten() {
            let mut parts = tags["arn"].as_str().unwrap_or_default().split('/');
            if parts.any(|part| shelves.iter().any(|shelf| !shelf[part].is_null())) {
                told.push(format!("/apigateway/regions/{region}/late_tags: {tags}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Value {
        json!({
            "serial": 1,
            "apigateway": { "regions": { "r": {
                "rest_apis": { "theirs": { "tags": { "a": "b" }, "policy": null, "types": ["x", "y"] } },
                "usage_plans": {}, "api_keys": { "k": { "value": "v" } }, "domain_names": {},
                "cloudwatch_role_arn": null,
            } } },
            "route53": { "zones": { "z": { "name": "n", "records": [
                { "name": "a.", "kind": "A", "values": ["1"] }, { "name": "a.", "kind": "TXT", "values": ["2"] },
            ] } }, "changes": {} },
        })
    }

    /// What is told once `edit` has been done to the account.
    fn after(edit: impl FnOnce(&mut Value)) -> Vec<String> {
        let before = account();
        let mut now = before.clone();
        edit(&mut now);
        changed(&before, &now)
    }

    #[test]
    fn what_is_ours_and_what_aws_keeps_may_come() {
        let told = after(|now| {
            now["serial"] = json!(9);
            now["route53"]["changes"]["c"] = json!(1);
            let region = &mut now["apigateway"]["regions"]["r"];
            region["rest_apis"]["ours"] = json!({ "tags": {} });
            region["late_tags"] = json!([{ "arn": "arn:aws:apigateway:r::/restapis/ours", "tags": {} }]);
            let records = now["route53"]["zones"]["z"]["records"].as_array_mut().unwrap();
            records.insert(1, json!({ "name": "a.", "kind": "AAAA", "values": [] }));
        });
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn nothing_may_come_to_a_thing_of_theirs_nor_go_from_it() {
        fn api(now: &mut Value) -> &mut Value {
            &mut now["apigateway"]["regions"]["r"]["rest_apis"]["theirs"]
        }
        fn records(now: &mut Value) -> &mut Vec<Value> {
            now["route53"]["zones"]["z"]["records"].as_array_mut().unwrap()
        }
        let edits: [fn(&mut Value); 13] = [
            |now| api(now)["tags"]["poc:app"] = json!("us"),
            |now| api(now)["tags"] = json!({}),
            |now| api(now)["stages"] = json!({}),
            |now| api(now)["policy"] = json!("open"),
            |now| api(now)["types"] = json!(["y", "x"]),
            |now| api(now)["types"] = json!(["x", "y", "y"]),
            |now| api(now)["types"] = json!(["x"]),
            |now| now["apigateway"]["regions"]["r"]["rest_apis"] = json!({}),
            |now| now["apigateway"]["regions"]["r"]["cloudwatch_role_arn"] = json!("ours"),
            |now| {
                let tags = json!([{ "arn": "arn:aws:apigateway:r::/apikeys/k", "tags": {} }]);
                now["apigateway"]["regions"]["r"]["late_tags"] = tags;
            },
            |now| records(now)[1]["values"] = json!(["3"]),
            |now| {
                let again = records(now)[0].clone();
                records(now).push(again);
            },
            |now| drop(records(now).remove(0)),
        ];
        for (at, edit) in edits.into_iter().enumerate() {
            assert_eq!(after(edit).len(), 1, "edit {at}");
        }
    }
}
