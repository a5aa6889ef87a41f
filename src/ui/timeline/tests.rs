use roxmltree::{Document, Node};

use super::course::{Course, Ended, What, of};
use super::*;
use crate::event::{Action, Checked, Outcome, Problem};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A run, told event by event.
struct Story(Seen);

impl Story {
    fn new() -> Story {
        let mut story = Story(Seen { place: Some("AWS".to_owned()), ..Seen::default() });
        story.call(200, "", "GetCallerIdentity", 150);
        story.tell(
            200,
            Event::Started {
                command: "deploy",
                app: "Sample".to_owned(),
                stage: "prod".to_owned(),
                region: "us-east-1".to_owned(),
                account: "000000000000".to_owned(),
            },
        );
        story.tell(200, Event::Reading { resources: 7 });
        story.call(1000, "", "GetRestApis", 700);
        story
    }

    fn tell(&mut self, at: u64, event: Event) {
        self.0.events.push((ms(at), event));
    }

    fn call(&mut self, at: u64, step: &str, operation: &'static str, elapsed: u64) {
        self.held_call(at, step, operation, elapsed, 0);
    }

    fn held_call(&mut self, at: u64, step: &str, operation: &'static str, elapsed: u64, held: u64) {
        let (step, service) = (step.to_owned(), "apigateway");
        let (started, elapsed, held) = (ms(at - elapsed), ms(elapsed), ms(held));
        self.tell(at, Event::Call { step, service, operation, held, started, elapsed, error: None });
    }

    fn plan(&mut self, step: &str, action: Action, after: &[&str]) {
        self.0.steps.push(Step {
            step: step.to_owned(),
            kind: "thing",
            name: step.to_owned(),
            action,
            changes: Vec::new(),
            consequences: Vec::new(),
            slow: None,
            after: after.iter().map(|step| (*step).to_owned()).collect(),
        });
    }

    fn begin(&mut self, at: u64, step: &str, action: Action) {
        let name = step.to_uppercase();
        self.tell(at, Event::StepStarted { step: step.to_owned(), kind: "thing", name, action });
    }

    fn end(&mut self, at: u64, step: &str, action: Action) {
        self.tell(at, Event::StepFinished { step: step.to_owned(), action, elapsed: Duration::ZERO });
    }

    /// A step from its beginning to its end; steps that overlap are told one by one.
    fn step(&mut self, from: u64, to: u64, step: &str, action: Action, after: &[&str]) {
        self.plan(step, action, after);
        self.begin(from, step, action);
        self.call(to, step, "PutThing", to - from);
        self.end(to, step, action);
    }

    fn finish(&mut self, at: u64, outcome: Outcome) {
        let outputs = Default::default();
        let (command, elapsed) = ("deploy", ms(at));
        let (left, checks, problem) = (None, None, None);
        let (requests, writes) = (12, 5);
        self.tell(
            at,
            Event::Finished {
                command,
                outcome,
                outputs,
                requests,
                writes,
                elapsed,
                left,
                kept: Vec::new(),
                checks,
                problem,
            },
        );
    }

    fn course(&self) -> Course {
        of(&self.0, ms(60_000))
    }

    fn svg(&self) -> String {
        picture::draw(&self.course())
    }

    /// What the bars of the critical path are called.
    fn critical(&self) -> Vec<String> {
        let course = self.course();
        course.critical.iter().map(|at| course.bars[*at].name.clone()).collect()
    }
}

#[test]
fn the_critical_path_is_the_chain_of_what_was_waited_for() {
    let mut story = Story::new();
    story.step(1000, 3000, "a", Action::Create, &[]);
    story.step(1000, 6000, "b", Action::Create, &[]);
    story.step(3000, 5999, "c", Action::Create, &["a"]);
    story.step(6000, 7000, "d", Action::Create, &["c", "b"]);
    story.step(7000, 7100, "e", Action::Create, &["c"]);
    story.finish(7100, Outcome::Changed);
    // E needs C alone, which was long done: it began as D ended, on which a resource without a step of its own hangs.
    assert_eq!(story.critical(), ["7 resources", "B", "D", "E"]);
}

