//! The API gateway in front of the API on AWS. It checks keys, signatures and tokens, limits and timeouts, and answers the
//! requests that it refuses.

use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr};

use crate::schema::error_response;

/// Adds the security schemes, and adds the errors of the gateway to every operation. A stack requires nothing, a key,
/// a signature or a token. A local server requires nothing.
pub(super) struct Gateway;

/// Status, name and description of the errors of API Gateway. They have the same form as all other errors.
const RESPONSES: [(&str, &str, &str); 4] = [
    ("401", "Unauthorized", "`unauthorized`: the header `Authorization` has no valid token"),
    (
        "403",
        "Refused",
        "`access_denied`, the token belongs to another user than the one that is named. From API Gateway: \
         `api_key_required`, the header `x-api-key` is missing or has no valid key; \
         `signature_required`, the request must be signed (SigV4); `signature_invalid`, the signature is wrong or \
         expired; `access_denied`, the caller has no permission; `request_filtered`, a firewall refused the request",
    ),
    (
        "429",
        "TooManyRequests",
        "From API Gateway: `throttled`, there are too many requests, try again in a moment; `quota_exceeded`, the key \
         has used all its requests in this period",
    ),
    ("504", "GatewayTimeout", "From API Gateway: `gateway_timeout`, the function did not answer in time"),
];

/// The paths that need no key, so that the page can ask the visitor for one.
const OPEN: [&str; 2] = ["/", "/page/{file}"];

impl Modify for Gateway {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for (status, name, description) in RESPONSES {
            components.responses.insert(name.to_owned(), RefOr::T(error_response(status, description)));
        }
        let mut key = ApiKeyValue::new("x-api-key");
        key.description =
            Some("A key of the stack's usage plan: the parameter `Authorization` is `api-key`".to_owned());
        let mut signature = ApiKeyValue::new("Authorization");
        signature.description =
            Some("AWS Signature Version 4: the parameter `Authorization` is `iam`".to_owned());
        let is_signature = Extensions::builder().add("x-amazon-apigateway-authtype", "awsSigv4").build();
        signature.extensions = Some(is_signature);
        let mut token = ApiKeyValue::new("Authorization");
        token.description = Some(
            "An identity token of the stack's user pool: the parameter `Authorization` is `cognito`. The user `me` is \
             the subject of the token"
                .to_owned(),
        );
        let is_checked =
            Extensions::builder().add("x-amazon-apigateway-authtype", "cognito_user_pools").build();
        token.extensions = Some(is_checked);
        for (name, scheme) in [("api_key", key), ("sigv4", signature), ("cognito", token)] {
            let scheme = SecurityScheme::ApiKey(ApiKey::Header(scheme));
            components.security_schemes.insert(name.to_owned(), RefOr::T(scheme));
        }
        let requires = ["api_key", "sigv4", "cognito"].map(|name| SecurityRequirement::new(name, [""; 0]));
        // One of these, or nothing.
        document.security = Some([vec![SecurityRequirement::default()], requires.to_vec()].concat());
        for (path, item) in &mut document.paths.paths {
            let is_open = OPEN.contains(&path.as_str());
            let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            for operation in methods.into_iter().flatten() {
                add_responses(operation, is_open);
            }
        }
    }
}

fn add_responses(operation: &mut Operation, is_open: bool) {
    if is_open {
        operation.security = Some(Vec::new());
    }
    for (status, name, _) in RESPONSES {
        if !is_open || !matches!(status, "401" | "403") {
            let response = RefOr::Ref(Ref::from_response_name(name));
            operation.responses.responses.entry(status.to_owned()).or_insert(response);
        }
    }
}
