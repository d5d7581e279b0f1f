//! The server of an endpoint or a batch transform.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use matinee_api::inference;
use matinee_model::Model;
use matinee_serving::Reloadable;
use matinee_variables::{VariableError, Variables};

use super::Root;
use crate::logging::Logging;
use crate::server;

/// The variable with the port, if it is not the default one.
const PORT_VARIABLE: &str = "SAGEMAKER_BIND_TO_PORT";
const PORT: u16 = 8080;

/// Serves the model until SIGTERM. Fails at once if there is no model, because none will come later.
pub fn serve(root: &Root) -> Result<()> {
    let variables = Variables::of_process();
    let socket = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port(&variables)?));
    let model = Model::open(&root.model()).context("cannot serve")?;
    let version = model.manifest().version.clone();
    let logging = Logging::from_variables(&variables)?;
    let app = inference::sampled_router(Arc::new(Reloadable::loaded(model)), logging.sampling);
    server::serve_router(app, socket, PORT_VARIABLE, &logging, |address| {
        say!("serving model {version} at http://{address}");
    })
}

/// The port that the variable names.
fn port(variables: &Variables<'_>) -> Result<u16, VariableError> {
    Ok(variables.whole_number(PORT_VARIABLE, 0..=u16::MAX)?.unwrap_or(PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_that_of_the_variable_or_8080() {
        let port = |value: &str| port(&Variables::from_lookup(|_| Some(value.to_owned())));
        assert_eq!((port(""), port("9000")), (Ok(8080), Ok(9000)));
        for wrong in ["http", "65536"] {
            let error = port(wrong).unwrap_err().to_string();
            assert!(error.contains(&format!("SAGEMAKER_BIND_TO_PORT is invalid: `{wrong}`")), "{error}");
        }
    }
}
