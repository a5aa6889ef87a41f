//! How requests leave this process: TLS by rustls, and the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`,
//! `ALL_PROXY`, `NO_PROXY`), as every AWS tool takes it. What listens on this machine is never asked through one.

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The client of AWS, or of what answers at `endpoint`.
pub(super) fn client(endpoint: Option<&str>) -> SharedHttpClient {
    let here = endpoint.is_some_and(is_here);
    Builder::new().build_with_connector_fn(move |settings, components| {
        connector(settings.cloned(), components.and_then(RuntimeComponents::sleep_impl), here)
    })
}

/// One connector; `here` is whether it connects to this machine.
pub(super) fn connector(
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
    here: bool,
) -> Connector {
    let proxy = if here { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    let mut builder = Connector::builder().proxy_config(proxy);
    builder.set_connector_settings(settings);
    builder.set_sleep_impl(sleep);
    builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
}

/// Is the URL of this machine?
pub fn is_here(url: &str) -> bool {
    let uri = url.parse::<http::Uri>().ok();
    let Some(host) = uri.as_ref().and_then(http::Uri::host) else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    match address {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost"),
    }
}
