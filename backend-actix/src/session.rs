//! Attributes from the HTTP sessions of the library actix-session.

use std::{collections::HashMap, sync::Arc};

use actix_session::SessionExt;
use actix_web::HttpRequest;
use serde_json::Value;
use switchwire_core::{Attributes, HandlerError, HttpSession, async_trait};

/// The values of the request's session, as the middleware has loaded it. Each attribute is a
/// `serde_json::Value`.
///
/// They are copied at once, because the session itself cannot leave its thread.
pub(crate) fn http_session(request: &HttpRequest) -> Arc<dyn HttpSession> {
    Arc::new(ActixSession(request.get_session().entries().clone()))
}

/// Values as JSON, by name.
struct ActixSession(HashMap<String, String>);

#[async_trait]
impl HttpSession for ActixSession {
    async fn copy_attributes(
        &self,
        wanted: &(dyn for<'n> Fn(&'n str) -> bool + Send + Sync),
        attributes: &Attributes,
    ) -> Result<(), HandlerError> {
        for (name, json) in self.0.iter().filter(|(name, _)| wanted(name)) {
            attributes.insert_named(name.clone(), serde_json::from_str::<Value>(json)?);
        }
        Ok(())
    }
}
