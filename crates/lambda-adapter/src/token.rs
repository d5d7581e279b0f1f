//! The token that API Gateway has checked. A REST API with an authorizer for a user pool adds the token's claims to the
//! event.
//!
//! Invariant: only the event says who the caller is. Headers are what the caller sent, so they prove nothing.

use lambda_http::request::RequestContext;
use matinee_api::Sender;
use serde_json::Value;

/// The claim with the names of the user's groups.
const GROUPS: &str = "cognito:groups";

/// The holder of the token, if API Gateway has checked one.
pub(crate) fn holder(context: &RequestContext) -> Option<Sender> {
    let RequestContext::ApiGatewayV1(context) = context else { return None };
    let claims = context.authorizer.fields.get("claims")?;
    let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty())?;
    let groups = claims.get(GROUPS).map(groups).unwrap_or_default();
    Some(Sender::TokenHolder { subject: subject.to_owned(), groups })
}

/// The names in the claim. API Gateway makes text of the token's list: a REST API writes `a,b`, and other types of API
/// write `[a b]`. Names of groups contain no spaces.
fn groups(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(text) => {
            let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            let names = list.split([',', ' ']).filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        }
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_read_in_every_form() {
        for claim in [json!("staff,readers"), json!("[staff readers]"), json!(["staff", "readers"])] {
            assert_eq!(groups(&claim), ["staff", "readers"], "{claim}");
        }
        assert_eq!(groups(&json!("staff")), ["staff"]);
        assert_eq!(groups(&json!("[staff]")), ["staff"]);
        for nobody in [json!(""), json!("[]"), json!(null), json!([]), json!({"staff": true})] {
            assert!(groups(&nobody).is_empty(), "{nobody}");
        }
    }
}
