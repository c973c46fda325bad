//! One WebSocket handler, any Rust HTTP server.
