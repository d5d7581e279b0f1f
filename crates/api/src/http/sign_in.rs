//! Where people sign in before they use the page.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;

/// The sign-in page of a user pool, for one of its app clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignInPage {
    domain: Box<str>,
    client_id: Box<str>,
}

/// Text that is not the address of a sign-in page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotASignInPage(String);

/// The sign-in page that is configured, if there is one. The router attaches it to each request.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfiguredSignIn(pub(crate) Option<Arc<SignInPage>>);

impl SignInPage {
    /// The only other server that the page may ask.
    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.domain)
    }
}

impl FromStr for SignInPage {
    type Err = NotASignInPage;

    /// Reads the address that the console of Cognito shows. Of its query, only the client's id is used.
    fn from_str(address: &str) -> Result<Self, NotASignInPage> {
        let read = || {
            let (domain, query) = address.strip_prefix("https://")?.split_once("/login?")?;
            let client_id = query.split('&').find_map(|parameter| parameter.strip_prefix("client_id="))?;
            // The domain becomes a part of the page's security policy, so nothing else may be in it.
            let is_name = |text: &str, signs: &str| {
                !text.is_empty()
                    && text.chars().all(|sign| sign.is_ascii_alphanumeric() || signs.contains(sign))
            };
            let is_valid = is_name(domain, ".-") && is_name(client_id, "_");
            is_valid.then(|| Self { domain: domain.into(), client_id: client_id.into() })
        };
        read().ok_or_else(|| NotASignInPage(address.to_owned()))
    }
}

impl fmt::Display for NotASignInPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address such as https://DOMAIN/login?client_id=ID", self.0)
    }
}

impl std::error::Error for NotASignInPage {}

impl<S: Send + Sync> FromRequestParts<S> for ConfiguredSignIn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_console_has_domain_and_client() {
        let page =
            SignInPage { domain: "movies.auth.eu-west-1.amazoncognito.com".into(), client_id: "1a2B".into() };
        assert_eq!(page.origin(), "https://movies.auth.eu-west-1.amazoncognito.com");
        for query in [
            "client_id=1a2B",
            "client_id=1a2B&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fexample.com%2F",
            "lang=en&client_id=1a2B",
        ] {
            let address = format!("https://movies.auth.eu-west-1.amazoncognito.com/login?{query}");
            assert_eq!(address.parse(), Ok(page.clone()), "{address}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "movies.example",
            "http://movies.example/login?client_id=1",
            "https://movies.example/login",
            "https://movies.example/login?client_id=",
            "https:///login?client_id=1",
            "https://movies.example/other?client_id=1",
            "https://movies.example; script-src */login?client_id=1",
            "https://user@movies.example/login?client_id=1",
            "https://movies.example/login?client_id=1;2",
        ] {
            let refused = wrong.parse::<SignInPage>().unwrap_err();
            assert!(refused.to_string().starts_with(&format!("`{wrong}` is not an address")), "{refused}");
        }
    }
}
