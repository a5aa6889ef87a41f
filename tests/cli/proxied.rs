//! Where the only way out is a proxy: the environment names it, as it does for every AWS tool.

use std::cell::RefCell;
use std::rc::Rc;

use poc::aws::{EmbeddedCloud, Port};
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use tokio::task::LocalSet;

use super::problems::{read, shown, shown_as};
use super::relay::{Fate, Relay};
use super::{Desk, Ran};

/// Runs the command with variables that are given the proxy's URL; what it did, and the first line of each request that the
/// proxy was asked. What it passes on, an empty cloud answers.
async fn over_a_proxy(variables: &[&str], arguments: &[&str], refuses: Option<&'static str>) -> (Ran, Vec<String>) {
    let desk = Desk::new();
    let port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let upstream = port.address().unwrap();
    let mut serving = EmbeddedCloud::from(Cloud::in_memory(Clock::system(), Profile::quick())).serve(port).unwrap();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let lines = asked.clone();
    let fate = move |request: &str| {
        lines.borrow_mut().push(request.lines().next().unwrap_or_default().to_owned());
        refuses.map_or(Fate::Passed, |answer| Fate::Refused(answer.to_owned()))
    };
    let local = LocalSet::new();
    let ran = local.run_until(async {
        let proxy = Relay::to(upstream, fate).await;
        let here = format!("http://{upstream}");
        let arguments: Vec<&str> = arguments.iter().map(|word| if *word == "HERE" { &here } else { *word }).collect();
        let mut command = desk.command(&arguments);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.envs(variables.iter().map(|name| (name, proxy.url())));
        Ran::of(tokio::process::Command::from(command).output().await.unwrap())
    });
    let ran = ran.await;
    serving.stop(|_| ()).await;
    (ran, asked.take())
}

#[tokio::test]
async fn calls_go_through_it() {
    let unwilling = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let arguments = ["plan", "--json", "--endpoint-url", "http://aws.example.com"];
    let (ran, asked) = over_a_proxy(&["HTTP_PROXY"], &arguments, Some(unwilling)).await;
    assert_eq!(ran.exits(1).json()["problem"]["kind"], "access_denied");
    assert!(!asked.is_empty());
    let strange: Vec<&String> = asked.iter().filter(|line| !line.contains(" http://aws.example.com/")).collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

#[tokio::test]
async fn aws_is_asked_for_by_name_and_a_proxy_that_refuses_is_told() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let (ran, asked) = over_a_proxy(&["HTTPS_PROXY"], &["plan", "--json"], Some(refusal)).await;
    let problem = ran.exits(1).json()["problem"].clone();
    assert!(asked.contains(&"CONNECT sts.us-east-1.amazonaws.com:443 HTTP/1.1".to_owned()), "{asked:#?}");
    assert_eq!(problem["kind"], "unreachable", "{problem}");
    shown_as("unreachable-through_a_proxy", &read(&problem));
    let told = problem.to_string();
    assert!(told.contains("proxy") && told.contains("HTTPS_PROXY"), "{told}");
}

#[tokio::test]
async fn what_listens_on_this_machine_is_asked_without_it() {
    let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    let (ran, asked) = over_a_proxy(&variables, &["plan", "--quiet", "--endpoint-url", "HERE"], None).await;
    ran.exits(0);
    assert_eq!(asked, [""; 0]);
}

#[tokio::test]
async fn a_web_page_in_the_place_of_aws_is_told_as_that() {
    let page = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: 27\r\n\r\n<html>Sign in here!!</html>";
    let arguments = ["plan", "--json", "--endpoint-url", "http://aws.example.com"];
    let (ran, _) = over_a_proxy(&["HTTP_PROXY"], &arguments, Some(page)).await;
    let problem = ran.exits(1).json()["problem"].clone();
    assert_eq!(problem["kind"], "unexpected_answer", "{problem}");
    shown(&read(&problem));
    assert_eq!(problem["message"], "a web page came where AWS's answer was expected");
    assert!(problem["next"].as_str().unwrap().contains("--endpoint-url"), "{problem}");
}
