// SPDX-License-Identifier: MIT
//! `cilo exec`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use cilo_engine::runtimes::{ExecRequest, ExecSession, RuntimeError, Size, Stream};
use cilo_spec::{EnvName, EnvRef};
use futures_util::StreamExt;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::context::Context;
use crate::failure::Failure;

/// Run a command in a service's container; without a command, a shell
///
/// With a terminal on both ends the command gets one too; -T switches that off.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo exec agent-1 db psql -U shop
  cilo exec agent-1 api                     a shell
  echo 'select 1' | cilo exec agent-1 db psql -U shop
  cilo exec --index 2 agent-1 worker env")]
pub(crate) struct Args {
    /// Run it without a terminal
    #[arg(short = 'T', long)]
    no_tty: bool,
    /// Which container of the service, from 1 [default: the first that runs]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    index: u32,
    /// The user to run it as
    #[arg(short, long)]
    user: Option<String>,
    /// The folder to run it in
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// A variable for it, NAME=VALUE
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// The environment's name
    #[arg(value_name = "ENV")]
    environment: EnvName,
    /// The service
    service: String,
    /// The command and its arguments [default: sh]
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    argv: Vec<String>,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let record = context.engine.find(&context.selector(&args.environment))?;
    let tty = !args.no_tty && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let argv = match args.argv {
        argv if argv.is_empty() => vec!["sh".to_owned()],
        // clap keeps a `--` between the service and its command.
        mut argv if argv[0] == "--" && argv.len() > 1 => argv.split_off(1),
        argv => argv,
    };
    let request = ExecRequest {
        service: args.service,
        replica: args.index,
        argv,
        tty,
        interactive: true,
        env: args.env,
        user: args.user,
        workdir: args.workdir,
        privileged: false,
        size: if tty { window() } else { None },
    };
    let runtime = context.engine.runtime().await?;
    let session = match runtime.exec(&record.id, &request).await {
        Ok(session) => session,
        Err(error) => return Err(explained(context, record.env, request.service, error).await),
    };
    let raw = if tty { RawTerminal::enter() } else { None };
    let code = attend(session, tty).await;
    drop(raw);
    Ok(ExitCode::from(u8::try_from(code? & 0xff).unwrap_or(u8::MAX)))
}

/// A service without a running container may be none at all.
async fn explained(context: &Context, env: EnvRef, service: String, error: RuntimeError) -> Failure {
    if matches!(error, RuntimeError::NotRunning { .. })
        && let Ok(summary) = context.engine.status(&context.selector(&env.env)).await
    {
        let known: Vec<String> = summary
            .services
            .into_iter()
            .map(|status| status.service)
            .collect();
        if !known.is_empty() && !known.contains(&service) {
            return cilo_engine::Error::UnknownService { env, service, known }.into();
        }
    }
    cilo_engine::Error::from(error).into()
}

/// Carries input, output, window sizes and signals until the command has ended.
async fn attend(session: ExecSession, tty: bool) -> Result<i64, Failure> {
    let ExecSession {
        input,
        mut output,
        control,
    } = session;
    if let Some(mut input) = input {
        // Its own task: a blocked read of the terminal must not hold the output back.
        tokio::spawn(async move {
            let mut stdin = tokio::io::stdin();
            let mut buffer = [0; 8192];
            while let Ok(read) = stdin.read(&mut buffer).await {
                if read == 0
                    || input.write_all(&buffer[..read]).await.is_err()
                    || input.flush().await.is_err()
                {
                    break;
                }
            }
            drop(input.shutdown().await);
        });
    }
    let mut resized = signal(SignalKind::window_change())?;
    let mut passed = Passed::new()?;
    loop {
        tokio::select! {
            chunk = output.next() => match chunk {
                Some(chunk) => {
                    let (stream, bytes) = chunk.map_err(cilo_engine::Error::from)?;
                    write(stream, &bytes)?;
                }
                None => break,
            },
            _ = resized.recv(), if tty => {
                if let Some(size) = window() {
                    drop(control.resize(size).await);
                }
            }
            number = passed.next(), if !tty => drop(control.signal(number).await),
        }
    }
    Ok(control.wait().await.map_err(cilo_engine::Error::from)?)
}

/// Signals that belong to the command, not to us. With a terminal they arrive there as characters.
struct Passed {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Passed {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.hangup.recv() => SignalKind::hangup().as_raw_value(),
        }
    }
}

fn write(stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
    match stream {
        Stream::Stdout => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Stream::Stderr => std::io::stderr().lock().write_all(bytes),
    }
}

fn window() -> Option<Size> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    Some(Size {
        width: size.ws_col,
        height: size.ws_row,
    })
}

/// The terminal passes every key on as it is, until this is dropped.
struct RawTerminal(Termios);

impl RawTerminal {
    fn enter() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Nothing better is left to do when the terminal is gone.
        tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0).unwrap_or_default();
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
