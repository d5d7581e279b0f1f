//! The local server: the router of the Lambda function, on a socket.

mod guard;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use clap::Args;
use matinee_api::{LiveScorer, Scorer, Settings, compressed, router_with};
use matinee_live_ratings::{DEFAULT_TIME_LIMIT, LiveRatings};
use matinee_model::Model;
use matinee_serving::Reloadable;
use matinee_variables::Variables;
use tokio::net::TcpListener;

use crate::example;
use crate::kept;
use crate::logging::Logging;
use guard::guard;

/// How long running requests may take after the signal to stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Who may reach the ratings of single users.
#[derive(Args, Clone)]
pub struct Access {
    /// Token that callers send as `Authorization: Bearer TOKEN` to routes about single users; needed to keep ratings on
    /// a --host that other machines reach
    #[arg(long, env = "MATINEE_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Where to listen.
#[derive(Args, Clone)]
pub struct Address {
    /// Address to listen on; 0.0.0.0 lets other machines connect
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 for any free port
    #[arg(long, short, default_value_t = 3000)]
    port: u16,
}

/// Serves `model` until Ctrl-C or SIGTERM, and keeps ratings in the file `ratings` if one is given.
pub fn serve(model: Model, address: &Address, ratings: Option<&Path>, access: &Access) -> Result<()> {
    let socket = SocketAddr::new(address.host, address.port);
    if access.token.as_ref().is_some_and(|token| token.trim().is_empty()) {
        bail!(
            "the token is empty, so anybody could send it; give another with --token or MATINEE_TOKEN, or none at all"
        );
    }
    if ratings.is_some() && access.token.is_none() && !address.host.is_loopback() {
        bail!(
            "other machines reach {}, and could change everybody's ratings; give --token, or keep no ratings",
            address.host
        );
    }
    let model = Arc::new(model);
    let logging = Logging::from_variables(&Variables::of_process())?;
    let loaded = Reloadable::loaded(Arc::clone(&model));
    let scorer: Arc<dyn Scorer> = match ratings {
        None => Arc::new(loaded),
        Some(path) => {
            let store = kept::open_file(path).context("cannot keep ratings")?;
            say!("keeping ratings in {}", path.display());
            Arc::new(LiveScorer::new(loaded, LiveRatings::new(store, DEFAULT_TIME_LIMIT)))
        }
    };
    let settings = Settings {
        sampling: logging.sampling,
        guard: Some(guard(access.token.clone())),
        ..Settings::default()
    };
    let app = compressed(router_with(scorer, settings));
    serve_router(app, socket, "--port", &logging, |address| announce(address, &model))
}

/// Serves a router until Ctrl-C or SIGTERM. `announce` is called with the address. Errors name `port_setting` as the option
/// or variable that chooses the port.
pub fn serve_router(
    app: Router,
    socket: SocketAddr,
    port_setting: &str,
    logging: &Logging,
    announce: impl FnOnce(SocketAddr),
) -> Result<()> {
    logging.init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(app, socket, port_setting, announce))
}

async fn run(
    app: Router,
    socket: SocketAddr,
    port_setting: &str,
    announce: impl FnOnce(SocketAddr),
) -> Result<()> {
    let listener = TcpListener::bind(socket).await.map_err(|error| explain(socket, port_setting, &error))?;
    announce(listener.local_addr()?);

    let (stop, stopped) = tokio::sync::oneshot::channel();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        shutdown_signal().await;
        let _ = stop.send(());
    });
    let overdue = async {
        let _ = stopped.await;
        tokio::time::sleep(DRAIN_TIMEOUT).await;
    };
    tokio::select! {
        served = serving.into_future() => served?,
        () = overdue => eprintln!("requests were still running after {} s; stopping anyway", DRAIN_TIMEOUT.as_secs()),
    }
    eprintln!("stopped");
    Ok(())
}

fn announce(address: SocketAddr, model: &Model) {
    let manifest = model.manifest();
    let counts = manifest.counts;
    say!(
        "serving model {} ({}, {} ratings of {} movies by {} users) at http://{address}; Ctrl-C stops it",
        manifest.version,
        manifest.algorithm,
        counts.ratings,
        counts.movies,
        counts.users
    );
    // A single quote in an id would end the quoted body of the curl command.
    let is_quotable = |(user, movie): &(&str, &str)| !user.contains('\'') && !movie.contains('\'');
    if let Some((user, movie)) = example::of_model(model).filter(is_quotable) {
        let [user, movie] = [user, movie].map(serde_json::Value::from);
        let body = format!(r#"{{"userId":{user},"movieId":{movie}}}"#);
        say!("\n  curl -s http://{address}/predict -d '{body}'\n");
    }
}

fn explain(address: SocketAddr, port_setting: &str, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow!(
                "port {} is in use; stop the program that uses it, or choose another port with {port_setting}",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!("port {} needs privileges; choose one above 1023 with {port_setting}", address.port())
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn shutdown_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
