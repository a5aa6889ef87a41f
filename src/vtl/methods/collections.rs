//! Methods of lists, maps, their views and iterators.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Called, fail, found, unsupported, void};
use crate::vtl::cursor::Cursor;
use crate::vtl::error::RenderError;
use crate::vtl::number::Number;
use crate::vtl::render::{Rendered, Renderer};
use crate::vtl::value::{Key, List, ListKind, Map, Part, Value};

/// An index of this type is an `int` to Java; others fit no method.
fn int(value: &Value) -> Option<i32> {
    match value {
        Value::Number(Number::Int(n)) => Some(*n),
        _ => None,
    }
}

fn out_of_bounds(index: i32, length: usize) -> RenderError {
    RenderError::runtime(format!("IndexOutOfBoundsException: Index {index} out of bounds for length {length}"))
}

/// The index in a list, if it is one.
fn element(list: &List, index: i32, extra: usize) -> Result<usize, RenderError> {
    let length = list.items.borrow().len();
    usize::try_from(index).ok().filter(|&i| i < length + extra).ok_or_else(|| out_of_bounds(index, length))
}

fn changed(list: &List) {
    list.changes.set(list.changes.get().wrapping_add(1));
}

impl Renderer<'_> {
    pub(super) fn list_method(&mut self, list: &Rc<List>, name: &str, arguments: &[Value]) -> Called {
        let length = list.items.borrow().len();
        match (name, arguments) {
            ("size", []) => found(Value::int(length)),
            ("isEmpty", []) => found(Value::Bool(length == 0)),
            ("get", [index]) => {
                let Some(index) = int(index) else { return Ok(None) };
                let index = element(list, index, 0)?;
                found(list.items.borrow().get(index).cloned().unwrap_or(Value::Null))
            }
            ("iterator", []) => found(iterator(&Value::List(Rc::clone(list)))),
            ("contains", [value]) => found(Value::Bool(self.position(list, value, false)?.is_some())),
            ("indexOf", [value]) => found(place(self.position(list, value, false)?)),
            ("lastIndexOf", [value]) => found(place(self.position(list, value, true)?)),
            ("containsAll", [others]) => self.contains_all(list, others),
            ("subList", [from, to]) => self.sub_list(list, from, to),
            ("toArray", []) => {
                self.check_elements(length)?;
                found(Value::list(ListKind::Array, list.items.borrow().clone()))
            }
            ("clone", []) if matches!(list.kind, ListKind::Java | ListKind::Json) => {
                self.check_elements(length)?;
                let copy = Value::list(list.kind, list.items.borrow().clone());
                if let (Value::List(copy), true) = (&copy, list.items.borrow().iter().any(Value::holds_others)) {
                    self.link_list(copy, &Value::List(Rc::clone(list)));
                }
                found(copy)
            }
            ("toJSONString", []) if list.kind == ListKind::Json => {
                let text = self.text(&Value::List(Rc::clone(list)))?;
                found(Value::text(text.unwrap_or_default()))
            }
            _ => self.change_list(list, name, arguments),
        }
    }

    fn change_list(&mut self, list: &Rc<List>, name: &str, arguments: &[Value]) -> Called {
        let length = list.items.borrow().len();
        let resizes = matches!(
            (name, arguments),
            ("add" | "remove" | "addAll" | "removeAll" | "retainAll", [_]) | ("add" | "addAll", [_, _]) | ("clear", [])
        );
        // what is no collection fits no method of this kind
        if matches!(name, "addAll" | "removeAll" | "retainAll")
            && arguments.last().is_some_and(|others| {
                matches!(others, Value::Null | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Char(_))
            })
        {
            return Ok(None);
        }
        match list.kind {
            ListKind::Array if resizes => return unsupported("the length of an array"),
            ListKind::Fixed if resizes || name == "set" => return unsupported("this list"),
            _ => {}
        }
        match (name, arguments) {
            ("set", [index, value]) => {
                let Some(index) = int(index) else { return Ok(None) };
                let index = element(list, index, 0)?;
                self.link_list(list, value);
                found(std::mem::replace(&mut list.items.borrow_mut()[index], value.clone()))
            }
            ("add", [value]) => {
                self.insert(list, length, std::slice::from_ref(value))?;
                found(Value::Bool(true))
            }
            ("add", [index, value]) => {
                let Some(index) = int(index) else { return Ok(None) };
                let index = element(list, index, 1)?;
                self.insert(list, index, std::slice::from_ref(value))?;
                void()
            }
            ("addAll", [others]) => {
                let Some(others) = self.elements(others)? else { return Ok(None) };
                self.insert(list, length, &others)?;
                found(Value::Bool(!others.is_empty()))
            }
            ("addAll", [index, others]) => {
                let (Some(index), Some(others)) = (int(index), self.elements(others)?) else { return Ok(None) };
                let index = element(list, index, 1)?;
                self.insert(list, index, &others)?;
                found(Value::Bool(!others.is_empty()))
            }
            ("remove", [Value::Number(Number::Int(index))]) => {
                let index = element(list, *index, 0)?;
                self.step(length - index)?;
                changed(list);
                found(list.items.borrow_mut().remove(index))
            }
            ("remove", [value]) => {
                let position = self.position(list, value, false)?;
                if let Some(index) = position {
                    changed(list);
                    list.items.borrow_mut().remove(index);
                }
                found(Value::Bool(position.is_some()))
            }
            ("removeAll", [others]) => self.keep(list, others, false),
            ("retainAll", [others]) => self.keep(list, others, true),
            ("clear", []) => {
                changed(list);
                let items = std::mem::take(&mut *list.items.borrow_mut());
                drop(Value::list(list.kind, items));
                void()
            }
            _ => Ok(None),
        }
    }

    fn insert(&mut self, list: &Rc<List>, index: usize, values: &[Value]) -> Rendered<()> {
        let length = list.items.borrow().len();
        // moving elements costs little, but not nothing
        self.step((length - index.min(length)) / 64 + values.len())?;
        if length + values.len() > crate::vtl::limits::ELEMENTS {
            self.check_elements(length + values.len())?;
        }
        for value in values {
            self.link_list(list, value);
        }
        changed(list);
        list.items.borrow_mut().splice(index..index, values.iter().cloned());
        Ok(())
    }

    /// Removes the elements that are among `others`, or those that are not.
    fn keep(&mut self, list: &Rc<List>, others: &Value, keep: bool) -> Called {
        let Some(others) = self.elements(others)? else { return Ok(None) };
        let items = list.items.borrow().clone();
        let mut kept = Vec::with_capacity(items.len());
        for item in &items {
            let mut among = false;
            for other in &others {
                among = among || self.equals(item, other)?;
            }
            if among == keep {
                kept.push(item.clone());
            }
        }
        let is_changed = kept.len() != items.len();
        if is_changed {
            changed(list);
            *list.items.borrow_mut() = kept;
        }
        found(Value::Bool(is_changed))
    }

    fn position(&mut self, list: &List, value: &Value, last: bool) -> Rendered<Option<usize>> {
        let items = list.items.borrow();
        self.step(items.len() / 16)?;
        let order: Box<dyn Iterator<Item = usize>> =
            if last { Box::new((0..items.len()).rev()) } else { Box::new(0..items.len()) };
        for index in order {
            if self.equals(value, &items[index])? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn contains_all(&mut self, list: &List, others: &Value) -> Called {
        let Some(others) = self.elements(others)? else { return Ok(None) };
        for other in &others {
            if self.position(list, other, false)?.is_none() {
                return found(Value::Bool(false));
            }
        }
        found(Value::Bool(true))
    }

    /// A copy; Java's is a view.
    fn sub_list(&mut self, list: &List, from: &Value, to: &Value) -> Called {
        let (Some(from), Some(to)) = (int(from), int(to)) else { return Ok(None) };
        let items = list.items.borrow();
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok()).filter(|(from, to)| from <= to);
        let Some(part) = range.and_then(|(from, to)| items.get(from..to)) else {
            return fail(format!("IndexOutOfBoundsException: {from} to {to} of {}", items.len()));
        };
        self.check_elements(part.len())?;
        found(Value::list(ListKind::Java, part.to_vec()))
    }

    /// The elements of a collection; `None` if it is none.
    pub(super) fn elements(&mut self, value: &Value) -> Rendered<Option<Vec<Value>>> {
        let elements = match value {
            Value::List(list) if list.kind != ListKind::Array => list.items.borrow().clone(),
            Value::View(map, part) => map.part(*part),
            Value::Null => return Err(RenderError::runtime("NullPointerException: a collection is needed").into()),
            _ => return Ok(None),
        };
        self.check_elements(elements.len())?;
        Ok(Some(elements))
    }

    // ------------------------------------------------------------------------------------------------------ maps

    pub(super) fn map_method(&mut self, map: &Rc<Map>, name: &str, arguments: &[Value]) -> Called {
        if let Some(key) = arguments.first() {
            self.check_key(key)?;
        }
        let key = |value: &Value| Key(value.clone());
        match (name, arguments) {
            ("size", []) => found(Value::int(map.len())),
            ("isEmpty", []) => found(Value::Bool(map.len() == 0)),
            ("get", [wanted]) => found(map.get(&key(wanted))),
            ("getOrDefault", [wanted, default]) => {
                found(if map.contains(&key(wanted)) { map.get(&key(wanted)) } else { default.clone() })
            }
            ("containsKey", [wanted]) => found(Value::Bool(map.contains(&key(wanted)))),
            ("containsValue", [value]) => {
                for other in map.part(Part::Values) {
                    if self.equals(value, &other)? {
                        return found(Value::Bool(true));
                    }
                }
                found(Value::Bool(false))
            }
            ("clone", []) => {
                self.check_elements(map.len())?;
                let copy = Map::new(map.kind);
                for (key, value) in map.entries() {
                    self.link_map(&copy, &value);
                    copy.put(key, value);
                }
                found(Value::Map(copy))
            }
            ("put", [wanted, value]) => self.put_entry(map, key(wanted), value),
            ("replace", [wanted, old, value]) => {
                let is = map.contains(&key(wanted)) && self.equals(&map.get(&key(wanted)), old)?;
                if is {
                    self.put_entry(map, key(wanted), value)?;
                }
                found(Value::Bool(is))
            }
            ("remove", [wanted, value]) => {
                let is = map.contains(&key(wanted)) && self.equals(&map.get(&key(wanted)), value)?;
                if is {
                    map.remove(&key(wanted));
                }
                found(Value::Bool(is))
            }
            ("putIfAbsent", [wanted, value]) => match map.get(&key(wanted)) {
                Value::Null => self.put_entry(map, key(wanted), value),
                old => found(old),
            },
            ("putAll", [Value::Map(other)]) => {
                self.check_elements(other.len())?;
                for (key, value) in other.entries() {
                    self.put_entry(map, key, &value)?;
                }
                void()
            }
            ("replace", [wanted, value]) => {
                if !map.contains(&key(wanted)) {
                    return found(Value::Null);
                }
                self.put_entry(map, key(wanted), value)
            }
            ("remove", [wanted]) => {
                self.step(map.len() / 16)?;
                found(map.remove(&key(wanted)).unwrap_or(Value::Null))
            }
            ("clear", []) => {
                map.clear();
                void()
            }
            ("keySet", []) => found(Value::View(Rc::clone(map), Part::Keys)),
            ("values", []) => found(Value::View(Rc::clone(map), Part::Values)),
            ("entrySet", []) => found(Value::View(Rc::clone(map), Part::Entries)),
            _ => Ok(None),
        }
    }

    fn put_entry(&mut self, map: &Rc<Map>, key: Key, value: &Value) -> Called {
        self.link_map(map, value);
        self.link_map(map, &key.0);
        if map.len() >= crate::vtl::limits::ELEMENTS {
            self.check_elements(map.len() + 1)?;
        }
        found(map.put(key, value.clone()))
    }

    pub(super) fn entry_method(&mut self, map: &Rc<Map>, key: &Key, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("getKey", []) => found(key.0.clone()),
            ("getValue", []) => found(map.get(key)),
            ("setValue", [value]) => self.put_entry(map, key.clone(), value),
            _ => Ok(None),
        }
    }

    pub(super) fn view_method(&mut self, map: &Rc<Map>, part: Part, name: &str, arguments: &[Value]) -> Called {
        self.step(map.len() / 16)?;
        match (name, arguments) {
            ("size", []) => found(Value::int(map.len())),
            ("isEmpty", []) => found(Value::Bool(map.len() == 0)),
            ("iterator", []) => found(iterator(&Value::View(Rc::clone(map), part))),
            ("toArray", []) => found(Value::list(ListKind::Array, map.part(part))),
            ("contains", [key]) if part == Part::Keys => {
                self.check_key(key)?;
                found(Value::Bool(map.contains(&Key(key.clone()))))
            }
            ("contains", [value]) => {
                for other in map.part(part) {
                    if self.equals(value, &other)? {
                        return found(Value::Bool(true));
                    }
                }
                found(Value::Bool(false))
            }
            ("remove", [key]) if part == Part::Keys => {
                self.check_key(key)?;
                found(Value::Bool(map.remove(&Key(key.clone())).is_some()))
            }
            ("remove", [value]) => {
                for (key, other) in map.keys().into_iter().zip(map.part(part)) {
                    if self.equals(value, &other)? {
                        return found(Value::Bool(map.remove(&key).is_some()));
                    }
                }
                found(Value::Bool(false))
            }
            ("containsAll", [others]) => {
                let Some(others) = self.elements(others)? else { return Ok(None) };
                let own =
                    List { kind: ListKind::Java, items: RefCell::new(map.part(part)), changes: Default::default() };
                for other in &others {
                    if self.position(&own, other, false)?.is_none() {
                        return found(Value::Bool(false));
                    }
                }
                found(Value::Bool(true))
            }
            ("clear", []) => {
                map.clear();
                void()
            }
            ("add", [_]) => unsupported("a view of a map"),
            _ => Ok(None),
        }
    }

    pub(super) fn iterator_method(&mut self, cursor: &RefCell<Cursor>, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("hasNext", []) => found(Value::Bool(cursor.borrow().has_next())),
            ("next", []) => found(cursor.borrow_mut().advance()?),
            _ => Ok(None),
        }
    }
}

fn place(position: Option<usize>) -> Value {
    position.map_or(Value::Number(Number::Int(-1)), Value::int)
}

fn iterator(value: &Value) -> Value {
    Cursor::over(value).map_or(Value::Null, |cursor| Value::Iterator(Rc::new(RefCell::new(cursor))))
}
