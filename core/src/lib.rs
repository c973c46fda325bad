//! Traits and values of switchwire: one WebSocket handler, any Rust HTTP server
