//! The stack as `CloudFormation` creates it: `template.yaml` after its transforms. It needs sam, so scripts/test.sh runs it:
//! `cargo test --test template -- --ignored`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod configuration;
mod names;
mod ratings;
mod roles;
mod spark;
mod versions;
mod watching;

use serde_json::Value;

/// The properties of a resource of the stack.
fn properties<'s>(stack: &'s Value, resource: &str) -> &'s Value {
    let properties = &stack["Resources"][resource]["Properties"];
    assert!(!properties.is_null(), "there is no {resource}");
    properties
}

/// Names and properties of the resources of a type.
fn of_type<'s>(stack: &'s Value, wanted: &'s str) -> impl Iterator<Item = (&'s str, &'s Value)> {
    let resources = stack["Resources"].as_object().unwrap().iter();
    let resources = resources.filter(move |(_, resource)| resource["Type"] == wanted);
    resources.map(|(name, resource)| (name.as_str(), &resource["Properties"]))
}

/// The resource that a value refers to, by `Ref` or `Fn::GetAtt`.
fn referred(value: &Value) -> &str {
    let name = value["Ref"].as_str().or_else(|| value["Fn::GetAtt"][0].as_str());
    name.unwrap_or_else(|| panic!("no reference: {value}"))
}
