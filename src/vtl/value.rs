//! Values as templates see them: Java objects, as far as their Java nature shows in output, equality or order.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::IndexMap;

use super::ast::Block;
use super::cursor::Cursor;
use super::java;
use super::limits;
use super::number::Number;
use super::overrides::Watch;

#[derive(Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    /// `Character`
    Char(char),
    String(Rc<str>),
    List(Rc<List>),
    Map(Rc<Map>),
    /// `Map.Entry`: the map and the key.
    Entry(Rc<Map>, Box<Key>),
    /// `keySet()`, `values()` or `entrySet()` of a map.
    View(Rc<Map>, Part),
    Iterator(Rc<RefCell<Cursor>>),
    /// What `#define` makes, and a macro's `$bodyContent`.
    Define(Rc<Define>),
    /// `$foreach`
    Scope(Rc<Scope>),
    /// `$foreach.info`
    ScopeInfo(Rc<Scope>),
    /// `$input`
    Input,
    /// `$util`
    Util,
}

impl Value {
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::String(text.into())
    }

    pub fn int(value: usize) -> Self {
        Self::Number(Number::Int(i32::try_from(value).unwrap_or(i32::MAX)))
    }

    pub fn list(kind: ListKind, items: Vec<Value>) -> Self {
        Self::List(Rc::new(List { kind, items: RefCell::new(items), changes: Cell::new(0) }))
    }

    /// Whether other values are reached through it.
    pub fn holds_others(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Map(_)
                | Self::Entry(..)
                | Self::View(..)
                | Self::Iterator(_)
                | Self::Scope(_)
                | Self::ScopeInfo(_)
        )
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// `equals()`, looking at no more than `fuel` values: beyond that nothing is equal.
    pub fn equals(&self, other: &Self, fuel: &mut u32) -> bool {
        self.equals_within(other, fuel, 0)
    }

    fn equals_within(&self, other: &Self, fuel: &mut u32, depth: usize) -> bool {
        if *fuel == 0 || depth > limits::VALUE_DEPTH {
            return false;
        }
        *fuel -= 1;
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Input, Self::Input) | (Self::Util, Self::Util) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.same(b),
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                if Rc::ptr_eq(a, b) || a.kind == ListKind::Array || b.kind == ListKind::Array {
                    return Rc::ptr_eq(a, b);
                }
                let (a, b) = (a.items.borrow(), b.items.borrow());
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals_within(b, fuel, depth + 1))
            }
            (Self::Map(a), Self::Map(b)) => a.equals(b, fuel, depth + 1),
            (Self::Entry(a, key), Self::Entry(b, other_key)) => {
                key == other_key && a.get(key).equals_within(&b.get(key), fuel, depth + 1)
            }
            (Self::View(a, part), Self::View(b, other_part)) => {
                part == other_part && (Rc::ptr_eq(a, b) || (*part != Part::Values && a.equals(b, fuel, depth + 1)))
            }
            (Self::Scope(a), Self::Scope(b)) => Rc::ptr_eq(a, b),
            (Self::Define(a), Self::Define(b)) => Rc::ptr_eq(a, b),
            (Self::Iterator(a), Self::Iterator(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// `hashCode()`, looking at no more than `fuel` values.
    pub fn hash_code(&self, fuel: &mut u32) -> i32 {
        self.hash_within(fuel, 0)
    }

    fn hash_within(&self, fuel: &mut u32, depth: usize) -> i32 {
        if *fuel == 0 || depth > limits::VALUE_DEPTH {
            return 0;
        }
        *fuel -= 1;
        match self {
            Self::Bool(true) => 1231,
            Self::Bool(false) => 1237,
            Self::Number(Number::Int(n)) => *n,
            Self::Number(Number::Long(n)) => fold(*n as u64),
            Self::Number(Number::Double(n)) => fold(if n.is_nan() { f64::NAN.to_bits() } else { n.to_bits() }),
            Self::Number(Number::Float(n)) => n.to_bits() as i32,
            Self::Number(Number::Big(n)) => n.hash_code(),
            Self::Number(Number::Decimal(n)) => n.hash_code(),
            Self::Char(c) => *c as i32,
            Self::String(text) => java::hash(text),
            Self::List(list) => {
                let step = |h: i32, v: &Value| h.wrapping_mul(31).wrapping_add(v.hash_within(fuel, depth + 1));
                list.items.borrow().iter().fold(1, step)
            }
            Self::Map(map) => map.hash(fuel, depth + 1),
            Self::View(map, part @ (Part::Keys | Part::Entries)) => {
                map.part(*part).iter().map(|v| v.hash_within(fuel, depth + 1)).fold(0, i32::wrapping_add)
            }
            Self::Entry(map, key) => key.0.hash_within(fuel, depth + 1) ^ map.get(key).hash_within(fuel, depth + 1),
            _ => 0,
        }
    }
}

fn fold(bits: u64) -> i32 {
    (bits ^ (bits >> 32)) as i32
}

/// A value as the key of a map.
#[derive(Clone)]
pub(super) struct Key(pub Value);

impl Key {
    pub fn text(text: &str) -> Self {
        Self(Value::text(text))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&other.0, &mut { limits::KEY_FUEL })
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Java's hash codes collide on purpose-made keys, so texts are hashed whole
        match &self.0 {
            Value::String(text) => text.hash(state),
            other => other.hash_code(&mut { limits::KEY_FUEL }).hash(state),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// `ArrayList`: made in the template or given as a variable. Prints as `[a, b]`.
    Java,
    /// `JSONArray`: out of JSON. Prints as JSON.
    Json,
    /// `String[]`: what `split` returns. Its length is fixed.
    Array,
    /// A list that cannot be changed.
    Fixed,
}

pub(super) struct List {
    pub kind: ListKind,
    pub items: RefCell<Vec<Value>>,
    /// How often the number of elements changed: a loop over the list notices.
    pub changes: Cell<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MapKind {
    /// `LinkedHashMap`: in order of insertion.
    Linked,
    /// `HashMap`: in order of hash codes.
    Hash,
    /// The `HashMap`s of `$context`, which print as nothing.
    Context,
}

pub(super) struct Map {
    pub kind: MapKind,
    entries: RefCell<IndexMap<Key, Value>>,
    /// The most entries there ever were: a `HashMap` does not shrink.
    peak: Cell<usize>,
    pub changes: Cell<u32>,
    /// Of the maps that hold overrides.
    pub watch: RefCell<Option<Box<Watch>>>,
}

/// A view of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Keys,
    Values,
    Entries,
}

impl Map {
    pub fn new(kind: MapKind) -> Rc<Self> {
        let (entries, watch) = (RefCell::default(), RefCell::default());
        Rc::new(Self { kind, entries, peak: Cell::new(0), changes: Cell::new(0), watch })
    }

    pub fn get(&self, key: &Key) -> Value {
        self.entries.borrow().get(key).cloned().unwrap_or(Value::Null)
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.entries.borrow().contains_key(key)
    }

    /// The value that was there.
    pub fn put(&self, key: Key, value: Value) -> Value {
        if let Some(watch) = self.watch.borrow_mut().as_mut() {
            watch.note(&key);
        }
        let mut entries = self.entries.borrow_mut();
        let old = entries.insert(key, value);
        if old.is_none() {
            self.changes.set(self.changes.get().wrapping_add(1));
            self.peak.set(self.peak.get().max(entries.len()));
        }
        old.unwrap_or(Value::Null)
    }

    /// The value that was there.
    pub fn remove(&self, key: &Key) -> Option<Value> {
        let old = self.entries.borrow_mut().shift_remove(key);
        if old.is_some() {
            self.changes.set(self.changes.get().wrapping_add(1));
        }
        old
    }

    pub fn clear(&self) {
        self.changes.set(self.changes.get().wrapping_add(1));
        let old = std::mem::take(&mut *self.entries.borrow_mut());
        dismantle(old.into_iter().flat_map(|(key, value)| [key.0, value]).collect());
    }

    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    /// The entries in the order in which Java goes through them.
    pub fn entries(&self) -> Vec<(Key, Value)> {
        let mut entries: Vec<_> = self.entries.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        if self.kind != MapKind::Linked {
            let mask = self.capacity() as i32 - 1;
            entries.sort_by_key(|(key, _)| {
                let hash = key.0.hash_code(&mut { limits::KEY_FUEL });
                (hash ^ ((hash as u32) >> 16) as i32) & mask
            });
        }
        entries
    }

    pub fn keys(&self) -> Vec<Key> {
        self.entries().into_iter().map(|(key, _)| key).collect()
    }

    /// Buckets of a `HashMap` that grows when it is three quarters full.
    fn capacity(&self) -> usize {
        let mut capacity = 16;
        while self.peak.get() > capacity * 3 / 4 {
            capacity *= 2;
        }
        capacity
    }

    fn equals(&self, other: &Self, fuel: &mut u32, depth: usize) -> bool {
        std::ptr::eq(self, other)
            || (self.len() == other.len()
                && self
                    .entries
                    .borrow()
                    .iter()
                    .all(|(key, value)| other.contains(key) && value.equals_within(&other.get(key), fuel, depth)))
    }

    fn hash(&self, fuel: &mut u32, depth: usize) -> i32 {
        let entries = self.entries.borrow();
        let hashes = entries.iter().map(|(key, value)| key.0.hash_within(fuel, depth) ^ value.hash_within(fuel, depth));
        hashes.fold(0, i32::wrapping_add)
    }

    /// The elements of a view.
    pub fn part(self: &Rc<Self>, part: Part) -> Vec<Value> {
        let entries = self.entries().into_iter();
        match part {
            Part::Keys => entries.map(|(key, _)| key.0).collect(),
            Part::Values => entries.map(|(_, value)| value).collect(),
            Part::Entries => entries.map(|(key, _)| Value::Entry(Rc::clone(self), Box::new(key))).collect(),
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let entries = std::mem::take(self.entries.get_mut());
        dismantle(entries.into_iter().flat_map(|(key, value)| [key.0, value]).collect());
    }
}

impl Drop for List {
    fn drop(&mut self) {
        dismantle(std::mem::take(self.items.get_mut()));
    }
}

/// Frees values one by one instead of inside one another: a template can nest lists deeper than the stack is.
fn dismantle(mut values: Vec<Value>) {
    while let Some(value) = values.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut list) = Rc::into_inner(list) {
                    values.append(list.items.get_mut());
                }
            }
            Value::Map(map) => {
                if let Some(mut map) = Rc::into_inner(map) {
                    values.extend(std::mem::take(map.entries.get_mut()).into_iter().flat_map(|(k, v)| [k.0, v]));
                }
            }
            _ => {}
        }
    }
}

/// A block with the frame it was defined in.
pub(super) struct Define {
    pub block: Block,
    pub frame: usize,
    /// How often it may contain itself.
    pub max_depth: usize,
    pub depth: Cell<usize>,
}

/// `$foreach`: the state of a loop, and a place for variables of the loop.
pub(super) struct Scope {
    pub id: usize,
    pub index: Cell<i32>,
    pub has_next: Cell<bool>,
    pub parent: Option<Rc<Scope>>,
    /// What the variable was before the outermost loop.
    pub replaced: Value,
    pub storage: Rc<Map>,
    pub at: super::error::Position,
}

impl Scope {
    pub fn get(&self, key: &Key) -> Value {
        let mut scope = self;
        loop {
            let value = scope.storage.get(key);
            match &scope.parent {
                Some(parent) if value.is_null() && !scope.storage.contains(key) => scope = parent,
                _ => return value,
            }
        }
    }

    pub fn depth(&self) -> usize {
        std::iter::successors(self.parent.as_ref(), |scope| scope.parent.as_ref()).count() + 1
    }
}
