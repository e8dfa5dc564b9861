//! A Redis of one's own: the measurement stops it, and reads what it did.

use std::net::SocketAddr;
use std::path::Path;

use redis::aio::MultiplexedConnection;
use redis::{Client, InfoDict};
use tokio::process::Command;

use super::Result;
use super::child::{Program, free_port};

pub(super) struct RedisServer {
    program: Program,
    pub(super) url: String,
}

impl RedisServer {
    pub(super) async fn start(redis_server: &Path, directory: &Path) -> Result<Self> {
        let address = free_port()?;
        let url = url(address);
        let mut command = Command::new(redis_server);
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--port")
            .arg(address.port().to_string())
            .arg("--dir")
            .arg(directory);
        let mut program = Program::start("redis-server", &mut command)?;
        program.until(async || connect(&url).await.is_ok()).await?;
        Ok(Self { program, url })
    }

    pub(super) const fn id(&self) -> u32 {
        self.program.id()
    }

    pub(super) async fn connect(&self) -> Result<MultiplexedConnection> {
        connect(&self.url).await
    }

    pub(super) async fn version(&self) -> Result<String> {
        let mut connection = self.connect().await?;
        let info: InfoDict = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut connection)
            .await?;
        let version = info.get("redis_version");
        Ok(version.ok_or("Redis has no version")?)
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}

pub(super) async fn connect(url: &str) -> Result<MultiplexedConnection> {
    let connected = Client::open(url)?.get_multiplexed_async_connection().await;
    Ok(connected.map_err(|error| format!("cannot connect to Redis: {error}"))?)
}

fn url(address: SocketAddr) -> String {
    format!("redis://{address}/0")
}
