//! Resources: the tree of paths below an API's root.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::Input;
use super::model::{Definition, Resource};
use super::{Answer, api, fail, patch, wire};
use crate::local::cloud::{Call, Failure, LOWER, Reply, Request};

/// Per API.
const RESOURCES: usize = 300;

pub fn create(call: &mut Call<'_>, request: &Request, api_id: &str, parent_id: &str) -> Answer {
    let input = Input::new(request)?;
    let part = input.text("pathPart")?.unwrap_or_default();
    let id = call.id(6, LOWER);
    let definition = &mut api(call, api_id)?.draft;
    let parent = definition.resources.get(parent_id).ok_or_else(fail::no_resource)?;
    let path = child_path(&parent.path, &part);
    check_place(definition, parent_id, &part, None)?;
    if definition.resources.len() >= RESOURCES {
        return Err(fail::limit_exceeded(
            "Maximum number of resources for this API has been reached. Please contact AWS if you need additional resources.",
        ));
    }
    let resource = Resource {
        id: id.clone(),
        parent_id: Some(parent_id.to_owned()),
        path_part: Some(part),
        path,
        resource_methods: BTreeMap::new(),
    };
    let reply = wire::reply(201, &view(&resource, false));
    definition.resources.insert(id, resource);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let embed = embeds_methods(request);
    let resources = &api(call, api_id)?.draft.resources;
    wire::page(request, resources.values().map(|resource| (resource.id.clone(), view(resource, embed))))
}

pub fn get(call: &mut Call<'_>, request: &Request, api_id: &str, id: &str) -> Answer {
    let definition = &api(call, api_id)?.draft;
    let resource = definition.resources.get(id).ok_or_else(fail::no_resource)?;
    Ok(wire::reply(200, &view(resource, embeds_methods(request))))
}

pub fn update(call: &mut Call<'_>, request: &Request, api_id: &str, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateResourceInput", |found| found)?;
    let draft = &mut api(call, api_id)?.draft;
    let mut edited = draft.clone();
    for patch in &patches {
        let root = id == edited.root_resource_id;
        if !edited.resources.contains_key(id) {
            return Err(fail::no_resource());
        }
        match patch.replaces(&["/parentId", "/pathPart"])? {
            "/parentId" if root => return Err(fail::bad_request("Root resource cannot update its parentId.")),
            "/pathPart" if root => return Err(fail::bad_request("Root resource cannot update its pathPart.")),
            "/parentId" => move_to(&mut edited, id, &patch.text())?,
            _ => rename(&mut edited, id, &patch.text())?,
        }
    }
    let reply = wire::reply(200, &view(edited.resources.get(id).ok_or_else(fail::no_resource)?, false));
    *draft = edited;
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, api_id: &str, id: &str) -> Answer {
    let definition = &mut api(call, api_id)?.draft;
    if !definition.resources.contains_key(id) {
        return Err(fail::no_resource());
    }
    if id == definition.root_resource_id {
        return Err(fail::bad_request("Root resource cannot be deleted"));
    }
    for id in subtree(definition, id) {
        definition.resources.remove(&id);
    }
    Ok(Reply::empty(202))
}

fn embeds_methods(request: &Request) -> bool {
    request.query.iter().any(|(name, value)| name == "embed" && value.split(',').any(|part| part == "methods"))
}

/// A resource on the wire: its methods in full, or their verbs alone.
fn view(resource: &Resource, embed: bool) -> Value {
    let mut members = wire::object(resource);
    if resource.resource_methods.is_empty() {
        members.remove("resourceMethods");
    } else if !embed {
        let verbs: BTreeMap<&String, Value> = resource.resource_methods.keys().map(|verb| (verb, json!({}))).collect();
        members.insert("resourceMethods".into(), json!(verbs));
    }
    Value::Object(members)
}

fn child_path(parent: &str, part: &str) -> String {
    format!("{}/{part}", parent.trim_end_matches('/'))
}

