//! The certificates that connections to AWS trust. They are in the binary, because the image contains nothing else.

use anyhow::{Context, Result};
use aws_config::ConfigLoader;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// Lets the clients trust Mozilla's list of authorities.
pub fn trusting(loader: ConfigLoader) -> Result<ConfigLoader> {
    let roots = TLS_SERVER_ROOT_CERTS
        .iter()
        .fold(TrustStore::empty(), |roots, certificate| roots.with_pem_certificate(pem(certificate)));
    let context = TlsContext::builder().with_trust_store(roots).build();
    let context = context.context("the certificates in this program cannot be used")?;
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context);
    Ok(loader.http_client(client.build_https()))
}

/// A certificate in the form of RFC 7468.
fn pem(certificate: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}
