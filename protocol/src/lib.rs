#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accept_key;
mod decoder;
#[cfg(feature = "deflate")]
pub mod deflate;
mod encoder;
pub mod header_list;
mod mask;
mod pool;
pub mod random;
mod spare;

pub use self::{
    accept_key::{accept_key, new_key},
    decoder::Decoder,
    encoder::Encoder,
    pool::release_unused,
};
