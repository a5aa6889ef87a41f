//! From one definition to another: which calls, in which order. Pure. Methods are replaced as a unit, in the draft,
//! which nobody can call (law 6).

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::model::{Definition, Method, flat};
use crate::engine::plan::{Change, Changes, Side};

/// Path and verb.
pub type Place = (String, String);

/// What must be done to a draft, in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edits {
    /// Methods that go, or are put anew further down.
    pub delete_methods: Vec<Place>,
    /// Children first. AWS deletes a path with all that is below it, other clouds leave that behind without a parent; in
    /// this order both end alike.
    pub delete_resources: Vec<String>,
    /// Models whose content type changes, which AWS cannot do in place.
    pub delete_models_first: Vec<String>,
    pub create_models: Vec<String>,
    pub update_models: Vec<String>,
    pub create_validators: Vec<String>,
    pub update_validators: Vec<String>,
    /// Parents first.
    pub create_resources: Vec<String>,
    pub put_methods: Vec<Place>,
    pub put_gateway_responses: Vec<String>,
    pub delete_gateway_responses: Vec<String>,
    /// Once no method refers to them.
    pub delete_models: Vec<String>,
    pub delete_validators: Vec<String>,
}

impl Edits {
    /// From what the draft holds to what is wanted.
    pub fn between(seen: &Definition, want: &Definition) -> Edits {
        let mut edits = Edits::default();
        edits.compare_models(seen, want);
        for (name, validator) in &want.validators {
            match seen.validators.get(name) {
                None => edits.create_validators.push(name.clone()),
                Some(was) if was != validator => edits.update_validators.push(name.clone()),
                Some(_) => {}
            }
        }
        edits.delete_validators = missing(seen.validators.keys(), |name| want.validators.contains_key(name));
        for (kind, response) in &want.gateway_responses {
            if seen.gateway_responses.get(kind) != Some(response) {
                edits.put_gateway_responses.push(kind.clone());
            }
        }
        edits.delete_gateway_responses =
            missing(seen.gateway_responses.keys(), |kind| want.gateway_responses.contains_key(kind));
        edits.compare_resources(seen, want);
        edits.compare_methods(seen, want);
        edits
    }

    fn compare_models(&mut self, seen: &Definition, want: &Definition) {
        for (name, model) in &want.models {
            match seen.models.get(name) {
                None => self.create_models.push(name.clone()),
                Some(was) if was.content_type != model.content_type => {
                    self.delete_models_first.push(name.clone());
                    self.create_models.push(name.clone());
                }
                Some(was) if was != model => self.update_models.push(name.clone()),
                Some(_) => {}
            }
        }
        self.delete_models = missing(seen.models.keys(), |name| want.models.contains_key(name));
    }

    fn compare_resources(&mut self, seen: &Definition, want: &Definition) {
        let wanted = |path: &String| path == "/" || want.resources.contains_key(path);
        self.delete_resources = seen.resources.keys().filter(|path| !wanted(path)).cloned().collect();
        self.delete_resources.sort_by_key(|path| (Reverse(path.matches('/').count()), path.clone()));
        let mut new: Vec<String> = want
            .resources
            .keys()
            .filter(|path| path.as_str() != "/" && !seen.resources.contains_key(*path))
            .cloned()
            .collect();
        new.sort_by_key(|path| (path.matches('/').count(), path.clone()));
        self.create_resources = new;
    }

    fn compare_methods(&mut self, seen: &Definition, want: &Definition) {
        let remade: BTreeSet<&str> = self.delete_models_first.iter().map(String::as_str).collect();
        for (path, verb, method) in want.methods() {
            let place = (path.to_owned(), verb.to_owned());
            match seen.method(path, verb) {
                None => self.put_methods.push(place),
                Some(was) if was != method || !Definition::models_of(was).is_disjoint(&remade) => {
                    self.delete_methods.push(place.clone());
                    self.put_methods.push(place);
                }
                Some(_) => {}
            }
        }
        for (path, verb, _) in seen.methods() {
            let going = self.delete_resources.iter().any(|gone| gone == path);
            if want.method(path, verb).is_none() && !going {
                self.delete_methods.push((path.to_owned(), verb.to_owned()));
            }
        }
    }

    /// What carrying them out takes at API Gateway's pace, in tenths of a second (`AWS_FACTS` A): 10 calls per second, of
    /// which 5 may create or delete a resource.
    pub fn cost(&self, want: &Definition) -> usize {
        let puts = self.put_methods.iter().filter_map(|(path, verb)| want.method(path, verb)).map(calls);
        let single = [
            self.delete_methods.len(),
            self.delete_models_first.len(),
            self.create_models.len(),
            self.update_models.len(),
            self.create_validators.len(),
            self.update_validators.len(),
            self.put_gateway_responses.len(),
            self.delete_gateway_responses.len(),
            self.delete_models.len(),
            self.delete_validators.len(),
        ];
        let resources = self.delete_resources.len() + self.create_resources.len();
        single.iter().sum::<usize>() + 2 * resources + puts.sum::<usize>()
    }

