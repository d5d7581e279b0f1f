//! What the handlers of both routers share: extractors, the JSON answer, cache headers, and the layers around them.

mod caching;
mod caller;
mod compression;
mod extract;
mod json;
mod layers;
mod observe;
mod sampling;
mod security;
mod sign_in;

pub(crate) use caching::{EntityTag, Freshness, IfNoneMatch};
pub(crate) use caller::Caller;
pub use caller::{Access, Sender};
pub use compression::compressed;
pub(crate) use extract::{
    JsonBody, NoTimeInBody, PathSegment, PathUser, PathUserAndMovie, QueryParameters, RawBody,
};
pub(crate) use json::Json;
pub(crate) use layers::{Limits, with_layers};
pub use observe::{ColdStart, REQUEST_ID};
pub use sampling::{Sampling, ShareError};
pub(crate) use sign_in::ConfiguredSignIn;
pub use sign_in::{NotASignInPage, SignInPage};