/// May a child of that name stand below `parent_id`? `moving` is the resource that would, if it exists already.
fn check_place(definition: &Definition, parent_id: &str, part: &str, moving: Option<&str>) -> Result<(), Failure> {
    let parent = definition.resources.get(parent_id).ok_or_else(fail::no_resource)?;
    check_part(part)?;
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| part.ends_with("+}")) {
        return Err(fail::bad_request(format!(
            "Cannot create a child of a resource with a greedy path variable: {greedy}"
        )));
    }
    let siblings = || {
        definition
            .resources
            .values()
            .filter(|resource| resource.parent_id.as_deref() == Some(parent_id) && Some(resource.id.as_str()) != moving)
    };
    if siblings().any(|sibling| sibling.path_part.as_deref() == Some(part)) {
        return Err(fail::conflict(format!("Another resource with the same parent already has this name: {part}")));
    }
    let variable = siblings().filter_map(|sibling| sibling.path_part.as_deref()).find(|name| name.starts_with('{'));
    if let (true, Some(taken)) = (part.starts_with('{'), variable) {
        return Err(fail::bad_request(format!(
            "A sibling ({taken}) of this resource already has a variable path part -- only one is allowed"
        )));
    }
    Ok(())
}

fn check_part(part: &str) -> Result<(), Failure> {
    let name = match part.strip_prefix('{') {
        Some(variable) => variable.strip_suffix('}').map(|name| name.strip_suffix('+').unwrap_or(name)),
        None => Some(part),
    };
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-:,".contains(letter);
    if name.is_some_and(|name| !name.is_empty() && name.chars().all(allowed)) {
        return Ok(());
    }
    Err(fail::bad_request(
        "Resource's path part only allow a-zA-Z0-9._- and curly braces at the beginning and the end and an optional plus sign before the closing brace.",
    ))
}

/// The resource and everything below it.
fn subtree(definition: &Definition, id: &str) -> Vec<String> {
    let mut found = vec![id.to_owned()];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next].clone();
        let children =
            definition.resources.values().filter(|child| child.parent_id.as_deref() == Some(parent.as_str()));
        found.extend(children.map(|child| child.id.clone()));
        next += 1;
    }
    found
}

fn move_to(definition: &mut Definition, id: &str, parent_id: &str) -> Result<(), Failure> {
    if subtree(definition, id).iter().any(|below| below == parent_id) {
        return Err(fail::bad_request("Resources cannot be cyclical."));
    }
    let part = definition.resources.get(id).and_then(|resource| resource.path_part.clone()).unwrap_or_default();
    check_place(definition, parent_id, &part, Some(id))?;
    if let Some(resource) = definition.resources.get_mut(id) {
        resource.parent_id = Some(parent_id.to_owned());
    }
    rewrite_paths(definition, id);
    Ok(())
}

fn rename(definition: &mut Definition, id: &str, part: &str) -> Result<(), Failure> {
    let parent = definition.resources.get(id).and_then(|resource| resource.parent_id.clone()).unwrap_or_default();
    check_place(definition, &parent, part, Some(id))?;
    if let Some(resource) = definition.resources.get_mut(id) {
        resource.path_part = Some(part.to_owned());
    }
    rewrite_paths(definition, id);
    Ok(())
}

/// Parents come before children in `subtree`, so one pass is enough.
fn rewrite_paths(definition: &mut Definition, id: &str) {
    for id in subtree(definition, id) {
        let Some(resource) = definition.resources.get(&id) else { continue };
        let parent = resource.parent_id.as_ref().and_then(|parent| definition.resources.get(parent));
        let path =
            child_path(parent.map_or("/", |parent| &parent.path), resource.path_part.as_deref().unwrap_or_default());
        if let Some(resource) = definition.resources.get_mut(&id) {
            resource.path = path;
        }
    }
}
