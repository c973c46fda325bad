//! permessage-deflate ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)): compressed messages.

mod answer;
mod contexts;
mod deflater;
mod history;
mod inflater;
mod offer;
mod parameters;
#[cfg(test)]
mod tests;

pub(crate) use self::contexts::release_unused;
pub use self::{
    answer::{AnswerViolation, offer_of, read_answer},
    deflater::Deflater,
    inflater::{BrokenData, Inflater, Progress},
    offer::negotiate,
    parameters::{Agreed, Wanted, WindowBits},
};

/// The extension's name.
const NAME: &str = "permessage-deflate";
