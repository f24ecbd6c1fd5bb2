// SPDX-License-Identifier: MIT
//! A small DNS client: one question to one server.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_server::proto::ProtoError;
use hickory_server::proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_server::proto::rr::{Name, RData, RecordType};
use hickory_server::proto::serialize::binary::DecodeError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Name servers.
    Ns,
    /// The start of the zone.
    Soa,
    /// Text.
    Txt,
    /// Whatever there is.
    Any,
}

/// How a server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rcode {
    /// The name exists; without records of the type asked for (NODATA) too.
    NoError,
    /// The server did not understand the question.
    FormErr,
    /// The server failed.
    ServFail,
    /// The name does not exist.
    NxDomain,
    /// The server does not do such a thing.
    NotImp,
    /// The server does not answer for such names.
    Refused,
    /// Any other, by number.
    Other(u16),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How the server answered.
    pub rcode: Rcode,
    /// Whether the server is responsible for the name, and not repeating what another said.
    pub authoritative: bool,
    /// The IPv4 addresses, in the order given.
    pub addresses: Vec<Ipv4Addr>,
    /// The IPv6 addresses, in the order given.
    pub addresses_v6: Vec<Ipv6Addr>,
    /// The strings of TXT records, in the order given.
    pub texts: Vec<String>,
    /// For how many seconds the answer holds: the lowest TTL of its records, or for an answer without records what its
    /// SOA says (RFC 2308 section 5). `None`: the server did not say.
    pub ttl: Option<u32>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The name cannot be asked for.
    #[error("`{name}` is not a DNS name")]
    Name {
        /// The name as given.
        name: String,
        /// Why.
        #[source]
        source: ProtoError,
    },
    /// Nobody listens there, or it cannot be reached.
    #[error("cannot ask the DNS server at {server}")]
    Reach {
        /// The server asked.
        server: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No answer came in time.
    #[error("the DNS server at {server} did not answer within {within:?}")]
    TimedOut {
        /// The server asked.
        server: SocketAddr,
        /// How long it had.
        within: Duration,
    },
    /// What came back is not DNS.
    #[error("what listens at {server} does not speak DNS")]
    NotDns {
        /// The server asked.
        server: SocketAddr,
        /// Where it differs.
        #[source]
        source: DecodeError,
    },
}

/// A lost datagram is asked for again this many times within the timeout.
const ATTEMPTS: u32 = 3;
/// The largest UDP payload; without EDNS a server sends 512 bytes.
const MAX_MESSAGE: usize = 65_535;

/// Asks `server` for `name` (with or without the final dot), over UDP and, where the answer does not fit, over TCP.
///
/// # Errors
/// [`QueryError`] when no answer came; an answer that says no is an [`Answer`].
pub async fn query(
    server: SocketAddr,
    name: &str,
    kind: QueryType,
    timeout: Duration,
) -> Result<Answer, QueryError> {
    let bad_name = |source| QueryError::Name {
        name: name.to_owned(),
        source,
    };
    let mut asked = Name::from_ascii(name).map_err(bad_name)?;
    asked.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(asked, kind.into()));
    let bytes = message.to_vec().map_err(bad_name)?;
    let exchange = Exchange {
        server,
        query: message,
        bytes,
        within: timeout,
    };
    let deadline = Instant::now() + timeout;
    let mut answer = exchange.over_udp(deadline).await?;
    if answer.metadata.truncation {
        answer = timeout_at(deadline, exchange.over_tcp())
            .await
            .map_err(|_| exchange.timed_out())??;
    }
    Ok(Answer::from(&answer))
}

struct Exchange {
    server: SocketAddr,
    query: Message,
    bytes: Vec<u8>,
    within: Duration,
}

