//! Compiles the code of the guides: each is a module's documentation, and so its code is a doc test.

macro_rules! guides {
    ($($name:ident: $path:literal;)*) => {$(
        #[doc = include_str!($path)]
        #[cfg(doctest)]
        mod $name {}
    )*};
}

guides! {
    readme: "../README.md";
    first_endpoint: "guide/first-endpoint.md";
    session: "guide/session.md";
    servers: "guide/servers.md";
    tls: "guide/tls.md";
    access: "guide/access.md";
    rooms: "guide/rooms.md";
    slow_consumers: "guide/slow-consumers.md";
    testing: "guide/testing.md";
    deploy: "deploy.md";
    adding_a_backend: "adding-a-backend.md";
    from_axum: "guide/from-axum.md";
    from_actix_ws: "guide/from-actix-ws.md";
    from_warp: "guide/from-warp.md";
    from_tokio_tungstenite: "guide/from-tokio-tungstenite.md";
    from_spring: "guide/from-spring.md";
}
