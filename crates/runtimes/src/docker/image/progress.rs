// SPDX-License-Identifier: MIT
//! How far a pull is, from what the engine says of each layer.

use std::collections::BTreeMap;

use bollard::models::CreateImageInfo;

use crate::event::PullProgress;

/// The layers of one pull.
#[derive(Debug, Default)]
pub(super) struct Layers {
    layers: BTreeMap<String, Layer>,
}

#[derive(Debug, Default)]
struct Layer {
    total: u64,
    current: u64,
    done: bool,
}

impl Layers {
    /// Takes one message; gives the whole again when it changed something.
    pub(super) fn read(&mut self, message: &CreateImageInfo) -> Option<PullProgress> {
        let id = message.id.as_ref()?;
        let status = message.status.as_deref()?;
        // The first message names the tag, not a layer.
        if status.starts_with("Pulling from") {
            return None;
        }
        let layer = self.layers.entry(id.clone()).or_default();
        match status {
            "Downloading" => {
                let detail = message.progress_detail.as_ref()?;
                let bytes = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
                layer.current = bytes(detail.current)?;
                layer.total = bytes(detail.total).unwrap_or(layer.current).max(layer.current);
            }
            "Download complete" | "Verifying Checksum" | "Extracting" => layer.current = layer.total,
            "Pull complete" | "Already exists" => {
                layer.current = layer.total;
                layer.done = true;
            }
            "Pulling fs layer" | "Waiting" => {}
            _ => return None,
        }
        Some(self.sum())
    }

    fn sum(&self) -> PullProgress {
        let mut sum = PullProgress::default();
        for layer in self.layers.values() {
            sum.layers += 1;
            sum.layers_done += u32::from(layer.done);
            sum.bytes += layer.total;
            sum.bytes_done += layer.current;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_adds_up() {
        let recorded = r#"
{"status":"Pulling from library/x","id":"latest"}
{"status":"Pulling fs layer","progressDetail":{},"id":"aa"}
{"status":"Already exists","progressDetail":{},"id":"bb"}
{"status":"Downloading","progressDetail":{"current":50,"total":200},"id":"aa"}
{"status":"Download complete","progressDetail":{},"id":"aa"}
{"status":"Extracting","progressDetail":{"current":10,"total":200},"id":"aa"}
{"status":"Pull complete","progressDetail":{},"id":"aa"}
{"status":"Digest: sha256:00"}
{"status":"Status: Downloaded newer image for x:latest"}"#;
        let mut layers = Layers::default();
        let steps: Vec<String> = recorded
            .lines()
            .filter(|line| !line.is_empty())
            .filter_map(|line| layers.read(&serde_json::from_str(line).unwrap()))
            .map(|now| {
                format!(
                    "{}/{} {}/{}",
                    now.layers_done, now.layers, now.bytes_done, now.bytes
                )
            })
            .collect();
        assert_eq!(
            steps,
            [
                "0/1 0/0",
                "1/2 0/0",
                "1/2 50/200",
                "1/2 200/200",
                "1/2 200/200",
                "2/2 200/200"
            ]
        );
    }
}
