// SPDX-License-Identifier: MIT
//! Waiting until a server answers from what was published: the server itself is asked.

use std::net::SocketAddr;
use std::time::Duration;

use cilo_spec::EnvRef;
use tokio::time::Instant;

use crate::client::{QueryError, QueryType, Rcode, query};
use crate::control;
use crate::files;
use crate::zone::Zone;

/// What a server should be serving.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// Exactly this zone, as [`publish`](crate::publish) wrote it.
    Published(&'a Zone),
    /// No zone of this environment, after [`withdraw`](crate::withdraw).
    Withdrawn(&'a EnvRef),
}

/// Why the server does not serve what was expected.
#[derive(Debug, thiserror::Error)]
pub enum AwaitError {
    /// No answer came from there.
    #[error(
        "no answer from Cilo's DNS server at {server} within {within:?}; `cilo daemon status` says how it is"
    )]
    Unanswered {
        /// The server asked.
        server: SocketAddr,
        /// How long it had.
        within: Duration,
        /// What happened to the last question.
        #[source]
        source: QueryError,
    },
    /// The server serves something else: it watches another directory, or could not read the file.
    #[error(
        "the DNS server at {server} does not serve the names of {env} as they are now; it may belong to another user, `cilo daemon status` says"
    )]
    NotServed {
        /// The server asked.
        server: SocketAddr,
        /// The environment.
        env: EnvRef,
    },
    /// Another DNS server has the port.
    #[error("the DNS server at {server} is not Cilo's (it answered {rcode})")]
    NotCilo {
        /// The server asked.
        server: SocketAddr,
        /// What it answered.
        rcode: Rcode,
    },
}

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Returns once `server` answers from the expected content, usually within a few milliseconds.
///
/// # Errors
/// [`AwaitError`] when it still does not after `within`, or when it is no Cilo server.
pub async fn await_served(
    server: SocketAddr,
    expected: Expected<'_>,
    within: Duration,
) -> Result<(), AwaitError> {
    let (env, digest) = match expected {
        Expected::Published(zone) => (&zone.env, Some(files::digest(zone))),
        Expected::Withdrawn(env) => (env, None),
    };
    let name = control::zone_name(env);
    let deadline = Instant::now() + within;
    let mut pause = FIRST_PAUSE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let failure = match query(server, &name, QueryType::Txt, left).await {
            Ok(answer) => match (answer.rcode, &digest) {
                (Rcode::NoError, Some(digest)) if answer.texts.contains(digest) => return Ok(()),
                (Rcode::NxDomain, None) if answer.authoritative => return Ok(()),
                (Rcode::NoError | Rcode::NxDomain, _) if answer.authoritative => AwaitError::NotServed {
                    server,
                    env: env.clone(),
                },
                (rcode, _) => return Err(AwaitError::NotCilo { server, rcode }),
            },
            Err(source) => AwaitError::Unanswered {
                server,
                within,
                source,
            },
        };
        if Instant::now() + pause >= deadline {
            return Err(failure);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
