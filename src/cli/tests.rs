//! The words of the command line: help texts whole, and what the parser refuses.

use clap::{CommandFactory, Parser};

use super::*;

fn help(command: &str, width: usize) -> String {
    let mut root = Cli::command().term_width(width);
    root.build();
    let words = command.split_whitespace();
    let command = words.fold(&mut root, |command, word| command.find_subcommand_mut(word).expect("it exists"));
    command.render_help().to_string()
}

fn refused(words: &[&str]) -> String {
    match Cli::try_parse_from([&["poc"], words].concat()) {
        Ok(cli) => match cli.global.resolve() {
            Err(Failure::Usage(sentence)) => sentence,
            other => panic!("accepted: {other:?}"),
        },
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

/// Every command by its words, `key rotate` as well as `key`, and poc itself first.
fn commands() -> Vec<String> {
    fn walk(command: &clap::Command, words: &str, all: &mut Vec<String>) {
        all.push(words.to_owned());
        for inner in command.get_subcommands() {
            walk(inner, format!("{words} {}", inner.get_name()).trim(), all);
        }
    }
    let mut all = Vec::new();
    walk(&Cli::command(), "", &mut all);
    all
}

/// Read `snapshots/` as a newcomer would: each is a whole help text.
#[test]
fn every_help_text_is_as_it_was_reviewed() {
    for command in commands() {
        let name = if command.is_empty() { "poc".to_owned() } else { format!("poc-{}", command.replace(' ', "-")) };
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("help-{name}"), help(&command, 100));
        });
    }
}

#[test]
fn every_command_is_explained_with_examples() {
    for command in commands() {
        let help = help(&command, 100);
        let examples = help.split_once("Examples:\n").map_or("", |(_, examples)| examples);
        assert!(examples.contains("poc "), "poc {command} has no examples");
        let long = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "poc {command}");
    }
}

