#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod layer;
mod service;
#[cfg(feature = "tower-sessions")]
mod tower_sessions;

#[cfg(feature = "tower-sessions")]
pub use self::tower_sessions::{TowerSessions, TowerSessionsLayer};
pub use self::{
    layer::UpgradeLayer,
    service::{NotWebSocket, UpgradeService},
};
