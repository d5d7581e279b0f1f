//! The server of an endpoint or a batch transform.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use matinee_api::inference;
use matinee_model::Model;
use matinee_serving::Reloadable;

use super::Root;
use crate::logging::Logging;
use crate::server;

/// Where the port is told, if it is not the usual one.
const PORT_VARIABLE: &str = "SAGEMAKER_BIND_TO_PORT";
const PORT: u16 = 8080;

/// Serves the model until the process is told to stop. Without a model it ends at once: none comes later.
pub fn serve(root: &Root) -> Result<()> {
    let socket = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port(std::env::var(PORT_VARIABLE).ok())?));
    let model = Model::open(&root.model()).context("cannot serve")?;
    let version = model.manifest().version.clone();
    let logging = Logging::from_environment()?;
    let app = inference::sampled_router(Arc::new(Reloadable::loaded(model)), logging.sampling);
    server::serve_router(app, socket, PORT_VARIABLE, &logging, |address| {
        say!("serving model {version} at http://{address}");
    })
}

fn port(given: Option<String>) -> Result<u16> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(PORT) };
    text.parse().with_context(|| format!("{PORT_VARIABLE} is `{text}`; it must be a port number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_told_or_the_usual_one() {
        assert_eq!(port(None).unwrap(), 8080);
        assert_eq!(port(Some(String::new())).unwrap(), 8080);
        assert_eq!(port(Some("9000".to_owned())).unwrap(), 9000);
        let refusal = port(Some("http".to_owned())).unwrap_err().to_string();
        assert!(refusal.contains("SAGEMAKER_BIND_TO_PORT is `http`"), "{refusal}");
    }
}
