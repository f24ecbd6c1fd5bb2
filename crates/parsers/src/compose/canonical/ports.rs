// SPDX-License-Identifier: MIT
//! Published ports in their short form: `[ip:][host[-host]:]container[-container][/protocol]`.

use std::net::IpAddr;

use super::super::session::Session;
use super::super::tree::{Map, Node, Path, Value};
use crate::error::Fault;

/// Every short entry becomes one long entry per container port.
pub(crate) fn long_forms(node: &mut Node, path: &Path<'_>, session: &Session<'_>) -> Result<(), Fault> {
    let Value::List(items) = &mut node.value else {
        return Ok(());
    };
    let mut ports = Vec::with_capacity(items.len());
    for (index, item) in std::mem::take(items).into_iter().enumerate() {
        let text = match &item.value {
            Value::Text(text) => text.clone(),
            Value::Int(port) => port.to_string(),
            _ => {
                ports.push(item);
                continue;
            }
        };
        let parsed = parse(&text)
            .map_err(|why| Fault::value(item.span, path.index(index), format!("`{text}`: {why}")))?;
        session.count_ports(parsed.len(), item.span)?;
        ports.extend(parsed.into_iter().map(|port| port.into_node(&item)));
    }
    node.value = Value::List(ports);
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Short {
    host_ip: String,
    target: u16,
    published: String,
    protocol: String,
}

impl Short {
    fn into_node(self, at: &Node) -> Node {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| map.insert(key.to_owned(), Node::new(value, at.span));
        put("mode", Value::Text("ingress".to_owned()));
        if !self.host_ip.is_empty() {
            put("host_ip", Value::Text(self.host_ip));
        }
        put("target", Value::Int(i64::from(self.target)));
        if !self.published.is_empty() {
            put("published", Value::Text(self.published));
        }
        put("protocol", Value::Text(self.protocol));
        Node::new(Value::Map(map), at.span)
    }
}

fn parse(text: &str) -> Result<Vec<Short>, String> {
    let (rest, container) = match text.rsplit_once(':') {
        Some((rest, container)) => (Some(rest), container),
        None => (None, text),
    };
    let (ip, host) = match rest {
        None => ("", ""),
        Some(rest) => rest.rsplit_once(':').unwrap_or(("", rest)),
    };
    let (container, protocol) = match container.split_once('/') {
        Some((container, "")) => (container, "tcp".to_owned()),
        Some((container, protocol)) => (container, protocol.to_ascii_lowercase()),
        None => (container, "tcp".to_owned()),
    };
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("the protocol `{protocol}` must be tcp, udp or sctp"));
    }
    let ip = address(ip)?;
    if container.is_empty() {
        return Err("the container port is missing".to_owned());
    }
    let (first, last) = range(container)?;
    if first == 0 {
        return Err("the container port must be from 1 to 65535".to_owned());
    }
    let published = if host.is_empty() { None } else { Some(range(host)?) };
    if let Some((from, to)) = published
        && to - from != last - first
        && first != last
    {
        return Err(format!("the ranges {host} and {container} differ in length"));
    }
    let mut ports: Vec<Short> = (first..=last)
        .map(|target| Short {
            host_ip: ip.clone(),
            target,
            published: match published {
                None => String::new(),
                Some((from, to)) if first == last && from != to => format!("{from}-{to}"),
                Some((from, _)) => (u32::from(from) + u32::from(target - first)).to_string(),
            },
            protocol: protocol.clone(),
        })
        .collect();
    // Compose orders the ports of a range by their text.
    ports.sort_by_key(|port| port.target.to_string());
    Ok(ports)
}

fn address(ip: &str) -> Result<String, String> {
    let bare = ip
        .strip_prefix('[')
        .and_then(|ip| ip.strip_suffix(']'))
        .unwrap_or(ip);
    if !bare.is_empty() && bare.parse::<IpAddr>().is_err() {
        return Err(format!("`{bare}` is not an IP address"));
    }
    Ok(bare.to_owned())
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let port = |text: &str| {
        text.parse::<u16>()
            .map_err(|_| format!("`{text}` is not a port, 0 to 65535"))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    if last < first {
        return Err(format!("the range {text} ends before it begins"));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match parse(text) {
            Err(why) => format!("error: {why}"),
            Ok(ports) => ports
                .iter()
                .map(|p| format!("{}|{}|{}|{}", p.host_ip, p.published, p.target, p.protocol))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn forms() {
        for (text, shown) in [
            ("80", "||80|tcp"),
            ("8080:80", "|8080|80|tcp"),
            ("8080:80/UDP", "|8080|80|udp"),
            ("127.0.0.1:8080:80", "127.0.0.1|8080|80|tcp"),
            ("127.0.0.1::80", "127.0.0.1||80|tcp"),
            ("[::1]:8080:80", "::1|8080|80|tcp"),
            ("8000-8001:80-81", "|8000|80|tcp |8001|81|tcp"),
            ("8000-8010:80", "|8000-8010|80|tcp"),
            ("99-100", "||100|tcp ||99|tcp"),
            (":80", "||80|tcp"),
        ] {
            assert_eq!(show(text), shown, "{text}");
        }
        for text in [
            "", "a", "80:", "1-3:1-2", "9-8", "70000", "x:1:2", "80/abc", "1:2:3:4",
        ] {
            assert!(show(text).starts_with("error"), "{text}: {}", show(text));
        }
    }
}
