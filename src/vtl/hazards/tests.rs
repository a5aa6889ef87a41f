//! What is a hazard and what is none.

use super::HazardKind::{Apostrophe, RawBody, RawParameter, Unquoted};
use super::*;
use crate::vtl::Template;

fn kinds(template: &str) -> Vec<HazardKind> {
    Template::parse(template).expect("it parses").hazards().into_iter().map(|hazard| hazard.kind).collect()
}

#[track_caller]
fn clean(template: &str) {
    let hazards = Template::parse(template).expect("it parses").hazards();
    assert_eq!(hazards, [], "{template}");
}

#[test]
fn the_articles_own_template() {
    let text = "{\n    \"gre\": $input.params('gre'),\n    \"rank\": \"$input.params('rank')\"\n}";
    let hazards = Template::parse(text).expect("it parses").hazards();
    let told: Vec<_> = hazards
        .iter()
        .map(|one| (one.kind, one.reference.as_str(), one.parameter.as_deref(), one.line, one.column))
        .collect();
    assert_eq!(
        told,
        [
            (RawParameter, "$input.params('gre')", Some("gre"), 2, 12),
            (RawParameter, "$input.params('rank')", Some("rank"), 3, 14)
        ]
    );
}

#[test]
fn raw_in_every_spelling() {
    for text in [
        r##"{"a": "$!input.params("x")"}"##,
        r##"{"a": "${input.params('x')}"}"##,
        r##"{"a": "$input.params().querystring.x"}"##,
        r##"{"a": "$input.params().header.get('X-A')"}"##,
        r##"{"a": "$input.params().path['x'].trim()"}"##,
        r##"#set($x = $input.params('x')){"a": "$x"}"##,
        r##"#set($x = "a $input.params('x')"){"a": "$x.toLowerCase()"}"##,
        r##"#set($x = "a" + $input.params('x')){"a": "$x"}"##,
        r##"#if($input.params('y'))#set($x = $input.params('x'))#else#set($x = "")#end{"a": "$x"}"##,
        r##"#foreach($k in $input.params().querystring.keySet())"$k": 1#end"##,
        r##"#macro(put $v)"v": "$v"#end{#put($input.params('x'))}"##,
        r##"#define($b)"v": "$input.params('x')"#end{$b}"##,
        r##"#set($l = [])#set($n = $l.add($input.params('x'))){"a": "$l.get(0)"}"##,
        r##"{"a": "$util.urlDecode($input.params('x'))"}"##,
        r##"{"a": "$context.identity.userAgent"}"##,
        r##"{"a": "$input.params('x').replaceAll('a', 'b')"}"##,
        r##"{"a": "$input.params('x').replaceAll('"', '\\"')"}"##,
        r##"#if($input.params('x').matches('.*')){"a": "$input.params('x')"}#end"##,
        r##"#if($input.params('x').matches('\d+'))1#else{"a": "$input.params('x')"}#end"##,
    ] {
        assert_eq!(kinds(text), [RawParameter], "{text}");
    }
}

#[test]
fn what_is_escaped_counted_or_judged_is_no_hazard() {
    for text in [
        r##"{"a": "$util.escapeJavaScript($input.params('x')).replaceAll("\\'", "'")"}"##,
        r##"{"a": "$util.escapeJavaScript($input.params().querystring.x).replace("\'", "'")"}"##,
        r##"#set($x = $util.escapeJavaScript($input.params('x')).replaceAll("\\'", "'")){"a": "$x"}"##,
        r##"{"a": "$util.base64Encode($input.params('x'))", "b": "$util.urlEncode($input.params('x'))"}"##,
        r##"{"a": $input.json('$.a'), "b": $input.json('$')}"##,
        r##"{"a": $input.path('$.number'), "b": $input.path('$.list').size()}"##,
        r##"{"a": $input.params('x').length(), "b": $input.params('x').isEmpty()}"##,
        r##"{"a": $input.params('x').replaceAll('[^0-9]', '')}"##,
        r##"{"a": "$input.params('x').replaceAll('["\\]', '')"}"##,
        r##"#if($input.params('x').matches('[0-9]+')){"a": $input.params('x')}#end"##,
        r##"#set($x = $input.params('x'))#if($x == "asc" || 1 == 2)1#elseif($x == "desc"){"a": "$x"}#end"##,
        r##"#if(!$input.params('x').matches('-?\d+(\.\d+)?')){"a": 0}#else{"a": $input.params('x')}#end"##,
        r##"{"a": "$context.requestId", "b": "$stageVariables.name", "c": "$nothing"}"##,
        r##"{"a": "\$input.params('x')"}"##,
        "## \"$input.params('x')\"\n{}",
        "$input.body",
        "#set($all = $input.body)\n$all\n",
        r##"#set($n = $input.params('x').length() * 2){"a": $n}"##,
    ] {
        clean(text);
    }
}

#[test]
fn the_payload_between_quotes() {
    for text in [
        r##"{"a": "$input.path('$.message')"}"##,
        r##"#set($e = $util.parseJson($input.path('$.errorMessage'))){"code": $e.code, "a": "$e.message"}"##,
        r##"{"a": "$input.json('$.a')"}"##,
        r##"{"a": $input.body}"##,
    ] {
        assert_eq!(kinds(text), [RawBody], "{text}");
    }
}

#[test]
fn half_escaped() {
    assert_eq!(kinds(r##"{"a": "$util.escapeJavaScript($input.params('x'))"}"##), [Apostrophe]);
    assert_eq!(kinds(r##"{"a": $util.escapeJavaScript($input.params('x'))}"##), [Unquoted]);
    assert_eq!(kinds(r##"{"a": "$util.escapeJavaScript($input.path('$.name'))"}"##), [Apostrophe]);
    clean(r##"#set($e = $input.path('$')){"a": "$util.escapeJavaScript($e.request_id)"}"##);
}

/// A quote in the JSON that is escaped does not end the string.
#[test]
fn quotes_are_counted_as_json_has_them() {
    assert_eq!(kinds(r##"{"a": "say \"$util.escapeJavaScript($input.params('x'))\""}"##), [Apostrophe]);
    clean(r##"{"a": "say \"hi\"", "b": $input.json('$')}"##);
    clean(r##"{#if($x)"a": 1#else"b": 2#end, "c": $input.json('$')}"##);
}

#[test]
fn nothing_runs_away() {
    let deep = format!("{}1{}", "#if($a)".repeat(60), "#end".repeat(60));
    clean(&deep);
    clean("#macro(m)#m()#end#m()");
    clean("#define($d)$d#end$d");
}
