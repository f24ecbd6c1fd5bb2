// SPDX-License-Identifier: MIT
//! Commands run in a container.

use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio::io::AsyncWrite;

use crate::error::RuntimeError;
use crate::options::Stream;

/// What to run, where.
#[derive(Clone, Debug, Default)]
pub struct ExecRequest {
    /// The service.
    pub service: String,
    /// The number of its container; 0 is the first that runs.
    pub replica: u32,
    /// The command and its arguments.
    pub argv: Vec<String>,
    /// With a terminal: the output is one stream.
    pub tty: bool,
    /// With standard input.
    pub interactive: bool,
    /// Further variables.
    pub env: Vec<(String, String)>,
    /// The user; `None` is the container's.
    pub user: Option<String>,
    /// The folder; `None` is the container's.
    pub workdir: Option<String>,
    /// With extended privileges.
    pub privileged: bool,
    /// The terminal's size at the start.
    pub size: Option<Size>,
}

/// A terminal's size in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// A command that runs.
pub struct ExecSession {
    /// Its standard input, when it was asked for. Shut it down to end it.
    pub input: Option<Pin<Box<dyn AsyncWrite + Send>>>,
    /// Its output; ends when the command has ended.
    pub output: BoxStream<'static, Result<(Stream, Bytes), RuntimeError>>,
    /// What else can be done with it.
    pub control: Box<dyn ExecControl>,
}

/// The side channel of an [`ExecSession`].
#[async_trait]
pub trait ExecControl: Send + Sync {
    /// Tells the terminal its size.
    ///
    /// # Errors
    /// When the engine refuses.
    async fn resize(&self, size: Size) -> Result<(), RuntimeError>;

    /// Sends a signal, by its number, to the command. With a terminal write its control character instead.
    ///
    /// # Errors
    /// When the engine refuses.
    async fn signal(&self, signal: i32) -> Result<(), RuntimeError>;

    /// The exit code. Call it when the output has ended; it waits for the end otherwise.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn wait(&self) -> Result<i64, RuntimeError>;
}

impl fmt::Debug for ExecSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecSession")
            .field("input", &self.input.is_some())
            .finish_non_exhaustive()
    }
}
