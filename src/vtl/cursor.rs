//! Java iterators over lists and maps, which notice when what they go through changes.

use std::rc::Rc;

use super::error::RenderError;
use super::value::{Key, List, Map, Part, Value};

pub(super) enum Cursor {
    List { list: Rc<List>, next: usize, changes: u32 },
    Map { map: Rc<Map>, part: Part, keys: Vec<Key>, next: usize, changes: u32 },
}

impl Cursor {
    /// Goes through what `#foreach` takes as a list; `None` where it takes it as nothing.
    pub fn over(value: &Value) -> Option<Self> {
        match value {
            Value::List(list) => Some(Self::List { list: Rc::clone(list), next: 0, changes: list.changes.get() }),
            Value::Map(map) => Some(Self::over_map(map, Part::Values)),
            Value::View(map, part) => Some(Self::over_map(map, *part)),
            Value::Scope(scope) => Some(Self::over_map(&scope.storage, Part::Values)),
            _ => None,
        }
    }

    fn over_map(map: &Rc<Map>, part: Part) -> Self {
        Self::Map { map: Rc::clone(map), part, keys: map.keys(), next: 0, changes: map.changes.get() }
    }

    pub fn has_next(&self) -> bool {
        match self {
            Self::List { list, next, .. } => *next != list.items.borrow().len(),
            Self::Map { keys, next, .. } => *next < keys.len(),
        }
    }

    pub fn advance(&mut self) -> Result<Value, RenderError> {
        let changed = || RenderError::runtime("ConcurrentModificationException: the list or map changed in the loop");
        let end = || RenderError::runtime("NoSuchElementException: the iterator is at its end");
        match self {
            Self::List { list, next, changes } => {
                if list.changes.get() != *changes {
                    return Err(changed());
                }
                let value = list.items.borrow().get(*next).cloned().ok_or_else(end)?;
                *next += 1;
                Ok(value)
            }
            Self::Map { map, part, keys, next, changes } => {
                if map.changes.get() != *changes {
                    return Err(changed());
                }
                let key = keys.get(*next).cloned().ok_or_else(end)?;
                *next += 1;
                Ok(match part {
                    Part::Keys => key.0,
                    Part::Values => map.get(&key),
                    Part::Entries => Value::Entry(Rc::clone(map), Box::new(key)),
                })
            }
        }
    }
}
