//! Warm and cold, how many at a time, what a handler's process is given and what becomes of it.

use std::time::Duration;

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use poc::local::lambda::CONCURRENCY;
use serde_json::json;

use crate::support::{Env, eventually, is_running, node, python, refusal, zip};

const PID: &str = "import os\ndef handle(event, context):\n    return os.getpid()\n";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test]
async fn a_sandbox_is_used_again() {
    let env = Env::with(python(
        "count = 0\ndef handle(event, context):\n    global count\n    count += 1\n    return count\n",
    ))
    .await;
    let first = env.invoke(ARN, "{}").await.unwrap();
    assert!(first.init_duration.is_some());
    for expected in 2..20 {
        let next = env.invoke(ARN, "{}").await.unwrap();
        assert_eq!(next.payload, expected.to_string());
        assert_eq!(next.init_duration, None);
        assert_eq!(next.executed_version, "$LATEST");
    }
    let streams: std::collections::BTreeSet<String> =
        env.logged("f").await.into_iter().map(|(stream, _)| stream).collect();
    assert_eq!(streams.len(), 1);
}

#[tokio::test]
async fn a_new_package_or_configuration_is_a_new_sandbox() {
    let env = Env::with(python(PID)).await;
    let first = env.call("{}").await.result().clone();
    env.redeploy(&python("def handle(event, context):\n    return 'new code'\n")).await;
    assert_eq!(env.call("{}").await.result(), "new code");
    eventually("the old process is gone", async || (!is_running(&first)).then_some(())).await;

    env.redeploy(&python(PID)).await;
    let first = env.call("{}").await.result().clone();
    env.lambda.update_function_configuration().function_name("f").memory_size(512).send().await.unwrap();
    env.settled("f").await;
    let second = env.call("{}").await;
    assert_ne!(second.result(), &first);
    assert!(second.log.contains("Memory Size: 512 MB"), "{}", second.log);
}

#[tokio::test]
async fn versions_and_aliases_run_what_they_mean() {
    let code = |name: &str| {
        python(&format!(
            "def handle(event, context):\n    return ['{name}', context.function_version, context.invoked_function_arn]\n"
        ))
    };
    let env = Env::with(code("one")).await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.lambda.create_alias().function_name("f").name("prod").function_version("1").send().await.unwrap();
    env.redeploy(&code("two")).await;
    let answer = env.call_named("f", Some("prod"), "{}").await;
    assert_eq!(answer.result(), &json!(["one", "1", format!("{ARN}:prod")]));
    assert_eq!(answer.version, "1");
    assert_eq!(env.call_named("f", Some("1"), "{}").await.result(), &json!(["one", "1", format!("{ARN}:1")]));
    assert_eq!(env.call("{}").await.result(), &json!(["two", "$LATEST", ARN]));
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.lambda.update_alias().function_name("f").name("prod").function_version("2").send().await.unwrap();
    assert_eq!(env.call_named("f", Some("prod"), "{}").await.result()[0], "two");
    let qualified = env.invoke(&format!("{ARN}:prod"), "{}").await.unwrap();
    assert_eq!(qualified.executed_version, "2");
}

#[tokio::test]
async fn an_alias_with_weights_gives_each_version_its_part() {
    let env = Env::with(python("def handle(event, context):\n    return 1\n")).await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.redeploy(&python("def handle(event, context):\n    return 2\n")).await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    let canary = AliasRoutingConfiguration::builder().additional_version_weights("2", 0.5).build();
    env.lambda
        .create_alias()
        .function_name("f")
        .name("prod")
        .function_version("1")
        .routing_config(canary)
        .send()
        .await
        .unwrap();
    let mut twos = 0;
    for _ in 0..100 {
        let invoked = env.invoke(&format!("{ARN}:prod"), "{}").await.unwrap();
        assert_eq!(invoked.payload, invoked.executed_version);
        twos += i32::from(invoked.executed_version == "2");
    }
    // Less likely to fail than one in a million million.
    assert!((15..=85).contains(&twos), "{twos} of 100");
}

