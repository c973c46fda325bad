//! Endpoints with room for a few sessions.

use switchwire_conformance::contract::MOST;
use switchwire_core::Endpoint;
use switchwire_service::{InvalidMapping, UrlHandlerMapping};

use super::{echo, limited};

/// How many endpoints there are of each kind, so that each case has its own.
const ENDPOINTS: usize = 9;

pub(super) fn add(mut mapping: UrlHandlerMapping) -> Result<UrlHandlerMapping, InvalidMapping> {
    for number in 0..ENDPOINTS {
        let few: Endpoint = limited(echo, |settings| settings.with_max_sessions(Some(MOST)));
        let few_each = limited(echo, |settings| {
            settings.with_max_sessions_per_address(Some(MOST))
        });
        mapping = mapping
            .with_endpoint(&format!("/few/{number}"), few)?
            .with_endpoint(&format!("/few-each/{number}"), few_each)?;
    }
    Ok(mapping)
}
