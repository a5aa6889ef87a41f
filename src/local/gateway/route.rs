//! Which method a path leads to: static parts before `{var}` before `{proxy+}`, at every level, going back where a branch
//! has no such method (`AWS_FACTS` C1; that a static resource without the method leaves the request to a greedy sibling
//! is recorded from AWS).

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

/// What `ANY` stands for (`AWS_FACTS` C1).
pub const VERBS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The tree of an API's resources; `M` is what stands at a verb.
#[derive(Debug)]
pub struct Routes<M> {
    root: Node<M>,
}

#[derive(Debug)]
struct Node<M> {
    fixed: HashMap<String, Node<M>>,
    variable: Option<(Arc<str>, Box<Node<M>>)>,
    greedy: Option<(Arc<str>, Box<Node<M>>)>,
    methods: HashMap<String, Arc<M>>,
}

/// A method, and what the path says for its variables, decoded.
#[derive(Debug)]
pub struct Found<M> {
    pub method: Arc<M>,
    pub parameters: Vec<(Arc<str>, String)>,
}

impl<M> Default for Node<M> {
    fn default() -> Self {
        Node { fixed: HashMap::new(), variable: None, greedy: None, methods: HashMap::new() }
    }
}

impl<M> Default for Routes<M> {
    fn default() -> Self {
        Routes { root: Node::default() }
    }
}

impl<M> Routes<M> {
    /// `path` is a resource's, `/admit/{rank}`; `verb` one of HTTP's or `ANY`.
    pub fn add(&mut self, path: &str, verb: &str, method: M) {
        let mut node = &mut self.root;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            node = match variable {
                None => node.fixed.entry(part.to_owned()).or_default(),
                Some(name) => {
                    let (name, slot) = match name.strip_suffix('+') {
                        Some(name) => (name, &mut node.greedy),
                        None => (name, &mut node.variable),
                    };
                    &mut slot.get_or_insert_with(|| (name.into(), Box::default())).1
                }
            };
        }
        node.methods.insert(verb.to_owned(), Arc::new(method));
    }

    /// `path` as it was sent, below the stage; a slash at its end counts for nothing.
    pub fn find(&self, path: &str, verb: &str) -> Option<Found<M>> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
        let mut parameters = Vec::new();
        let method = self.root.find(&segments, verb, &mut parameters)?;
        Some(Found { method, parameters })
    }
}

impl<M> Node<M> {
    fn find(&self, rest: &[&str], verb: &str, parameters: &mut Vec<(Arc<str>, String)>) -> Option<Arc<M>> {
        let [segment, below @ ..] = rest else {
            let any = || self.methods.get("ANY").filter(|_| VERBS.contains(&verb));
            return self.methods.get(verb).or_else(any).cloned();
        };
        let fixed = self
            .fixed
            .get(*segment)
            .or_else(|| segment.contains('%').then(|| self.fixed.get(decoded(segment).as_str())).flatten());
        if let Some(found) = fixed.and_then(|node| node.find(below, verb, parameters)) {
            return Some(found);
        }
        if let Some((name, node)) = self.variable.as_ref().filter(|_| !segment.is_empty()) {
            parameters.push((name.clone(), decoded(segment)));
            if let Some(found) = node.find(below, verb, parameters) {
                return Some(found);
            }
            parameters.pop();
        }
        let (name, node) = self.greedy.as_ref()?;
        let found = node.find(&[], verb, parameters)?;
        parameters.push((name.clone(), decoded(&rest.join("/"))));
        Some(found)
    }
}

/// Percent-decoded; `+` stays what it is in a path.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_before_variable_before_greedy_and_back_again() {
        let mut routes = Routes::default();
        let resources = [
            ("/", "GET"),
            ("/a", "POST"),
            ("/a/b/c", "GET"),
            ("/a/{x}", "GET"),
            ("/{y}/b/d", "GET"),
            ("/{proxy+}", "ANY"),
            ("/a/{x}/e/{rest+}", "GET"),
        ];
        for (path, verb) in resources {
            routes.add(path, verb, format!("{verb} {path}"));
        }
        let led = |verb: &str, path: &str| {
            routes.find(path, verb).map(|found| {
                let parameters: Vec<String> =
                    found.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {}", found.method, parameters.join(",")).trim_end().to_owned()
            })
        };
        let rows = [
            ("GET", "", "GET /"),
            ("GET", "/", "GET /"),
            ("POST", "/a", "POST /a"),
            ("POST", "/a/", "POST /a"),
            ("GET", "/a", "ANY /{proxy+} proxy=a"),
            ("GET", "/a/b", "GET /a/{x} x=b"),
            ("GET", "/a/b/c", "GET /a/b/c"),
            ("GET", "/a/b/d", "GET /{y}/b/d y=a"),
            ("GET", "/a/b/x", "ANY /{proxy+} proxy=a/b/x"),
            ("GET", "/a/b/e/f/g", "GET /a/{x}/e/{rest+} x=b,rest=f/g"),
            ("GET", "/a/b%2Fc%20d", "GET /a/{x} x=b/c d"),
            ("POST", "/a/a+b", "ANY /{proxy+} proxy=a/a+b"),
        ];
        for (verb, path, expected) in rows {
            assert_eq!(led(verb, path).as_deref(), Some(expected), "{verb} {path}");
        }
        assert_eq!(led("POST", "/"), None);
        assert!(Routes::<()>::default().find("/", "GET").is_none());
    }

    #[test]
    fn a_head_is_no_get_and_any_is_all() {
        let mut routes = Routes::default();
        routes.add("/get", "GET", ());
        routes.add("/any", "ANY", ());
        assert!(routes.find("/get", "HEAD").is_none());
        assert!(routes.find("/any", "HEAD").is_some());
        assert!(routes.find("//any", "GET").is_none());
    }
}
