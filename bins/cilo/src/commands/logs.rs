// SPDX-License-Identifier: MIT
//! `cilo logs`.

use std::io::Write;
use std::process::ExitCode;

use cilo_engine::runtimes::{LogLine, LogOptions};
use cilo_spec::EnvName;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};

use crate::context::{Context, end_signal};
use crate::failure::Failure;

/// Colours of services, in the order they first write: readable on dark and light.
const COLOURS: &[&str] = &[
    "36", "33", "32", "35", "34", "31", "96", "93", "92", "95", "94", "91",
];

/// Show what the services wrote
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cilo logs agent-1
  cilo logs -f agent-1 api worker
  cilo logs agent-1 --tail 50 --since 10m --timestamps")]
pub(crate) struct Args {
    /// The environment's name
    env: EnvName,
    /// Only these services
    #[arg(value_name = "SERVICE")]
    services: Vec<String>,
    /// Go on with what is written from now on
    #[arg(short, long)]
    follow: bool,
    /// Only the last lines of each container
    #[arg(long, short = 'n', value_name = "LINES")]
    tail: Option<u32>,
    /// Only what was written since then: a time (RFC 3339) or a span (`10m`, `2h`)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
    /// With the time of each line
    #[arg(short, long)]
    timestamps: bool,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    let summary = context.engine.status(&context.selector(&args.env)).await?;
    let known: Vec<String> = summary
        .services
        .iter()
        .map(|service| service.service.clone())
        .collect();
    if let Some(service) = args.services.iter().find(|service| !known.contains(service)) {
        let env = summary.record.env;
        return Err(cilo_engine::Error::UnknownService {
            env,
            service: service.clone(),
            known,
        }
        .into());
    }
    let options = LogOptions {
        services: args.services.into_iter().collect(),
        follow: args.follow,
        tail: args.tail,
        since: args.since,
        timestamps: args.timestamps || args.json,
    };
    let runtime = context.engine.runtime().await?;
    let mut lines = runtime
        .logs(&summary.record.id, &options)
        .await
        .map_err(cilo_engine::Error::from)?;
    let mut printer = Printer {
        context,
        json: args.json,
        seen: Vec::new(),
        width: width(&known),
    };
    // One listener for all lines: a new one for each would miss a signal that comes while a line is printed.
    let mut end = std::pin::pin!(end_signal());
    loop {
        tokio::select! {
            line = lines.next() => match line {
                Some(line) => {
                    if !printer.print(&line.map_err(cilo_engine::Error::from)?)? {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                None => return Ok(ExitCode::SUCCESS),
            },
            () = &mut end, if args.follow => return Ok(ExitCode::SUCCESS),
        }
    }
}

struct Printer<'a> {
    context: &'a Context,
    json: bool,
    seen: Vec<String>,
    width: usize,
}

impl Printer<'_> {
    /// `false`: nobody reads any more.
    fn print(&mut self, line: &LogLine) -> Result<bool, Failure> {
        let mut bytes = Vec::new();
        if self.json {
            let object = serde_json::json!({
                "service": line.service,
                "replica": line.replica,
                "stream": match line.stream {
                    cilo_engine::runtimes::Stream::Stdout => "stdout",
                    cilo_engine::runtimes::Stream::Stderr => "stderr",
                },
                "time": line.timestamp,
                "line": String::from_utf8_lossy(&line.bytes),
            });
            bytes.extend(object.to_string().bytes());
        } else {
            bytes.extend(self.head(line).bytes());
            if let Some(time) = &line.timestamp {
                bytes.extend(time.bytes());
                bytes.push(b' ');
            }
            bytes.extend(&line.bytes);
        }
        bytes.push(b'\n');
        let mut out = std::io::stdout().lock();
        match out.write_all(&bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn head(&mut self, line: &LogLine) -> String {
        let name = if line.replica == 1 {
            line.service.clone()
        } else {
            format!("{}-{}", line.service, line.replica)
        };
        let place = match self.seen.iter().position(|seen| seen == &name) {
            Some(place) => place,
            None => {
                self.seen.push(name.clone());
                self.seen.len() - 1
            }
        };
        let head = format!("{name:<width$} | ", width = self.width);
        if self.context.ui.colours_data() {
            format!("\x1b[{}m{head}\x1b[0m", COLOURS[place % COLOURS.len()])
        } else {
            head
        }
    }
}

fn width(services: &[String]) -> usize {
    services
        .iter()
        .map(|service| service.chars().count())
        .max()
        .unwrap_or(0)
}

fn since(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_second());
    }
    let span: SignedDuration = text
        .parse()
        .map_err(|_| "write a time like 2026-11-21T06:00:00Z or a span like 10m".to_owned())?;
    Timestamp::now()
        .checked_sub(span)
        .map(Timestamp::as_second)
        .map_err(|error| error.to_string())
}
