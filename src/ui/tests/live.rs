//! The live view of a run: its rows at several sizes, and what a terminal shows of them.

use super::terminal::Terminal;
use super::*;
use crate::event::{Event, Problem};
use crate::ui::layout::columns;
use crate::ui::look::Look;
use crate::ui::progress::Progress;
use crate::ui::screen::{Screen, Size};

fn plan() -> Plan {
    let create = |id: &str, kind, name: &str, after: &[&str]| Step {
        after: after.iter().map(|one| (*one).to_owned()).collect(),
        ..step(id, kind, name, Action::Create, Vec::new())
    };
    let host = "api.example.com";
    let domain = Step {
        slow: slow(40, "CloudFront takes the domain name"),
        ..create("domain", "custom domain name", host, &["issued"])
    };
    let issued = Step {
        slow: slow(5, "ACM looks for the validation record"),
        ..create("issued", "certificate validation", host, &["certificate"])
    };
    let steps = vec![
        create("package", "package", "s3://serverless-poc-123456789012-us-east-1/ServerlessPOC/prod/", &[]),
        create("role", "IAM role", "ServerlessPOCAdmission-role", &[]),
        create("function", "Lambda function", "ServerlessPOCAdmission", &["package", "role"]),
        create("rest_api", "REST API", "ServerlessPOC", &[]),
        create("deployment", "deployment", "prod", &["rest_api", "function"]),
        create("stage", "stage", "prod", &["deployment"]),
        create("certificate", "certificate", host, &[]),
        issued,
        domain,
        create("record", "alias record", host, &["domain"]),
    ];
    Plan { steps }
}

fn at(columns: usize, rows: usize) -> Size {
    Size { columns, rows }
}

/// A run that is as far as `events`.
struct Run(Progress);

impl Run {
    fn begun() -> Run {
        let progress = Progress::new(true);
        progress.expect(&plan());
        let run = Run(progress);
        run.tell(Event::Started {
            command: "deploy",
            app: "ServerlessPOC".to_owned(),
            stage: "prod".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
        });
        run
    }

    fn tell(&self, event: Event) -> String {
        self.0.report(&event, &Look::plain(80, false))
    }

    fn start(&self, step: &str) {
        let plan = plan();
        let planned = plan.steps.iter().find(|one| one.step == step).expect("a step of the plan");
        let (kind, name) = (planned.kind, planned.name.clone());
        self.tell(Event::StepStarted { step: step.to_owned(), kind, name, action: Action::Create });
    }

    fn finish(&self, step: &str) {
        let (action, elapsed) = (Action::Create, Duration::from_millis(812));
        self.tell(Event::StepFinished { step: step.to_owned(), action, elapsed });
    }

    fn wait(&self, step: &str, waiting_for: &str, elapsed: u64, minutes: u64) {
        let (elapsed, usual) = (Duration::from_secs(elapsed), Duration::from_secs(minutes * 60));
        self.tell(Event::StepWaiting { step: step.to_owned(), waiting_for: waiting_for.to_owned(), elapsed, usual });
    }

    fn rows(&self, size: Size) -> Vec<String> {
        self.0.frame(&Look::plain(80, false), size)
    }

    fn seen(&self, columns: usize) -> String {
        self.text(&Look::plain(80, false), at(columns, 24))
    }