#[test]
fn what_the_plan_names_comes_before_what_only_ended_at_the_same_time() {
    let mut story = Story::new();
    story.step(1000, 4000, "needed", Action::Create, &[]);
    story.step(1000, 4000, "beside", Action::Create, &[]);
    story.step(4000, 9000, "last", Action::Create, &["needed"]);
    story.finish(9000, Outcome::Changed);
    assert_eq!(story.critical(), ["7 resources", "NEEDED", "LAST"]);
}

#[test]
fn what_is_removed_waits_for_all_that_is_built() {
    let mut story = Story::new();
    story.step(1000, 2000, "quick", Action::Update, &[]);
    story.step(1000, 5000, "slow", Action::Update, &[]);
    story.step(5000, 6000, "quick", Action::Prune, &[]);
    story.finish(6000, Outcome::Changed);
    assert_eq!(story.critical(), ["7 resources", "SLOW", "QUICK"]);
    let removed = story.course().bars.pop().expect("a bar");
    assert_eq!((removed.sign, removed.from, removed.to), ("-", ms(5000), ms(6000)));
}

#[test]
fn the_time_at_the_question_belongs_to_nobody() {
    let mut story = Story::new();
    story.step(40_000, 41_000, "a", Action::Create, &[]);
    story.finish(41_000, Outcome::Changed);
    let course = story.course();
    assert_eq!((course.bars[0].from, course.bars[0].to), (ms(50), ms(1000)));
    assert_eq!(story.critical(), ["7 resources", "A"]);
}

#[test]
fn work_before_the_first_call_has_a_bar_of_its_own_where_it_takes_long() {
    let mut story = Story::new();
    story.0.events.iter_mut().for_each(|(at, _)| *at += ms(5000));
    story.finish(6000, Outcome::Unchanged);
    let course = story.course();
    let kinds: Vec<(&str, u64)> =
        course.bars.iter().map(|bar| (bar.kind.as_str(), bar.took().as_millis() as u64)).collect();
    assert_eq!(kinds, [("on this machine", 5050), ("reading AWS", 950)]);
    assert!(course.bars[1].pieces.iter().all(|piece| piece.what == What::Call));
    assert_eq!(course.critical, [0, 1]);
}

#[test]
fn a_machine_that_is_busy_does_not_hide_what_was_waited_for() {
    let mut story = Story::new();
    story.step(1000, 1100, "bucket", Action::Create, &[]);
    story.step(1000, 1200, "beside", Action::Create, &[]);
    story.step(1205, 3000, "package", Action::Create, &["bucket"]);
    story.finish(3000, Outcome::Changed);
    assert_eq!(story.critical(), ["7 resources", "BUCKET", "PACKAGE"]);
}

#[test]
fn calls_and_the_kinds_of_waiting_are_told_apart() {
    let mut story = Story::new();
    story.begin(1000, "api", Action::Create);
    story.call(1300, "api", "CreateRestApi", 300);
    let step = "api".to_owned();
    let reason = "Too Many Requests".to_owned();
    story.tell(1300, Event::StepRetrying { step, operation: "CreateRestApi", reason, delay: ms(2000) });
    story.held_call(8000, "api", "CreateRestApi", 500, 4000);
    story.end(9000, "api", Action::Create);
    story.finish(9000, Outcome::Changed);
    let course = story.course();
    let pieces: Vec<(u64, u64, What)> = course.bars[1]
        .pieces
        .iter()
        .map(|piece| (piece.from.as_millis() as u64, piece.to.as_millis() as u64, piece.what))
        .collect();
    // From 3300 to 3500, and at the end, nothing is known but that AWS was waited for.
    assert_eq!(
        pieces,
        [(1000, 1300, What::Call), (1300, 3300, What::Retrying), (3500, 7500, What::Paced), (7500, 8000, What::Call)]
    );
    let svg = story.svg();
    assert!(svg.contains("refused, sent again") && svg.contains("kept within AWS's limits"));
    assert!(svg.contains("CreateRestApi again after 2.0 s: Too Many Requests"));
}

