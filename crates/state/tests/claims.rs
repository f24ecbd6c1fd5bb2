// SPDX-License-Identifier: MIT
//! Claims: never overlapping, always in the pool, given-back blocks last, exhaustion exact.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should panic where it stands"
)]

use cilo_spec::EnvRef;
use cilo_state::{
    Claim, ClaimError, DEFAULT_POOL, EnvironmentRecord, Outcome, State, TakenSubnet, claim_subnet, new_id,
};
use ipnet::Ipv4Net;
use proptest::prelude::*;

fn env(n: usize) -> EnvRef {
    format!("shop/env-{n}").parse().unwrap()
}

fn net(text: &str) -> Ipv4Net {
    text.parse().unwrap()
}

fn taken(text: &str, by: &str) -> TakenSubnet {
    TakenSubnet {
        net: net(text),
        by: by.to_owned(),
    }
}

fn claim(
    state: &mut State,
    n: usize,
    pool: &str,
    prefix: u8,
    in_use: &[TakenSubnet],
) -> Result<Claim, ClaimError> {
    let env = env(n);
    state
        .environments
        .entry(env.clone())
        .or_insert_with(|| EnvironmentRecord::new(new_id(), env.clone(), "/s".into(), "compose".into()));
    claim_subnet(state, &env, net(pool), prefix, in_use)
}

#[test]
fn a_claim_is_kept_grown_or_moved() {
    let mut state = State::default();
    let mut again =
        |prefix, in_use: &[TakenSubnet]| claim(&mut state, 0, "10.224.0.0/16", prefix, in_use).unwrap();
    let first = net("10.224.0.0/24");
    assert_eq!(
        again(24, &[]),
        Claim {
            net: first,
            outcome: Outcome::New
        }
    );
    assert_eq!(
        again(24, &[]),
        Claim {
            net: first,
            outcome: Outcome::Kept
        }
    );
    assert_eq!(
        again(26, &[]),
        Claim {
            net: first,
            outcome: Outcome::Kept
        }
    );

    let route = taken("10.224.0.128/25", "the host's route via tun0");
    let moved = again(24, std::slice::from_ref(&route));
    assert_eq!(
        moved,
        Claim {
            net: net("10.224.1.0/24"),
            outcome: Outcome::Moved {
                from: first,
                clash: route
            }
        }
    );
    assert_eq!(again(24, &[]).outcome, Outcome::Kept);

    let grown = again(23, &[]);
    assert_eq!(
        grown,
        Claim {
            net: net("10.224.2.0/23"),
            outcome: Outcome::Grown {
                from: net("10.224.1.0/24")
            }
        }
    );
}

#[test]
fn a_default_route_takes_nothing_and_a_wide_one_takes_all() {
    let mut state = State::default();
    let default = taken("0.0.0.0/0", "the default route");
    assert!(claim(&mut state, 0, "10.224.0.0/16", 24, &[default]).is_ok());
    let vpn = taken("10.0.0.0/8", "the host's route via tun0");
    let error = claim(&mut state, 1, "10.224.0.0/16", 24, &[vpn]).unwrap_err();
    insta::assert_snapshot!(error, @"no free /24 is left of the 256 in the subnet pool 10.224.0.0/16: environments hold 1 (10.224.0.0/24 shop/env-0) and others hold 1 (10.0.0.0/8 the host's route via tun0); destroy environments that are not needed, or set another pool");
}

#[test]
fn an_exhausted_pool_says_who_has_it() {
    let mut state = State::default();
    let route = taken("10.224.0.0/28", "the network bridge");
    for n in 0..7 {
        claim(&mut state, n, "10.224.0.0/21", 24, std::slice::from_ref(&route)).unwrap();
    }
    let before = state.clone();
    let error = claim(&mut state, 7, "10.224.0.0/21", 24, std::slice::from_ref(&route)).unwrap_err();
    insta::assert_snapshot!(error, @"no free /24 is left of the 8 in the subnet pool 10.224.0.0/21: environments hold 7 (10.224.1.0/24 shop/env-0, 10.224.2.0/24 shop/env-1, 10.224.3.0/24 shop/env-2, 10.224.4.0/24 shop/env-3, and 3 more) and others hold 1 (10.224.0.0/28 the network bridge); destroy environments that are not needed, or set another pool");
    state.remove(&env(7));
    assert_eq!(state, before);
}

