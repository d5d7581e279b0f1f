//! How a JSON body becomes a request.

use serde_json::Value;

use super::InvalidRequest;

/// A request that is sent as a JSON body.
pub trait FromBody: Sized {
    /// A valid body, which is shown to callers whose body has another form.
    const EXAMPLE: &'static str;

    /// Reads a JSON value. Its errors do not show the example.
    fn read(json: &Value) -> Result<Self, InvalidRequest>;

    /// Reads a JSON value.
    fn from_json(json: &Value) -> Result<Self, InvalidRequest> {
        Self::read(json).map_err(|error| error.with_example(Self::EXAMPLE))
    }

    /// Reads a body of any content type.
    fn from_body(body: &[u8]) -> Result<Self, InvalidRequest> {
        let json = serde_json::from_slice(body);
        let json =
            json.map_err(|error| InvalidRequest::not_json(body, &error).with_example(Self::EXAMPLE))?;
        Self::from_json(&json)
    }
}
