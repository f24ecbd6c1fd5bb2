// SPDX-License-Identifier: MIT
//! Which crate may see which, and under which licence: one reviewed table, dev-dependencies included.

use super::Finding;
use super::tree::Tree;

const MIT: &str = "MIT";
const BUSL: &str = "BUSL-1.1";

/// A crate's place in the house.
pub(crate) struct Place {
    /// The package.
    name: &'static str,
    /// 0 ground, 1 adapters, 2 flows, 3 binaries and tooling. A crate sees lower layers only.
    layer: u8,
    /// The SPDX licence of the crate and of every file in it.
    licence: &'static str,
}

/// Every crate there is or will be.
pub(crate) const PLACES: &[Place] = &[
    Place {
        name: "cilo-spec",
        layer: 0,
        licence: MIT,
    },
    Place {
        name: "cilo-ssh",
        layer: 0,
        licence: MIT,
    },
    Place {
        name: "cilo-netmesh",
        layer: 0,
        licence: MIT,
    },
    Place {
        name: "cilo-proto",
        layer: 0,
        licence: MIT,
    },
    Place {
        name: "cilo-parsers",
        layer: 1,
        licence: MIT,
    },
    Place {
        name: "cilo-runtimes",
        layer: 1,
        licence: MIT,
    },
    Place {
        name: "cilo-workspace",
        layer: 1,
        licence: MIT,
    },
    Place {
        name: "cilo-dns",
        layer: 1,
        licence: MIT,
    },
    Place {
        name: "cilo-state",
        layer: 1,
        licence: MIT,
    },
    Place {
        name: "cilo-store",
        layer: 1,
        licence: BUSL,
    },
    Place {
        name: "cilo-providers",
        layer: 1,
        licence: BUSL,
    },
    Place {
        name: "cilo-engine",
        layer: 2,
        licence: MIT,
    },
    Place {
        name: "cilo-cloud",
        layer: 2,
        licence: MIT,
    },
    Place {
        name: "cilo",
        layer: 3,
        licence: MIT,
    },
    Place {
        name: "cilo-agent",
        layer: 3,
        licence: MIT,
    },
    Place {
        name: "cilo-helper",
        layer: 3,
        licence: MIT,
    },
    Place {
        name: "cilo-server",
        layer: 3,
        licence: BUSL,
    },
    Place {
        name: "xtask",
        layer: 3,
        licence: MIT,
    },
];

/// Every crate has a place, and depends on lower layers only.
pub(super) fn edges(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, package) in tree.members() {
        let manifest = format!("{folder}/Cargo.toml");
        let Some(from) = place(&package.name) else {
            let advice = format!(
                "{} has no layer; give it a line in PLACES in xtask's layers.rs",
                package.name
            );
            findings.push(Finding::new(manifest, advice));
            continue;
        };
        for name in &package.dependencies {
            let Some(to) = place(name) else { continue };
            if to.layer >= from.layer && to.name != from.name {
                let advice = format!(
                    "{} (layer {}) depends on {} (layer {}); a crate sees lower layers only, so join the two in the \
                     flow above them",
                    from.name, from.layer, to.name, to.layer
                );
                findings.push(Finding::new(&manifest, advice));
            }
        }
    }
    findings
}

/// Every crate carries its licence, and no MIT crate depends on a BUSL crate.
pub(super) fn licences(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, package) in tree.members() {
        let manifest = format!("{folder}/Cargo.toml");
        let Some(from) = place(&package.name) else {
            continue;
        };
        if package.licence != from.licence {
            let advice = format!(
                "the licence of {} is {}, and this says `{}`; set it right",
                from.name, from.licence, package.licence
            );
            findings.push(Finding::new(&manifest, advice));
        }
        for name in &package.dependencies {
            if from.licence == MIT && place(name).is_some_and(|to| to.licence == BUSL) {
                let advice = format!(
                    "{} is MIT and depends on {name}, which is {BUSL}; turn it round",
                    from.name
                );
                findings.push(Finding::new(&manifest, advice));
            }
        }
    }
    findings
}

/// The licence that a file of the project is under, by the crate that it lies in.
pub(super) fn licence_of(tree: &Tree, path: &str) -> &'static str {
    let inside = |folder: &str| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let owner = tree.members().find(|(folder, _)| inside(folder));
    owner
        .and_then(|(_, package)| place(&package.name))
        .map_or(MIT, |place| place.licence)
}

fn place(name: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.name == name)
}

#[cfg(test)]
mod tests {
    use super::super::tree::Package;
    use super::*;

    fn tree(name: &str, licence: &str, dependency: &str) -> Tree {
        let mut package = Package::member(name, "crates/x", licence);
        package.dependencies.push(dependency.to_owned());
        Tree {
            packages: vec![package],
            ..Tree::default()
        }
    }

    #[test]
    fn a_crate_sees_lower_layers_only() {
        assert_eq!(edges(&tree("cilo-dns", MIT, "cilo-spec")), []);
        assert_eq!(edges(&tree("cilo-dns", MIT, "serde")), []);
        let same = edges(&tree("cilo-dns", MIT, "cilo-state"));
        assert!(same[0].to_string().starts_with(
            "crates/x/Cargo.toml: cilo-dns (layer 1) depends on cilo-state (layer 1); a crate sees lower layers only"
        ));
        assert_eq!(edges(&tree("cilo-spec", MIT, "cilo-engine")).len(), 1);
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert!(
            edges(&tree("cilo-utils", MIT, "serde"))[0]
                .advice
                .starts_with("cilo-utils has no layer")
        );
    }

    #[test]
    fn mit_never_sees_busl_and_licences_are_as_reviewed() {
        let mixed = licences(&tree("cilo-engine", MIT, "cilo-store"));
        assert_eq!(
            mixed[0].advice,
            "cilo-engine is MIT and depends on cilo-store, which is BUSL-1.1; turn it round"
        );
        assert_eq!(licences(&tree("cilo-server", BUSL, "cilo-store")), []);
        assert_eq!(licences(&tree("cilo-server", MIT, "cilo-spec")).len(), 1);
    }

    #[test]
    fn files_are_under_the_licence_of_their_crate() {
        let tree = tree("cilo-store", BUSL, "serde");
        assert_eq!(licence_of(&tree, "crates/x/src/lib.rs"), BUSL);
        assert_eq!(licence_of(&tree, "crates/xy/src/lib.rs"), MIT);
    }

    #[test]
    fn names_in_places_are_unique() {
        let names: std::collections::BTreeSet<_> = PLACES.iter().map(|place| place.name).collect();
        assert_eq!(names.len(), PLACES.len());
    }
}
