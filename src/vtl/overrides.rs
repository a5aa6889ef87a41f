//! Overrides of the request and of the response: a template may set each parameter once. The guide has API Gateway fail a
//! request whose template sets one twice (`AWS_FACTS` C5), so it is told which one that was.

use std::collections::HashSet;
use std::rc::Rc;

use super::value::{Key, Map, Value};

/// The parts of `$context` that hold parameters, and whether names in them count without case.
const PARTS: [(&[&str], bool); 5] = [
    (&["requestOverride", "path"], false),
    (&["requestOverride", "querystring"], false),
    (&["requestOverride", "header"], true),
    (&["responseOverride"], false),
    (&["responseOverride", "header"], true),
];

/// What one part was given since the render began.
#[derive(Default)]
pub(super) struct Watch {
    caseless: bool,
    given: HashSet<String>,
    twice: Option<String>,
}

impl Watch {
    pub fn note(&mut self, key: &Key) {
        let Value::String(name) = &key.0 else { return };
        let known = if self.caseless { name.to_ascii_lowercase() } else { name.to_string() };
        if !self.given.insert(known) {
            self.twice.get_or_insert_with(|| name.to_string());
        }
    }
}

/// The watched parts of one render's context.
pub(super) struct Watched(Vec<(String, Rc<Map>)>);

impl Watched {
    pub fn begin(context: &Rc<Map>) -> Watched {
        let parts = PARTS.iter().filter_map(|(path, caseless)| {
            let mut map = Rc::clone(context);
            for name in *path {
                let Value::Map(inner) = map.get(&Key::text(name)) else { return None };
                map = inner;
            }
            *map.watch.borrow_mut() = Some(Box::new(Watch { caseless: *caseless, ..Watch::default() }));
            Some((path.join("."), map))
        });
        Watched(parts.collect())
    }

    /// `responseOverride.header.X-A`, where it was set more than once.
    pub fn twice(&self) -> Option<String> {
        self.0.iter().find_map(|(path, map)| {
            let watch = map.watch.borrow();
            let name = watch.as_ref()?.twice.as_ref()?;
            Some(format!("{path}.{name}"))
        })
    }
}
