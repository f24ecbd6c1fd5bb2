// SPDX-License-Identifier: MIT
//! Services that wait for each other in a circle would never start.

use std::collections::BTreeSet;

use cilo_spec::EnvironmentSpec;

use super::tree::Node;
use crate::error::Fault;
use crate::problem::Problem;

/// Finds a circle of dependencies.
pub(crate) fn check(spec: &EnvironmentSpec, tree: &Node) -> Result<(), Fault> {
    let mut done = BTreeSet::new();
    for start in spec.services.keys() {
        let mut trail: Vec<(&str, Vec<&str>)> = vec![(start, next(spec, start))];
        while let Some((name, rest)) = trail.last_mut() {
            let name = *name;
            let Some(target) = rest.pop() else {
                done.insert(name);
                trail.pop();
                continue;
            };
            if let Some(at) = trail.iter().position(|(name, _)| *name == target) {
                let chain = trail[at..]
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .chain([target.to_owned()])
                    .collect();
                let problem = Problem::Cycle {
                    what: "dependencies",
                    chain,
                };
                let place = tree
                    .get(&["services", name, "depends_on", target])
                    .or_else(|| tree.get(&["services", name]));
                return Err(match place {
                    Some(node) => Fault::at(node.key, problem),
                    None => Fault::nowhere(problem),
                });
            }
            if !done.contains(target) {
                trail.push((target, next(spec, target)));
            }
        }
    }
    Ok(())
}

/// What a service waits for, in reverse order.
fn next<'a>(spec: &'a EnvironmentSpec, name: &str) -> Vec<&'a str> {
    let mut targets: Vec<&str> = spec.services.get(name).map_or_else(Vec::new, |service| {
        service.depends_on.keys().map(String::as_str).collect()
    });
    targets.retain(|target| spec.services.contains_key(*target));
    targets.reverse();
    targets
}
