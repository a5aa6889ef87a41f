//! A small project on disk and the words tests use about it. In a snippet of deploy.yaml the mark `▸` stands right
//! before the character a mistake must be reported at; it is taken out before the file is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use poc::spec::{Document, Fault, Spec, Variables, Warning};
use tempfile::TempDir;

const MARK: char = '▸';

/// The least deploy.yaml there can be, by section.
const LEAST: [(&str, &str); 6] = [
    ("name", "name: shop\n"),
    ("stage", "stage: prod\n"),
    ("region", "region: eu-west-1\n"),
    ("package", "package: { path: app }\n"),
    ("function", "function: { runtime: python3.13, handler: handler.main }\n"),
    ("api", "api: { resources: { /a: { GET: {} } } }\n"),
];

pub struct Project {
    directory: TempDir,
    environment: BTreeMap<String, String>,
    account: Option<String>,
    stage: Option<String>,
}

impl Project {
    pub fn new() -> Project {
        let directory = TempDir::new().expect("a temporary directory");
        let project = Project { directory, environment: BTreeMap::new(), account: None, stage: None };
        project.file("app/handler.py", "def main(event, context): pass\n")
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Project {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("directories can be made");
        std::fs::write(path, content).expect("the file can be written");
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Project {
        self.environment.insert(name.to_string(), value.to_string());
        self
    }

    pub fn account(mut self, account: &str) -> Project {
        self.account = Some(account.to_string());
        self
    }

    pub fn stage(mut self, stage: &str) -> Project {
        self.stage = Some(stage.to_string());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Reads a whole deploy.yaml.
    pub fn read(&self, text: &str) -> Result<Spec, Vec<Fault>> {
        let env = |name: &str| self.environment.get(name).cloned();
        let variables =
            Variables { account: self.account.as_deref(), region: None, stage: self.stage.as_deref(), env: &env };
        Document::parse(&self.path("deploy.yaml"), text.to_string())?.spec(&variables)
    }

    /// The least file with these sections in place of its own; it must be valid.
    pub fn spec(&self, sections: &str) -> Spec {
        self.read(&complete(sections)).unwrap_or_else(|faults| panic!("{sections}\nis valid{}", listed(&faults)))
    }

    /// The mistakes in the least file with these sections in place of its own.
    pub fn faults(&self, sections: &str) -> Vec<Fault> {
        self.read(&complete(sections).replace(MARK, "")).err().unwrap_or_default()
    }

    /// What the least file with these sections in place of its own is warned of, in every stage.
    pub fn warnings(&self, sections: &str, today: &str) -> Vec<Warning> {
        self.spec(&sections.replace(MARK, ""));
        let env = |name: &str| self.environment.get(name).cloned();
        let variables = Variables { account: None, region: None, stage: None, env: &env };
        let text = complete(sections).replace(MARK, "");
        let document = Document::parse(&self.path("deploy.yaml"), text).expect("its form is right");
        document.warnings(&variables, &document.stages(&variables), today)
    }

    /// There is exactly one mistake, at the mark, of this code, and it says all of this.
    #[track_caller]
    pub fn refuses(&self, sections: &str, code: &str, says: &[&str]) {
        let marked = complete(sections);
        let (line, column) = mark(&marked).unwrap_or_else(|| panic!("no mark in\n{sections}"));
        let faults = self.faults(sections);
        let [fault] = &faults[..] else {
            panic!("one mistake is expected in\n{sections}\nthere are {}{}", faults.len(), listed(&faults));
        };
        let span = fault.span.as_ref().unwrap_or_else(|| panic!("a place is expected: {fault}"));
        let text = fault.to_string();
        assert_eq!((fault.code, span.line, span.column), (code, line, column), "{sections}\n{text}");
        for part in says {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
    }
}

/// A snippet of deploy.yaml is refused as [`Project::refuses`] says, in a project with nothing special.
#[track_caller]
pub fn refuses(sections: &str, code: &str, says: &[&str]) {
    Project::new().refuses(sections, code, says);
}

#[track_caller]
pub fn accepts(sections: &str) -> Spec {
    Project::new().spec(sections)
}

/// Line and column of the mark, both from 1, the column in characters.
pub fn mark(text: &str) -> Option<(usize, usize)> {
    let before = &text[..text.find(MARK)?];
    let line = before.matches('\n').count() + 1;
    Some((line, before.lines().last().filter(|_| !before.ends_with('\n')).map_or(0, |l| l.chars().count()) + 1))
}

/// The least file, its sections replaced by those given.
pub fn complete(sections: &str) -> String {
    let given = |name: &str| sections.lines().any(|line| line.replace(MARK, "").starts_with(&format!("{name}:")));
    let mut text: String = LEAST.iter().filter(|(name, _)| !given(name)).map(|(_, section)| *section).collect();
    text.push_str(sections);
    text
}

pub fn listed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("\n  {} {fault}", fault.code)).collect()
}
