//! Who sent a request, and for which users it may act.
//!
//! Invariant: a handler gets the user that a request names only through [`Caller`], so no route can forget to check it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use matinee_model::UserId;

use crate::error::ApiError;
use crate::request::{InvalidRequest, ME};

/// Who may act for which users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Access {
    /// Every caller may act for every user: callers are back ends, or programs of this machine.
    #[default]
    Anyone,
    /// The holder of a token may act for one user: the subject of the token.
    TokenHolders {
        /// Members of this group may act for every user.
        group: Option<String>,
    },
}

/// Who sent a request. Whatever has checked it attaches this to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A program that may invoke the Lambda function itself, without an API in front of it.
    Invoker,
    /// The holder of a token.
    TokenHolder {
        /// The user whose token it is.
        subject: String,
        /// The groups of this user.
        groups: Vec<String>,
    },
}

/// Which users a request may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Every user. The caller is no user itself.
    BackEnd,
    /// This user only, also as `me`.
    User(UserId),
    /// Every user; `me` is this one.
    Administrator(UserId),
    /// No user, because the request has no token.
    Unknown,
}

impl Caller {
    fn new(access: &Access, sender: Option<&Sender>) -> Self {
        match (access, sender) {
            (Access::Anyone, _) | (Access::TokenHolders { .. }, Some(Sender::Invoker)) => Self::BackEnd,
            (Access::TokenHolders { group }, Some(Sender::TokenHolder { subject, groups })) => {
                let user = UserId::from(subject.as_str());
                let is_member = group.as_ref().is_some_and(|group| groups.contains(group));
                if is_member { Self::Administrator(user) } else { Self::User(user) }
            }
            (Access::TokenHolders { .. }, None) => Self::Unknown,
        }
    }

    /// The user whom the request means by `named`, if it may name this user.
    pub(crate) fn user(&self, named: UserId) -> Result<UserId, ApiError> {
        match self {
            Self::BackEnd if named.as_str() == ME => Err(InvalidRequest::Me.into()),
            Self::User(own) | Self::Administrator(own) if named.as_str() == ME => Ok(own.clone()),
            Self::User(own) if named != *own => Err(ApiError::OtherUser),
            Self::Unknown => Err(ApiError::NoToken),
            Self::BackEnd | Self::User(_) | Self::Administrator(_) => Ok(named),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let access = parts.extensions.get::<Access>();
        Ok(Self::new(access.unwrap_or(&Access::default()), parts.extensions.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(subject: &str, groups: &[&str]) -> Sender {
        Sender::TokenHolder {
            subject: subject.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }

    fn user(access: &Access, sender: Option<&Sender>, named: &str) -> Result<String, ApiError> {
        Caller::new(access, sender).user(named.into()).map(|user| user.as_str().to_owned())
    }

    #[test]
    fn the_holder_of_a_token_may_name_one_user() {
        for group in [None, Some("staff".to_owned())] {
            let access = Access::TokenHolders { group };
            let ann = holder("ann", &["readers", "staffs"]);
            assert_eq!(user(&access, Some(&ann), "me"), Ok("ann".to_owned()));
            assert_eq!(user(&access, Some(&ann), "ann"), Ok("ann".to_owned()));
            for other in ["bob", "Ann", "ME", "Me", ""] {
                assert_eq!(user(&access, Some(&ann), other), Err(ApiError::OtherUser), "{other}");
            }
            assert_eq!(user(&access, None, "ann"), Err(ApiError::NoToken));
            assert_eq!(user(&access, None, "me"), Err(ApiError::NoToken));
        }
    }

    #[test]
    fn members_of_the_group_and_programs_may_name_everybody() {
        let access = Access::TokenHolders { group: Some("staff".to_owned()) };
        let ann = holder("ann", &["readers", "staff"]);
        assert_eq!(user(&access, Some(&ann), "bob"), Ok("bob".to_owned()));
        assert_eq!(user(&access, Some(&ann), "me"), Ok("ann".to_owned()));
        assert_eq!(user(&access, Some(&Sender::Invoker), "bob"), Ok("bob".to_owned()));
        let nobody = Access::TokenHolders { group: None };
        assert_eq!(user(&nobody, Some(&holder("ann", &[""])), "bob"), Err(ApiError::OtherUser));
    }

    #[test]
    fn without_tokens_there_is_no_me() {
        for sender in [None, Some(Sender::Invoker), Some(holder("ann", &[]))] {
            assert_eq!(user(&Access::Anyone, sender.as_ref(), "bob"), Ok("bob".to_owned()));
            assert_eq!(user(&Access::Anyone, sender.as_ref(), "me"), Err(InvalidRequest::Me.into()));
        }
    }
}
