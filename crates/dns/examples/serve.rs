// SPDX-License-Identifier: MIT
//! Serves a directory of zone files until Ctrl-C: `cargo run -p cilo-dns --example serve -- 127.0.0.1:5354 DIR`.
//! Benchmarks run this, so that only the server is measured.

use std::error::Error;
use std::path::Path;

use cilo_dns::{About, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, dir] = &arguments[..] else {
        return Err("usage: serve ADDRESS:PORT DIR".into());
    };
    let about = About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        home: String::new(),
    };
    let server = Server::bind(address.parse()?, Path::new(dir), about).await?;
    server
        .serve(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
        .await?;
    Ok(())
}