#[test]
fn calls_at_once_are_one_stretch_after_the_other() {
    let mut story = Story::new();
    story.begin(1000, "a", Action::Create);
    story.call(1500, "a", "PutMethod", 500);
    story.call(1700, "a", "PutMethod", 600);
    story.call(1800, "a", "PutMethod", 100);
    story.end(1800, "a", Action::Create);
    story.finish(1800, Outcome::Changed);
    let bar = &story.course().bars[1];
    assert!(bar.pieces.windows(2).all(|pair| pair[0].to <= pair[1].from), "{:?}", bar.pieces);
    let sum: Duration = bar.pieces.iter().map(|piece| piece.to - piece.from).sum();
    assert_eq!(sum, ms(800));
    assert!(bar.about.contains(&"3 calls: 3 × PutMethod 1.2 s".to_owned()), "{:?}", bar.about);
}

#[test]
fn a_run_that_fails_shows_where_and_what_was_not_tried() {
    let mut story = Story::new();
    story.begin(1000, "a", Action::Create);
    story.begin(1000, "b", Action::Create);
    let problem = Problem {
        kind: "quota",
        resource: None,
        operation: Some("CreateRestApi".to_owned()),
        code: None,
        message: "Limit <exceeded>".to_owned(),
        request_id: None,
        next: String::new(),
    };
    let (step, action) = ("a".to_owned(), Action::Create);
    story.tell(2000, Event::StepFailed { step: step.clone(), action, problem });
    story.tell(2000, Event::StepSkipped { step: "c".to_owned(), action, because: step });
    story.0.failed = true;
    let course = of(&story.0, ms(3000));
    let ends: Vec<Ended> = course.bars.iter().map(|bar| bar.end).collect();
    assert_eq!(ends, [Ended::Done, Ended::Failed, Ended::CutOff]);
    assert_eq!((course.bars[2].to, course.total), (ms(3000), ms(3000)), "what was cut off lasted to the end");
    let svg = story.svg();
    let document = Document::parse(&svg).expect("XML");
    assert_eq!(of_class(&document, "bad").count(), 1);
    assert!(svg.contains("failed: CreateRestApi: Limit &lt;exceeded&gt;") && svg.contains("1 step<"), "{svg}");
    assert!(text_of(&document).contains("calls, 0 writes · failed"), "{}", text_of(&document));
}

#[test]
fn checks_are_the_last_bar_and_a_failed_one_shows() {
    let mut story = Story::new();
    story.tell(1000, Event::Checking { checks: 2, url: "https://example.com".to_owned() });
    let check = |name: &str, elapsed, differences| Checked {
        check: name.to_owned(),
        request: "GET /admit".to_owned(),
        key: None,
        status: Some(200),
        attempts: 1,
        elapsed: ms(elapsed),
        reason: None,
        differences,
    };
    story.tell(1400, Event::CheckPassed(check("good", 400, Vec::new())));
    let at = "status".to_owned();
    let differences = vec![crate::event::Difference { at, expected: None, got: None }];
    story.tell(1900, Event::CheckFailed(check("bad", 500, differences)));
    story.finish(2000, Outcome::Unchanged);
    let course = story.course();
    let last = course.bars.last().expect("a bar");
    assert_eq!((last.kind.as_str(), last.name.as_str(), last.end), ("checks", "2 checks", Ended::Failed));
    assert_eq!((last.pieces[0].what, last.pieces[1].what), (What::Call, What::Mismatch));
    assert!(last.about.contains(&"bad failed (500 ms)".to_owned()), "{:?}", last.about);
}

/// A run of so many steps, some at once, some after others, with names that no column holds.
fn crowd(steps: usize) -> Story {
    let mut story = Story::new();
    for at in 0..steps {
        let from = 1000 + 700 * (at as u64 / 3);
        let name = format!("{at}-{}", "long-name-".repeat(at % 12));
        story.step(from, from + 200 * (at as u64 % 5) + 1, &name, Action::Create, &[]);
    }
    story.finish(1000 + 700 * (steps as u64), Outcome::Changed);
    story
}

