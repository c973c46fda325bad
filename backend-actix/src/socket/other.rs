use std::convert::Infallible;

use actix_web::{HttpRequest, rt::net::TcpStream};
use switchwire_core::WebSocketSettings;

/// No socket: this system has no unique name for a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Socket(Infallible);

impl Socket {
    pub(crate) fn new(_: &TcpStream) -> Option<Self> {
        None
    }

    pub(crate) fn from_request(_: &HttpRequest) -> Option<Self> {
        None
    }

    pub(crate) fn limit_silence(self, _: &WebSocketSettings) {
        match self.0 {}
    }

    pub(crate) fn peer_has_ended(self) -> bool {
        match self.0 {}
    }

    pub(crate) fn unacknowledged(self) -> usize {
        match self.0 {}
    }

    pub(crate) fn room(self) -> usize {
        match self.0 {}
    }

    pub(crate) fn end_writing(self) {
        match self.0 {}
    }

    pub(crate) fn abort(self) {
        match self.0 {}
    }
}
