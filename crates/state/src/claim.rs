// SPDX-License-Identifier: MIT
//! Claiming a subnet for an environment: a pure function over the state and what is in use elsewhere.

use std::fmt;

use cilo_spec::EnvRef;
use ipnet::Ipv4Net;

use crate::record::State;

/// The block that environments' subnets come from unless the user says otherwise: 256 of the usual size, /24.
pub const DEFAULT_POOL: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 224, 0, 0), 16);

/// A block that something else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenSubnet {
    /// The block.
    pub net: Ipv4Net,
    /// Who has it, as a person would say it: `the host's route via tun0`, `the network bridge`.
    pub by: String,
}

/// The block that an environment has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The block.
    pub net: Ipv4Net,
    /// How it came to it.
    pub outcome: Outcome,
}

/// How an environment came to its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had it before, and still fits.
    Kept,
    /// It had none.
    New,
    /// It had a smaller one.
    Grown {
        /// The one it had.
        from: Ipv4Net,
    },
    /// Something else has come to use the one it had: its networks have to be made again.
    Moved {
        /// The one it had.
        from: Ipv4Net,
        /// What uses it.
        clash: TakenSubnet,
    },
}

/// Why no block could be claimed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no such environment in the state.
    #[error("the environment {env} is not in Cilo's state")]
    Unknown {
        /// The environment.
        env: EnvRef,
    },
    /// The environment needs more addresses than the pool has.
    #[error("a /{prefix_len} does not fit into the subnet pool {pool}; set a larger pool")]
    PoolTooSmall {
        /// The pool.
        pool: Ipv4Net,
        /// The size that was asked for.
        prefix_len: u8,
    },
    /// Every block of that size is used, wholly or in part.
    #[error("{}", exhausted(*pool, *prefix_len, environments, others))]
    Exhausted {
        /// The pool.
        pool: Ipv4Net,
        /// The size that was asked for.
        prefix_len: u8,
        /// The environments that have blocks in the pool.
        environments: Vec<TakenSubnet>,
        /// What else has addresses in the pool: the host's routes, other programs' networks.
        others: Vec<TakenSubnet>,
    },
}

/// Gives `env` a block of `/prefix_len` or larger from `pool`, and writes it into its record.
///
/// The block it has stays, if it is large enough and free of `in_use` and of other environments' claims. Else the
/// lowest free aligned block is taken; one that was given back comes last, after those given back before it.
///
/// `in_use` is what the host and its engines use, without `env`'s own networks. A default route (/0) says nothing about
/// addresses and is passed over.
///
/// # Errors
/// [`ClaimError`]; the state is then as it was.
pub fn claim_subnet(
    state: &mut State,
    env: &EnvRef,
    pool: Ipv4Net,
    prefix_len: u8,
    in_use: &[TakenSubnet],
) -> Result<Claim, ClaimError> {
    let pool = pool.trunc();
    let record = state
        .environments
        .get(env)
        .ok_or_else(|| ClaimError::Unknown { env: env.clone() })?;
    let present = record.subnet;
    if prefix_len < pool.prefix_len() || prefix_len > 32 {
        return Err(ClaimError::PoolTooSmall { pool, prefix_len });
    }
    let environments = claims_of_others(state, env);
    let others: Vec<TakenSubnet> = in_use
        .iter()
        .filter(|taken| taken.net.prefix_len() > 0)
        .cloned()
        .collect();
    let mut taken = environments.iter().chain(&others);
    let outcome = match present {
        None => Outcome::New,
        Some(from) => match taken.find(|taken| overlap(taken.net, from)) {
            Some(clash) => Outcome::Moved {
                from,
                clash: clash.clone(),
            },
            None if from.prefix_len() > prefix_len => Outcome::Grown { from },
            None => {
                return Ok(Claim {
                    net: from,
                    outcome: Outcome::Kept,
                });
            }
        },
    };
    let blocked: Vec<Ipv4Net> = environments
        .iter()
        .chain(&others)
        .map(|taken| taken.net)
        .collect();
    let Some(net) = find(pool, prefix_len, &blocked, &state.released) else {
        let in_pool =
            |all: Vec<TakenSubnet>| all.into_iter().filter(|taken| overlap(taken.net, pool)).collect();
        return Err(ClaimError::Exhausted {
            pool,
            prefix_len,
            environments: in_pool(environments),
            others: in_pool(others),
        });
    };
    if let Some(from) = present {
        state.release(from);
    }
    state.released.retain(|released| !overlap(*released, net));
    if let Some(record) = state.environments.get_mut(env) {
        record.subnet = Some(net);
    }
    Ok(Claim { net, outcome })
}

fn claims_of_others(state: &State, env: &EnvRef) -> Vec<TakenSubnet> {
    let others = state.environments.iter().filter(|(other, _)| *other != env);
    others
        .filter_map(|(other, record)| {
            Some(TakenSubnet {
                net: record.subnet?,
                by: other.to_string(),
            })
        })
        .collect()
}

/// The lowest free block that touches none of the released ones; else, one by one, those released longest ago may be
/// touched too.
fn find(pool: Ipv4Net, prefix_len: u8, blocked: &[Ipv4Net], released: &[Ipv4Net]) -> Option<Ipv4Net> {
    (0..=released.len()).find_map(|reusable| {
        let avoided: Vec<Ipv4Net> = blocked.iter().chain(&released[reusable..]).copied().collect();
        lowest_free(pool, prefix_len, &avoided)
    })
}

fn lowest_free(pool: Ipv4Net, prefix_len: u8, avoided: &[Ipv4Net]) -> Option<Ipv4Net> {
    // In 64 bits, as the end of the address space is a valid end of a pool.
    let size = 1u64 << (32 - prefix_len);
    let end = last(pool);
    let mut start = first(pool);
    while start + size - 1 <= end {
        let candidate = Ipv4Net::new(u32::try_from(start).ok()?.into(), prefix_len).ok()?;
        match avoided
            .iter()
            .filter(|net| overlap(**net, candidate))
            .map(|net| last(*net))
            .max()
        {
            None => return Some(candidate),
            Some(taken) => start = (taken + 1).next_multiple_of(size),
        }
    }
    None
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

fn first(net: Ipv4Net) -> u64 {
    u64::from(u32::from(net.network()))
}

fn last(net: Ipv4Net) -> u64 {
    u64::from(u32::from(net.broadcast()))
}

fn exhausted(pool: Ipv4Net, prefix_len: u8, environments: &[TakenSubnet], others: &[TakenSubnet]) -> String {
    let blocks = 1u64 << (prefix_len.saturating_sub(pool.prefix_len()));
    let holders = [("environments", environments), ("others", others)]
        .into_iter()
        .filter(|(_, held)| !held.is_empty())
        .map(|(who, held)| format!("{who} hold {} ({})", held.len(), Listed(held)))
        .collect::<Vec<_>>()
        .join(" and ");
    format!(
        "no free /{prefix_len} is left of the {blocks} in the subnet pool {pool}: {holders}; \
         destroy environments that are not needed, or set another pool"
    )
}

/// The first few, and how many more.
struct Listed<'a>(&'a [TakenSubnet]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (position, taken) in self.0.iter().take(SHOWN).enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", taken.net, taken.by)?;
        }
        match self.0.len().checked_sub(SHOWN) {
            Some(more) if more > 0 => write!(f, ", and {more} more"),
            _ => Ok(()),
        }
    }
}
