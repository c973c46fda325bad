//! Examples of switchwire
