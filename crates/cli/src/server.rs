//! The local server: the same router as in the Lambda, on a socket.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use axum::Router;
use clap::Args;
use matinee_api::{LiveModel, compressed, sampled_router};
use matinee_model::Model;
use tokio::net::TcpListener;

use crate::logging::Logging;

/// How long requests under way may take after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Where to listen.
#[derive(Args, Clone)]
pub struct Address {
    /// Address to listen on; 0.0.0.0 lets other machines in
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 takes any free one
    #[arg(long, short, default_value_t = 3000)]
    port: u16,
}

/// Serves `model` until the process is told to stop.
pub fn serve(model: Model, address: &Address) -> Result<()> {
    let socket = SocketAddr::new(address.host, address.port);
    let model = Arc::new(model);
    let logging = Logging::from_environment()?;
    let app = sampled_router(Arc::new(LiveModel::loaded(Arc::clone(&model))), logging.sampling);
    serve_router(compressed(app), socket, &logging, |address| announce(address, &model))
}

/// Serves a router until the process is told to stop; `announce` learns the address.
pub fn serve_router(
    app: Router,
    socket: SocketAddr,
    logging: &Logging,
    announce: impl FnOnce(SocketAddr),
) -> Result<()> {
    logging.init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(app, socket, announce))
}

async fn run(app: Router, socket: SocketAddr, announce: impl FnOnce(SocketAddr)) -> Result<()> {
    let listener = TcpListener::bind(socket).await.map_err(|error| explain(socket, &error))?;
    announce(listener.local_addr()?);

    let (stop, stopped) = tokio::sync::oneshot::channel();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        told_to_stop().await;
        let _ = stop.send(());
    });
    let overdue = async {
        let _ = stopped.await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving.into_future() => served?,
        () = overdue => eprintln!("requests were still under way after {} s; stopping anyway", DRAIN.as_secs()),
    }
    eprintln!("stopped");
    Ok(())
}

fn announce(address: SocketAddr, model: &Model) {
    let manifest = model.manifest();
    let counts = manifest.counts;
    say!(
        "serving model {} ({}, {} ratings of {} movies by {} users) at http://{address}; Ctrl-C ends it",
        manifest.version,
        manifest.algorithm,
        counts.ratings,
        counts.movies,
        counts.users
    );
    if let Some((user, movie)) = example(model) {
        let [user, movie] = [user, movie].map(serde_json::Value::from);
        let body = format!(r#"{{"userId":{user},"movieId":{movie}}}"#);
        say!("\n  curl -s http://{address}/predict -d '{body}'\n");
    }
}

/// A user, and the movie that most users rated, for a request to try.
fn example(model: &Model) -> Option<(&str, &str)> {
    let user = model.user_ids().iter().next()?;
    let (_, movie) = (0_u32..)
        .zip(model.movie_ids().iter())
        .filter(|(_, id)| model.catalogue().find(&(*id).into()).is_some())
        .max_by_key(|&(row, _)| (model.rating_count(matinee_model::MovieRow(row)), std::cmp::Reverse(row)))?;
    // A single quote in an id would end the shell's quotation.
    (!user.contains('\'') && !movie.contains('\'')).then_some((user, movie))
}

fn explain(address: SocketAddr, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow!(
                "port {} is taken: stop the program that uses it, or choose another with --port",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!("port {} needs privileges: choose one above 1023 with --port", address.port())
        }
        _ => anyhow!("cannot listen on {address}: {error}"),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn told_to_stop() {
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
