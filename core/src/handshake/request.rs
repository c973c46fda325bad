use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use http::{HeaderMap, Method, Uri, Version, header, request::Parts, uri::Authority};

use super::{
    info::{detached, detached_uri},
    interceptor::Passed,
    opening::Opening,
    read,
};
use crate::{
    attributes::Attributes,
    cors::CorsConfiguration,
    handshake::{HandshakeError, HandshakeInfo, HandshakeInterceptor, HttpSession, Principal},
};

/// An HTTP request that may become a session, described in the same way for every server.
///
/// # For backend authors
/// Build it from the head of the request and the addresses of the connection. Pass on the request
/// target as the client sent it, undecoded.
///
/// ```
/// use switchwire_core::HandshakeRequest;
///
/// let (head, ()) = http::Request::get("/chat?room=1")
///     .header("upgrade", "websocket")
///     .body(())?
///     .into_parts();
/// let request = HandshakeRequest::from(head).with_secure(true);
/// assert!(request.is_websocket());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct HandshakeRequest {
    head: Parts,
    remote_address: Option<SocketAddr>,
    local_address: Option<SocketAddr>,
    secure: bool,
    authority: Option<String>,
    path_within_application: Option<String>,
    pub(super) protocol: Option<String>,
    path_parameters: Vec<(String, String)>,
    principal: Option<Principal>,
    attributes: Attributes,
    http_session: Option<Arc<dyn HttpSession>>,
    cors: Option<Arc<CorsConfiguration>>,
    response_headers: HeaderMap,
    passed: Passed,
}

impl From<Parts> for HandshakeRequest {
    fn from(head: Parts) -> Self {
        Self {
            head,
            remote_address: None,
            local_address: None,
            secure: false,
            authority: None,
            path_within_application: None,
            protocol: None,
            path_parameters: Vec::new(),
            principal: None,
            attributes: Attributes::default(),
            http_session: None,
            cors: None,
            response_headers: HeaderMap::new(),
            passed: Passed::default(),
        }
    }
}

