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
    insta::assert_snapshot!(own_help("test"), @"
    Run the file's checks against the deployed API

    Makes the requests that deploy.yaml lists under `checks` to the deployed API and compares the
    answers: status, JSON (members that are not expected may be there, numbers are compared by value),
    text, headers. An answer that a new key or deployment explains while it spreads (403 for a key that
    should work, Missing Authentication Token) is asked for again. Exits with 4 where a check fails.
    `poc deploy` does the same at its end.

    Usage: poc test [OPTIONS]

    Options:
          --junit <PATH>      Write the results as JUnit XML, too
          --url <URL>         Call this URL instead of the deployment's own; keys are looked up as ever
          --retry-for <TIME>  How long answers that spreading explains are asked for again, like 30s or
                              2m [default: 2m]
      -h, --help              Print help

    Examples:
      poc test
      poc test --local
      poc test --json                        one document with every check and what differs
      poc test --junit target/checks.xml     for CI
      poc test --local --url http://127.0.0.1:3000/prod     what `poc dev` serves
    ");
}

#[test]
fn help_of_package() {
    insta::assert_snapshot!(own_help("package"), @"
    Make the package, and show what is inside and how big it is; nothing is sent to AWS

    Makes the package as a deploy to AWS would and tells what is inside: files, sizes, the biggest
    parts. For that it runs the commands of `package.build` and fetches the libraries that
    requirements.txt, pyproject.toml or package.json list, or builds the crate of Cargo.toml, where
    something changed since the last time. Sends nothing to AWS.

    Usage: poc package [OPTIONS]

    Options:
      -l, --list           List every file
      -o, --output <FILE>  Write the zip to this file
          --rebuild        Run the package's build and fetch its libraries even where nothing changed
      -h, --help           Print help

    Examples:
      poc package                        what is inside, by size
      poc package --list                 every file
      poc package --output function.zip  the zip, to look into or to upload by other means
      poc package --rebuild -v           all of it anew, with what the programs print
    ");
}

#[test]
fn help_of_call() {
    insta::assert_snapshot!(own_help("call"), @"
    Call the deployed API, on AWS or on this machine

    Sends one request to the deployed API, to the invoke URL on AWS or with --local into the embedded
    cloud, and prints the body of the answer on stdout; status and headers go to stderr. Where the
    method asks for an API key, the usage plan's first is sent; its value is shown nowhere. Exits with 0
    whatever the HTTP status is; with --fail, 400 and above exit with 1.

    Usage: poc call [OPTIONS] <METHOD> <PATH>

    Arguments:
      <METHOD>  The HTTP method, like GET
      <PATH>    The path under the stage, with its query

    Options:
          --key <NAME>            The API key to send, by its name in deploy.yaml, or none
      -d, --data <BODY>           The body: text, @FILE, or - for stdin; JSON unless a header says
                                  otherwise
      -H, --header <NAME: VALUE>  A header to send
      -i, --include               Print status and headers on stdout, before the body
          --trace                 Show what goes into and comes out of every step on the way; with
                                  --local
          --fail                  Exit with 1 where the status is 400 or above
          --url <URL>             Call this URL instead of the deployment's own; it takes the place of
                                  everything before PATH, and keys are looked up as ever
      -h, --help                  Print help

    Examples:
      poc call GET '/admit?gre=800&gpa=4&rank=1'
      poc call GET '/admit?gre=800&gpa=4&rank=1' --local --trace     every step on the way
      poc call GET /admit --key none                                 what a caller without a key gets
      poc call POST /admit -d @applicant.json -H 'Content-Type: application/json'
      poc call GET /admit --local --url http://127.0.0.1:3000/prod   what `poc dev` serves
      poc call GET /admit --json                                     all of the answer as one document
    ");
}

#[test]
fn help_of_key() {
    insta::assert_snapshot!(own_help("key"), @r#"
    Show or rotate an API key

    AWS makes a key's value up, or deploy.yaml takes it from an environment variable. Nothing that poc
    prints, plans or logs holds it, except what `poc key show` prints.

    Usage: poc key [OPTIONS] <COMMAND>

    Commands:
      show    Print the value of an API key, and nothing else
      rotate  Put a new API key in the place of an old one, without a gap

    Options:
      -h, --help  Print help

    Examples:
      curl -H "x-api-key: $(poc key show)" https://…/prod/admit
      poc key show partner-a --stage dev
      poc key rotate                the old value is accepted for five more minutes
      poc key rotate --grace 1d --yes
    "#);
}

#[test]
fn help_of_key_show() {
    insta::assert_snapshot!(own_help("key show"), @r#"
    Print the value of an API key, and nothing else

    Prints the value of one API key and nothing else, on a terminal, too: of the key that deploy.yaml
    calls NAME, or of the usage plan's first. While a key is being rotated, that is the new value.

    Usage: poc key show [OPTIONS] [NAME]

    Arguments:
      [NAME]  The key's name in deploy.yaml; the first of the usage plan unless given

    Options:
      -h, --help  Print help

    Examples:
      poc key show
      poc key show --local
      poc key show partner-a --json    {"name": …, "id": …, "value": …}
      export API_KEY=$(poc key show)
    "#);
}

#[test]
fn help_of_key_rotate() {
    insta::assert_snapshot!(own_help("key rotate"), @"
    Put a new API key in the place of an old one, without a gap

    Makes a second key of the same name, puts it into the usage plan, waits until AWS shows it there,
    and from then on `poc key show` prints its value. The old value is accepted until the grace time is
    over; then the old key is deleted. There is no moment without a valid key. The old key carries the
    time at which it goes as its tag poc:retires, so that an interrupted rotation is finished by the
    same command, or its rest by the next deploy. A key's quota starts anew with it. A key whose value
    deploy.yaml takes from the environment is rotated by changing the variable and deploying.

    Usage: poc key rotate [OPTIONS] [NAME]

    Arguments:
      [NAME]  The key's name in deploy.yaml; the first of the usage plan unless given

    Options:
          --grace <TIME>          How long the old value is still accepted, like 90s, 10m or 1d; 5m
                                  unless given
      -y, --yes                   Do not ask; needed where nobody can answer
          --wait-for-lock <TIME>  Wait so long for somebody else's run on this stage, like 90s or 10m,
                                  instead of ending with 5
      -h, --help                  Print help

    Examples:
      poc key rotate                       of the usage plan's first key, with five minutes of grace
      poc key rotate partner-a --grace 1d  time for the partner to change it
      poc key rotate --grace 0s --yes      the old value has leaked
    ");
}

#[test]
fn help_of_logs() {
    insta::assert_snapshot!(own_help("logs"), @r#"
    Print the function's log lines

    Prints the function's log as CloudWatch Logs has it, the oldest line first, each with its time in
    UTC: what the function writes, and Lambda's START, END and REPORT lines. On a terminal, control
    characters are shown as escapes.

    Usage: poc logs [OPTIONS]

    Options:
          --since <TIME>  How far to look back, like 90s, 10m, 2h or 1d [default: 10m]
      -F, --follow        Go on with what is written from now on, until Ctrl-C
          --errors        Only lines that tell of something going wrong
      -h, --help          Print help

    Examples:
      poc logs                    the last ten minutes
      poc logs --since 2h --errors
      poc logs --follow           go on until Ctrl-C
      poc logs --local
      poc logs --json             one event per line: {"timestamp", "time", "stream", "message"}
    "#);
}

#[test]
fn help_of_render() {
    insta::assert_snapshot!(own_help("render"), @r#"
    Show what a mapping template makes of a request; needs no deploy.yaml

    Renders a mapping template as API Gateway does and prints the text, exactly. Needs no deploy.yaml
    and sends nothing. What is not given is empty: parameters, $context, $stageVariables; no body is
    `{}`, as on AWS. What the template overrides ($context.requestOverride, $context.responseOverride)
    is told on stderr, with --json in the document. Exits with 2 where the template does not parse, with
    1 where it fails while it is rendered.

    Usage: poc render [OPTIONS] [TEMPLATE]

    Arguments:
      [TEMPLATE]  The template; - for stdin

    Options:
          --request <FILE>               The request as a JSON file; - for stdin
          --query <NAME=VALUE>           A query string parameter, for $input.params
          --header <NAME=VALUE>          A header, for $input.params
          --path <NAME=VALUE>            A path parameter, for $input.params
          --body <BODY>                  The payload: text, @FILE, or - for stdin
          --context <FILE>               A JSON file with what $context holds; - for stdin
          --stage-variable <NAME=VALUE>  A stage variable, for $stageVariables
          --cases <FILE>                 Render every case of a JSON array instead, and print the array
                                         of results; - for stdin
      -h, --help                         Print help

    Examples:
      poc render templates/admit/request.vtl --query gre=800 --query gpa=4 --query rank=1
      poc render templates/admit/error.vtl --body @error.json
      poc render t.vtl --request request.json --context context.json --json
      poc render --cases cases.json        an array of cases in, an array of results out

    A file for --request holds {"body": TEXT, "path": {}, "querystring": {}, "header": {}}, all
    optional, and may hold "context" and "stageVariables". A case is {"name", "template", "request":
    {…}, "context", "stageVariables", "vars"}; its result {"name", "output"} or {"name", "error":
    "parse" or "runtime", "message"}, with "requestOverride" and "responseOverride" where the template
    changed them.
    "#);
}

#[test]
fn help_of_export_openapi() {
    insta::assert_snapshot!(own_help("export openapi"), @"
    Print the API as an OpenAPI 3.0 document

    Prints the API of deploy.yaml as an OpenAPI 3.0 document: paths, parameters, bodies, answers,
    models, security. With AWS's extensions, it is the document that a deploy of many routes sends to
    API Gateway, which can import it; with --plain it is for readers and for generators of clients, and
    says the same of what callers see. Nothing is asked of AWS: where the account's number belongs,
    ${account} stands unless it is given, and in the place of the API's id a variable of the server's
    URL. A greedy path, /{proxy+}, is API Gateway's own and no strict OpenAPI; --plain writes /{proxy}.

    Usage: poc export openapi [OPTIONS]

    Options:
          --plain          Without AWS's extensions: what callers see, and nothing of what is behind it
                           [alias: --no-extensions]
          --account <ID>   The AWS account that the function is in
      -o, --output <FILE>  Write the document to this file instead of stdout
      -h, --help           Print help

    Examples:
      poc export openapi --plain -o openapi.json    for callers
      poc export openapi --account 123456789012     for API Gateway
      poc export openapi --local --stage dev
    ");
}

#[test]
fn help_of_unlock() {
    insta::assert_snapshot!(own_help("unlock"), @"
    Take the lock away from a run that is dead

    One deploy, teardown or key rotation at a time works on a stage: it holds a lock, an object beside
    the packages in the artifact bucket, and lets it go at its end, also when it fails or is
    interrupted. The lock of a run that died is taken over by the next one, at once on the same machine,
    else when its lease has ended: two minutes after its last sign of life. This command is for those
    who know better: it shows who holds the lock, asks, and takes it away. A run that lives all the same
    stops before its next change.

    Usage: poc unlock [OPTIONS]

    Options:
      -y, --yes   Do not ask; needed where nobody can answer
      -h, --help  Print help

    Examples:
      poc unlock                show who holds the lock, ask, take it away
      poc unlock --stage dev
      poc unlock --yes --json
    ");
}
