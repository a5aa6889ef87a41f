//! Time, memory, sizes, crashes: what ends an invocation other than its handler, in Lambda's words (`AWS_FACTS` C6, C8).

use std::time::Duration;

use poc::local::lambda::FunctionError;
use serde_json::json;

use crate::support::{Env, eventually, is_running, node, provided, python, refusal, zip};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test]
async fn a_handler_that_takes_too_long_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let pids = directory.path().join("pids");
    let env = Env::with(
        python(
            "import os, subprocess, time\n\
             def handle(event, context):\n\
             \x20   if event == 'quick': return os.getpid()\n\
             \x20   child = subprocess.Popen(['sleep', '1000'])\n\
             \x20   open(os.environ['PIDS'], 'w').write(f'[{os.getpid()}, {child.pid}]')\n\
             \x20   print('before')\n    time.sleep(1000)\n",
        )
        .timeout(3)
        .variable("PIDS", pids.to_str().unwrap()),
    )
    .await;
    let invoked = env.invoke(ARN, "{}").await.unwrap();
    assert_eq!(invoked.error, Some(FunctionError::Unhandled));
    let told: serde_json::Value = serde_json::from_slice(&invoked.payload).unwrap();
    assert_eq!(told["errorType"], "Sandbox.Timedout");
    let message = told["errorMessage"].as_str().unwrap();
    let (stamp, rest) = message.split_once(' ').unwrap();
    assert_eq!(stamp.len(), "2026-01-31T12:00:00.000Z".len());
    assert_eq!(rest, format!("{} Task timed out after 3.00 seconds", invoked.request_id));
    assert!(invoked.duration >= Duration::from_secs(3), "{:?}", invoked.duration);
    let log = &invoked.log_tail;
    assert!(log.contains("before\n") && log.contains(&format!("{message}\n\nEND RequestId: ")), "{log}");
    assert!(log.ends_with("\tStatus: timeout\n"), "{log}");

    let pids: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(pids).unwrap()).unwrap();
    eventually("both processes are gone", async || (!is_running(&pids[0]) && !is_running(&pids[1])).then_some(()))
        .await;
    // A new sandbox serves the next one.
    let next = env.call("\"quick\"").await;
    assert_ne!(next.result(), &pids[0]);
    assert!(next.log.contains("Init Duration: "), "{}", next.log);
}

#[tokio::test]
async fn a_process_that_ends_is_told_with_how_it_ended() {
    let env = Env::with(python(
        "import os, sys, signal, threading\n\
         def handle(event, context):\n\
         \x20   if event == 'exit': sys.exit(3)\n\
         \x20   if event == 'zero': os._exit(0)\n\
         \x20   if event == 'segv': os.kill(os.getpid(), signal.SIGSEGV)\n\
         \x20   if event == 'kill': os.kill(os.getpid(), signal.SIGKILL)\n\
         \x20   return 'alive'\n",
    ))
    .await;
    for (event, problem) in [
        ("exit", "Runtime exited with error: exit status 3"),
        ("zero", "Runtime exited without providing a reason"),
        ("segv", "Runtime exited with error: signal: segmentation fault"),
        ("kill", "Runtime exited with error: signal: killed"),
    ] {
        let answer = env.call(&format!("\"{event}\"")).await;
        let message = format!("RequestId: {} Error: {problem}", answer.request_id);
        assert_eq!(answer.failed(), ("Runtime.ExitError", message.as_str()));
        assert!(answer.log.contains(&format!("{message}\nRuntime.ExitError\nEND RequestId: ")), "{}", answer.log);
        assert!(answer.log.ends_with("\tStatus: error\tError Type: Runtime.ExitError\n"), "{}", answer.log);
        assert_eq!(env.call("1").await.result(), "alive");
    }
}

