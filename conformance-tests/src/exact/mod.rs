//! Exact answers: requests, and what is answered to each, byte for byte.
//!
//! The corpus is in `exact/requests.txt` and `exact/answers.txt` of this crate, which say how they are read.

mod answer;
mod corpus;
mod run;

pub(crate) use self::{corpus::corpus, run::run};
