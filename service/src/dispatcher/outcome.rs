use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use http::Response;
use switchwire_core::{
    HandshakeError, HandshakeInfo, HandshakeInterceptor, HandshakeRequest, spi::Acceptance,
};
use tokio::time::timeout;

/// The interceptors that passed a request. They learn of the answer that the peer gets.
pub(super) struct Witnesses {
    passed: Vec<Arc<dyn HandshakeInterceptor>>,
    /// The head of the accepting response, unless the request is refused.
    accepted: Option<Response<()>>,
}

impl Witnesses {
    /// Takes the interceptors from a request after the decision.
    pub(super) fn new(
        request: &mut HandshakeRequest,
        decided: &Result<Acceptance, HandshakeError>,
    ) -> Self {
        let passed = request.take_passed();
        let accepted = decided.as_ref().ok().filter(|_| !passed.is_empty());
        Self {
            accepted: accepted.map(|acceptance| acceptance.response.clone()),
            passed,
        }
    }

    /// Tells the interceptors the answer, within `limit`: the refusal or, if there is none, the
    /// accepting response. They cannot change it.
    pub(super) async fn tell(
        self,
        limit: Duration,
        info: &HandshakeInfo,
        refusal: Option<&HandshakeError>,
    ) {
        let outcome = match (refusal, &self.accepted) {
            (Some(error), _) => Err(error),
            (None, Some(response)) => Ok(response),
            (None, None) => return, // no interceptor passed it
        };
        let telling = async {
            for interceptor in self.passed.iter().rev() {
                let told = AssertUnwindSafe(interceptor.after_handshake(info, outcome));
                if told.catch_unwind().await.is_err() {
                    tracing::error!("an interceptor panicked after the handshake");
                }
            }
        };
        if timeout(limit, telling).await.is_err() {
            tracing::warn!("interceptors took too long after the handshake; the answer is sent");
        }
    }
}
