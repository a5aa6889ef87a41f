//! Help texts of the commands around what is deployed, without the options that every command has.

use super::help;

fn own_help(command: &str) -> String {
    let text = help(command, 100);
    let (own, rest) = text.split_once("Where:").expect("every command has these options");
    let examples = rest.find("Examples:").expect("every command has examples");
    format!("{own}{}", &rest[examples..])
}

#[test]
fn help_of_test() {
    insta::assert_snapshot!(own_help("test"), @"");
}

#[test]
fn help_of_call() {
    insta::assert_snapshot!(own_help("call"), @"");
}

#[test]
fn help_of_key() {
    insta::assert_snapshot!(own_help("key"), @"");
}

#[test]
fn help_of_key_show() {
    insta::assert_snapshot!(own_help("key show"), @"");
}

#[test]
fn help_of_key_rotate() {
    insta::assert_snapshot!(own_help("key rotate"), @"");
}

#[test]
fn help_of_logs() {
    insta::assert_snapshot!(own_help("logs"), @"");
}

#[test]
fn help_of_render() {
    insta::assert_snapshot!(own_help("render"), @"");
}