impl HandshakeRequest {
    /// Whether this is a preflight request: a browser asks which requests a page of another site
    /// may send ([the Fetch standard](https://fetch.spec.whatwg.org/#cors-preflight-request)).
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        Self::asks_for_permission(&self.head.method, &self.head.headers)
    }

    /// [`is_preflight`](Self::is_preflight) for method and headers alone, before anything else is
    /// taken from the server.
    #[must_use]
    pub fn asks_for_permission(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Sets the address that the connection came from.
    #[must_use]
    pub fn with_remote_address(mut self, address: Option<SocketAddr>) -> Self {
        self.remote_address = address;
        self
    }

    /// Sets the address that the connection came to.
    #[must_use]
    pub fn with_local_address(mut self, address: Option<SocketAddr>) -> Self {
        self.local_address = address;
        self
    }

    /// Sets whether the connection uses TLS, so that its origin is `https`. Default: no.
    #[must_use]
    pub fn with_secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets the host and port that the client addressed, for a trusted proxy that knows better than
    /// `Host`.
    #[must_use]
    pub fn with_authority(mut self, authority: String) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Sets the path that a mapping looks for, for servers that mount an application under a prefix:
    /// the path without that prefix. Default: the path of the target.
    #[must_use]
    pub fn with_path_within_application(mut self, path: String) -> Self {
        self.path_within_application = Some(path);
        self
    }

    /// Sets the HTTP session, loaded or not.
    #[must_use]
    pub fn with_http_session(mut self, session: Option<Arc<dyn HttpSession>>) -> Self {
        self.http_session = session;
        self
    }

    /// Sets the CORS configuration that applies to the request.
    #[must_use]
    pub fn with_cors_configuration(mut self, cors: Option<Arc<CorsConfiguration>>) -> Self {
        self.cors = cors;
        self
    }

    /// Adds parameters that were found in the path, decoded. They replace parameters of the same
    /// name that were found before, for example by the server's own routing.
    #[must_use]
    pub fn with_path_parameters(mut self, found: Vec<(String, String)>) -> Self {
        let parameters = &mut self.path_parameters;
        parameters.retain(|(name, _)| found.iter().all(|(new, _)| new != name));
        parameters.extend(found);
        self
    }

    /// Sets the user that the HTTP side authenticated.
    #[must_use]
    pub fn with_principal(mut self, principal: Option<Principal>) -> Self {
        self.principal = principal;
        self
    }

    /// Checks that target and headers are no larger than `most` bytes.
    ///
    /// # Errors
    /// [`HandshakeError::TargetTooLong`] and [`HandshakeError::HeadersTooLarge`].
    pub fn check_head_size(&self, most: usize) -> Result<(), HandshakeError> {
        let uri = &self.head.uri;
        let scheme = uri
            .scheme_str()
            .map_or(0, |scheme| scheme.len() + "://".len());
        let authority = uri
            .authority()
            .map_or(0, |authority| authority.as_str().len());
        let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
        let target = scheme + authority + path;
        let headers = self.head.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        match () {
            () if target > most => Err(HandshakeError::TargetTooLong),
            () if target + headers > most => Err(HandshakeError::HeadersTooLarge),
            () => Ok(()),
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The request target.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The path that a mapping looks for: the target's, without the prefix under which the server
    /// has mounted the application. It is as the client sent it, undecoded.
    #[must_use]
    pub fn path_within_application(&self) -> &str {
        let whole = self.head.uri.path();
        self.path_within_application.as_deref().unwrap_or(whole)
    }

    /// The HTTP version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The host and port that the client addressed. This is what a trusted proxy said; without one,
    /// it is that of the target when the target has one, as in an extended CONNECT and in the
    /// absolute form. Otherwise it is the only `Host` ([RFC 9112 section
    /// 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)).
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        if let Some(authority) = &self.authority {
            return Some(authority);
        }
        let of_target = self.head.uri.authority().map(Authority::as_str);
        if of_target.is_some() || self.opening() == Opening::ExtendedConnect {
            return of_target;
        }
        let mut hosts = self.head.headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().ok(),
            _ => None,
        }
    }

    /// The parameters of the query, in order, decoded like form data. Bytes that are not UTF-8 are
    /// replaced.
    pub fn query_parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        read::query_parameters(&self.head.uri)
    }

    /// The first parameter of this name in the query, decoded.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        read::find(self.query_parameters(), name)
    }

    /// The parameter of this name that the mapping found in the path, decoded.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.path_parameters.iter();
        read::find(pairs.map(|(name, value)| (name, value.as_str())), name)
    }

    /// The cookies, as name and value, in order.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        read::cookies(&self.head.headers)
    }

    /// The first cookie of this name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        read::find(self.cookies(), name)
    }

    /// The subprotocols that the client offers, over all header lines, in its order.
    pub fn offered_subprotocols(&self) -> impl Iterator<Item = &str> {
        self.head
            .headers
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(|name| name.trim_matches([' ', '\t']))
            .filter(|name| !name.is_empty())
    }

    /// The HTTP session, if the server has sessions. It may not be loaded yet.
    #[must_use]
    pub fn http_session(&self) -> Option<&Arc<dyn HttpSession>> {
        self.http_session.as_ref()
    }

    /// The CORS configuration that applies to the request, if there is one.
    #[must_use]
    pub fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        self.cors.as_deref()
    }

    /// The address that the connection came from, if the server knows it. Behind a trusted proxy,
    /// the client's address as the proxy gives it; the port may then be 0, for unknown.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.remote_address
    }

    /// Whether the connection uses TLS, or used it up to a trusted proxy.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Sets the HTTP session, loaded or not.
    pub fn set_http_session(&mut self, session: Option<Arc<dyn HttpSession>>) {
        self.http_session = session;
    }

    /// Sets the user. It replaces the user that the HTTP side authenticated.
    pub fn set_principal(&mut self, principal: Principal) {
        self.principal = Some(principal);
    }

    /// The attributes that the session will have.
    #[must_use]
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Headers and cookies that the application adds to the accepting response: 101, or 200 for an
    /// extended CONNECT.
    ///
    /// `handshake.response.1` They reach the accepting response. The headers of the handshake
    /// itself cannot be replaced.
    pub fn response_headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.response_headers
    }

    /// Adds headers for the accepting response.
    #[must_use]
    pub fn with_response_headers(mut self, headers: HeaderMap) -> Self {
        self.response_headers.extend(headers);
        self
    }

    /// Takes the headers that were set for the accepting response.
    #[must_use]
    pub fn take_response_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.response_headers)
    }

    /// The user that the HTTP side authenticated.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Runs an interceptor, for a [`WebSocketService`](crate::WebSocketService). When it passes the
    /// request, it is later told the outcome, even if the future that ran it is dropped.
    ///
    /// # Errors
    /// The interceptor's refusal.
    ///
    /// # Cancel safety
    /// When the future is dropped, the interceptor has not passed the request.
    pub async fn intercept(
        &mut self,
        interceptor: &Arc<dyn HandshakeInterceptor>,
    ) -> Result<(), HandshakeError> {
        interceptor.before_handshake(self).await?;
        self.passed.0.push(interceptor.clone());
        Ok(())
    }

    /// Takes the interceptors that [passed the request](Self::intercept), in order, to tell them
    /// the outcome.
    #[must_use]
    pub fn take_passed(&mut self) -> Vec<Arc<dyn HandshakeInterceptor>> {
        std::mem::take(&mut self.passed.0)
    }

    /// Turns the request into the part of it that the session keeps.
    #[must_use]
    pub fn into_info(self, subprotocol: Option<String>) -> Arc<HandshakeInfo> {
        Arc::new(HandshakeInfo {
            uri: detached_uri(&self.head.uri),
            version: self.head.version,
            headers: detached(&self.head.headers),
            path_parameters: self.path_parameters,
            principal: self.principal,
            subprotocol,
            remote_address: self.remote_address,
            local_address: self.local_address,
            secure: self.secure,
            attributes: self.attributes,
        })
    }
}
