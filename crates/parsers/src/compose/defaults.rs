// SPDX-License-Identifier: MIT
//! What an attribute is when the file does not say.

use super::tree::{Map, Node, Value};

/// Fills in the defaults of a merged model.
pub(crate) fn apply(model: &mut Node) {
    for service in entries(model, "services") {
        let Some(service) = service.as_map_mut() else {
            continue;
        };
        for port in items(service, "ports") {
            put(port, "mode", "ingress");
            put(port, "protocol", "tcp");
        }
        secret_targets(service);
        for request in items(service, "gpus") {
            count_all(request);
        }
        if let Some(build) = service.get_mut("build").and_then(Node::as_map_mut) {
            build.retain(|key, value| key != "context" || value.as_str() != Some(""));
            put(build, "context", ".");
            secret_targets(build);
        }
        let reservations = service
            .get_mut("deploy")
            .and_then(|deploy| deploy.as_map_mut()?.get_mut("resources"))
            .and_then(|resources| resources.as_map_mut()?.get_mut("reservations"))
            .and_then(Node::as_map_mut);
        if let Some(reservations) = reservations {
            for request in items(reservations, "devices") {
                count_all(request);
            }
        }
    }
}

/// The values of a top-level section.
pub(crate) fn entries<'a>(model: &'a mut Node, section: &str) -> impl Iterator<Item = &'a mut Node> {
    model
        .as_map_mut()
        .and_then(|map| map.get_mut(section))
        .and_then(Node::as_map_mut)
        .into_iter()
        .flat_map(|map| map.values_mut())
}

fn items<'a>(map: &'a mut Map, key: &str) -> impl Iterator<Item = &'a mut Map> {
    let list = match map.get_mut(key).map(|node| &mut node.value) {
        Some(Value::List(list)) => list.as_mut_slice(),
        _ => &mut [],
    };
    list.iter_mut().filter_map(Node::as_map_mut)
}

fn put(map: &mut Map, key: &str, value: &str) {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), Node::text(value, span_of(map)));
    }
}

fn secret_targets(map: &mut Map) {
    for grant in items(map, "secrets") {
        if let Some(source) = grant.get("source").and_then(Node::as_str) {
            let target = format!("/run/secrets/{source}");
            put(grant, "target", &target);
        }
    }
}

/// The build file's name, once all files have had their say.
pub(crate) fn dockerfiles(model: &mut Node) {
    for service in entries(model, "services") {
        if let Some(build) = service
            .as_map_mut()
            .and_then(|map| map.get_mut("build"))
            .and_then(Node::as_map_mut)
            && !build.contains_key("dockerfile_inline")
        {
            put(build, "dockerfile", "Dockerfile");
        }
    }
}

fn count_all(request: &mut Map) {
    if !request.contains_key("count") && !request.contains_key("device_ids") {
        request.insert("count".to_owned(), Node::new(Value::Int(-1), span_of(request)));
    }
}

fn span_of(map: &Map) -> crate::source::Span {
    map.values().next().map(|node| node.span).unwrap_or_default()
}