#[test]
fn help_on_a_narrow_terminal() {
    insta::assert_snapshot!(help("plan", 60), @"
    Show what a deploy would change; nothing is changed

    Reads what AWS has, compares it with deploy.yaml and shows
    every difference: the property, its value now and its value
    then, what has to be replaced and what that means for
    callers, and what takes long. A deploy does exactly what its
    plan shows. To tell whether the function's code changed, the
    package is made: where something of it changed, its build is
    run and its libraries are fetched, on this machine.

    Usage: poc plan [OPTIONS]

    Options:
          --adopt          Take over resources that have our
                           names but not our tags
          --exit-code      Exit with 3 when something would
                           change
          --rebuild        Run the package's build and fetch its
                           libraries even where nothing changed
          --deny-warnings  Take warnings for mistakes: nothing
                           is done, and the exit code is 2
      -h, --help           Print help

    Where:
      -f, --file <PATH>
              The file that says what to deploy [default:
              deploy.yaml]
          --stage <NAME>
              The stage to work on, instead of the file's
              `stage`
          --region <REGION>
              AWS region, instead of the file's `region`
          --profile <NAME>
              Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>
              Send every call to this URL instead of AWS (an
              emulator, a proxy)
          --local
              Work on the embedded cloud in .poc/local instead
              of AWS; not with --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one
                          document, or one event per line
                          (deploy, dev, teardown, rollback, key
                          rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a
                          plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and
                          CLICOLOR are honoured [default: auto]

    Examples:
      poc plan                     what a deploy would change,
      and why
      poc plan -v                  every property of everything
      new
      poc plan --stage dev
      poc plan --exit-code --json  for a CI job: exits with 3
      when something would change
    ");
}

#[test]
fn options_stand_before_or_after_the_command() {
    let settings =
        |words: &[&str]| Cli::try_parse_from(words).expect("it parses").global.resolve().expect("it resolves");
    let before = settings(&["poc", "--local", "--stage", "dev", "-f", "a.yaml", "plan"]);
    let after = settings(&["poc", "plan", "--local", "--stage", "dev", "-f", "a.yaml"]);
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert!(before.local && before.stage.as_deref() == Some("dev"));
}

#[test]
fn two_places_are_refused_wherever_the_flags_stand() {
    insta::assert_snapshot!(refused(&["--local", "plan", "--endpoint-url", "http://localhost:4566"]), @"--local and --endpoint-url name two different places; give one of them");
    insta::assert_snapshot!(refused(&["--profile", "me", "plan", "--local"]), @"--local needs no credentials; leave out --profile");
    insta::assert_snapshot!(refused(&["plan", "-q", "-v"]), @"--quiet and --verbose contradict each other; give one of them");
}

#[test]
fn the_parser_says_what_would_be_right() {
    insta::assert_snapshot!(refused(&["depoly"]), @"
    error: unrecognized subcommand 'depoly'

      tip: some similar subcommands exist: 'policy', 'deploy'

    Usage: poc [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused(&["plan", "--endpoint-url", "localhost:4566"]), @"
    error: invalid value 'localhost:4566' for '--endpoint-url <URL>': give a URL such as http://localhost:4566

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused(&["plan", "--stage", ""]), @"
    error: a value is required for '--stage <NAME>' but none was supplied

    For more information, try '--help'.
    ");
}

#[test]
fn a_question_needs_a_person() {
    use crate::ui::{Format, Volume};
    let (nobody, _) = Ui::captured(Format::Human, Volume::Normal, 80, None);
    let (person, _) = Ui::captured(Format::Human, Volume::Normal, 80, Some("y\n"));
    let (program, _) = Ui::captured(Format::JsonLines, Volume::Normal, 80, Some("y\n"));
    assert!(ensure_answer("deploy", true, &nobody).is_ok());
    assert!(ensure_answer("deploy", false, &person).is_ok());
    assert!(ensure_answer("deploy", false, &program).is_err());
    let Err(Failure::Usage(sentence)) = ensure_answer("deploy", false, &nobody) else { panic!("it was accepted") };
    insta::assert_snapshot!(sentence, @"deploy asks before it changes anything, and nobody can answer here; add --yes");
}

#[test]
fn init_asks_for_what_it_was_not_told() {
    use crate::ui::{Format, Volume};
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, Some("a flat\nflats\n../elsewhere\nsrc/\n\n"));
    let (_sender, interrupts) = Interrupts::by_hand();
    let cli = Cli::try_parse_from(["poc", "init", "somewhere", "--region", "eu-west-1"]).expect("it parses");
    let Command::Init(args) = cli.command else { panic!("another command") };
    let wanted = args.resolve(cli.global, &ui, &interrupts).expect("all is answered");
    assert_eq!((wanted.name.as_str(), wanted.region.as_str(), wanted.code.as_str()), ("flats", "eu-west-1", "src"));
    let asked = "Name [somewhere]:   a name has 1 to 50 letters, digits, - and _\n\
        Name [somewhere]: Directory of the function's code [app]:   give a directory of the project, such as app\n\
        Directory of the function's code [app]: Language (python, node, rust, r) [python]: ";
    assert_eq!(captured.err(), asked);
    assert_eq!(wanted.template, crate::pipeline::Template::Python);
}

fn silent_ui() -> Ui {
    Ui::captured(crate::ui::Format::Human, crate::ui::Volume::Normal, 80, None).0
}

#[tokio::test(start_paused = true)]
async fn ctrl_c_ends_a_run_that_waits() {
    let (sender, interrupts) = Interrupts::by_hand();
    let forever = std::future::pending::<Result<End, Failure>>();
    let ui = silent_ui();
    let (end, ()) = tokio::join!(race(forever, &ui, interrupts.first(), &interrupts.stop), async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        sender.send_replace(true);
    });
    assert!(matches!(end, Err(Failure::Interrupted)));
}

#[test]
fn ctrl_c_at_the_question_is_no_answer() {
    let (sender, interrupts) = Interrupts::by_hand();
    assert!(ensure_heard(Outcome::Declined, &interrupts).is_ok());
    sender.send_replace(true);
    assert!(matches!(ensure_heard(Outcome::Declined, &interrupts), Err(Failure::Interrupted)));
    assert!(ensure_heard(Outcome::Changed, &interrupts).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_just_ended_is_not_called_interrupted() {
    let (sender, interrupts) = Interrupts::by_hand();
    sender.send_replace(true);
    let done = async { Ok(End::Done) };
    assert!(matches!(race(done, &silent_ui(), interrupts.first(), &interrupts.stop).await, Ok(End::Done)));
}

#[tokio::test(start_paused = true)]
async fn without_signals_a_run_goes_on() {
    let (sender, interrupts) = Interrupts::by_hand();
    drop(sender);
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(End::Done)
    };
    assert!(matches!(race(later, &silent_ui(), interrupts.first(), &interrupts.stop).await, Ok(End::Done)));
}