#[tokio::test]
async fn a_process_that_closes_its_output_goes_on() {
    let env = Env::with(python(
        "import os\ndef handle(event, context):\n    os.close(1)\n    os.close(2)\n    return 'quiet'\n",
    ))
    .await;
    assert_eq!(env.call("{}").await.result(), "quiet");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_handler_that_takes_too_much_memory_is_killed() {
    let env = Env::with(
        python(
            "import time\n\
             def handle(event, context):\n\
             \x20   held = bytearray(event * 1024 * 1024)\n\
             \x20   held[::4096] = bytes(len(held[::4096]))\n\
             \x20   if event > 128: time.sleep(60)\n    return len(held)\n",
        )
        .memory(128)
        .timeout(120),
    )
    .await;
    assert_eq!(env.call("20").await.result(), &json!(20 * 1024 * 1024));
    let answer = env.call("400").await;
    let message = format!("RequestId: {} Error: Runtime exited with error: signal: killed", answer.request_id);
    assert_eq!(answer.failed(), ("Runtime.OutOfMemory", message.as_str()));
    assert!(answer.log.contains("Memory Size: 128 MB\tMax Memory Used: 128 MB\t"), "{}", answer.log);
    assert!(answer.log.ends_with("Status: error\tError Type: Runtime.OutOfMemory\n"), "{}", answer.log);
}

#[tokio::test]
async fn memory_of_children_counts() {
    let env = Env::with(
        python(
            "import subprocess, sys\n\
             def handle(event, context):\n\
             \x20   code = 'import time; held = bytearray(b\"x\") * (400 * 1024 * 1024); time.sleep(60)'\n\
             \x20   subprocess.run([sys.executable, '-c', code])\n    return 'through'\n",
        )
        .memory(128)
        .timeout(120),
    )
    .await;
    if cfg!(target_os = "linux") {
        assert_eq!(env.call("1").await.failed().0, "Runtime.OutOfMemory");
    }
}

#[tokio::test]
async fn an_init_that_takes_more_than_ten_seconds_is_begun_again_in_the_time_of_the_call() {
    let env = Env::with(python("import time\ntime.sleep(600)\ndef handle(event, context): pass\n").timeout(2)).await;
    let answer = env.call("{}").await;
    let (error_type, message) = answer.failed();
    assert_eq!(error_type, "Sandbox.Timedout");
    assert!(message.ends_with(" Task timed out after 2.00 seconds"), "{message}");
    let log: String = env.logged("f").await.into_iter().map(|(_, message)| message).collect();
    assert!(log.contains("\tPhase: init\tStatus: timeout\n"), "{log}");
}

#[tokio::test]
async fn an_event_can_be_six_megabytes_and_no_more() {
    let env = Env::with(python("def handle(event, context):\n    return len(event)\n")).await;
    let event = format!("\"{}\"", "x".repeat(6_291_454));
    assert_eq!(env.call(&event).await.result(), &json!(6_291_454));
    let event = format!("\"{}\"", "x".repeat(6_291_455));
    let refused = env.invoke(ARN, &event).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (413, "RequestEntityTooLargeException"));
    let message = "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)";
    assert_eq!(refused.message, message);
}

#[tokio::test]
async fn a_result_that_is_too_large_is_an_error_and_the_sandbox_lives_on() {
    let env =
        Env::with(python("import os\ndef handle(event, context):\n    return 'x' * event or os.getpid()\n")).await;
    let before = env.call("0").await;
    let answer = env.call("7000000").await;
    let message = "Response payload size (7000002 bytes) exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(answer.failed(), ("Function.ResponseSizeTooLarge", message));
    assert_eq!(env.call("0").await.result(), before.result());
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_the_function() {
    let directory = tempfile::tempdir().unwrap();
    let done = directory.path().join("done");
    let env = Env::with(
        python(
            "import os, time\ndef handle(event, context):\n\
             \x20   time.sleep(1)\n    open(os.environ['DONE'], 'w').close()\n",
        )
        .variable("DONE", done.to_str().unwrap()),
    )
    .await;
    let waited = tokio::time::timeout(Duration::from_millis(300), env.invoke(ARN, "{}")).await;
    assert!(waited.is_err(), "it takes a second");
    eventually("the handler came to its end", async || done.exists().then_some(())).await;
}

#[tokio::test]
async fn the_package_cannot_be_changed_by_its_handler() {
    let env = Env::with(python(
        "import os\ndef handle(event, context):\n\
         \x20   import handler\n\
         \x20   return [oct(os.stat(p).st_mode & 0o777) for p in ('.', 'handler.py')] + os.listdir('.')\n",
    ))
    .await;
    // As on AWS, nothing is compiled into it.
    assert_eq!(env.call("{}").await.result(), &json!(["0o555", "0o444", "handler.py"]));
}

#[tokio::test]
async fn a_package_that_reaches_outside_is_refused() {
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;
    let mut writer = zip::ZipWriter::new(Cursor::new(zip(&[])));
    writer.start_file("handler.py", SimpleFileOptions::default()).unwrap();
    writer.write_all(b"def handle(event, context): pass\n").unwrap();
    writer.add_symlink("secrets", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let package = writer.finish().unwrap().into_inner();
    let env = Env::with(crate::support::Function::new("python3.13", "handler.handle", package)).await;
    let (code, message) = refusal(env.lambda.invoke().function_name("f").send().await);
    assert_eq!(code, "InvalidZipFileException");
    let expected = "Lambda could not unzip the deployment package: secrets links to /etc/passwd, outside the package";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_handler_that_prints_without_end_does_not_fill_the_machine() {
    let env = Env::with(node(
        "const line = 'x'.repeat(1023) + '\\n';\n\
         export const handler = async () => { for (let i = 0; i < 40 * 1024; i++) process.stdout.write(line); return 1; };",
    ).timeout(120))
    .await;
    let answer = env.call("{}").await;
    assert_eq!(answer.result(), &json!(1));
    assert!(answer.log.contains(" bytes of output dropped here: "), "{}", &answer.log[answer.log.len() - 600..]);
    let logged: usize = env.logged("f").await.iter().map(|(_, message)| message.len()).sum();
    assert!(logged < 9 * 1024 * 1024, "{logged}");
}

#[tokio::test]
async fn a_runtime_that_never_asks_for_work() {
    let env = Env::with(provided("#!/bin/sh\nexec sleep 1000\n").timeout(1)).await;
    assert_eq!(env.call("{}").await.failed().0, "Sandbox.Timedout");
}
