// SPDX-License-Identifier: MIT
//! Limits, devices and what is reserved.

use bollard::models::{
    DeviceMapping, DeviceRequest, HostConfig, ResourcesBlkioWeightDevice, ResourcesUlimits, ThrottleDevice,
};
use cilo_spec::model::{self, BlkioConfig, Service};

use super::{number, said, text};

/// Fills the resource part of `config`; `deploy.resources` wins over the older attributes.
pub(super) fn apply(service: &Service, config: HostConfig) -> HostConfig {
    let resources = service.deploy.as_ref().map(|deploy| &deploy.resources);
    let limits = resources.and_then(|resources| resources.limits.as_ref());
    let reserved = resources.and_then(|resources| resources.reservations.as_ref());
    let limit = |new: Option<i64>, old: i64| new.filter(|value| *value != 0).or(number(old));
    let blkio = service.blkio_config.clone().unwrap_or_default();
    let cpus = limits.map(|limits| limits.cpus).filter(|cpus| *cpus != 0.0);
    HostConfig {
        cgroup_parent: text(&service.cgroup_parent),
        memory: limit(limits.map(|limits| limits.memory.0), service.mem_limit.0),
        memory_swap: number(service.memswap_limit.0),
        memory_swappiness: number(service.mem_swappiness.0),
        memory_reservation: limit(
            reserved.map(|reserved| reserved.memory.0),
            service.mem_reservation.0,
        ),
        oom_kill_disable: service.oom_kill_disable.then_some(true),
        cpu_count: number(service.cpu_count),
        cpu_period: number(service.cpu_period),
        cpu_quota: number(service.cpu_quota),
        cpu_realtime_period: number(service.cpu_rt_period),
        cpu_realtime_runtime: number(service.cpu_rt_runtime),
        cpu_shares: number(service.cpu_shares),
        cpu_percent: number(scaled(service.cpu_percent, 100.0)),
        nano_cpus: number(scaled(cpus.unwrap_or(service.cpus), 1e9)),
        cpuset_cpus: text(&service.cpuset),
        pids_limit: limit(limits.map(|limits| limits.pids), service.pids_limit),
        blkio_weight: (blkio.weight != 0).then_some(blkio.weight),
        blkio_weight_device: said(weights(&blkio)),
        blkio_device_read_bps: said(throttles(&blkio.device_read_bps)),
        blkio_device_read_iops: said(throttles(&blkio.device_read_iops)),
        blkio_device_write_bps: said(throttles(&blkio.device_write_bps)),
        blkio_device_write_iops: said(throttles(&blkio.device_write_iops)),
        device_cgroup_rules: said(service.device_cgroup_rules.iter().cloned()),
        devices: said(
            service
                .devices
                .iter()
                .filter(|device| !is_cdi(device))
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.source.clone()),
                    path_in_container: Some(device.target.clone()),
                    cgroup_permissions: text(&device.permissions),
                }),
        ),
        device_requests: said(requests(service)),
        ulimits: said(service.ulimits.iter().map(|(name, limit)| ResourcesUlimits {
            name: Some(name.clone()),
            soft: Some(limit.soft),
            hard: Some(limit.hard),
        })),
        ..config
    }
}

fn requests(service: &Service) -> Vec<DeviceRequest> {
    let request = |wish: &model::DeviceRequest, capabilities: Vec<String>| DeviceRequest {
        driver: text(&wish.driver),
        count: number(wish.count),
        device_ids: said(wish.device_ids.iter().cloned()),
        capabilities: said((!capabilities.is_empty()).then_some(capabilities)),
        options: said(wish.options.clone()),
    };
    let mut all = Vec::new();
    let reserved = service
        .deploy
        .as_ref()
        .and_then(|deploy| deploy.resources.reservations.as_ref());
    for wish in reserved.into_iter().flat_map(|reserved| &reserved.devices) {
        all.push(request(wish, wish.capabilities.clone()));
    }
    let named: Vec<String> = service
        .devices
        .iter()
        .filter(|device| is_cdi(device))
        .map(|device| device.source.clone())
        .collect();
    if !named.is_empty() {
        all.push(DeviceRequest {
            driver: Some("cdi".to_owned()),
            device_ids: Some(named),
            ..DeviceRequest::default()
        });
    }
    for wish in &service.gpus {
        let gpu = std::iter::once("gpu".to_owned());
        all.push(request(
            wish,
            wish.capabilities.iter().cloned().chain(gpu).collect(),
        ));
    }
    all
}

/// A name of the Container Device Interface, `vendor.com/class=name`, and not a path.
fn is_cdi(device: &model::Device) -> bool {
    device.source == device.target
        && !device.source.starts_with('/')
        && device
            .source
            .split_once('=')
            .is_some_and(|(kind, name)| kind.contains('/') && !name.is_empty())
}

fn weights(blkio: &BlkioConfig) -> impl Iterator<Item = ResourcesBlkioWeightDevice> {
    blkio
        .weight_device
        .iter()
        .map(|device| ResourcesBlkioWeightDevice {
            path: Some(device.path.clone()),
            weight: Some(usize::from(device.weight)),
        })
}

fn throttles(devices: &[model::ThrottleDevice]) -> impl Iterator<Item = ThrottleDevice> {
    devices.iter().map(|device| ThrottleDevice {
        path: Some(device.path.clone()),
        rate: Some(device.rate.0),
    })
}

/// Through the shortest decimal form: 0.1 as a 32-bit float is not 0.1 as a 64-bit one.
fn scaled(value: f32, factor: f64) -> i64 {
    let exact: f64 = value.to_string().parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and far below the limit")]
    let whole = (exact * factor).round() as i64;
    whole
}
