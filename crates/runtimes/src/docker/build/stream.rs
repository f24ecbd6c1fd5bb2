// SPDX-License-Identifier: MIT
//! An archive that is sent while it is packed.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::RuntimeError;

/// Bytes that are sent at a time.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait to be sent.
const QUEUE: usize = 16;

/// The packing that goes on while the archive is sent.
pub(super) struct Packing(JoinHandle<Result<(), RuntimeError>>);

/// What `pack` writes, piece by piece, and the packing behind it.
pub(super) fn packed<P>(
    pack: P,
) -> (
    impl Stream<Item = Result<Bytes, io::Error>> + Send + use<P>,
    Packing,
)
where
    P: FnOnce(&mut dyn Write) -> Result<(), RuntimeError> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel::<Result<Bytes, io::Error>>(QUEUE);
    let packing = tokio::task::spawn_blocking(move || {
        let mut pipe = io::BufWriter::with_capacity(CHUNK, Pipe(sender.clone()));
        let packed = pack(&mut pipe);
        drop(pipe);
        if let Err(error) = &packed {
            // Breaks the request: a half context must not be built.
            drop(sender.blocking_send(Err(io::Error::other(error.to_string()))));
        }
        packed
    });
    let chunks = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    (chunks, Packing(packing))
}

impl Packing {
    /// How it ended. When the receiver went away first, that is not its fault.
    pub(super) async fn finished(self) -> Result<(), RuntimeError> {
        match self.0.await {
            Ok(Err(RuntimeError::File { source, .. })) if source.kind() == io::ErrorKind::BrokenPipe => {
                Ok(())
            }
            Ok(result) => result,
            Err(_) => Ok(()),
        }
    }
}

/// Sends what is written to it; ends with `BrokenPipe` when nobody listens any more.
struct Pipe(mpsc::Sender<Result<Bytes, io::Error>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
