// SPDX-License-Identifier: MIT
//! Which services are meant, dependencies before dependants.

use std::collections::BTreeSet;

use cilo_spec::IsolatedSpec;

use crate::docker::request;
use crate::error::Unsupported;
use crate::options::UpOptions;

/// The services to make, each after everything it waits for.
pub(super) fn order<'a>(
    spec: &'a IsolatedSpec,
    options: &UpOptions,
) -> Result<Vec<&'a str>, Vec<Unsupported>> {
    let services = &spec.environment().services;
    let mut walk = Walk {
        spec,
        alone: options.no_dependencies && !options.services.is_empty(),
        open: Vec::new(),
        done: BTreeSet::new(),
        order: Vec::new(),
        refused: Vec::new(),
    };
    let refuse = |name: &str, why: &str| Unsupported {
        at: format!("services.{name}"),
        why: why.to_owned(),
    };
    for name in &options.services {
        if !services.contains_key(name) {
            walk.refused.push(refuse(name, "is not a service of the project"));
        }
    }
    for name in services.keys() {
        if options.services.is_empty() || options.services.contains(name) {
            walk.visit(name);
        }
    }
    if walk.refused.is_empty() {
        Ok(walk.order)
    } else {
        Err(walk.refused)
    }
}

struct Walk<'a> {
    spec: &'a IsolatedSpec,
    alone: bool,
    /// The way from the first service to the one that is looked at.
    open: Vec<&'a str>,
    done: BTreeSet<&'a str>,
    order: Vec<&'a str>,
    refused: Vec<Unsupported>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, name: &str) {
        let services = &self.spec.environment().services;
        let Some((name, service)) = services.get_key_value(name) else {
            return;
        };
        if self.done.contains(name.as_str()) {
            return;
        }
        if self.open.contains(&name.as_str()) {
            let circle = [self.open.as_slice(), &[name.as_str()]].concat().join(" -> ");
            self.refused.push(Unsupported {
                at: format!("services.{name}.depends_on"),
                why: format!("goes in a circle: {circle}"),
            });
            return;
        }
        self.open.push(name);
        if !self.alone {
            for other in service.depends_on.keys() {
                self.visit(other);
            }
        }
        for (attribute, other) in request::made_after(service) {
            if services.contains_key(&other) {
                self.visit(&other);
            } else {
                self.refused.push(Unsupported {
                    at: format!("services.{name}.{attribute}"),
                    why: format!("names `{other}`, which is not a service of the project"),
                });
            }
        }
        self.open.pop();
        self.done.insert(name);
        self.order.push(name);
    }
}