#[test]
fn nothing_leaves_its_place_or_lies_on_something_else() {
    for steps in [0, 1, 21, 60] {
        let svg = crowd(steps).svg();
        let document = Document::parse(&svg).expect("XML");
        let root = document.root_element();
        let (width, height) = (number(root, "width"), number(root, "height"));
        let rows: Vec<Node<'_, '_>> = of_class(&document, "bar").collect();
        assert_eq!(rows.len(), steps + 1);
        let mut below = 0.0;
        for row in rows {
            let rects: Vec<Node<'_, '_>> = row.children().filter(|node| node.has_tag_name("rect")).collect();
            let (back, bar) = (rects[0], rects[1]);
            assert!(number(back, "y") >= below, "rows follow each other");
            below = number(back, "y") + number(back, "height");
            let (left, right) = (number(bar, "x"), number(bar, "x") + number(bar, "width"));
            assert!(left >= 336.0 && right <= 856.1, "time stays on the axis: {left}..{right}");
            for piece in &rects[1..] {
                let (from, to) = (number(*piece, "x"), number(*piece, "x") + number(*piece, "width"));
                assert!(from >= left - 0.11 && to <= right + 0.11, "{from}..{to} is part of {left}..{right}");
                assert!(number(*piece, "y") >= number(back, "y") && number(*piece, "height") < 22.0);
            }
            let label: String = row
                .children()
                .find(|node| node.has_tag_name("text") && !node.has_attribute("class"))
                .into_iter()
                .flat_map(|label| label.descendants())
                .filter(Node::is_text)
                .filter_map(|node| node.text())
                .collect();
            assert!(label.chars().count() <= 41, "{label}");
            let words = row.children().rfind(|node| node.attribute("class") == Some("took")).expect("a duration");
            assert!(number(words, "x") + 70.0 <= width, "a duration has room");
        }
        assert!(below <= height);
        for tick in of_class(&document, "tick") {
            assert!((336.0..=856.0).contains(&number(tick, "x")));
        }
        assert_eq!(svg, crowd(steps).svg(), "the same events, the same picture");
    }
}

#[test]
fn names_from_elsewhere_stay_text() {
    let mut story = Story::new();
    story.step(1000, 2000, "</text><script>&\"'\u{1}\u{ffff}", Action::Create, &[]);
    story.finish(2000, Outcome::Changed);
    let svg = story.svg();
    let document = Document::parse(&svg).expect("XML");
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    assert!(text_of(&document).contains("</TEXT><SCRIPT>&\"'"), "{}", text_of(&document));
}

#[test]
fn the_picture_needs_nothing_else() {
    let svg = crowd(3).svg();
    for word in ["<script", "href", "url(http", "@import", "@font-face"] {
        assert!(!svg.contains(word), "{word}");
    }
    assert!(svg.contains("prefers-color-scheme:dark"));
}

#[test]
fn ticks_are_what_people_count_in() {
    let ticks = |millis| {
        let scale = scale::Scale { total: ms(millis), left: 0.0, right: 100.0 };
        scale.ticks().into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ticks(0), "0");
    assert_eq!(ticks(640), "0 100 ms 200 ms 300 ms 400 ms 500 ms 600 ms");
    assert_eq!(ticks(3_100), "0 0.5 s 1.0 s 1.5 s 2.0 s 2.5 s 3.0 s");
    assert_eq!(ticks(100_000), "0 15 s 30 s 45 s 60 s 75 s 90 s");
    assert_eq!(ticks(200_000), "0 0:30 min 1 min 1:30 min 2 min 2:30 min 3 min");
    assert_eq!(ticks(2_400_000), "0 5 min 10 min 15 min 20 min 25 min 30 min 35 min 40 min");
}

#[test]
fn a_small_picture() {
    let mut story = Story::new();
    story.step(1000, 2000, "bucket", Action::Create, &[]);
    story.begin(2000, "function", Action::Update);
    story.call(2300, "function", "UpdateFunctionCode", 300);
    story.call(5000, "function", "GetFunction", 100);
    story.end(5000, "function", Action::Update);
    story.finish(5000, Outcome::Changed);
    let svg = story.svg();
    let (head, rest) = svg.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</defs>").expect("an end of it");
    insta::assert_snapshot!(format!("{head}…{body}"));
}

fn of_class<'d>(document: &'d Document<'_>, class: &'static str) -> impl Iterator<Item = Node<'d, 'd>> {
    let has = move |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    document.descendants().filter(has)
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn text_of(document: &Document<'_>) -> String {
    document.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect::<Vec<_>>().join("\n")
}
