//! The template language: `cargo bench --bench vtl`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use poc::vtl::{JavaPattern, Request, Template};
use serde_json::{Map, Value, json};

const REQUEST: &str = include_str!("../templates/admit/request.vtl");
const ERROR: &str = include_str!("../templates/admit/error.vtl");

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A request as the gateway makes it, with everything in its context.
fn request(body: &str) -> Request {
    Request {
        body: Some(body.to_owned()),
        path: object(json!({"proxy": "predict"})),
        querystring: object(json!({"verbose": "1"})),
        header: object(
            json!({"Accept": "*/*", "Content-Type": "application/json", "Host": "127.0.0.1", "x-api-key": "k"}),
        ),
        context: object(json!({
            "accountId": "123456789012", "apiId": "abc123def4", "httpMethod": "POST", "path": "/v1/predict", "stage": "v1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "extendedRequestId": "abc=", "requestTime": "26/Nov/2026:01:21:16 +0000",
            "requestTimeEpoch": 1795656076000_u64, "resourceId": "r1", "resourcePath": "/predict", "protocol": "HTTP/1.1",
            "domainName": "abc123def4.execute-api.eu-west-1.amazonaws.com", "identity": {"sourceIp": "127.0.0.1", "userAgent": "curl/8"},
        })),
        ..Request::default()
    }
}

fn parsed(text: &str) -> Template {
    match Template::parse(text) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    }
}

fn parse(c: &mut Criterion) {
    c.bench_function("parse/request.vtl", |b| b.iter(|| Template::parse(black_box(REQUEST))));
    c.bench_function("parse/error.vtl", |b| b.iter(|| Template::parse(black_box(ERROR))));
}

fn render(c: &mut Criterion) {
    let rows: Vec<Value> = (0..100).map(|i| json!({"id": i, "name": format!("name {i}"), "price": i % 20})).collect();
    let rows = json!({ "rows": rows }).to_string();
    let padded: Vec<Value> = (0..100).map(|i| json!({"id": i, "note": "x".repeat(64), "price": i % 20})).collect();
    let padded = json!({ "rows": padded }).to_string();
    let cases = [
        ("render/request.vtl", REQUEST, request(r#"{"features": [5.1, 3.5, 1.4, 0.2]}"#)),
        (
            "render/error.vtl",
            ERROR,
            request(r#"{"errorMessage":"{\"httpStatus\":400,\"message\":\"no \\\"features\\\"\"}","errorType":"E"}"#),
        ),
        (
            "render/foreach 100",
            "#foreach($row in $input.path('$.rows')){\"id\":$row.id,\"name\":\"$util.escapeJavaScript($row.name)\"}#if($foreach.hasNext),#end#end",
            request(&rows),
        ),
        ("render/filter 10 KB", "$input.json('$.rows[?(@.price > 15)].id')", request(&padded)),
        ("render/override", "#set($context.responseOverride.status = 404)$input.json('$')", request("{\"a\":1}")),
    ];
    for (name, text, request) in cases {
        let template = parsed(text);
        c.bench_function(name, |b| b.iter(|| template.render(black_box(&request))));
    }
}

fn patterns(c: &mut Criterion) {
    let Ok(pattern) = JavaPattern::compile(".*\"httpStatus\":400.*") else { return };
    let text = r#"{"httpStatus":400,"message":"features must be a list of numbers"}"#;
    c.bench_function("pattern/matches", |b| b.iter(|| pattern.matches_whole(black_box(text))));
}

criterion_group!(benches, parse, render, patterns);
criterion_main!(benches);
