// SPDX-License-Identifier: MIT
//! The UDP side: threads that receive, answer in place and send, without a reactor, a task or a queue per datagram.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::authority::Authority;

/// No DNS query over UDP is larger; a longer datagram is cut by the system and then malformed.
const MAX_QUERY: usize = 4096;
/// Should the datagram that wakes a thread for its end be lost, it looks for itself so often.
const LOOK_UP: Duration = Duration::from_secs(1);

/// With a second one, a burst waits half as long (measured on two cores); the throughput stays.
const THREADS: usize = 2;

/// The running threads. Dropped, they end and give their socket back.
pub(crate) struct Loop {
    stop: Arc<AtomicBool>,
    address: SocketAddr,
    failures: mpsc::Receiver<io::Error>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Loop {
    /// Starts answering. All threads receive from one socket, so the system hands a datagram to whoever is free.
    pub(crate) fn start(socket: UdpSocket, authority: &Arc<Authority>) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(LOOK_UP))?;
        let (tell, failures) = mpsc::channel(THREADS);
        let stop = Arc::new(AtomicBool::new(false));
        let mut started = Self {
            stop,
            address: socket.local_addr()?,
            failures,
            threads: Vec::new(),
        };
        let socket = Arc::new(socket);
        for _ in 0..THREADS {
            let (socket, authority) = (Arc::clone(&socket), Arc::clone(authority));
            let (stop, tell) = (Arc::clone(&started.stop), tell.clone());
            let thread = std::thread::Builder::new()
                .name("cilo-dns-udp".to_owned())
                .spawn(move || {
                    if let Err(error) = answer_all(&socket, &authority, &stop) {
                        // Nobody listens any more: the server has ended for another reason.
                        tell.try_send(error).ok();
                    }
                })?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    /// Waits until the socket fails for good, or until all threads are gone.
    pub(crate) async fn failed(&mut self) -> io::Error {
        self.failures
            .recv()
            .await
            .unwrap_or_else(|| io::Error::other("the UDP threads ended"))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let mut wake = self.address;
        if wake.ip().is_unspecified() {
            wake.set_ip(if wake.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        for _ in &self.threads {
            let woken = UdpSocket::bind((wake.ip(), 0)).and_then(|socket| socket.send_to(&[], wake));
            if let Err(error) = woken {
                tracing::debug!(%error, "waking a DNS thread failed; it ends within a second");
            }
        }
        for thread in self.threads.drain(..) {
            // One that panicked was told of by the panic hook, and there is nothing to undo.
            thread.join().ok();
        }
    }
}

fn answer_all(socket: &UdpSocket, authority: &Authority, stop: &AtomicBool) -> io::Result<()> {
    let mut packet = [0; MAX_QUERY];
    let mut out = Vec::with_capacity(MAX_QUERY);
    while !stop.load(Ordering::Relaxed) {
        let (length, from) = match socket.recv_from(&mut packet) {
            Ok(received) => received,
            Err(error) if is_passing(&error) => continue,
            Err(error) => return Err(error),
        };
        if authority.answer_datagram(&packet[..length], from, &mut out) {
            // The client may be gone; if the answer is lost, it asks again.
            if let Err(error) = socket.send_to(&out, from) {
                tracing::debug!(%error, %from, "sending a DNS answer failed");
            }
        }
    }
    Ok(())
}

/// The timeout, a signal, memory that is short for a moment, or (on some systems) the news that an earlier answer found
/// nobody.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock
            | io::ErrorKind::TimedOut
            | io::ErrorKind::Interrupted
            | io::ErrorKind::OutOfMemory
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}
