// SPDX-License-Identifier: MIT
//! Addresses for an environment, looked at again at each `up` before anything is changed.

use cilo_runtimes::{NetworkSubnet, Runtime};
use cilo_spec::EnvRef;
use cilo_spec::isolate::block_needed;
use cilo_spec::model::EnvironmentSpec;
use cilo_state::{TakenSubnet, claim_subnet};
use ipnet::Ipv4Net;

use crate::routes::host_routes;
use crate::{Engine, Error};

impl Engine {
    /// Addresses that neither another environment, nor the engine, nor a route of the host uses.
    pub(crate) async fn claim(
        &self,
        runtime: &dyn Runtime,
        env: &EnvRef,
        spec: &EnvironmentSpec,
    ) -> Result<Ipv4Net, Error> {
        let prefix = block_needed(spec)?;
        let state = self.store().read()?;
        let networks = runtime.subnets().await?;
        // A bridge's route is its network once more; an environment's networks are in the block it has claimed, and its
        // own are no obstacle.
        let claimed = |network: &NetworkSubnet| {
            state.environments.values().any(|record| {
                network.env.as_ref() == Some(&record.id)
                    && (&record.env == env
                        || record.subnet.is_some_and(|block| block.contains(&network.subnet)))
            })
        };
        let routes = host_routes()?
            .into_iter()
            .filter(|route| !networks.iter().any(|network| network.subnet == route.subnet));
        let in_use: Vec<TakenSubnet> = networks
            .iter()
            .filter(|network| !claimed(network))
            .map(|network| TakenSubnet {
                net: network.subnet,
                by: format!("network {}", network.network),
            })
            .chain(routes.map(|route| TakenSubnet {
                net: route.subnet,
                by: format!("a route through {}", route.interface),
            }))
            .collect();
        let pool = self.settings().pool;
        self.store()
            .update(|state| Ok(claim_subnet(state, env, pool, prefix, &in_use)?.net))
    }
}