    fn text(&self, look: &Look, size: Size) -> String {
        anstream::adapter::strip_str(&self.0.frame(look, size).join("\n")).to_string()
    }
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// In the middle: an upload, a call that is sent again, a step that says nothing, and one that waits.
async fn middle() -> Run {
    let run = Run::begun();
    for step in ["package", "role", "rest_api", "certificate"] {
        run.start(step);
    }
    pass(2).await;
    run.finish("certificate");
    run.start("issued");
    pass(3).await;
    run.finish("role");
    run.wait("issued", "the certificate to be issued", 3, 5);
    let (done, total) = (48_000_000, 250_000_000);
    run.tell(Event::StepProgress { step: "package".to_owned(), done, total, elapsed: Duration::from_secs(5) });
    run.tell(Event::StepRetrying {
        step: "rest_api".to_owned(),
        operation: "CreateRestApi",
        reason: "TooManyRequestsException".to_owned(),
        delay: Duration::from_secs(30),
    });
    pass(8).await;
    run
}

#[tokio::test(start_paused = true)]
async fn steps_side_by_side() {
    let run = middle().await;
    insta::assert_snapshot!(run.seen(60), @"
    ⠋   0:13  + package s3://serverless-poc-123456789012-us-…
              48 of 250 MB sent (19 %)
    ⠋   0:13  + REST API ServerlessPOC
              CreateRestApi again in 22 s, because of
              TooManyRequestsException
    ⠋   0:11  + certificate validation api.example.com
              waiting for the certificate to be issued (up to
              5 minutes is usual)
    ·         Lambda function ServerlessPOCAdmission, after …
    ·         stage prod, after deployment
    ·         custom domain name api.example.com, after cert…
    ·         and 2 more to come
    ━━━━────────────────  2 of 10 steps, 0:13
    then custom domain name api.example.com: up to 40 minutes
    ");
    insta::assert_snapshot!(run.seen(80), @"
    ⠋   0:13  + package s3://serverless-poc-123456789012-us-east-1/ServerlessPOC…
              48 of 250 MB sent (19 %)
    ⠋   0:13  + REST API ServerlessPOC
              CreateRestApi again in 22 s, because of TooManyRequestsException
    ⠋   0:11  + certificate validation api.example.com
              waiting for the certificate to be issued (up to 5 minutes is usual)
    ·         Lambda function ServerlessPOCAdmission, after package
    ·         stage prod, after deployment
    ·         custom domain name api.example.com, after certificate validation
    ·         and 2 more to come
    ━━━━────────────────  2 of 10 steps, 0:13
    then custom domain name api.example.com: up to 40 minutes
    ");
    insta::assert_snapshot!(run.seen(120), @"
    ⠋   0:13  + package s3://serverless-poc-123456789012-us-east-1/ServerlessPOC/prod/
              48 of 250 MB sent (19 %)
    ⠋   0:13  + REST API ServerlessPOC
              CreateRestApi again in 22 s, because of TooManyRequestsException
    ⠋   0:11  + certificate validation api.example.com
              waiting for the certificate to be issued (up to 5 minutes is usual)
    ·         Lambda function ServerlessPOCAdmission, after package
    ·         stage prod, after deployment
    ·         custom domain name api.example.com, after certificate validation
    ·         and 2 more to come
    ━━━━────────────────  2 of 10 steps, 0:13 · then custom domain name api.example.com: up to 40 minutes
    ");
}

#[tokio::test(start_paused = true)]
async fn the_long_wait_for_an_edge_domain_name() {
    let run = Run::begun();
    for step in ["package", "role", "function", "rest_api", "deployment", "stage", "certificate", "issued"] {
        run.start(step);
        run.finish(step);
    }
    pass(80).await;
    run.start("domain");
    pass(725).await;
    run.wait("domain", "CloudFront to take the domain name", 723, 40);
    insta::assert_snapshot!(run.seen(60), @"
    ⠋  12:05  + custom domain name api.example.com
              waiting for CloudFront to take the domain name
              (up to 40 minutes is usual)
    ·         alias record api.example.com, after custom dom…
    ━━━━━━━━━━━━━━━━────  8 of 10 steps, 13:25
    custom domain name api.example.com: up to 28 minutes more
    ");
    insta::assert_snapshot!(run.seen(80), @"
    ⠋  12:05  + custom domain name api.example.com
              waiting for CloudFront to take the domain name (up to 40 minutes is
              usual)
    ·         alias record api.example.com, after custom domain name
    ━━━━━━━━━━━━━━━━────  8 of 10 steps, 13:25
    custom domain name api.example.com: up to 28 minutes more
    ");
    insta::assert_snapshot!(run.seen(120), @"
    ⠋  12:05  + custom domain name api.example.com
              waiting for CloudFront to take the domain name (up to 40 minutes is usual)
    ·         alias record api.example.com, after custom domain name
    ━━━━━━━━━━━━━━━━────  8 of 10 steps, 13:25 · custom domain name api.example.com: up to 28 minutes more
    ");
    pass(1800).await;
    insta::assert_snapshot!(run.seen(80), @"
    ⠋  42:05  + custom domain name api.example.com
              waiting for CloudFront to take the domain name (up to 40 minutes is
              usual, this is longer)
    ·         alias record api.example.com, after custom domain name
    ━━━━━━━━━━━━━━━━────  8 of 10 steps, 43:25
    ");
}

#[tokio::test(start_paused = true)]
async fn before_the_steps_and_after_them() {
    let progress = Progress::new(true);
    let run = Run(progress);
    assert_eq!(run.rows(at(80, 24)), Vec::<String>::new());
    run.tell(Event::WorkStarted { work: "npm ci".to_owned() });
    pass(3).await;
    insta::assert_snapshot!(run.seen(60), @"  ⠋   0:03  building npm ci");
    run.tell(Event::WorkFinished { work: "npm ci".to_owned(), elapsed: Duration::from_secs(3), kept: false });
    run.tell(Event::Reading { resources: 24 });
    insta::assert_snapshot!(run.seen(60), @"  ⠋   0:00  reading 24 resources");
    run.0.expect(&plan());
    for step in plan().steps {
        run.start(&step.step);
        run.finish(&step.step);
    }
    assert_eq!(run.rows(at(80, 24)), Vec::<String>::new());
    run.tell(Event::Checking {
        checks: 3,
        url: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod".to_owned(),
    });
    insta::assert_snapshot!(run.seen(60), @"  ⠋   0:00  3 checks");
}

#[tokio::test(start_paused = true)]
async fn what_failed_and_what_will_not_be_tried_is_over() {
    let run = Run::begun();
    run.start("rest_api");
    run.start("package");
    let problem = Problem {
        kind: "limit_exceeded",
        resource: None,
        operation: None,
        code: None,
        message: "no".to_owned(),
        request_id: None,
        next: String::new(),
    };
    run.tell(Event::StepFailed { step: "rest_api".to_owned(), action: Action::Create, problem });
    for (step, because) in [("deployment", "rest_api"), ("stage", "deployment")] {
        let (step, because) = (step.to_owned(), because.to_owned());
        run.tell(Event::StepSkipped { step, action: Action::Create, because });
    }
    let seen = run.seen(80);
    assert!(seen.contains("3 of 10 steps") && !seen.contains("stage prod"), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn after_ctrl_c() {
    let run = middle().await;
    let before = run.seen(60);
    assert_eq!(run.0.stopping(&Look::plain(80, false)), "");
    let seen = run.seen(60);
    // What is under way stands there as before; what comes next is not told any more, because it will not.
    let under_way: String = before.split_inclusive('\n').take_while(|row| !row.contains('·')).collect();
    assert_eq!(under_way.lines().count(), 8, "{before}");
    insta::assert_snapshot!(seen.strip_prefix(&under_way).unwrap(), @"
    ━━━━────────────────  2 of 10 steps, 0:13
    stopping: what is in flight is finished; Ctrl-C again
    ends at once
    ");
}

#[tokio::test(start_paused = true)]
async fn without_utf_8() {
    let seen = middle().await.text(&Look::ascii(80), at(80, 24));
    assert!(seen.is_ascii(), "{seen}");
    insta::assert_snapshot!(seen, @"
    -   0:13  + package s3://serverless-poc-123456789012-us-east-1/ServerlessP...
              48 of 250 MB sent (19 %)
    -   0:13  + REST API ServerlessPOC
              CreateRestApi again in 22 s, because of TooManyRequestsException
    -   0:11  + certificate validation api.example.com
              waiting for the certificate to be issued (up to 5 minutes is usual)
    -         Lambda function ServerlessPOCAdmission, after package
    -         stage prod, after deployment
    -         custom domain name api.example.com, after certificate validation
    -         and 2 more to come
    ====----------------  2 of 10 steps, 0:13
    then custom domain name api.example.com: up to 40 minutes
    ");
}

#[tokio::test(start_paused = true)]
async fn low_terminals_lose_what_matters_least() {
    let run = middle().await;
    insta::assert_snapshot!(run.text(&Look::plain(80, false), at(80, 9)), @"
    ⠋   0:13  + package s3://serverless-poc-123456789012-us-east-1/ServerlessPOC…
              48 of 250 MB sent (19 %)
    ⠋   0:13  + REST API ServerlessPOC
              CreateRestApi again in 22 s, because of TooManyRequestsException
    ⠋   0:11  + certificate validation api.example.com
              waiting for the certificate to be issued (up to 5 minutes is usual)
    ━━━━────────────────  2 of 10 steps, 0:13
    then custom domain name api.example.com: up to 40 minutes
    ");
    insta::assert_snapshot!(run.text(&Look::plain(80, false), at(80, 5)), @"
    ⠋   0:13  + package s3://serverless-poc-123456789012-us-east-1/ServerlessPOC…
    …         and 2 steps more
    ━━━━────────────────  2 of 10 steps, 0:13
    then custom domain name api.example.com: up to 40 minutes
    ");
}

#[tokio::test(start_paused = true)]
async fn no_row_is_wider_and_no_frame_higher_than_the_terminal() {
    let run = middle().await;
    let long = Event::StepStarted {
        step: "wide".to_owned(),
        kind: "API key",
        name: "入学".repeat(40),
        action: Action::Create,
    };
    run.tell(long);
    for width in 1..=130 {
        for height in [1, 2, 3, 5, 8, 24] {
            let rows = run.rows(at(width, height));
            assert!(rows.len() < height.max(2), "{height}: {rows:?}");
            let wide: Vec<&String> = rows.iter().filter(|row| columns(row) >= width.max(2)).collect();
            assert!(wide.is_empty(), "{width}: {wide:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn names_cannot_drive_the_terminal() {
    let run = Run::begun();
    let (step, name) = ("evil".to_owned(), "a\x1b[2Jb\nc".to_owned());
    run.tell(Event::StepStarted { step, kind: "API key", name, action: Action::Create });
    run.wait("evil", "x\x1b]0;y\x07", 3, 1);
    let mut terminal = Terminal::new(80, 24);
    terminal.write(&Screen::new(true).draw(&run.rows(at(80, 24)), at(80, 24)));
    assert!(terminal.screen().contains("\\u{1b}[2J"), "{}", terminal.screen());
}

#[tokio::test(start_paused = true)]
async fn made_narrower_nothing_of_the_wider_rows_stays() {
    let run = middle().await;
    for reflows in [true, false] {
        let mut terminal = Terminal::new(100, 24);
        terminal.reflows = reflows;
        let screen = Screen::new(reflows);
        let mut size = at(100, 24);
        terminal.write("$ poc deploy\n");
        terminal.write(&screen.draw(&run.rows(size), size));
        // What is over goes above.
        terminal.write(&screen.lift(size));
        terminal.write("  ✓ created  REST API ServerlessPOC (0.8 s)\n");
        terminal.write(&screen.put(&run.rows(size)));
        for columns in [60, 44, 120, 72] {
            size = at(columns, 24);
            terminal.resize(columns);
            terminal.write(&screen.draw(&run.rows(size), size));
            let expected = format!(
                "$ poc deploy\n  ✓ created  REST API ServerlessPOC (0.8 s)\n{}\n",
                run.text(&Look::plain(80, false), size)
            );
            let trimmed: Vec<&str> = expected.split('\n').map(str::trim_end).collect();
            assert_eq!(terminal.all(), trimmed.join("\n"), "{columns} {reflows}");
        }
        // The terminal shows what was typed.
        terminal.write("^C");
        terminal.write(&screen.rest(size));
        assert_eq!(terminal.all(), "$ poc deploy\n  ✓ created  REST API ServerlessPOC (0.8 s)\n");
        assert!(terminal.is_at_rest());
        // Nothing comes back until something happens.
        assert!(!screen.is_due());
    }
}
