//! The first hour: a project begun by `poc init`, and what editors, shells and `man` are given.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Desk, Ran};

/// An empty directory and nothing of the sample.
pub struct Empty(Desk);

impl Empty {
    pub fn new() -> Empty {
        let desk = Desk::new();
        for entry in fs::read_dir(desk.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        Empty(desk)
    }

    pub fn poc(&self, arguments: &[&str]) -> Ran {
        self.0.poc(arguments)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        self.0.command(arguments)
    }

    pub fn path(&self) -> &Path {
        self.0.directory.path()
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    pub fn files(&self) -> Vec<String> {
        pub fn walk(directory: &Path, root: &Path, files: &mut Vec<String>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, files);
                } else {
                    files.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut files = Vec::new();
        walk(self.path(), self.path(), &mut files);
        files.sort();
        files
    }

    /// As it stands, in the embedded cloud, with its checks and away again.
    fn deploys(&self, project: &str) {
        let file = format!("{project}/deploy.yaml");
        self.poc(&["validate", "-f", &file]).exits(0);
        let deployed = self.poc(&["deploy", "--local", "--yes", "--json", "-f", &file]).exits(0).last_event();
        assert_eq!(deployed["checks"], serde_json::json!({ "passed": 4, "failed": 0 }));
        let gone = self.poc(&["teardown", "--local", "--yes", "--json", "-f", &file]).exits(0).last_event();
        assert_eq!(gone["left"], serde_json::json!([]));
    }
}

#[test]
fn a_new_python_project_deploys_as_it_stands() {
    let empty = Empty::new();
    let made = empty.poc(&["init", "flats", "--yes"]).exits(0);
    insta::assert_snapshot!(made.out, @r"
    flats in flats:

      deploy.yaml              what is deployed; every part is explained
      app/handler.py           your model goes here
      templates/request.vtl    the function's event, out of the query
      templates/error.vtl      what callers get for bad input
      .gitignore               keeps .poc out of git
      .poc/deploy.schema.json  lets editors complete deploy.yaml

    Next:
      cd flats
      poc deploy --local  try it on this machine, no AWS account needed
      poc dev             serve it here, and deploy every edit
      poc deploy          build it on AWS
    ");
    assert_eq!(
        empty.files(),
        [
            "flats/.gitignore",
            "flats/.poc/deploy.schema.json",
            "flats/app/handler.py",
            "flats/deploy.yaml",
            "flats/templates/error.vtl",
            "flats/templates/request.vtl"
        ]
    );
    empty.deploys("flats");
}

#[test]
fn a_new_node_project_deploys_as_it_stands() {
    let empty = Empty::new();
    empty.poc(&["init", "flats", "--template", "node", "--region", "eu-west-1", "--yes"]).exits(0);
    assert!(empty.read("flats/deploy.yaml").contains("region: eu-west-1\n"));
    if Command::new("node").arg("--version").output().is_ok() {
        empty.deploys("flats");
    }
}

/// An image runs nowhere on this machine, and everything around it stands.
#[test]
fn a_new_r_project_deploys_as_it_stands() {
    let empty = Empty::new();
    let made = empty.poc(&["init", "Flats", "--template", "r", "--yes"]).exits(0);
    assert!(made.out.contains("First: build the image and put it into ECR"), "{}", made.out);
    let text = empty.read("Flats/deploy.yaml");
    assert!(text.contains("\npackage: { image: \"flats:latest\" }\n"), "{text}");
    empty.poc(&["validate", "-f", "Flats/deploy.yaml"]).exits(0);
    let deployed = empty.poc(&["deploy", "--local", "--yes", "-f", "Flats/deploy.yaml"]).exits(0);
    assert!(deployed.err.replace("\n      ", " ").contains("images do not run on this machine"), "{}", deployed.err);
    // Nothing is promised that could only fail.
    assert!(made.out.contains("the image runs on AWS alone") && text.contains("the image runs on AWS alone"), "{text}");
    assert!(!deployed.out.contains("try it"), "{}", deployed.out);
    let again = empty.poc(&["deploy", "--local", "--yes", "--json", "-f", "Flats/deploy.yaml"]).exits(0).last_event();
    assert_eq!(again["writes"], 0);
}

/// ECR takes fewer names than everything else that is called after a project.
#[test]
fn whatever_an_r_project_is_called_its_image_has_a_name_that_ecr_takes() {
    let empty = Empty::new();
    for (at, (name, image)) in
        [("f", "prediction-f"), ("_", "prediction"), ("My_Flats-", "my-flats"), ("a-_b", "a-b")].into_iter().enumerate()
    {
        let project = format!("project-{at}");
        let named = format!("--name={name}");
        empty.poc(&["init", &project, &named, "--template", "r", "--yes"]).exits(0);
        let file = format!("{project}/deploy.yaml");
        assert!(empty.read(&file).contains(&format!("\npackage: {{ image: \"{image}:latest\" }}\n")), "{name}");
        empty.poc(&["validate", "-f", &file]).exits(0);
    }
}

/// With cargo-lambda a deploy builds it; without, it says how to get it, before anything is sent.
#[test]
fn a_new_rust_project_is_right_and_says_what_builds_it() {
    let empty = Empty::new();
    let made = empty.poc(&["init", "flats", "--template", "rust", "--yes"]).exits(0);
    assert!(made.out.contains("cargo install cargo-lambda"), "{}", made.out);
    empty.poc(&["validate", "-f", "flats/deploy.yaml"]).exits(0);
    let mut command = empty.0.command(&["deploy", "--local", "--yes", "-f", "flats/deploy.yaml"]);
    let refused = Ran::of(command.env("PATH", "/nowhere").output().unwrap());
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("cargo-lambda is not on the PATH"), "{}", refused.err);
    assert!(refused.err.contains("cargo install cargo-lambda"), "{}", refused.err);
    assert!(refused.err.contains("poc explain no_cargo_lambda"), "{}", refused.err);
}

/// Whatever it is called after, as far as AWS takes it.
#[test]
fn the_name_is_the_directorys_or_the_one_that_is_given() {
    let empty = Empty::new();
    empty.poc(&["init", "My flats (2)", "--yes"]).exits(0);
    assert!(empty.read("My flats (2)/deploy.yaml").contains("\nname: My-flats--2\n"));
    empty.poc(&["init", "other", "--name", "Prices", "--yes"]).exits(0);
    let text = empty.read("other/deploy.yaml");
    assert!(text.contains("\nname: Prices\n") && text.contains("keys: [Prices]") && text.contains("base_path: prices"));
    let wrong = empty.poc(&["init", "third", "--name", "a b", "--yes"]).exits(2);
    assert!(wrong.err.contains("a name has 1 to 50 letters, digits, - and _"), "{}", wrong.err);
}

#[test]
fn nothing_is_overwritten() {
    let empty = Empty::new();
    fs::create_dir(empty.path().join("app")).unwrap();
    fs::write(empty.path().join("app/handler.py"), "mine\n").unwrap();
    fs::write(empty.path().join("deploy.yaml"), "mine: too\n").unwrap();
    let refused = empty.poc(&["init", "--yes"]).exits(2);
    insta::assert_snapshot!(refused.err, @r"
    error: deploy.yaml would be overwritten, so nothing was written; give another directory, or move
           what is there away
    See `poc init --help`.
    ");
    assert_eq!(empty.files(), ["app/handler.py", "deploy.yaml"]);
    assert_eq!(
        (empty.read("app/handler.py"), empty.read("deploy.yaml")),
        ("mine\n".to_owned(), "mine: too\n".to_owned())
    );
}

#[test]
fn twice_is_as_good_as_once() {
    let empty = Empty::new();
    fs::write(empty.path().join(".gitignore"), "build").unwrap();
    empty.poc(&["init", "--name", "flats", "--yes"]).exits(0);
    let ignored = empty.read(".gitignore");
    assert_eq!(ignored, "build\n\n# poc's own: the embedded cloud, caches, the schema for editors.\n.poc/\n");
    let again = empty.poc(&["init", "--name", "flats", "--yes"]).exits(0);
    assert!(again.out.contains("there already, as it would be"), "{}", again.out);
    assert_eq!(empty.read(".gitignore"), ignored);
}

#[test]
fn the_schema_is_written_where_it_is_wanted() {
    let empty = Empty::new();
    let printed = empty.poc(&["schema"]).exits(0).json();
    assert_eq!(printed["$schema"], "http://json-schema.org/draft-07/schema#");
    empty.poc(&["schema", "-o", "a/b.json"]).exits(0);
    assert_eq!(serde_json::from_str::<Value>(&empty.read("a/b.json")).unwrap(), printed);
    empty.poc(&["init", "--yes"]).exits(0);
    assert_eq!(serde_json::from_str::<Value>(&empty.read(".poc/deploy.schema.json")).unwrap(), printed);
}

/// As a shell asks for them.
#[test]
#[cfg(unix)]
fn bash_completes_commands_and_options() {
    let empty = Empty::new();
    let script = empty.poc(&["completions", "bash"]).exits(0).out;
    fs::write(empty.path().join("poc.bash"), script).unwrap();
    let complete = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let ask = format!(
            "source poc.bash; COMP_WORDS=({}); COMP_CWORD={}; _poc poc \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             echo \"${{COMPREPLY[*]}}\"",
            words.join(" "),
            words.len() - 1
        );
        let output = Command::new("bash").args(["-c", &ask]).current_dir(empty.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete(&["poc", "de"]), "deploy dev");
    assert_eq!(complete(&["poc", "key", "r"]), "rotate");
    assert_eq!(complete(&["poc", "deploy", "--no-"]), "--no-wait --no-checks");
    assert_eq!(complete(&["poc", "init", "--template", "p"]), "python");
    assert_eq!(complete(&["poc", "explain", "POC01"]), "POC010 POC011 POC012 POC013 POC014 POC015");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(empty.poc(&["completions", shell]).exits(0).out.contains("teardown"), "{shell}");
    }
}

/// One for each command, with its options and examples.
#[test]
fn every_command_has_a_manual_page() {
    let empty = Empty::new();
    empty.poc(&["man", "--output", "man"]).exits(0);
    let pages: Vec<String> = empty.files();
    for page in ["poc", "poc-deploy", "poc-init", "poc-key", "poc-key-rotate", "poc-export-openapi", "poc-teardown"] {
        assert!(pages.contains(&format!("man/{page}.1")), "{page}: {pages:?}");
    }
    for page in pages {
        let text = empty.read(&page);
        assert!(text.contains(".TH ") && text.contains(".SH DESCRIPTION"), "{page}");
        assert!(text.contains(".SH EXAMPLES\n") && !text.contains(".SH EXTRA"), "{page}");
        assert!(!text.contains('\u{1b}'), "{page} has escape sequences");
    }
    // Described as the help does, and with examples that can be copied.
    let init = empty.read("man/poc-init.1");
    let (_, described) = init.split_once(".SH DESCRIPTION\n").unwrap();
    assert!(described.starts_with("Writes a small project that deploys as it stands"), "{init}");
    assert!(init.contains("\n  poc init flats \\-\\-template node \\-\\-region eu\\-west\\-1 \\-\\-yes\n"), "{init}");
    assert!(empty.poc(&["man"]).exits(0).out.contains(".TH poc 1"));
}
