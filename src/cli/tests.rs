//! The words of the command line: help texts whole, and what the parser refuses.

mod commands;

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

#[test]
fn help_of_poc() {
    insta::assert_snapshot!(help("", 100), @"
    Put a prediction function behind a protected web API on AWS, from one deploy.yaml

    Usage: poc [OPTIONS] <COMMAND>

    Commands:
      validate  Check deploy.yaml, its templates and the package; nothing is sent to AWS
      package   Make the package, and show what is inside and how big it is; nothing is sent to AWS
      plan      Show what a deploy would change; nothing is changed
      deploy    Make AWS what deploy.yaml says: package, function, API, keys, domain
      dev       Serve it on this machine, and deploy every edit
      status    Show what is deployed, what has drifted, and the URLs
      test      Run the file's checks against the deployed API
      call      Call the deployed API, on AWS or on this machine
      key       Show or rotate an API key
      logs      Print the function's log lines
      render    Show what a mapping template makes of a request; needs no deploy.yaml
      export    Write the API as a document for other programs; nothing is sent to AWS
      teardown  Delete everything that a deploy made
      unlock    Take the lock away from a run that is dead

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc deploy --local      try everything on this machine, no AWS account needed
      poc dev                 serve it on this machine, and deploy every edit
      poc plan                see what a deploy to AWS would change
      poc deploy              change it
      poc call GET '/admit?gre=800&gpa=4&rank=1'
      poc status              see what is there, and what has drifted
      poc teardown            delete all of it

    Exit codes:
      0    done
      1    a step failed; the same command run again continues
      2    the command line or deploy.yaml is wrong; nothing was sent to AWS
      3    changes are pending (plan --exit-code)
      4    a check failed (test, deploy)
      5    somebody else is at work on the stage, or took the lock over
      130  interrupted, or answered with no

    Credentials, region and endpoint are found as in every AWS tool: AWS_PROFILE, AWS_REGION,
    AWS_ENDPOINT_URL, ~/.aws/config, single sign-on, the role of the machine. Flags win over the
    environment and over deploy.yaml.
    ");
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
          --adopt      Take over resources that have our names
                       but not our tags
          --exit-code  Exit with 3 when something would change
          --rebuild    Run the package's build and fetch its
                       libraries even where nothing changed
      -h, --help       Print help

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
                          (deploy, dev, teardown, key rotate,
                          logs)
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
fn help_of_validate() {
    insta::assert_snapshot!(help("validate", 100), @"
    Check deploy.yaml, its templates and the package; nothing is sent to AWS

    Finds every mistake at once: unknown keys, wrong types, missing files, templates that do not parse,
    patterns that do not compile, names and sizes that AWS would refuse. Each is shown with the line it
    stands on and what would be right. Exits with 2 if there is any. Runs no build and fetches nothing:
    `poc package` does.

    Usage: poc validate [OPTIONS]

    Options:
      -h, --help  Print help

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc validate                      every stage of deploy.yaml
      poc validate -f other/deploy.yaml
      poc validate --json               the mistakes as data, for editors and scripts
    ");
}

#[test]
fn help_of_plan() {
    insta::assert_snapshot!(help("plan", 100), @"
    Show what a deploy would change; nothing is changed

    Reads what AWS has, compares it with deploy.yaml and shows every difference: the property, its value
    now and its value then, what has to be replaced and what that means for callers, and what takes
    long. A deploy does exactly what its plan shows. To tell whether the function's code changed, the
    package is made: where something of it changed, its build is run and its libraries are fetched, on
    this machine.

    Usage: poc plan [OPTIONS]

    Options:
          --adopt      Take over resources that have our names but not our tags
          --exit-code  Exit with 3 when something would change
          --rebuild    Run the package's build and fetch its libraries even where nothing changed
      -h, --help       Print help

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc plan                     what a deploy would change, and why
      poc plan -v                  every property of everything new
      poc plan --stage dev
      poc plan --exit-code --json  for a CI job: exits with 3 when something would change
    ");
}

#[test]
fn help_of_deploy() {
    insta::assert_snapshot!(help("deploy", 100), @"
    Make AWS what deploy.yaml says: package, function, API, keys, domain

    Shows the plan, asks, then does what the plan says and nothing else. Interrupted or failed at any
    point, the same command run again continues. Where nothing differs, nothing is written. At the end
    the file's checks are made through the API, also where nothing changed; not where a step was put
    off. Ends with the URLs, the names of the keys and how to call the API.

    Usage: poc deploy [OPTIONS]

    Options:
      -y, --yes                   Do not ask; needed where nobody can answer
          --adopt                 Take over resources that have our names but not our tags
          --no-wait               Do not wait for certificates and domain names that AWS is still
                                  working on
          --no-checks             Do not run the file's checks at the end
          --wait-for-lock <TIME>  Wait so long for somebody else's run on this stage, like 90s or 10m,
                                  instead of ending with 5
          --timeline <FILE>       Draw the run as an SVG: steps over time, waits, and the critical path
          --rebuild               Run the package's build and fetch its libraries even where nothing
                                  changed
      -h, --help                  Print help

    Simulation:
          --simulate <aws[,seed=N]>  With --local: answer as slowly and as strictly as AWS does, by
                                     chance that follows from the seed
          --speed <N>                With --simulate: let the clock run N times as fast; the times shown
                                     are AWS's

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc deploy --local            everything on this machine, no AWS account needed
      poc deploy --local --simulate aws --speed 20    how long AWS would take, in a twentieth of it
      poc deploy                    show the plan, ask, do it
      poc deploy --yes --json       in CI: no question, one event per line
      poc deploy --stage dev        another stage, with its overrides
      poc deploy --no-wait          come back later for a domain that takes 40 minutes
    ");
}

#[test]
fn help_of_status() {
    insta::assert_snapshot!(help("status", 100), @"
    Show what is deployed, what has drifted, and the URLs

    Reads AWS and compares it with deploy.yaml, property by property. Nothing is changed.

    Usage: poc status [OPTIONS]

    Options:
      -h, --help  Print help

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc status
      poc status -v            and every call that was made
      poc status --json
    ");
}

#[test]
fn help_of_teardown() {
    insta::assert_snapshot!(help("teardown", 100), @"
    Delete everything that a deploy made

    Shows the list, asks, deletes in the safe order, then looks everything up again and ends with `0
    left`, or with what is left and how to finish. Things that are not ours, and other stages, are never
    touched.

    Usage: poc teardown [OPTIONS]

    Options:
      -y, --yes                   Do not ask; needed where nobody can answer
          --wait-for-lock <TIME>  Wait so long for somebody else's run on this stage, like 90s or 10m,
                                  instead of ending with 5
          --timeline <FILE>       Draw the run as an SVG: steps over time, waits, and the critical path
      -h, --help                  Print help

    Simulation:
          --simulate <aws[,seed=N]>  With --local: answer as slowly and as strictly as AWS does, by
                                     chance that follows from the seed
          --speed <N>                With --simulate: let the clock run N times as fast; the times shown
                                     are AWS's

    Where:
      -f, --file <PATH>         The file that says what to deploy [default: deploy.yaml]
          --stage <NAME>        The stage to work on, instead of the file's `stage`
          --region <REGION>     AWS region, instead of the file's `region`
          --profile <NAME>      Profile of ~/.aws/config to take credentials from
          --endpoint-url <URL>  Send every call to this URL instead of AWS (an emulator, a proxy)
          --local               Work on the embedded cloud in .poc/local instead of AWS; not with
                                --profile or --endpoint-url

    Output:
          --json          Print data for programs on stdout: one document, or one event per line
                          (deploy, dev, teardown, key rotate, logs)
      -q, --quiet         Print errors and the final result only
      -v, --verbose       Print everything: every property of a plan, every call to AWS
          --color <WHEN>  When to use colour; NO_COLOR and CLICOLOR are honoured [default: auto]

    Examples:
      poc teardown                show what will go, ask, delete it
      poc teardown --stage dev    one stage; the others stay
      poc teardown --local --yes
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

      tip: a similar subcommand exists: 'deploy'

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
