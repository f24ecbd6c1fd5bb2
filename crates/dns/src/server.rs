// SPDX-License-Identifier: MIT
//! The server: its sockets, and its life from bind to shutdown.

use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use hickory_server::net::NetError;
use tokio::net::TcpListener;

use crate::authority::OverTcp;
use crate::control::{About, DaemonIdentity, identify};
use crate::reload::Reloader;
use crate::udp;

/// An authoritative DNS server over one zone directory, bound to UDP and TCP of one address.
///
/// Answers come from the directory's zone files only: names of environments with [`TTL_SECONDS`](crate::TTL_SECONDS),
/// NODATA and NXDOMAIN with SOA inside the suffixes in use (`test` always is), REFUSED for all else.
pub struct Server {
    address: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
    reloader: Reloader,
}

/// Who has the port already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// A Cilo server. Compare [`DaemonIdentity::home`] to see whose.
    Cilo(DaemonIdentity),
    /// A DNS server that is not Cilo's.
    OtherDns,
    /// A program that does not answer DNS.
    Unknown,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Something has the port.
    #[error("{address} is taken by {occupant}; stop it, or choose another port for Cilo's DNS")]
    Taken {
        /// The address asked for.
        address: SocketAddr,
        /// What was found there.
        occupant: Occupant,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The address cannot be had for another reason.
    #[error("cannot listen for DNS on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Why a server stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The UDP socket failed.
    #[error("the DNS server on UDP {address} failed")]
    Udp {
        /// The address it served.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The TCP listener failed.
    #[error("the DNS server on TCP {address} failed")]
    Tcp {
        /// The address it served.
        address: SocketAddr,
        /// What hickory said.
        #[source]
        source: NetError,
    },
}

/// A TCP client that says nothing for so long is dropped (RFC 7766 section 6.2.3: seconds).
const TCP_IDLE: Duration = Duration::from_secs(5);
/// Answers held for one TCP client that does not read.
const TCP_QUEUE: usize = 32;
/// How long the occupant of a port may take to say who it is.
const IDENTIFY: Duration = Duration::from_millis(500);
/// With port 0 the system chooses a TCP port whose UDP twin may be in use.
const PORT_ATTEMPTS: usize = 16;

impl Server {
    /// Binds UDP and TCP of `address` (port 0: any port free in both) and reads the zones in `dir`, which may be missing.
    ///
    /// # Errors
    /// [`BindError::Taken`] says who has the port.
    pub async fn bind(address: SocketAddr, dir: &Path, about: About) -> Result<Self, BindError> {
        let (tcp, udp) = match sockets(address).await {
            Ok(sockets) => sockets,
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                return Err(BindError::Taken {
                    address,
                    occupant: occupant(address).await,
                    source,
                });
            }
            Err(source) => return Err(BindError::Listen { address, source }),
        };
        let address = tcp
            .local_addr()
            .map_err(|source| BindError::Listen { address, source })?;
        Ok(Self {
            address,
            udp,
            tcp,
            reloader: Reloader::start(dir, about),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready. The port is free again when this returns.
    ///
    /// # Errors
    /// [`ServeError`] when a socket fails for good.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self {
            address,
            udp,
            tcp,
            reloader,
        } = self;
        let failed = |source| ServeError::Udp { address, source };
        let mut over_udp = udp::Loop::start(udp, &reloader.authority()).map_err(failed)?;
        let mut over_tcp = hickory_server::Server::new(OverTcp(reloader.authority()));
        over_tcp.register_listener(tcp, TCP_IDLE, TCP_QUEUE);
        let result = tokio::select! {
            () = shutdown => Ok(()),
            () = reloader.run() => Ok(()),
            source = over_udp.failed() => Err(failed(source)),
            served = over_tcp.block_until_done() => served.map_err(|source| ServeError::Tcp { address, source }),
        };
        if let Err(error) = over_tcp.shutdown_gracefully().await {
            tracing::debug!(%error, "closing the TCP side of the DNS server");
        }
        result
    }
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cilo(daemon) => write!(f, "{daemon}"),
            Self::OtherDns => f.write_str("another DNS server"),
            Self::Unknown => f.write_str("a program that does not answer DNS"),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Neither socket shares its port (no `SO_REUSEPORT`): two daemons on one port would answer in turns.
async fn sockets(address: SocketAddr) -> io::Result<(TcpListener, UdpSocket)> {
    let mut attempts = PORT_ATTEMPTS;
    loop {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && address.port() == 0 && attempts > 0 => {
                attempts -= 1;
            }
            udp => return Ok((tcp, udp?)),
        }
    }
}

async fn occupant(address: SocketAddr) -> Occupant {
    match identify(address, IDENTIFY).await {
        Ok(Some(daemon)) => Occupant::Cilo(daemon),
        Ok(None) => Occupant::OtherDns,
        Err(_) => Occupant::Unknown,
    }
}
