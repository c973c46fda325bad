//! Every requirement, one constant each, grouped by the part of the protocol it belongs to.

/// Declares the requirements of one group: a constant each, and a list of the whole group.
macro_rules! requirements {
    ($list:ident: $($name:ident = $id:literal $level:ident $spec:ident $section:literal $text:literal $(not $reason:literal)?;)*) => {
        $(
            pub(crate) const $name: crate::Requirement = crate::Requirement {
                id: $id,
                spec: crate::Spec::$spec,
                section: $section,
                level: crate::Level::$level,
                text: $text,
                testable: requirements!(@testable $($reason)?),
            };
        )*
        pub(super) const $list: &[crate::Requirement] = &[$($name),*];
    };
    (@testable) => { crate::Testable::Yes };
    (@testable $reason:literal) => { crate::Testable::No($reason) };
}

mod access;
mod client;
mod closing;
mod contract;
mod deflate;
mod framing;
mod handshake;
mod http2;
mod limits;
mod registry;

pub(crate) use access::*;
pub(crate) use client::*;
pub(crate) use closing::*;
pub(crate) use contract::*;
pub(crate) use framing::*;
pub(crate) use handshake::*;
pub(crate) use limits::*;
pub(crate) use registry::*;

use crate::Requirement;

/// The groups of requirements in reading order, with their titles.
pub(crate) const GROUPS: &[(&str, &[Requirement])] = &[
    ("Opening handshake", HANDSHAKE),
    ("Framing and messages", FRAMING),
    ("Closing handshake", CLOSING),
    ("Limits", LIMITS),
    ("Contract", CONTRACT),
    ("Access", ACCESS),
    ("Registry, topics and limits", REGISTRY),
    ("Client", CLIENT),
    ("permessage-deflate", deflate::DEFLATE),
    ("HTTP/2", http2::HTTP2),
];

/// Every requirement the kit knows, group by group in reading order.
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    GROUPS.iter().flat_map(|(_, group)| group.iter())
}
