//! JSONPath as Jayway's library reads it, in the version whose results API Gateway's documentation agrees with.
//!
//! [`parse`] turns a path into steps, this file follows them. A path that can lead to several places has a list as its
//! result; any other has what it finds, or nothing. Functions at the end of a path (`length()`, `sum()` …), which later
//! versions have, are understood where there is no property of that name.

mod filter;
mod functions;
mod parse;

use super::error::RenderError;
use super::limits;
use super::render::{Interrupt, Rendered, Renderer};
use super::value::{Key, ListKind, Map, MapKind, Part, Value};
use filter::Filter;

/// A parsed path.
#[derive(Debug)]
pub(super) struct Path {
    /// Of the document, as opposed to `@`, the value a filter looks at.
    pub from_root: bool,
    pub steps: Vec<Step>,
}

#[derive(Debug)]
pub(super) enum Step {
    /// `.a`, `['a']`, `['a', 'b']`
    Properties(Vec<String>),
    /// `*`
    Wildcard,
    /// `..`
    Scan,
    Elements(Elements),
    Filter(Filter),
}

#[derive(Debug)]
pub(super) enum Elements {
    Index(i32),
    Indexes(Vec<i32>),
    /// `[(@.length-1)]`
    FromEnd(i32),
    SliceFrom(i32),
    SliceTo(i32),
    SliceBetween(i32, i32),
}

impl Step {
    /// Leads to one place at most.
    fn is_definite(&self) -> bool {
        match self {
            Self::Properties(_) | Self::Elements(Elements::Index(_) | Elements::FromEnd(_)) => true,
            Self::Elements(_) | Self::Wildcard | Self::Scan | Self::Filter(_) => false,
        }
    }
}

impl Path {
    pub fn is_definite(&self) -> bool {
        self.steps.iter().all(Step::is_definite)
    }
}

/// Why following a path stops.
enum Miss {
    /// There is nothing at the path: no error.
    Nothing,
    Failed(Interrupt),
}

impl From<Interrupt> for Miss {
    fn from(interrupt: Interrupt) -> Self {
        Self::Failed(interrupt)
    }
}

impl From<RenderError> for Miss {
    fn from(error: RenderError) -> Self {
        Self::Failed(error.into())
    }
}

type Followed<T> = Result<T, Miss>;

fn invalid(message: impl Into<String>) -> RenderError {
    RenderError::runtime(format!("InvalidPathException: {}", message.into()))
}

/// What the path finds in the document; `None` if nothing.
pub(super) fn read(renderer: &mut Renderer, path: &str, document: &Value) -> Rendered<Option<Value>> {
    let parsed = parse::path(path, 0)?;
    renderer.step(path.len() / 16)?;
    match find(renderer, &parsed, document, document) {
        Ok(value) => Ok(Some(value)),
        Err(Miss::Failed(interrupt)) => Err(interrupt),
        Err(Miss::Nothing) => functions::read(renderer, path, document),
    }
}

fn find(renderer: &mut Renderer, path: &Path, item: &Value, root: &Value) -> Followed<Value> {
    let start = if path.from_root { root } else { item };
    let mut walk = Walk { renderer, root, found: Vec::new(), depth: 0 };
    walk.follow(&path.steps, 0, start)?;
    let mut found = walk.found;
    if !path.is_definite() {
        return Ok(Value::list(ListKind::Json, found));
    }
    if found.is_empty() { Err(Miss::Nothing) } else { Ok(found.swap_remove(0)) }
}

/// One way through a document.
struct Walk<'a, 't> {
    renderer: &'a mut Renderer<'t>,
    root: &'a Value,
    found: Vec<Value>,
    depth: usize,
}

impl Walk<'_, '_> {
    /// Follows `steps` from the one at `index`.
    fn follow(&mut self, steps: &[Step], index: usize, model: &Value) -> Followed<()> {
        self.renderer.step(1)?;
        let Some(step) = steps.get(index) else {
            self.found.push(model.clone());
            return Ok(());
        };
        if self.depth > limits::VALUE_DEPTH {
            return Err(RenderError::limit("a path or document is nested too deep").into());
        }
        self.depth += 1;
        let result = match step {
            Step::Properties(names) => match model {
                Value::Map(map) => self.properties(steps, index, map, names),
                _ => Err(Miss::Nothing),
            },
            Step::Wildcard => self.wildcard(steps, index, model),
            Step::Scan => self.scan(steps, index + 1, model),
            Step::Elements(elements) => self.elements(steps, index, elements, model),
            Step::Filter(filter) => self.filter(steps, index, filter, model),
        };
        self.depth -= 1;
        result
    }

