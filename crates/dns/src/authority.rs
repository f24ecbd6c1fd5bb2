// SPDX-License-Identifier: MIT
//! What all sockets of one server share: the current view, the counters, and what the server says about itself.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Header, HeaderCounts, MessageType, Metadata, ResponseCode};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::sync::Notify;

use crate::answer::{Reply, reply};
use crate::control::{About, DaemonIdentity};
use crate::fast;
use crate::view::View;

/// The state behind every socket of a server.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) view: ArcSwap<View>,
    /// Rung when someone asks which zone is served, so that an answer never waits for the file system's own notice.
    pub(crate) stale: Notify,
    pub(crate) problems: AtomicUsize,
    about: About,
    answered: AtomicU64,
}

impl Authority {
    pub(crate) fn new(view: View, problems: usize, about: About) -> Self {
        Self {
            view: ArcSwap::from_pointee(view),
            stale: Notify::new(),
            problems: AtomicUsize::new(problems),
            about: about.bounded(),
            answered: AtomicU64::new(0),
        }
    }

    /// Answers one datagram into `out`, which holds the answer afterwards. `false`: nothing is sent back.
    pub(crate) fn answer_datagram(&self, packet: &[u8], from: SocketAddr, out: &mut Vec<u8>) -> bool {
        out.clear();
        // Nobody can have asked from there; answering would let a forged packet have us talk to others.
        if from.port() == 0 || from.ip().is_unspecified() {
            return false;
        }
        let turn = self.take_turn();
        let view = self.view.load();
        fast::answer(packet, &view, turn, out)
            || crate::answer::datagram(self, &view, packet, from, turn, out)
    }

    pub(crate) fn identity(&self, view: &View) -> DaemonIdentity {
        DaemonIdentity {
            pid: std::process::id(),
            version: self.about.version.clone(),
            home: self.about.home.clone(),
            queries: self.answered.load(Ordering::Relaxed).saturating_sub(1),
            zones: view.zone_count(),
            problems: self.problems.load(Ordering::Relaxed),
        }
    }

    /// Counts a query, and gives it its place in the rotation of replicas.
    fn take_turn(&self) -> usize {
        usize::try_from(self.answered.fetch_add(1, Ordering::Relaxed)).unwrap_or(0)
    }
}

/// The TCP side: hickory frames, times out and parses; the answer is the same.
pub(crate) struct OverTcp(pub(crate) std::sync::Arc<Authority>);

#[async_trait]
impl RequestHandler for OverTcp {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut to: R,
    ) -> ResponseInfo {
        let Reply {
            metadata,
            answers,
            authorities,
            edns,
        } = {
            let view = self.0.view.load();
            reply(&self.0, &view, request, self.0.take_turn())
        };
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, &answers, &authorities, [], []);
        to.send_response(response).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a TCP client left before its answer");
            let mut failed = Metadata::new(metadata.id, MessageType::Response, metadata.op_code);
            failed.response_code = ResponseCode::ServFail;
            Header {
                metadata: failed,
                counts: HeaderCounts::default(),
            }
            .into()
        })
    }
}
