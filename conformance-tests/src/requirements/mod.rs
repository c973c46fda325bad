//! Every requirement, one constant each, grouped by the part of the protocol it belongs to.

/// Declares the requirements of one group: a constant each, and `ALL` with the whole group.
macro_rules! requirements {
    ($($name:ident = $id:literal $level:ident $spec:ident $section:literal $text:literal $(not $reason:literal)?;)*) => {
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
        pub(crate) const ALL: &[crate::Requirement] = &[$($name),*];
    };
    (@testable) => { crate::Testable::Yes };
    (@testable $reason:literal) => { crate::Testable::No($reason) };
}

mod client;
mod closing;
mod contract;
mod deflate;
mod framing;
mod handshake;
mod http2;
mod limits;

pub(crate) use closing::*;
pub(crate) use contract::*;
pub(crate) use framing::*;
pub(crate) use handshake::*;
pub(crate) use limits::*;

use crate::Requirement;

/// Every requirement the kit knows, group by group in reading order.
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    [
        handshake::ALL,
        framing::ALL,
        closing::ALL,
        limits::ALL,
        contract::ALL,
        client::ALL,
        deflate::ALL,
        http2::ALL,
    ]
    .into_iter()
    .flatten()
}
