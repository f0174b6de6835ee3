//! How a connection ended that did not end well.

use std::error::Error;
use std::fmt;

/// How a connection ended that did not end well: what [`Serve::on_connection_error`](crate::Serve::on_connection_error) is told.
pub struct ConnectionError {
    kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Nothing that tells the version of HTTP has come in time, or no request over HTTP/2.
    NoRequest,
    /// It had no request and was asked to close, and did not.
    Idle,
    /// The drain timeout was over.
    Cut,
    /// hyper's, or that of the service.
    Http(Box<dyn Error + Send + Sync>),
}

impl ConnectionError {
    /// Whether it was closed because the peer was too slow: with the header of a request, or with closing a connection on
    /// which nothing happened.
    pub fn is_timeout(&self) -> bool {
        match &self.kind {
            Kind::NoRequest | Kind::Idle => true,
            Kind::Http(error) => error
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_timeout),
            Kind::Cut => false,
        }
    }

    /// Whether it was still open when the server's [drain timeout](crate::Serve::drain_timeout) was over.
    pub fn is_cut(&self) -> bool {
        matches!(self.kind, Kind::Cut)
    }
}

impl From<Kind> for ConnectionError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NoRequest => f.write_str("no request came in time"),
            Kind::Idle => f.write_str("an idle connection did not close in time"),
            Kind::Cut => f.write_str("the connection was open when the drain timeout was over"),
            Kind::Http(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionError").field(&self.kind).finish()
    }
}

impl Error for ConnectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Http(error) => error.source(),
            Kind::NoRequest | Kind::Idle | Kind::Cut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_they_are_about() {
        let error = |kind| ConnectionError::from(kind);
        assert!(error(Kind::NoRequest).is_timeout() && error(Kind::Idle).is_timeout());
        assert!(!error(Kind::Cut).is_timeout() && error(Kind::Cut).is_cut());
        let other = error(Kind::Http("the service's".into()));
        assert!(!other.is_timeout() && !other.is_cut());
        assert_eq!(other.to_string(), "the service's");
        assert_eq!(format!("{other:?}"), "ConnectionError(Http(\"the service's\"))");
    }
}
