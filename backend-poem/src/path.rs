//! The path parameters that poem has found, in their order.

use std::fmt;

use poem::Request;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Names and decoded values.
pub(crate) fn parameters(request: &Request) -> Vec<(String, String)> {
    let found = request.path_params::<Pairs>();
    found.map_or_else(|_| Vec::new(), |found| found.0) // the route has none
}

struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Pairs {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("path parameters")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(pair) = map.next_entry()? {
            self.0.push(pair);
        }
        Ok(self)
    }
}
