//! Methods of `$foreach`.

use std::rc::Rc;

use super::{Called, found};
use crate::vtl::number::Number;
use crate::vtl::render::Renderer;
use crate::vtl::value::{Key, Scope, Value};

impl Renderer<'_> {
    pub(super) fn scope_method(&mut self, scope: &Rc<Scope>, name: &str, arguments: &[Value]) -> Called {
        let index = scope.index.get();
        match (name, arguments) {
            ("getIndex", []) => found(Value::Number(Number::Int(index))),
            ("getCount", []) => found(Value::Number(Number::Int(index.wrapping_add(1)))),
            ("hasNext" | "getHasNext", []) => found(Value::Bool(scope.has_next.get())),
            ("isFirst" | "getFirst", []) => found(Value::Bool(index < 1)),
            ("isLast" | "getLast", []) => found(Value::Bool(!scope.has_next.get())),
            ("getParent", []) => found(scope.parent.clone().map_or(Value::Null, Value::Scope)),
            ("getTopmost", []) => found(Value::Scope(topmost(scope))),
            ("getReplaced", []) => found(topmost(scope).replaced.clone()),
            ("getInfo", []) => found(Value::ScopeInfo(Rc::clone(scope))),
            ("get", [key]) => {
                self.check_key(key)?;
                found(scope.get(&Key(key.clone())))
            }
            _ => self.map_method(&scope.storage, name, arguments),
        }
    }

    pub(super) fn scope_info_method(&mut self, scope: &Rc<Scope>, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("getName", []) => found(Value::text("foreach")),
            ("getType", []) => found(Value::text("block")),
            ("getDepth", []) => found(Value::int(scope.depth())),
            ("getTemplate", []) => found(Value::text("template")),
            ("getLine", []) => found(Value::int(scope.at.line)),
            ("getColumn", []) => found(Value::int(scope.at.column)),
            _ => Ok(None),
        }
    }
}

fn topmost(scope: &Rc<Scope>) -> Rc<Scope> {
    let mut scope = Rc::clone(scope);
    while let Some(parent) = &scope.parent {
        scope = Rc::clone(parent);
    }
    scope
}
