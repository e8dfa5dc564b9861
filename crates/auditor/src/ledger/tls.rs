//! How a Postgres server is reached.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::LedgerError;

/// Connects. Wherever a connection is encrypted, the certificate and the name of the server are verified.
/// Another host than this machine is reached encrypted, unless the address says `sslmode=disable`.
pub(super) async fn connect(url: &str) -> Result<Client, LedgerError> {
    let (url, wanted) = split(url);
    let mut config: Config = url
        .parse()
        .map_err(|error: tokio_postgres::Error| LedgerError::Address(error.to_string()))?;
    let is_near = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    });
    let mode = match wanted.mode.as_deref() {
        Some("disable") => SslMode::Disable,
        None if is_near => SslMode::Disable,
        Some("prefer") => SslMode::Prefer,
        Some("require" | "verify-ca" | "verify-full") | None => SslMode::Require,
        Some(other) => {
            return Err(LedgerError::Address(format!("sslmode is `{other}`")));
        }
    };
    config.ssl_mode(mode);
    if mode == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let tls = MakeRustlsConnect::new(client_config(wanted.root.as_deref())?);
    let (client, connection) = config.connect(tls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// What an address says about encryption.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    mode: Option<String>,
    root: Option<String>,
}

/// Takes out of an address what the library does not know.
fn split(url: &str) -> (String, Wanted) {
    let Some((address, query)) = url.split_once('?') else {
        return (url.to_owned(), Wanted::default());
    };
    let mut wanted = Wanted::default();
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => wanted.mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => wanted.root = Some(value.to_owned()),
            _ => rest.push(pair),
        }
    }
    let address = match rest.is_empty() {
        true => address.to_owned(),
        false => format!("{address}?{}", rest.join("&")),
    };
    (address, wanted)
}

fn client_config(root: Option<&str>) -> Result<ClientConfig, LedgerError> {
    let unusable = |error: &dyn std::fmt::Display| LedgerError::Certificates(error.to_string());
    let mut roots = RootCertStore::empty();
    match root {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path).map_err(|e| unusable(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| unusable(&e))?;
                roots.add(certificate).map_err(|e| unusable(&e))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(&e))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_does_not_know_is_taken_out() {
        let url = "postgres://u:p@db/bayar?sslmode=verify-full&application_name=x&sslrootcert=/r";
        let (address, wanted) = split(url);
        assert_eq!(address, "postgres://u:p@db/bayar?application_name=x");
        assert_eq!(wanted.mode.as_deref(), Some("verify-full"));
        assert_eq!(wanted.root.as_deref(), Some("/r"));
        let (address, wanted) = split("postgres://db/bayar?sslmode=disable");
        assert_eq!(address, "postgres://db/bayar");
        assert_eq!(wanted.mode.as_deref(), Some("disable"));
    }
}
