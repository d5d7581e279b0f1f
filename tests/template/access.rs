//! Access: each type of API requires what `Authorization` says, and keeps open the paths that must be open.

use matinee_tests::{refusal, stack};
use serde_json::{Value, json};

use crate::{of_type, properties};

const POOL: &str = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbCdEfGhI";
const COGNITO: [(&str, &str); 2] = [("Authorization", "cognito"), ("UserPoolArn", POOL)];
const ANY: &str = "x-amazon-apigateway-any-method";

fn body(set: &[(&str, &str)]) -> Value {
    properties(&stack(set), "Api")["Body"].clone()
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn all_paths_go_to_the_function_and_ask_for_what_the_parameter_says() {
    for (set, security) in [
        (vec![("Authorization", "none")], json!([])),
        (vec![("Authorization", "api-key")], json!([{"api_key": []}])),
        (vec![("Authorization", "iam")], json!([{"sigv4": []}])),
        (COGNITO.to_vec(), json!([{"cognito": []}])),
    ] {
        let body = body(&set);
        let paths = body["paths"].as_object().unwrap();
        let names: Vec<&str> = paths.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["/", "/openapi.json", "/page/{file}", "/ratings", "/{proxy+}"],
            "a new route needs no change of the template"
        );
        for (path, methods) in paths {
            assert_eq!(methods[ANY]["security"], security, "{set:?} {path}");
            for (method, operation) in methods.as_object().unwrap() {
                let is_open = operation.get("security").is_none();
                let is_page =
                    method == "get" && ["/", "/openapi.json", "/page/{file}"].contains(&path.as_str());
                assert_eq!(is_open, method == "options" || is_page, "{method} {path}");
                assert!(is_open || operation["security"] == security, "{method} {path}");
            }
            assert!(methods.get("options").is_some(), "{path} has no preflight");
            assert_eq!(
                methods.get("get").is_some(),
                !["/ratings", "/{proxy+}"].contains(&path.as_str()),
                "{path}"
            );
        }
        let schemes = body["components"]["securitySchemes"].as_object().unwrap();
        assert_eq!(schemes["sigv4"]["x-amazon-apigateway-authtype"], "awsSigv4");
        let pools = &schemes.get("cognito").unwrap_or(&Value::Null)["x-amazon-apigateway-authorizer"];
        let expected = json!({"type": "cognito_user_pools", "providerARNs": [POOL]});
        assert_eq!(pools, if set == COGNITO { &expected } else { &Value::Null }, "{set:?}");
    }
}

/// Without scopes, API Gateway accepts identity tokens, from the header that clients usually send them in.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn with_cognito_the_gateway_checks_tokens_and_the_function_their_users() {
    let body = body(&COGNITO);
    let scheme = &body["components"]["securitySchemes"]["cognito"];
    assert_eq!(scheme["x-amazon-apigateway-authtype"], "cognito_user_pools");
    assert_eq!((&scheme["in"], &scheme["name"]), (&json!("header"), &json!("Authorization")));

    let variables = |set: &[(&str, &str)]| {
        let stack = stack(set);
        let variables = &properties(&stack, "PredictFunction")["Environment"]["Variables"];
        (variables["AUTHORIZATION"].clone(), variables["ADMINISTRATORS"].clone())
    };
    assert_eq!(variables(&[]), (json!("none"), json!("")));
    let staff = [&COGNITO[..], &[("Administrators", "staff")]].concat();
    assert_eq!(variables(&staff), (json!("cognito"), json!("staff")));
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn cognito_needs_a_user_pool_and_the_rest_api() {
    let without_pool = refusal(&[("Authorization", "cognito")]);
    assert!(without_pool.contains("CognitoNeedsUserPool") && without_pool.contains("UserPoolArn"));
    for kind in ["http-api", "function-url"] {
        let other = refusal(&[&COGNITO[..], &[("ApiType", kind)]].concat());
        assert!(other.contains("Authorization=cognito needs ApiType=rest-api"), "{other}");
    }
}

/// The throttle belongs to a method of a path, which must exist.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn what_writes_has_a_throttle_of_its_own() {
    let stack = stack(&[("WriteThrottleRate", "7"), ("WriteThrottleBurst", "9")]);
    let (_, stage) = of_type(&stack, "AWS::ApiGateway::Stage").next().unwrap();
    let settings = stage["MethodSettings"].as_array().unwrap();
    let throttle = |path: &str, method: &str| {
        let name = if path == "/*" { path.to_owned() } else { format!("/{}", path.replace('/', "~1")) };
        let found = settings.iter().find(|one| one["ResourcePath"] == name && one["HttpMethod"] == method);
        let one = found.unwrap_or_else(|| panic!("{method} {path} has no throttle: {settings:?}"));
        [&one["ThrottlingRateLimit"], &one["ThrottlingBurstLimit"]].map(|limit| {
            limit.as_f64().or_else(|| limit.as_str().and_then(|text| text.parse().ok())).unwrap()
        })
    };
    assert_eq!(throttle("/*", "*"), [100.0, 200.0]);
    let paths = &properties(&stack, "Api")["Body"]["paths"];
    let writing = [("/{proxy+}", "PUT"), ("/{proxy+}", "DELETE"), ("/ratings", "POST")];
    for (path, method) in writing {
        assert_eq!(throttle(path, method), [7.0, 9.0], "{method} {path}");
        assert!(paths[path].get(method.to_lowercase()).is_some(), "there is no {method} {path}");
    }
    assert_eq!(settings.len(), writing.len() + 1);
}