#[tokio::test]
async fn what_is_reserved_is_the_limit() {
    let env = Env::with(
        python("import time\ndef handle(event, context):\n    time.sleep(event)\n    return 1\n").timeout(60),
    )
    .await;
    let reserve = async |count: i32| {
        env.lambda
            .put_function_concurrency()
            .function_name("f")
            .reserved_concurrent_executions(count)
            .send()
            .await
            .unwrap();
    };
    reserve(0).await;
    let throttled = ("TooManyRequestsException".to_owned(), "Rate Exceeded.".to_owned());
    let none = env.lambda.invoke().function_name("f").send().await;
    let raw = none.as_ref().unwrap_err().as_service_error().unwrap();
    let aws_sdk_lambda::operation::invoke::InvokeError::TooManyRequestsException(told) = raw else { panic!("{raw:?}") };
    assert_eq!(told.reason().unwrap().as_str(), "ReservedFunctionConcurrentInvocationLimitExceeded");
    assert_eq!(refusal(none).0, throttled.0);
    reserve(1).await;
    assert_eq!(env.invoke(ARN, "0").await.unwrap().payload, "1");
    let (slow, refused) = tokio::join!(env.invoke(ARN, "3"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        env.invoke(ARN, "0").await
    });
    assert_eq!(slow.unwrap().payload, "1");
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.status, refused.code, refused.message.as_str()),
        (429, "TooManyRequestsException", "Rate Exceeded.")
    );
    // Room again.
    assert_eq!(env.invoke(ARN, "0").await.unwrap().payload, "1");
}

#[tokio::test]
async fn a_hundred_at_a_time_is_the_limit_of_all() {
    let directory = tempfile::tempdir().unwrap();
    let gate = directory.path().join("gate");
    let env = Env::with(
        python(
            "import os, time\ndef handle(event, context):\n\
             \x20   while not os.path.exists(os.environ['GATE']): time.sleep(0.02)\n    return os.getpid()\n",
        )
        .timeout(120)
        .variable("GATE", gate.to_str().unwrap()),
    )
    .await;
    let all = futures_util::future::join_all((0..CONCURRENCY).map(|_| env.invoke(ARN, "{}")));
    let one_more = async {
        let refused = eventually("one more is refused", async || env.invoke(ARN, "{}").await.err()).await;
        std::fs::write(&gate, "").unwrap();
        refused
    };
    let running = async {
        let ended = all.await;
        ended.into_iter().map(|invoked| invoked.unwrap().payload).collect::<std::collections::BTreeSet<_>>()
    };
    // It comes after the others, which are polled first.
    let (running, one_more) = tokio::join!(running, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        one_more.await
    });
    assert_eq!(running.len(), CONCURRENCY, "each in a sandbox of its own");
    assert_eq!(one_more.status, 429);
}