impl Exchange {
    async fn over_udp(&self, deadline: Instant) -> Result<Message, QueryError> {
        let unspecified = if self.server.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(unspecified)
            .await
            .map_err(|e| self.unreachable(e))?;
        // Connected, so that only the server's answers arrive and a closed port is told at once.
        socket
            .connect(self.server)
            .await
            .map_err(|e| self.unreachable(e))?;
        let mut buffer = vec![0; MAX_MESSAGE];
        for attempt in 1..=ATTEMPTS {
            socket.send(&self.bytes).await.map_err(|e| self.unreachable(e))?;
            let left = deadline.saturating_duration_since(Instant::now());
            let until = Instant::now() + left / (ATTEMPTS + 1 - attempt);
            while let Ok(received) = timeout_at(until, socket.recv(&mut buffer)).await {
                let length = received.map_err(|e| self.unreachable(e))?;
                let message = self.decode(&buffer[..length])?;
                if self.is_answered_by(&message) {
                    return Ok(message);
                }
            }
        }
        Err(self.timed_out())
    }

    async fn over_tcp(&self) -> Result<Message, QueryError> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.server).await?;
            let length = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
            stream
                .write_all(&[&length.to_be_bytes(), &self.bytes[..]].concat())
                .await?;
            let mut answer = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut answer).await?;
            Ok(answer)
        };
        let answer = exchange.await.map_err(|e| self.unreachable(e))?;
        self.decode(&answer)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Message, QueryError> {
        Message::from_vec(bytes).map_err(|source| QueryError::NotDns {
            server: self.server,
            source,
        })
    }

    /// Late answers to an earlier question are passed over. A server that could not parse repeats no question.
    fn is_answered_by(&self, message: &Message) -> bool {
        message.metadata.id == self.query.metadata.id
            && message.metadata.message_type == MessageType::Response
            && (message.queries.is_empty() || message.queries == self.query.queries)
    }

    fn unreachable(&self, source: io::Error) -> QueryError {
        QueryError::Reach {
            server: self.server,
            source,
        }
    }

    fn timed_out(&self) -> QueryError {
        QueryError::TimedOut {
            server: self.server,
            within: self.within,
        }
    }
}

impl From<&Message> for Answer {
    fn from(message: &Message) -> Self {
        let mut answer = Self {
            rcode: message.metadata.response_code.into(),
            authoritative: message.metadata.authoritative,
            addresses: Vec::new(),
            addresses_v6: Vec::new(),
            texts: Vec::new(),
            ttl: message.answers.iter().map(|record| record.ttl).min(),
        };
        for record in &message.answers {
            match &record.data {
                RData::A(address) => answer.addresses.push(address.0),
                RData::AAAA(address) => answer.addresses_v6.push(address.0),
                RData::TXT(txt) => {
                    let texts = txt
                        .txt_data
                        .iter()
                        .map(|text| String::from_utf8_lossy(text).into_owned());
                    answer.texts.extend(texts);
                }
                _ => {}
            }
        }
        if message.answers.is_empty() {
            answer.ttl = message.authorities.iter().find_map(|record| match &record.data {
                RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
                _ => None,
            });
        }
        answer
    }
}

impl From<QueryType> for RecordType {
    fn from(kind: QueryType) -> Self {
        match kind {
            QueryType::A => Self::A,
            QueryType::Aaaa => Self::AAAA,
            QueryType::Ns => Self::NS,
            QueryType::Soa => Self::SOA,
            QueryType::Txt => Self::TXT,
            QueryType::Any => Self::ANY,
        }
    }
}

impl From<ResponseCode> for Rcode {
    fn from(code: ResponseCode) -> Self {
        match code {
            ResponseCode::NoError => Self::NoError,
            ResponseCode::FormErr => Self::FormErr,
            ResponseCode::ServFail => Self::ServFail,
            ResponseCode::NXDomain => Self::NxDomain,
            ResponseCode::NotImp => Self::NotImp,
            ResponseCode::Refused => Self::Refused,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoError => f.write_str("NOERROR"),
            Self::FormErr => f.write_str("FORMERR"),
            Self::ServFail => f.write_str("SERVFAIL"),
            Self::NxDomain => f.write_str("NXDOMAIN"),
            Self::NotImp => f.write_str("NOTIMP"),
            Self::Refused => f.write_str("REFUSED"),
            Self::Other(code) => write!(f, "RCODE{code}"),
        }
    }
}