    fn properties(&mut self, steps: &[Step], index: usize, map: &Map, names: &[String]) -> Followed<()> {
        let is_leaf = index + 1 == steps.len();
        if let [name] = names {
            let key = Key::text(name);
            if map.contains(&key) {
                return self.follow(steps, index + 1, &map.get(&key));
            }
            // on a path that leads to several places, one that is not there is passed over, unless it is the last step
            let upstream = index.saturating_sub(1);
            let passable = !is_leaf && !steps[upstream..].iter().all(Step::is_definite);
            return if passable { Ok(()) } else { Err(Miss::Nothing) };
        }
        if !is_leaf {
            return Err(invalid("several properties can only be read at the end of a path").into());
        }
        let merged = Map::new(MapKind::Linked);
        for name in names {
            let key = Key::text(name);
            if map.contains(&key) {
                let value = map.get(&key);
                merged.put(key, value);
            }
        }
        self.found.push(Value::Map(merged));
        Ok(())
    }

    fn wildcard(&mut self, steps: &[Step], index: usize, model: &Value) -> Followed<()> {
        match model {
            Value::Map(map) => map.part(Part::Values).iter().try_for_each(|value| self.follow(steps, index + 1, value)),
            Value::List(list) => {
                let items = list.items.borrow().clone();
                for item in &items {
                    match self.follow(steps, index + 1, item) {
                        Err(Miss::Nothing) => {}
                        other => other?,
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn element(&mut self, steps: &[Step], index: usize, items: &[Value], at: i64) -> Followed<()> {
        let item = usize::try_from(at).ok().and_then(|at| items.get(at)).ok_or(Miss::Nothing)?;
        self.follow(steps, index + 1, item)
    }

    fn elements(&mut self, steps: &[Step], index: usize, elements: &Elements, model: &Value) -> Followed<()> {
        let Value::List(list) = model else {
            return match model {
                Value::Null => Err(Miss::Nothing),
                _ => Err(invalid("an index can only be applied to a list").into()),
            };
        };
        let items = list.items.borrow().clone();
        self.renderer.step(items.len() / 16)?;
        let length = items.len() as i64;
        let range = match elements {
            Elements::Index(at) => i64::from(*at)..i64::from(*at) + 1,
            Elements::FromEnd(offset) => length + i64::from(*offset)..length + i64::from(*offset) + 1,
            Elements::Indexes(indexes) => {
                return indexes.iter().try_for_each(|at| self.element(steps, index, &items, i64::from(*at)));
            }
            Elements::SliceFrom(from) => {
                let from = i64::from(*from);
                (if from < 0 { from + length } else { from }).max(0)..length
            }
            Elements::SliceTo(to) => {
                let to = i64::from(*to);
                0..(if to < 0 { to + length } else { to }).min(length)
            }
            Elements::SliceBetween(from, to) => i64::from(*from)..i64::from(*to).min(length),
        };
        for at in range {
            self.element(steps, index, &items, at)?;
        }
        Ok(())
    }

    fn filter(&mut self, steps: &[Step], index: usize, filter: &Filter, model: &Value) -> Followed<()> {
        match model {
            Value::Map(_) => {
                if filter.accepts(self.renderer, model, self.root)? {
                    self.follow(steps, index + 1, model)?;
                }
                Ok(())
            }
            Value::List(list) => {
                let items = list.items.borrow().clone();
                for item in &items {
                    if filter.accepts(self.renderer, item, self.root)? {
                        self.follow(steps, index + 1, item)?;
                    }
                }
                Ok(())
            }
            _ => Err(invalid("a filter can only be applied to lists and maps").into()),
        }
    }

    // ------------------------------------------------------------------------------------------------------ scan

    /// Applies the step at `index` to the value and to everything in it that fits.
    fn scan(&mut self, steps: &[Step], index: usize, model: &Value) -> Followed<()> {
        let (Some(step), Value::Map(_) | Value::List(_)) = (steps.get(index), model) else { return Ok(()) };
        self.renderer.step(1)?;
        if self.depth > limits::VALUE_DEPTH {
            return Err(RenderError::limit("a document is nested too deep").into());
        }
        self.depth += 1;
        let fits = self.fits(step, model)?;
        let inside = match model {
            Value::List(list) => {
                let items = list.items.borrow().clone();
                if fits && index + 1 == steps.len() {
                    self.follow(steps, index, model)?;
                } else if fits {
                    items.iter().try_for_each(|item| self.follow(steps, index + 1, item))?;
                }
                items
            }
            Value::Map(map) => {
                if fits {
                    self.follow(steps, index, model)?;
                }
                map.part(Part::Values)
            }
            _ => Vec::new(),
        };
        inside.iter().try_for_each(|value| self.scan(steps, index, value))?;
        self.depth -= 1;
        Ok(())
    }

    fn fits(&mut self, step: &Step, model: &Value) -> Followed<bool> {
        Ok(match (step, model) {
            (Step::Properties(names), Value::Map(map)) => names.iter().all(|name| map.contains(&Key::text(name))),
            (Step::Elements(_), Value::List(_)) | (Step::Wildcard, _) => true,
            (Step::Filter(filter), _) => filter.accepts(self.renderer, model, self.root)?,
            _ => false,
        })
    }
}
