//! What every switchwire server shares: opening handshake, framing, session driver
