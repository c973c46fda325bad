//! switchwire on hyper
