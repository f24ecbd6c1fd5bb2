// SPDX-License-Identifier: MIT
//! `explain`: what isolation changes of a project, and what it cannot isolate.

use std::path::PathBuf;

use cilo_spec::isolate::{Report, block_needed};
use cilo_spec::{Isolation, isolate};
use cilo_state::EnvironmentRecord;
use ipnet::Ipv4Net;

use crate::{Engine, Error, Project, Selector};

/// What is different in an environment.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The environment.
    pub record: EnvironmentRecord,
    /// The files it was read from.
    pub files: Vec<PathBuf>,
    /// Its addresses; an example where it has none yet.
    pub subnet: Ipv4Net,
    /// Every change and every warning.
    pub report: Report,
    /// What its files' parser remarked.
    pub remarks: Vec<String>,
}

impl Engine {
    /// Explains an environment from its workspace as it is now. The container engine is not needed.
    ///
    /// # Errors
    /// When it is unknown or its project cannot be read or isolated.
    pub fn explain(&self, selector: &Selector) -> Result<Explanation, Error> {
        let record = self.find(selector)?;
        let workspace = self.workspace(&record.env);
        // Under its own name, so that the names it would have had can be told.
        let parsed = Project::at(&workspace)?.parse(
            self.settings(),
            Some(
                record
                    .source_name
                    .clone()
                    .unwrap_or_else(|| record.env.project.to_string()),
            ),
        )?;
        let block = Ipv4Net::new(self.settings().pool.network(), block_needed(&parsed.spec)?);
        let example = block.map_or(self.settings().pool, |net| net.trunc());
        let subnet = record
            .subnet
            .filter(|net| net.prefix_len() <= example.prefix_len())
            .unwrap_or(example);
        let isolated = isolate(
            &parsed.spec,
            &Isolation {
                identity: Self::identity(&record),
                suffix: record.suffix.clone(),
                subnet,
                source: record.source.clone(),
                workspace,
            },
        )?;
        Ok(Explanation {
            files: parsed.spec.origin.files.clone(),
            subnet,
            report: isolated.report().clone(),
            remarks: parsed.warnings.iter().map(ToString::to_string).collect(),
            record,
        })
    }
}
