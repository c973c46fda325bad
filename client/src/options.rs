#[cfg(feature = "rustls")]
use std::sync::Arc;
use std::time::Duration;

use crate::connect::{InvalidProxyUrl, Proxies, Proxy};

/// The options for connecting, the same for every engine.
///
/// ```
/// use std::time::Duration;
///
/// use switchwire_client::{ClientOptions, TokioClient};
///
/// let options = ClientOptions::new()
///     .with_connect_timeout(Duration::from_secs(3))
///     .with_proxy_from_env()?
///     .with_redirects(5);
/// let client = TokioClient::new(options);
/// # Ok::<(), switchwire_client::InvalidProxyUrl>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub(crate) connect_timeout: Duration,
    pub(crate) tls_timeout: Duration,
    pub(crate) redirects: usize,
    pub(crate) proxies: Proxies,
    #[cfg(feature = "rustls")]
    pub(crate) tls: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            tls_timeout: Duration::from_secs(10),
            redirects: 0,
            proxies: Proxies::None,
            #[cfg(feature = "rustls")]
            tls: None,
        }
    }
}

impl ClientOptions {
    /// Makes options with every default: no proxy, no redirects.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the timeout for looking up the host, connecting to one of its addresses, and opening a
    /// tunnel through the proxy. Default: 10 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the timeout of the TLS handshake with the server. Default: 10 s.
    #[must_use]
    pub fn with_tls_timeout(mut self, timeout: Duration) -> Self {
        self.tls_timeout = timeout;
        self
    }

    /// Follows up to this many redirects, one after another. Default: 0, and a redirect is an
    /// answer like any other.
    ///
    /// The client does not wait for the body of a redirect. All redirects together, including
    /// connecting again, have one [handshake
    /// timeout](switchwire_core::WebSocketSettings::handshake_timeout).
    ///
    /// `client.23` A request to another origin keeps only the header `User-Agent`, and its
    /// subprotocols. A redirect from `wss` to `ws` is an error.
    #[must_use]
    pub fn with_redirects(mut self, redirects: usize) -> Self {
        self.redirects = redirects;
        self
    }

    /// Connects to every server through this proxy.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxies = Proxies::One(proxy);
        self
    }

    /// Connects through the proxy that the environment names now: `HTTPS_PROXY`, or else
    /// `ALL_PROXY`, in upper or lower case, for both `ws` and `wss`. It does not use the proxy for
    /// the hosts in `NO_PROXY` (names with all their subdomains, addresses, networks, each with or
    /// without a port, or `*`). Default: it does not read the environment.
    ///
    /// # Errors
    /// When the value of a variable is not the URL of a proxy.
    pub fn with_proxy_from_env(mut self) -> Result<Self, InvalidProxyUrl> {
        self.proxies = Proxies::from_variables(|name| std::env::var(name).ok())?;
        Ok(self)
    }

    /// Sets the configuration of TLS: trusted roots, certificates of the client, versions. Default:
    /// the roots of an enabled feature of this crate.
    #[cfg(feature = "rustls")]
    #[must_use]
    pub fn with_tls_config(
        mut self,
        config: impl Into<Arc<tokio_rustls::rustls::ClientConfig>>,
    ) -> Self {
        self.tls = Some(config.into());
        self
    }
}