/// API Gateway only inserts variables: there is no VTL, and static values are in single quotes.
#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn what_the_gateway_answers_itself_has_the_form_of_the_functions_errors() {
    for (origins, allowed) in [("", None), ("https://a.com,https://b.com", Some("'*'"))] {
        let body = body(&[("CorsOrigins", origins)]);
        for (kind, response) in body["x-amazon-apigateway-gateway-responses"].as_object().unwrap() {
            let template = response["responseTemplates"]["application/json"].as_str().unwrap();
            assert!(!template.contains("$util"), "{kind}");
            let answer = template
                .replace("$context.error.messageString", "\"a message\"")
                .replace("$context.requestId", "an id");
            assert!(!answer.contains('$'), "{kind}: {answer}");
            let error = &serde_json::from_str::<Value>(&answer).unwrap()["error"];
            for field in ["code", "message", "request_id"] {
                assert!(error[field].as_str().is_some_and(|text| !text.is_empty()), "{kind} has no {field}");
            }
            let headers = response["responseParameters"].as_object().unwrap();
            for (header, value) in headers {
                let value = value.as_str().unwrap();
                let inner = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
                assert!(inner.is_some_and(|inner| !inner.contains('\'')), "{kind} {header}: {value}");
            }
            let cors =
                headers.get("gatewayresponse.header.Access-Control-Allow-Origin").and_then(Value::as_str);
            assert_eq!(cors, allowed, "{kind}");
        }
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn an_http_api_asks_for_signatures_and_leaves_the_page_open() {
    let routes = |authorization| -> Vec<(String, String)> {
        let stack = stack(&[("ApiType", "http-api"), ("Authorization", authorization)]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let routes = of_type(&stack, "AWS::ApiGatewayV2::Route");
        let mut routes: Vec<_> =
            routes.map(|(_, route)| (text(&route["RouteKey"]), text(&route["AuthorizationType"]))).collect();
        routes.sort();
        routes
    };
    let pair = |route: &str, authorization: &str| (route.to_owned(), authorization.to_owned());
    assert_eq!(routes("none"), [pair("$default", "NONE")]);
    let open = ["GET /", "GET /openapi.json", "GET /page/{file}", "OPTIONS /{proxy+}"]
        .map(|route| pair(route, "NONE"));
    assert_eq!(routes("iam"), [&[pair("$default", "AWS_IAM")], open.as_slice()].concat());
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn a_function_url_is_open_to_everybody_only_without_iam() {
    for (authorization, kind, permissions) in [
        ("none", "NONE", vec!["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]),
        ("iam", "AWS_IAM", vec![]),
    ] {
        let stack = stack(&[("ApiType", "function-url"), ("Authorization", authorization)]);
        assert_eq!(properties(&stack, "FunctionUrl")["AuthType"], kind);
        let public = of_type(&stack, "AWS::Lambda::Permission")
            .filter(|(_, permission)| permission["Principal"] == "*");
        let mut actions: Vec<&str> = public
            .map(|(name, permission)| {
                let is_for_urls = permission["FunctionUrlAuthType"] == "NONE"
                    || permission["InvokedViaFunctionUrl"] == true;
                assert!(is_for_urls, "{name} lets everybody call the function in any way");
                permission["Action"].as_str().unwrap()
            })
            .collect();
        actions.sort_unstable();
        assert_eq!(actions, permissions, "{authorization}");
    }
}

#[test]
#[ignore = "needs sam: scripts/test.sh"]
fn each_type_prints_its_own_address() {
    for (kind, begin, end) in [
        ("rest-api", "https://${Api}.execute-api.us-east-1.amazonaws.com/", "v1"),
        ("http-api", "https://${HttpApi}.execute-api.us-east-1.amazonaws.com/", "v1"),
    ] {
        let stack = stack(&[("ApiType", kind)]);
        let url = format!("{begin}{end}");
        assert_eq!(stack["Outputs"]["ApiUrl"]["Value"], url);
        let curl = stack["Outputs"]["Curl"]["Value"].as_str().unwrap();
        assert_eq!(curl, format!(r#"curl -s {url}/predict -d '{{"userId":"2","movieId":"2959"}}'"#));
    }
}