#[test]
fn what_cannot_be_is_refused() {
    let mut state = State::default();
    let error = claim(&mut state, 0, "10.224.0.0/16", 15, &[]).unwrap_err();
    insta::assert_snapshot!(error, @"a /15 does not fit into the subnet pool 10.224.0.0/16; set a larger pool");
    assert!(claim(&mut state, 0, "10.224.0.0/16", 33, &[]).is_err());
    let error = claim_subnet(&mut State::default(), &env(0), DEFAULT_POOL, 24, &[]).unwrap_err();
    insta::assert_snapshot!(error, @"the environment shop/env-0 is not in Cilo's state");
}

#[test]
fn pools_at_both_ends_of_the_address_space() {
    for pool in ["0.0.0.0/30", "255.255.255.252/30", "0.0.0.0/0"] {
        let mut state = State::default();
        for n in 0..4 {
            claim(&mut state, n, pool, 32, &[]).unwrap();
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Claim(usize, u8),
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0usize..12, 24u8..=28).prop_map(|(n, prefix)| Step::Claim(n, prefix)),
        2 => (0usize..12).prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 1..60)
}

fn used() -> impl Strategy<Value = Vec<TakenSubnet>> {
    let one = (any::<u16>(), 20u8..=32).prop_map(|(low, prefix)| {
        let [a, b] = low.to_be_bytes();
        TakenSubnet {
            net: Ipv4Net::new([10, 224, a % 8, b].into(), prefix).unwrap(),
            by: "x".into(),
        }
    });
    proptest::collection::vec(one, 0..4)
}

proptest! {
    #[test]
    fn never_overlapping_always_in_the_pool_and_exhausted_only_when_full(steps in steps(), used in used()) {
        let pool = net("10.224.0.0/22");
        let mut state = State::default();
        for step in steps {
            match step {
                Step::Remove(n) => {
                    state.remove(&env(n));
                }
                Step::Claim(n, prefix) => {
                    let claimed = claim(&mut state, n, "10.224.0.0/22", prefix, &used);
                    let held: Vec<Ipv4Net> = state.environments.values().filter_map(|r| r.subnet).collect();
                    match claimed {
                        Ok(claimed) => {
                            prop_assert!(claimed.net.prefix_len() <= prefix && pool.contains(&claimed.net));
                            prop_assert!(used.iter().all(|taken| apart(taken.net, claimed.net)));
                        }
                        Err(_) => {
                            let others = held.iter().copied().filter(|net| Some(*net) != state.environments[&env(n)].subnet);
                            let blocked: Vec<Ipv4Net> = others.chain(used.iter().map(|taken| taken.net)).collect();
                            let mut blocks = pool.subnets(prefix).unwrap();
                            prop_assert!(blocks.all(|block| blocked.iter().any(|net| !apart(*net, block))));
                        }
                    }
                    for (i, a) in held.iter().enumerate() {
                        prop_assert!(held[i + 1..].iter().all(|b| apart(*a, *b)));
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_come_back_in_the_order_they_were_given_back(order in Just((0..16usize).collect::<Vec<_>>()).prop_shuffle(), kept in 0usize..16) {
        let mut state = State::default();
        for n in 0..kept {
            claim(&mut state, n, "10.224.0.0/20", 24, &[]).unwrap();
        }
        let removed: Vec<Ipv4Net> =
            order.iter().filter_map(|n| state.remove(&env(*n))).filter_map(|record| record.subnet).collect();
        let claims: Vec<Ipv4Net> =
            (100..116).map(|n| claim(&mut state, n, "10.224.0.0/20", 24, &[]).unwrap().net).collect();
        prop_assert_eq!(&claims[16 - removed.len()..], &removed[..]);
        prop_assert!(claim(&mut state, 200, "10.224.0.0/20", 24, &[]).is_err());
    }
}

fn apart(a: Ipv4Net, b: Ipv4Net) -> bool {
    !a.contains(&b) && !b.contains(&a)
}
