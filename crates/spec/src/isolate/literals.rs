// SPDX-License-Identifier: MIT
//! Addresses written into variables and commands, changed where the address they name has moved.

use std::net::IpAddr;

use super::Draft;
use super::networks::Moved;
use crate::model::Service;

/// Replaces every moved address in the texts of every service.
pub(super) fn rewrite(draft: &mut Draft<'_>, moved: &Moved) {
    if moved.is_empty() {
        return;
    }
    for (name, service) in &mut draft.spec.services {
        for (attribute, text) in texts(service) {
            let replaced = replace_all(text, moved);
            if replaced != *text {
                let at = format!("services.{name}.{attribute}");
                draft.report.change(
                    at,
                    text.as_str(),
                    replaced.as_str(),
                    "the address it names has moved",
                );
                *text = replaced;
            }
        }
    }
}

fn texts(service: &mut Service) -> impl Iterator<Item = (&'static str, &mut String)> {
    let command = service.command.iter_mut().flatten().map(|text| ("command", text));
    let entrypoint = service
        .entrypoint
        .iter_mut()
        .flatten()
        .map(|text| ("entrypoint", text));
    let environment = service
        .environment
        .values_mut()
        .flatten()
        .map(|text| ("environment", text));
    let hosts = service.extra_hosts.iter_mut().map(|text| ("extra_hosts", text));
    let dns = service.dns.iter_mut().map(|text| ("dns", text));
    let test = service.healthcheck.iter_mut().flat_map(|check| &mut check.test);
    command
        .chain(entrypoint)
        .chain(environment)
        .chain(hosts)
        .chain(dns)
        .chain(test.map(|text| ("healthcheck", text)))
}

/// One pass over the text, so that an address that another one moved to is not moved again.
fn replace_all(text: &str, moved: &Moved) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let part_of_address = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
        let start = rest.find(part_of_address).unwrap_or(rest.len());
        result.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !part_of_address(c)).unwrap_or(rest.len());
        result.push_str(&replace_run(&rest[..end], moved));
        rest = &rest[end..];
    }
    result
}

/// `run` consists of characters an address may have: it is one, or one with a port behind it.
fn replace_run(run: &str, moved: &Moved) -> String {
    let find = |text: &str| {
        let address: IpAddr = text.parse().ok()?;
        moved
            .iter()
            .find(|(old, _)| *old == address)
            .map(|(_, new)| new.to_string())
    };
    if let Some(new) = find(run) {
        return new;
    }
    // `10.0.0.5:80`, or the name before it and the address: `a:10.0.0.5`.
    run.split(':')
        .map(|part| find(part).unwrap_or_else(|| part.to_owned()))
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_addresses_are_replaced() {
        let moved: Moved = vec![
            ("172.28.0.5".parse().unwrap(), "10.224.0.5".parse().unwrap()),
            ("2001:db8::5".parse().unwrap(), "fd00::5".parse().unwrap()),
        ];
        for (text, expected) in [
            ("http://172.28.0.5:80/x", "http://10.224.0.5:80/x"),
            ("172.28.0.50", "172.28.0.50"),
            ("1172.28.0.5", "1172.28.0.5"),
            ("db=172.28.0.5,172.28.0.5", "db=10.224.0.5,10.224.0.5"),
            ("http://[2001:db8::5]:80", "http://[fd00::5]:80"),
            ("172.28.0.5.example", "172.28.0.5.example"),
            ("", ""),
            ("é172.28.0.5é", "é10.224.0.5é"),
        ] {
            assert_eq!(replace_all(text, &moved), expected, "{text}");
        }
    }
}
