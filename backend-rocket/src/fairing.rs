//! Fairings: a whole mapping in front of an application, and the end of its sessions.

use std::time::Duration;

use rocket::{
    Build, Orbit, Rocket, async_trait,
    fairing::{self, Fairing, Info, Kind},
};
use switchwire_service::{SessionRegistry, WebSocketDispatcher};

use crate::routing::routes;

/// Makes a fairing that mounts the [`routes`] of a mapping or a dispatcher at `/`, and ends its
/// sessions as [`end_sessions`] does.
///
/// ```
/// use switchwire_backend_rocket::fairing;
///
/// # fn build(mapping: switchwire_service::UrlHandlerMapping) {
/// let rocket = rocket::build().attach(fairing(mapping));
/// # }
/// ```
pub fn fairing(dispatcher: impl Into<WebSocketDispatcher>) -> impl Fairing {
    let dispatcher = dispatcher.into();
    Sessions {
        registry: dispatcher.registry().clone(),
        dispatcher: Some(dispatcher),
    }
}

/// Makes a fairing that ends the sessions of a registry when Rocket shuts down, as
/// [`SessionRegistry::shutdown`] does. They have the time that Rocket gives to all I/O:
/// `shutdown.grace` of its configuration, 2 s by default. Rocket closes the connections that are
/// left then.
#[must_use]
pub fn end_sessions(registry: SessionRegistry) -> impl Fairing {
    Sessions {
        registry,
        dispatcher: None,
    }
}

struct Sessions {
    registry: SessionRegistry,
    dispatcher: Option<WebSocketDispatcher>,
}

#[async_trait]
impl Fairing for Sessions {
    fn info(&self) -> Info {
        Info {
            name: "WebSocket sessions",
            kind: Kind::Ignite | Kind::Shutdown,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(match self.dispatcher.clone() {
            Some(dispatcher) => rocket.mount("/", routes(dispatcher)),
            None => rocket,
        })
    }

    async fn on_shutdown(&self, rocket: &Rocket<Orbit>) {
        let grace = Duration::from_secs(rocket.config().shutdown.grace.into());
        let report = self.registry.shutdown(grace).await;
        tracing::info!(%report, "the sessions have ended");
    }
}
