//! `package.build`: commands that prepare the directory.

use std::fs;

use crate::packages::Workshop;

fn with_build(build: &str) -> Workshop {
    let workshop = Workshop::new();
    workshop.desk.edit("deploy.yaml", "package: { path: app,", &format!("package: {{ path: app, build: {build},"));
    workshop
}

fn built(workshop: &Workshop) -> usize {
    fs::read_to_string(workshop.path("app/made")).unwrap_or_default().lines().count()
}

#[test]
fn commands_run_in_the_package_and_know_what_for() {
    let workshop = with_build(
        "[\"echo $POC_STAGE $POC_RUNTIME $POC_ARCHITECTURE > made\", [cp, made, \"made again\"], \
         \"test -f $POC_PROJECT/deploy.yaml && test -f $POC_PACKAGE/handler.py\"]",
    );
    let ran = workshop.poc(&["package"]).exits(0);
    insta::assert_snapshot!(ran.err.split(" (").next().unwrap_or_default(), @"  ✓ built    echo $POC_STAGE $POC_RUNTIME $POC_ARCHITECTURE > made");
    assert_eq!(fs::read_to_string(workshop.path("app/made again")).unwrap(), "prod python3.13 x86_64\n");
    assert!(workshop.packed().contains(&"made again".to_owned()));
}

#[test]
fn they_run_again_when_something_changed_and_only_then() {
    let workshop = with_build("{ run: [\"echo x >> made\"], inputs: [shared] }");
    workshop.write("shared/a.txt", "1");
    let deploy = || workshop.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event();
    deploy();
    let again = deploy();
    assert_eq!((built(&workshop), &again["outcome"]), (1, &"unchanged".into()));
    workshop.poc(&["plan", "--local"]).exits(0);
    workshop.poc(&["validate"]).exits(0);
    assert_eq!(built(&workshop), 1);
    workshop.write("shared/a.txt", "2");
    workshop.poc(&["plan", "--local"]).exits(0);
    assert_eq!(built(&workshop), 2, "an input elsewhere");
    workshop.write("app/more.py", "");
    deploy();
    assert_eq!(built(&workshop), 3, "a file of the package");
    fs::remove_file(workshop.path("app/made")).unwrap();
    deploy();
    assert_eq!(built(&workshop), 1, "what was made is missing");
    workshop.desk.edit("deploy.yaml", "echo x", "echo y");
    deploy();
    assert_eq!(built(&workshop), 2, "another command");
    workshop.poc(&["plan", "--local", "--rebuild"]).exits(0);
    assert_eq!(built(&workshop), 3);
}

#[test]
fn a_failure_is_told_with_its_exit_code_and_all_that_was_printed() {
    let workshop = with_build("[\"echo one; echo two >&2; exit 3\", \"echo never > made\"]");
    let ran = workshop.poc(&["deploy", "--local", "--yes"]).exits(1);
    assert!(ran.err.contains("    one\n") && ran.err.contains("    two\n"), "{}", ran.err);
    let closing = ran.err.split("error: ").last().unwrap();
    insta::assert_snapshot!(closing, @"
    package: `echo one; echo two >&2; exit 3` ended with exit code 3
     next: mend what it says above, then run the same command again; nothing was sent to AWS
     more: poc explain build_failed
    ");
    assert!(!workshop.path("app/made").exists());
    let problem = workshop.poc(&["plan", "--local", "--json"]).exits(1).json();
    assert_eq!(problem["problem"]["kind"], "build_failed");
    crate::problems::shown(&crate::problems::read(&problem["problem"]));
    // The next run tries again, and goes on where that was mended.
    workshop.desk.edit("deploy.yaml", "exit 3", "exit 0");
    workshop.poc(&["package"]).exits(0);
    assert!(workshop.path("app/made").exists());
}

#[test]
fn output_is_shown_while_it_runs_with_v_and_a_secret_of_the_environment_never() {
    let workshop = with_build("[\"echo using ${env:MODEL_TOKEN}\", [no-such-program, a]]");
    let ran = workshop.poc_with(&["package", "-v"], &[("MODEL_TOKEN", "hushhush123")]).exits(1);
    assert!(!ran.err.contains("hushhush"), "{}", ran.err);
    let timeless = |line: &str| match line.contains("✓ built") {
        true => line.split(" (").next().unwrap_or_default().to_owned(),
        false => line.to_owned(),
    };
    insta::assert_snapshot!(ran.err.lines().map(timeless).collect::<Vec<_>>().join("\n"), @"
      … building echo using ${env:MODEL_TOKEN}
        using (secret)
      ✓ built    echo using ${env:MODEL_TOKEN}
      … building no-such-program a
      ✗ failed   no-such-program a (it printed nothing)

    error: package: `no-such-program a` cannot be run: No such file or directory (os error 2)
     next: install it, or correct the command; then run the same command again; nothing was sent to AWS
     more: poc explain not_started
    ");
}

#[test]
fn a_directory_that_the_build_makes_may_be_missing() {
    let workshop = Workshop::new();
    workshop.desk.edit(
        "deploy.yaml",
        "package: { path: app,",
        "package: { path: dist, build: { run: [\"cp -R ../app/. .\"], inputs: [app] },",
    );
    workshop.poc(&["validate"]).exits(0);
    assert!(!workshop.path("dist").exists());
    workshop.poc(&["deploy", "--local", "--yes"]).exits(0);
    workshop.desk.edit("app/handler.py", "def lambda_handler", "def another_handler");
    let planned = workshop.poc(&["plan", "--local", "--json"]).exits(0).json();
    assert_eq!(planned["steps"][0]["step"], "package");
    // A handler that the build does not make is found out then.
    workshop.desk.edit("deploy.yaml", "handler.lambda_handler", "absent.lambda_handler");
    let ran = workshop.poc(&["plan", "--local"]).exits(2);
    assert!(ran.err.contains("needs absent.py"), "{}", ran.err);
}

#[test]
fn an_interrupt_ends_a_build_with_all_that_it_started() {
    let workshop = with_build("[\"sleep 300 & echo $! > child; wait\"]");
    // Sent by the build's own shell, once its child is there.
    let script = "\"$0\" package & poc=$!; until [ -s app/child ]; do :; done; kill -INT $poc; wait $poc; echo $?; \
                  while kill -0 $(cat app/child) 2>/dev/null; do :; done; echo gone";
    let program = env!("CARGO_BIN_EXE_poc");
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", script]).arg(program).current_dir(workshop.desk.directory.path()).env("HOME", workshop.path(""));
    let ran = crate::Ran::of(shell.env("PATH", workshop.path("tools")).output().unwrap());
    assert_eq!(ran.out, "130\ngone\n", "{}", ran.err);
    assert!(ran.err.contains("interrupted; nothing was changed"), "{}", ran.err);
    let left = fs::read_dir(workshop.path(".poc/cache")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing half made is kept");
}
