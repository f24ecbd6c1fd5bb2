// SPDX-License-Identifier: MIT
//! `cargo xtask demo`: two copies of `examples/shop` side by side, called by name, and shown to be apart.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::http::{self, Head};
use crate::sh::{self, Sh};
use crate::{conformance, parts, say, settings};

pub(crate) mod dns;

/// The two copies.
const COPIES: [&str; 2] = ["demo-1", "demo-2"];
/// Not Cilo's own port: a demo must not disturb the user's environments.
const DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 15354);
const PATIENCE: Duration = Duration::from_secs(20);

/// Bring up two copies of examples/shop and show that they are apart
///
/// Installs what is missing after saying so in one line, builds `cilo`, and uses a CILO_HOME of its own under
/// target/demo. Both copies are destroyed at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Leave both copies up
    #[arg(long)]
    keep: bool,
    /// Use this `cilo` instead of building one
    #[arg(long, value_name = "PATH")]
    cilo: Option<PathBuf>,
}

/// Which part of the demo failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Parts(#[from] parts::Error),
    #[error(transparent)]
    Sh(#[from] sh::Error),
    #[error("cannot keep the demo's files under target/demo")]
    Home(#[source] io::Error),
    #[error("Cilo's DNS server at {DNS} did not answer for {name}")]
    Dns {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("Cilo's DNS server at {DNS} knows no address of {0}")]
    Unknown(String),
    #[error("{url} did not answer")]
    Http {
        url: String,
        #[source]
        source: io::Error,
    },
    #[error("{url} answered {status}: {body}")]
    Status { url: String, status: u16, body: String },
    #[error("the copies are not apart: {0}")]
    NotApart(String),
}

/// Provides, builds, shows, and cleans up.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    parts::provide("demo")?;
    let cilo = match &args.cilo {
        Some(cilo) => cilo.clone(),
        None => {
            say::step("demo: building cilo");
            conformance::build_cilo()?
        }
    };
    let demo = Demo::new(cilo)?;
    let shown = demo.show();
    if args.keep {
        demo.say_how_to_go_on();
        return shown;
    }
    let cleaned = demo.clean_up();
    shown.and(cleaned)
}

struct Demo {
    cilo: PathBuf,
    home: PathBuf,
}

impl Demo {
    fn new(cilo: PathBuf) -> Result<Self, Error> {
        let home = settings::target().join("demo/home");
        fs_err::create_dir_all(&home).map_err(Error::Home)?;
        Ok(Self { cilo, home })
    }

    fn show(&self) -> Result<(), Error> {
        for copy in COPIES {
            self.tell(&["up", copy, "--from", "examples/shop"])?;
        }
        self.tell(&["list"])?;

        title("Both answer at the same time, on the same port, by name");
        for copy in COPIES {
            let place = get(copy, "/api/where")?;
            let (database, cache) = (&place["database"], &place["cache"]);
            say::result(&format!(
                "  {} says: database {} at {}, cache at {}",
                name(copy, "web"),
                text(&database["id"]),
                text(&database["address"]),
                text(&cache["address"])
            ));
        }

        title("An order placed in one is not in the other");
        let item = format!("tea-{}", seconds());
        let order = serde_json::json!({ "item": item, "quantity": 2 });
        call(COPIES[0], "POST", "/api/orders", &order.to_string())?;
        for copy in COPIES {
            let orders = get(copy, "/api/orders")?;
            let has = orders["orders"]
                .as_array()
                .is_some_and(|all| all.iter().any(|o| o["item"] == item.as_str()));
            say::result(&format!(
                "  {}: {}",
                name(copy, "web"),
                if has { "has it" } else { "does not have it" }
            ));
            if has != (copy == COPIES[0]) {
                return Err(Error::NotApart(format!(
                    "the order {item} placed in {} shows wrongly in {copy}",
                    COPIES[0]
                )));
            }
        }

        title("Neither can reach into the other");
        let (from, to) = (COPIES[0], resolve(&name(COPIES[1], "db"))?);
        let reach = format!("import socket; socket.create_connection(('{to}', 5432), 3)");
        let reached = self
            .cilo(&["exec", from, "api", "--", "python3", "-c", &reach])
            .quiet()
            .is_ok();
        let own = resolve(&name(from, "db"))?;
        let reach = format!("import socket; socket.create_connection(('{own}', 5432), 3)");
        self.cilo(&["exec", from, "api", "--", "python3", "-c", &reach])
            .quiet()?;
        say::result(&format!(
            "  the api of {from} reaches its own database at {own}, and not {} at {to}",
            name(COPIES[1], "db")
        ));
        if reached {
            return Err(Error::NotApart(format!(
                "the api of {from} reached the database of {} at {to}",
                COPIES[1]
            )));
        }
        Ok(())
    }

