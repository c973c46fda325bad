//! The contract of who gets in and where to. The ids are those of the docs.

requirements! { ACCESS:
    MAPPING_PATH_1 = "mapping.path.1" Must Contract "UrlHandlerMapping" "A path is matched as the client sent it.";
    MAPPING_PATH_2 = "mapping.path.2" Must Contract "UrlHandlerMapping" "A WebSocket request for a path that is not mapped gets 404.";
    MAPPING_PATH_3 = "mapping.path.3" Must Contract "UrlHandlerMapping" "The most specific pattern wins, in whatever order they were mapped.";
    MAPPING_PARAMETER_1 = "mapping.parameter.1" Must Contract "UrlHandlerMapping" "Path parameters reach the handler decoded; one that is not UTF-8 maps to nothing.";
    MAPPING_QUERY_1 = "mapping.query.1" Must Contract "HandshakeInfo" "Parameters of the query reach the handler decoded, in order.";
    MAPPING_CONFLICT_1 = "mapping.conflict.1" Must Contract "UrlHandlerMapping" "Two patterns that match the same paths are an error when the second is mapped." not "there is no server with it; unit tests of the mapping show it";
    MAPPING_ORDER_1 = "mapping.order.1" Must Contract "UrlHandlerMapping" "Of several mappings, the one with the lowest order that has the path wins.";

    ORIGIN_PARSE_1 = "origin.parse.1" Must Contract "Origin" "Names of hosts stand in ASCII; anything else is no origin.";
    ORIGIN_COMPARE_1 = "origin.compare.1" Must Contract "Origin" "Origins are equal when scheme, host without regard to case, and port with its default filled in are.";
    ORIGIN_PATTERN_1 = "origin.pattern.1" Must Contract "OriginPattern" "An asterisk in a pattern stands for whole labels in front of a domain.";
    ORIGIN_PATTERN_2 = "origin.pattern.2" Must Contract "OriginPattern" "Only the pattern null lets the origin null in.";
    HANDSHAKE_ORIGIN_2 = "handshake.origin.2" Must Contract "HandshakeWebSocketService" "A foreign origin is refused before anything of the application is touched.";
    FORWARDED_TRUST_1 = "forwarded.trust.1" Must Contract "TrustedProxies" "What a request says of how it came counts only from a listed address, and only in the header that is set.";
    FORWARDED_TRUST_2 = "forwarded.trust.2" Must Contract "TrustedProxies" "What stands before the last listed proxy is ignored.";
    FORWARDED_PARSE_1 = "forwarded.parse.1" Must Contract "TrustedProxies" "A malformed value is ignored, with what stands before it; it does not hide what stands after it.";

    CORS_BUILD_1 = "cors.build.1" Must Contract "CorsConfiguration" "A configuration that contradicts itself is an error when built." not "there is no server with it; unit tests of core show it";
    CORS_WEBSOCKET_1 = "cors.websocket.1" Must Contract "CorsConfiguration" "Any origin means that every page may connect.";
    CORS_PREFLIGHT_1 = "cors.preflight.1" Must Contract "UrlHandlerMapping" "A preflight request to a path with a configuration is answered with 204 or 403; any other belongs to the application.";
    CORS_RESPONSE_1 = "cors.response.1" Must Contract "UrlHandlerMapping" "The 101 says what the page may know, where a configuration applies.";
    CORS_VARY_1 = "cors.vary.1" Must Contract "UrlHandlerMapping" "Answers name in Vary what they depend on, each name once.";
    CORS_COMBINE_1 = "cors.combine.1" Must Contract "CorsConfiguration" "Lists of mapping and handler are joined.";
    CORS_COMBINE_2 = "cors.combine.2" Must Contract "CorsConfiguration" "What permits by default gives way to what is explicit." not "table tests of core show it";
    CORS_COMBINE_3 = "cors.combine.3" Must Contract "CorsConfiguration" "Single values are the handler's where it sets them.";

    HANDSHAKE_SUBPROTOCOL_2 = "handshake.subprotocol.2" Must Contract "WebSocketHandler" "A subprotocol that is no token is an error when the handler is mapped." not "there is no server with it; unit tests of the mapping show it";
    HANDSHAKE_SUBPROTOCOL_3 = "handshake.subprotocol.3" Must Contract "WebSocketHandler" "The hook that chooses a subprotocol sees the request as interceptors left it.";
    HANDSHAKE_SUBPROTOCOL_4 = "handshake.subprotocol.4" Must Contract "WebSocketHandler" "Only what was offered can be chosen.";
    HANDSHAKE_SUBPROTOCOL_5 = "handshake.subprotocol.5" Must Contract "WebSocketHandler" "Where a subprotocol is required, a request of which none is chosen gets 400.";

    INTERCEPTOR_BEFORE_1 = "interceptor.before.1" Must Contract "HandshakeInterceptor" "Interceptors see only right handshakes of allowed origins, the service's first.";
    INTERCEPTOR_BEFORE_2 = "interceptor.before.2" Must Contract "HandshakeInterceptor" "Attributes, user and headers that they set reach the session and the 101.";
    INTERCEPTOR_BEFORE_3 = "interceptor.before.3" Must Contract "HandshakeInterceptor" "The first that refuses decides the answer, and those after it do not run.";
    INTERCEPTOR_BEFORE_4 = "interceptor.before.4" Must Contract "HandshakeInterceptor" "One that panics is answered with 500, one that takes too long with 503.";
    INTERCEPTOR_AFTER_1 = "interceptor.after.1" Must Contract "HandshakeInterceptor" "Those that had passed see the outcome, in reverse order.";
    INTERCEPTOR_AFTER_2 = "interceptor.after.2" Must Contract "HandshakeInterceptor" "They see what the peer is told, also when a limit, a timeout, a shutdown or an interceptor behind them refuses.";
    INTERCEPTOR_AFTER_3 = "interceptor.after.3" Must Contract "HandshakeInterceptor" "One that panics or takes too long when it is told does not change the answer.";

    ATTRIBUTES_SESSION_1 = "attributes.session.1" Must Contract "HttpSession" "Without names asked for, the HTTP session is not loaded.";
    ATTRIBUTES_SESSION_2 = "attributes.session.2" Must Contract "HttpSession" "Only values whose name is asked for become attributes.";
    ATTRIBUTES_SESSION_3 = "attributes.session.3" Must Contract "HttpSession" "An HTTP session that cannot be loaded is answered with 500.";

    HANDSHAKE_TIMEOUT_1 = "handshake.timeout.1" Must Contract "WebSocketSettings" "A decision that takes longer than the endpoint allows is answered with 503.";
    HANDSHAKE_HEADERS_1 = "handshake.headers.1" Must Contract "WebSocketSettings" "A target over the size of a head gets 414, a target with headers over it 431.";
    SETTINGS_ENDPOINT_1 = "settings.endpoint.1" Must Contract "Endpoint" "Each endpoint has settings of its own.";
    SETTINGS_START_1 = "settings.start.1" Must Contract "RequestUpgradeStrategy" "A setting that the server cannot honour is an error at start-up." not "such a server is never started; the backend's own tests show it";
}