#[tokio::test]
async fn a_handler_gets_lambdas_environment_and_nothing_of_the_developers() {
    let code = "import os\ndef handle(event, context):\n    return dict(os.environ)\n";
    let env = Env::with(python(code).variable("STAGE", "prod").variable("PATHS", "a b")).await;
    env.local.set_endpoint("http://127.0.0.1:3000");
    let answer = env.call("{}").await;
    let told = answer.result();
    for (name, value) in [
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("_HANDLER", "handler.handle"),
        ("TZ", ":UTC"),
        ("STAGE", "prod"),
        ("PATHS", "a b"),
        // Made up, so that clients can be constructed.
        ("AWS_ACCESS_KEY_ID", "LOCAL"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:3000"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert!(told["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(told["_X_AMZN_TRACE_ID"].as_str().unwrap().starts_with("Root=1-"));
    assert_eq!(told["HOME"], told["TMPDIR"]);
    assert_ne!(told["HOME"].as_str().map(str::to_owned), std::env::var("HOME").ok());
    // Cargo sets this for the process of this test; a handler does not see it.
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    let ours = ["PATH", "LANG", "TZ", "HOME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_", "LD_LIBRARY_PATH", "LC_CTYPE"];
    for (name, _) in told.as_object().unwrap() {
        let known = ours.contains(&name.as_str())
            || ["STAGE", "PATHS", "_HANDLER", "_X_AMZN_TRACE_ID"].contains(&name.as_str());
        assert!(known || name.starts_with("AWS_") || name.starts_with("LAMBDA_"), "{name} is none of Lambda's");
    }
}

#[tokio::test]
async fn scratch_space_lives_as_long_as_its_sandbox() {
    let env = Env::with(python(
        "import os, tempfile\ndef handle(event, context):\n\
         \x20   path = os.path.join(tempfile.gettempdir(), 'kept')\n\
         \x20   before = os.path.exists(path)\n    open(path, 'w').close()\n    return [before, path]\n",
    ))
    .await;
    assert_eq!(env.call("{}").await.result()[0], false);
    let second = env.call("{}").await;
    assert_eq!(second.result()[0], true);
    let path = std::path::PathBuf::from(second.result()[1].as_str().unwrap());
    assert!(path.exists());
    env.local.close().await;
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn closing_ends_every_process_with_its_children() {
    let code = "import os, subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n\
                def handle(event, context):\n    return [os.getpid(), child.pid]\n";
    let env = Env::with(python(code)).await;
    let pids = env.call("{}").await.result().clone();
    assert!(is_running(&pids[0]) && is_running(&pids[1]));
    env.local.close().await;
    assert!(!is_running(&pids[0]));
    eventually("its child is gone, too", async || (!is_running(&pids[1])).then_some(())).await;
    let refused = env.invoke(ARN, "{}").await.unwrap_err();
    assert_eq!(refused.code, "ServiceException");
}

#[tokio::test]
async fn dropping_it_ends_the_processes() {
    let env = Env::with(python(PID)).await;
    let pid = env.call("{}").await.result().clone();
    assert!(is_running(&pid));
    drop(env);
    eventually("the process is gone", async || (!is_running(&pid)).then_some(())).await;
}

const LEFT_BEHIND: &str = "POC_TEST_LEFT_BEHIND";

/// Handlers do not outlive us, even if we are killed in the middle of their work.
#[tokio::test]
async fn a_killed_parent_leaves_nobody_behind() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let mut parent = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandboxes::somebody_to_be_killed", "--ignored"])
        .env(LEFT_BEHIND, &pids)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let both: serde_json::Value = eventually("the handler works", async || {
        serde_json::from_str(&std::fs::read_to_string(&pids).unwrap_or_default()).ok()
    })
    .await;
    assert!(is_running(&both[0]) && is_running(&both[1]));
    parent.kill().await.unwrap();
    eventually("nobody is left", async || (!is_running(&both[0]) && !is_running(&both[1])).then_some(())).await;
}

#[tokio::test]
#[ignore = "the other process of the test above"]
async fn somebody_to_be_killed() {
    let Some(pids) = std::env::var_os(LEFT_BEHIND) else { return };
    // A bootstrap knows nothing of us, and this one does not even look at the Runtime API any more.
    let code = "#!/bin/sh\ncurl -s \"http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\" >/dev/null\n\
                sleep 1000 &\necho \"[$$, $!]\" > \"$PIDS.part\"\nmv \"$PIDS.part\" \"$PIDS\"\nwait\n";
    let function = crate::support::provided(code).timeout(600).variable("PIDS", pids.to_str().unwrap());
    let _ = Env::with(function).await.call("{}").await;
}

const TOLD: &str = "POC_TEST_TOLD";

/// What a handler sees of credentials when the process that runs it has these variables.
async fn credentials_seen(variables: &[(&str, &str)]) -> serde_json::Value {
    let directory = tempfile::tempdir().unwrap();
    let told = directory.path().join("told");
    let ran = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandboxes::somebody_with_credentials", "--ignored"])
        .env(TOLD, &told)
        .envs(variables.iter().copied())
        .stdout(std::process::Stdio::null())
        .status()
        .await
        .unwrap();
    assert!(ran.success());
    serde_json::from_str(&std::fs::read_to_string(told).unwrap()).unwrap()
}

#[tokio::test]
async fn the_developers_credentials_are_passed_when_asked_for_and_not_otherwise() {
    let mut developer = vec![
        ("AWS_ACCESS_KEY_ID", "AKIADEVELOPER"),
        ("AWS_SECRET_ACCESS_KEY", "developers-secret"),
        ("AWS_SESSION_TOKEN", "developers-token"),
        ("AWS_PROFILE", "developers-profile"),
        ("AWS_CONFIG_FILE", "/home/developer/.aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/home/developer/.aws/credentials"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/developer"),
        ("SOMETHING_ELSE", "developers-own"),
    ];
    let seen = credentials_seen(&developer).await.to_string();
    assert!(!seen.to_lowercase().contains("developer"), "{seen}");
    developer.push((poc::local::lambda::PASS_CREDENTIALS, "pass"));
    let seen = credentials_seen(&developer).await;
    for (name, value) in &developer[..7] {
        assert_eq!(seen[name], *value, "{name}");
    }
    assert_eq!(seen["HOME"].as_str().map(str::to_owned), std::env::var("HOME").ok());
    assert_eq!(seen["SOMETHING_ELSE"], json!(null));
}

#[tokio::test]
#[ignore = "the other process of the test above"]
async fn somebody_with_credentials() {
    let Some(told) = std::env::var_os(TOLD) else { return };
    let env = Env::with(python("import os\ndef handle(event, context):\n    return dict(os.environ)\n")).await;
    std::fs::write(told, env.call("{}").await.result().to_string()).unwrap();
}

/// A process that ends between two calls is no failure of the next one.
#[tokio::test]
async fn a_sandbox_that_died_in_between_is_replaced() {
    let env = Env::with(python(
        "import os, threading\ndef handle(event, context):\n\
         \x20   threading.Timer(0.1, lambda: os._exit(1)).start()\n    return os.getpid()\n",
    ))
    .await;
    let first = env.call("{}").await.result().clone();
    eventually("it is gone", async || (!is_running(&first)).then_some(())).await;
    let second = env.call("{}").await;
    assert_ne!(second.result(), &first);
}

/// Two processes of this program on one cloud: what one deployed the other one runs.
#[tokio::test]
async fn a_cloud_on_disk_keeps_packages_unpacked_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::at(directory.path()).await;
    env.create(&python("def handle(event, context):\n    return __file__\n")).await;
    let told = env.call("{}").await.result().as_str().unwrap().to_owned();
    let packages = directory.path().canonicalize().unwrap().join("packages");
    assert!(std::path::Path::new(&told).starts_with(&packages), "{told}");
    let other = Env::at(directory.path()).await;
    assert_eq!(other.call("{}").await.result(), told.as_str());
    let other_code = zip(&[("handler.py", 0o644, "def handle(event, context):\n    return 'edited'\n")]);
    let edit = other.lambda.update_function_code().function_name("f").zip_file(aws_smithy_types::Blob::new(other_code));
    edit.send().await.unwrap();
    other.settled("f").await;
    assert_eq!(env.call("{}").await.result(), "edited");
    env.local.close().await;
    other.local.close().await;
}

/// How long a call takes that does nothing: `--ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement is there to be read")]
async fn a_warm_call_is_quick() {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::at(directory.path()).await;
    env.create(&python("def handle(event, context):\n    return event\n")).await;
    env.create(&node("export const handler = async (event) => event;").named("node")).await;
    for arn in [ARN.to_owned(), format!("{}node", ARN.strip_suffix('f').unwrap())] {
        let _ = env.invoke(&arn, "{}").await.unwrap();
        let mut times = Vec::new();
        for _ in 0..2000 {
            let begun = tokio::time::Instant::now();
            let invoked = env.invoke(&arn, "{\"gre\": 800}").await.unwrap();
            times.push((begun.elapsed(), invoked.duration));
        }
        times.sort();
        let (half, most) = (times[1000], times[1980]);
        println!("{arn}: p50 {:?} (handler {:?}), p99 {:?}", half.0, half.1, most.0);
    }
}

#[tokio::test]
async fn a_runtime_that_is_not_here_runs_on_another_and_says_so_once() {
    let env = Env::with(node("export const handler = async () => process.versions.node;")).await;
    let version = env.call("{}").await.result().as_str().unwrap().to_owned();
    let _ = env.call("{}").await;
    let log: Vec<String> = env.logged("f").await.into_iter().map(|(_, message)| message).collect();
    let notes: Vec<&String> = log.iter().filter(|message| message.starts_with("[poc] ")).collect();
    if version.starts_with("22.") {
        assert!(notes.is_empty());
    } else {
        assert_eq!(notes, [&format!("[poc] nodejs22.x is not installed here; runs on Node.js {version}\n")]);
    }
}