    fn clean_up(&self) -> Result<(), Error> {
        title("Gone without a trace");
        let destroyed: Vec<_> = COPIES
            .iter()
            .map(|copy| self.tell(&["destroy", copy, "--force"]))
            .collect();
        let stopped = self.tell(&["daemon", "stop"]);
        destroyed.into_iter().collect::<Result<(), Error>>()?;
        stopped
    }

    fn say_how_to_go_on(&self) {
        title("Both copies stay up");
        say::result(&format!(
            "  export CILO_HOME={} CILO_DNS_PORT={}",
            self.home.display(),
            DNS.port()
        ));
        say::result(&format!("  {} list", self.cilo.display()));
        say::result(&format!("  {} destroy --all --force", self.cilo.display()));
    }

    /// Runs `cilo` for the reader to see: its command line, then its own output.
    fn tell(&self, args: &[&str]) -> Result<(), Error> {
        say::result(&format!("\n$ cilo {}", args.join(" ")));
        Ok(self.cilo(args).run()?)
    }

    fn cilo(&self, args: &[&str]) -> Sh {
        let cilo = Sh::new(&self.cilo).args(args).dir(settings::root());
        cilo.variable("CILO_HOME", &self.home)
            .variable("CILO_DNS_PORT", DNS.port().to_string())
    }
}

fn title(text: &str) {
    say::result(&format!("\n{text}:"));
}

fn name(copy: &str, service: &str) -> String {
    format!("{service}.{copy}.test")
}

fn resolve(name: &str) -> Result<Ipv4Addr, Error> {
    let found = dns::addresses(DNS, name).map_err(|source| Error::Dns {
        name: name.to_owned(),
        source,
    })?;
    found
        .first()
        .copied()
        .ok_or_else(|| Error::Unknown(name.to_owned()))
}

fn get(copy: &str, path: &str) -> Result<Value, Error> {
    call(copy, "GET", path, "")
}

fn call(copy: &str, method: &str, path: &str, body: &str) -> Result<Value, Error> {
    let host = name(copy, "web");
    let url = format!("http://{host}{path}");
    let failed = |source| Error::Http {
        url: url.clone(),
        source,
    };
    let address = resolve(&host)?;
    let (status, text) = exchange(address, &host, method, path, body).map_err(failed)?;
    if status >= 400 {
        return Err(Error::Status {
            url,
            status,
            body: text.trim().to_owned(),
        });
    }
    serde_json::from_str(&text).map_err(|error| failed(error.into()))
}

fn exchange(
    address: Ipv4Addr,
    host: &str,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&(address, 80).into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut reader = BufReader::new(stream);
    let head = Head::read(&mut reader)?;
    let mut text = String::new();
    http::body(reader, head.framing).read_to_string(&mut text)?;
    Ok((head.status, text))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn names_are_service_copy_test() {
        assert_eq!(name("demo-1", "web"), "web.demo-1.test");
    }

    #[test]
    fn a_server_that_is_not_there_is_named_with_its_name() {
        // Held and never answered: nothing else can listen there while the test runs.
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let nobody = held.local_addr().unwrap();
        let error = dns::addresses(nobody, "web.demo-1.test").unwrap_err();
        let error = Error::Dns {
            name: "web.demo-1.test".into(),
            source: error,
        };
        assert!(
            error.to_string().ends_with("did not answer for web.demo-1.test"),
            "{error}"
        );
    }
}
