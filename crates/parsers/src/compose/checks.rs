// SPDX-License-Identifier: MIT
//! Rules within one attribute that its type cannot say.

use super::tree::{Node, Path, Value};
use crate::error::Fault;

/// Checks a merged model.
pub(crate) fn check(model: &Node) -> Result<(), Fault> {
    let root = Path::ROOT;
    for (name, volume) in each(model, "volumes") {
        external_alone(volume, &root.key("volumes").key(name))?;
    }
    for section in ["secrets", "configs"] {
        for (name, source) in each(model, section) {
            one_source(source, section, &root.key(section).key(name))?;
        }
    }
    let services = root.key("services");
    for (name, service) in each(model, "services") {
        let path = services.key(name);
        health(service, &path)?;
        for keys in [
            &["gpus"][..],
            &["deploy", "resources", "reservations", "devices"][..],
        ] {
            for request in list(service, keys) {
                device_request(request, &path.key(keys[keys.len() - 1]), keys.len() > 1)?;
            }
        }
        for port in list(service, &["ports"]) {
            let path = path.key("ports");
            if port.get(&["target"]).is_none() {
                return Err(Fault::value(
                    port.span,
                    path,
                    "the key `target` is missing: the container's port",
                ));
            }
            if let Some(ip) = port.get(&["host_ip"])
                && let Some(text) = ip.as_str()
                && text.parse::<std::net::IpAddr>().is_err()
            {
                return Err(Fault::value(
                    ip.span,
                    path.key("host_ip"),
                    format!("`{text}` is not an IP address"),
                ));
            }
        }
        for mount in list(service, &["volumes"]) {
            mounted(mount, &path.key("volumes"))?;
        }
        for rule in list(service, &["develop", "watch"]) {
            if !filled(rule, "path") {
                return Err(Fault::value(
                    rule.span,
                    path.key("develop").key("watch"),
                    "`path` is empty",
                ));
            }
            let action = rule.get(&["action"]).and_then(Node::as_str).unwrap_or_default();
            if action.starts_with("sync") && !filled(rule, "target") {
                let why = format!("the action {action} needs a `target`");
                return Err(Fault::value(rule.span, path.key("develop").key("watch"), why));
            }
        }
    }
    Ok(())
}

fn each<'a>(model: &'a Node, section: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    model
        .get(&[section])
        .and_then(Node::as_map)
        .into_iter()
        .flatten()
        .map(|(name, node)| (name.as_str(), node))
}

fn list<'a>(node: &'a Node, keys: &[&str]) -> &'a [Node] {
    node.get(keys).and_then(Node::as_list).unwrap_or_default()
}

fn filled(node: &Node, key: &str) -> bool {
    match node.get(&[key]).map(|node| &node.value) {
        None | Some(Value::Null) => false,
        Some(Value::Text(text)) => !text.is_empty(),
        Some(Value::Map(map)) => !map.is_empty(),
        Some(Value::List(list)) => !list.is_empty(),
        Some(_) => true,
    }
}

fn is_external(node: &Node) -> bool {
    matches!(
        node.get(&["external"]).map(|node| &node.value),
        Some(Value::Bool(true))
    )
}

fn external_alone(volume: &Node, path: &Path<'_>) -> Result<(), Fault> {
    if !is_external(volume) {
        return Ok(());
    }
    for (key, value) in volume.as_map().into_iter().flatten() {
        if !matches!(key.as_str(), "name" | "external") && !key.starts_with("x-") {
            let why = format!("an external volume is not made from here, so `{key}` has no place");
            return Err(Fault::value(value.key, path, why));
        }
    }
    Ok(())
}

fn one_source(source: &Node, section: &str, path: &Path<'_>) -> Result<(), Fault> {
    let kinds: &[&str] = if section == "secrets" {
        &["file", "environment"]
    } else {
        &["file", "environment", "content"]
    };
    let there: Vec<&str> = kinds
        .iter()
        .copied()
        .filter(|kind| source.get(&[kind]).is_some())
        .collect();
    match there.len() {
        1 => Ok(()),
        0 if filled(source, "driver") || is_external(source) => Ok(()),
        0 => {
            let why = format!("say where its content is: one of {}", kinds.join(", "));
            Err(Fault::value(source.span, path, why))
        }
        _ => {
            let why = format!("keep only one of {}", there.join(" and "));
            Err(Fault::value(source.span, path, why))
        }
    }
}

fn health(service: &Node, path: &Path<'_>) -> Result<(), Fault> {
    let Some(check) = service.get(&["healthcheck"]) else {
        return Ok(());
    };
    let path = path.key("healthcheck");
    if let Some(test) = check.get(&["test"])
        && let Some([first, ..]) = test.as_list()
        && !matches!(first.as_str(), Some("NONE" | "CMD" | "CMD-SHELL"))
    {
        let word = first.as_str().unwrap_or_default();
        let why = format!("the list must start with CMD, CMD-SHELL or NONE, not with `{word}`");
        return Err(Fault::value(first.span, path.key("test"), why));
    }
    Ok(())
}

fn device_request(request: &Node, path: &Path<'_>, needs_capabilities: bool) -> Result<(), Fault> {
    if filled(request, "count") && filled(request, "device_ids") {
        return Err(Fault::value(
            request.span,
            path,
            "`count` and `device_ids` exclude each other",
        ));
    }
    if needs_capabilities && request.get(&["capabilities"]).is_none() {
        return Err(Fault::value(
            request.span,
            path,
            "the key `capabilities` is missing",
        ));
    }
    Ok(())
}

fn mounted(mount: &Node, path: &Path<'_>) -> Result<(), Fault> {
    let kind = mount.get(&["type"]).and_then(Node::as_str).unwrap_or_default();
    if !filled(mount, "target") {
        return Err(Fault::value(
            mount.span,
            path,
            "the key `target` is missing: the path in the container",
        ));
    }
    if kind == "bind" && !filled(mount, "source") {
        return Err(Fault::value(
            mount.span,
            path,
            "a bind needs a `source`, the host's path",
        ));
    }
    Ok(())
}