    /// The same, property by property, for the plan.
    pub fn changes(seen: &Definition, want: &Definition) -> Vec<Change> {
        let mut changes = Changes::default();
        for path in seen.resources.keys().chain(want.resources.keys()).collect::<BTreeSet<_>>() {
            let verbs = |definition: &Definition| definition.resources.get(path).cloned().unwrap_or_default();
            let (was, wanted) = (verbs(seen), verbs(want));
            if was.is_empty() && wanted.is_empty() && path != "/" {
                let held = |definition: &Definition| definition.resources.contains_key(path).then(|| path.clone());
                changes.compare(&format!("{path} (path)"), held(seen), held(want));
            }
            for verb in was.keys().chain(wanted.keys()).collect::<BTreeSet<_>>() {
                method_changes(&mut changes, &format!("{verb} {path}"), was.get(verb), wanted.get(verb));
            }
        }
        part_changes(&mut changes, "models", &seen.models, &want.models);
        part_changes(&mut changes, "validators", &seen.validators, &want.validators);
        part_changes(&mut changes, "gateway_responses", &seen.gateway_responses, &want.gateway_responses);
        changes.done()
    }
}

/// Calls that put a method with all that belongs to it.
pub fn calls(method: &Method) -> usize {
    let integration = method.integration.as_ref().map_or(0, |integration| 1 + integration.responses.len());
    1 + method.responses.len() + integration
}

/// A method that comes or goes is one line with its integration; one that changes is told by property.
fn method_changes(changes: &mut Changes, at: &str, was: Option<&Method>, want: Option<&Method>) {
    let brief = |method: &Method| {
        method.integration.as_ref().map_or("no integration", |integration| &integration.kind).to_owned()
    };
    match (was, want) {
        (Some(was), Some(want)) => property_changes(changes, at, was, want),
        (was, want) => {
            changes.compare(at, was.map(brief), want.map(brief));
        }
    }
}

fn part_changes<T: serde::Serialize + PartialEq>(
    changes: &mut Changes,
    part: &str,
    seen: &std::collections::BTreeMap<String, T>,
    want: &std::collections::BTreeMap<String, T>,
) {
    for name in seen.keys().chain(want.keys()).collect::<BTreeSet<_>>() {
        let at = format!("{part}.{name}");
        match (seen.get(name), want.get(name)) {
            (Some(was), Some(want)) => property_changes(changes, &at, was, want),
            (was, want) => {
                let whole = |thing: Option<&T>| {
                    thing.map_or(Side::Absent, |thing| serde_json::to_value(thing).map_or(Side::Absent, Side::from))
                };
                changes.compare(&at, whole(was), whole(want));
            }
        }
    }
}

fn property_changes(changes: &mut Changes, at: &str, was: &impl serde::Serialize, want: &impl serde::Serialize) {
    let (was, want) = (flat(was), flat(want));
    for path in was.keys().chain(want.keys()).collect::<BTreeSet<_>>() {
        changes.compare(
            &format!("{at} · {path}"),
            was.get(path).cloned().unwrap_or_default(),
            want.get(path).cloned().unwrap_or_default(),
        );
    }
}

fn missing<'a>(keys: impl Iterator<Item = &'a String>, kept: impl Fn(&str) -> bool) -> Vec<String> {
    keys.filter(|key| !kept(key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(kind: &str) -> Method {
        Method {
            authorization: "NONE".to_owned(),
            api_key_required: false,
            operation_name: None,
            request_parameters: Default::default(),
            request_models: Default::default(),
            validator: None,
            responses: Default::default(),
            integration: Some(super::super::model::Integration {
                kind: kind.to_owned(),
                method: None,
                uri: None,
                passthrough: "NEVER".to_owned(),
                content_handling: None,
                timeout_ms: 29_000,
                parameters: Default::default(),
                templates: Default::default(),
                responses: Default::default(),
            }),
        }
    }

    fn definition(methods: &[(&str, &str, &str)]) -> Definition {
        let mut definition = Definition::default();
        for (path, verb, kind) in methods {
            definition.put(path, verb, method(kind));
        }
        definition
    }

    #[test]
    fn parents_are_created_before_children() {
        let edits =
            Edits::between(&Definition::default(), &definition(&[("/a/b/c", "GET", "AWS"), ("/z", "GET", "AWS")]));
        assert_eq!(edits.create_resources, ["/a", "/z", "/a/b", "/a/b/c"]);
        assert!(edits.delete_methods.is_empty());
    }

    #[test]
    fn removed_paths_are_deleted_children_first_and_their_methods_go_along() {
        let edits = Edits::between(
            &definition(&[("/a/b/c", "GET", "AWS"), ("/a/b", "GET", "AWS"), ("/a", "GET", "AWS")]),
            &definition(&[("/a", "GET", "AWS")]),
        );
        assert_eq!(edits.delete_resources, ["/a/b/c", "/a/b"]);
        assert!(edits.delete_methods.is_empty());
    }

    #[test]
    fn a_changed_method_is_replaced_as_a_unit_and_told_by_property() {
        let (was, want) = (definition(&[("/a", "GET", "AWS")]), definition(&[("/a", "GET", "MOCK")]));
        let edits = Edits::between(&was, &want);
        let place = vec![("/a".to_owned(), "GET".to_owned())];
        assert_eq!((edits.delete_methods, edits.put_methods), (place.clone(), place));
        assert_eq!(Edits::changes(&was, &want), [Change::new("GET /a · integration.kind", "AWS", "MOCK")]);
    }

    #[test]
    fn equal_definitions_need_nothing() {
        let one = definition(&[("/a", "GET", "AWS")]);
        assert_eq!(Edits::between(&one, &one), Edits::default());
        assert!(Edits::changes(&one, &one).is_empty());
    }
}
