//! What the URL says about encryption. The driver knows less of it than people write, and verifies nothing by itself.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::ConfigError;

/// Where the server is, and how a connection to it is encrypted.
pub(crate) struct Target {
    pub(crate) server: Config,
    pub(crate) tls: Option<MakeRustlsConnect>,
}

impl Target {
    pub(crate) fn read(url: &str) -> Result<Self, ConfigError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(ConfigError::Scheme);
        }
        let Split { rest, mode, roots } = split(url)?;
        let mut server = Config::from_str(&rest).map_err(|error| ConfigError::Url(error.into()))?;
        if server.get_hosts().is_empty() && server.get_hostaddrs().is_empty() {
            return Err(ConfigError::NoHost);
        }
        let mode = match mode.as_deref() {
            // The driver cannot encrypt a socket of this machine, and nobody needs it to.
            _ if all_sockets(&server) => SslMode::Disable,
            None if all_here(&server) => SslMode::Disable,
            Some("disable") => SslMode::Disable,
            Some("prefer") => SslMode::Prefer,
            None | Some("require" | "verify-ca" | "verify-full") => SslMode::Require,
            Some(other) => return Err(ConfigError::SslMode(other.to_owned())),
        };
        server.ssl_mode(mode);
        let tls = if mode == SslMode::Disable {
            None
        } else {
            Some(connector(roots.as_deref())?)
        };
        Ok(Self { server, tls })
    }
}

struct Split {
    rest: String,
    mode: Option<String>,
    roots: Option<String>,
}

/// Takes `sslmode` and `sslrootcert` out of a URL.
fn split(url: &str) -> Result<Split, ConfigError> {
    // A password may hold a question mark: the parameters begin after it.
    let credentials = url.find('@').map_or(0, |at| at.saturating_add(1));
    let (head, tail) = url.split_at(credentials);
    let (base, query) = tail.split_once('?').unwrap_or((tail, ""));
    let mut split = Split {
        rest: String::new(),
        mode: None,
        roots: None,
    };
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", mode)) => split.mode = Some(decode(mode)?),
            Some(("sslrootcert", path)) => split.roots = Some(decode(path)?),
            Some(_) | None => kept.push(parameter),
        }
    }
    split.rest = format!("{head}{base}");
    if !kept.is_empty() {
        split.rest.push('?');
        split.rest.push_str(&kept.join("&"));
    }
    Ok(split)
}

/// Reads `%2F` as `/`.
fn decode(text: &str) -> Result<String, ConfigError> {
    let malformed = || ConfigError::Url("a parameter is not percent-encoded text".into());
    let mut bytes = Vec::new();
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or_else(malformed)?;
        bytes.push(u8::from_str_radix(code, 16).map_err(|_| malformed())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

fn all_sockets(server: &Config) -> bool {
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    server.get_hostaddrs().is_empty() && server.get_hosts().iter().all(is_socket)
}

fn all_here(server: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    };
    server.get_hosts().iter().all(is_here)
        && server
            .get_hostaddrs()
            .iter()
            .all(std::net::IpAddr::is_loopback)
}

fn connector(roots: Option<&str>) -> Result<MakeRustlsConnect, ConfigError> {
    let roots = match roots {
        // As libpq has it: the roots of the system.
        None | Some("system") => system_roots()?,
        Some(path) => roots_in(path)?,
    };
    // The provider is named here, so that nobody has to install one for the whole process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn system_roots() -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        Err(ConfigError::NoRoots)
    } else {
        Ok(roots)
    }
}

fn roots_in(path: &str) -> Result<RootCertStore, ConfigError> {
    let unreadable = |source| ConfigError::RootFile {
        path: path.to_owned(),
        source,
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(Path::new(path)).map_err(|error| unreadable(error.into()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| unreadable(error.into()))?;
    }
    if roots.is_empty() {
        Err(unreadable("it holds no certificate".into()))
    } else {
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Target::read(url).unwrap().server.get_ssl_mode()
    }

    fn refusal(url: &str) -> ConfigError {
        match Target::read(url) {
            Ok(_) => panic!("{url} is taken"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_connection_within_this_machine_is_not_encrypted_unless_it_is_asked_for() {
        for url in [
            "postgres://localhost/bayar",
            "postgresql://bayar@127.0.0.1:5433/bayar",
            "postgres://127.8.8.8/bayar",
            "postgres://[::1]/bayar",
            "postgres:///bayar?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/bayar",
            "postgres://localhost,127.0.0.1/bayar",
        ] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
        assert_eq!(
            mode("postgres://localhost/bayar?sslmode=require"),
            SslMode::Require
        );
    }

    #[test]
    fn a_connection_to_another_machine_is_encrypted_unless_it_is_forbidden() {
        for url in [
            "postgres://db.example/bayar",
            "postgres://10.0.0.5/bayar",
            "postgres://localhost.example/bayar",
            "postgres://localhost,db.example/bayar",
            "postgres://localhost/bayar?hostaddr=10.0.0.5",
        ] {
            assert_eq!(mode(url), SslMode::Require, "{url}");
        }
        assert_eq!(
            mode("postgres://db.example/bayar?sslmode=disable"),
            SslMode::Disable
        );
    }

    #[test]
    fn every_mode_that_people_write_is_known() {
        for (written, meant) in [
            ("disable", SslMode::Disable),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-ca", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            let url = format!("postgres://db.example/bayar?sslmode={written}&application_name=x");
            let target = Target::read(&url).unwrap();
            assert_eq!(target.server.get_ssl_mode(), meant, "{written}");
            assert_eq!(target.tls.is_some(), meant != SslMode::Disable, "{written}");
            assert_eq!(target.server.get_application_name(), Some("x"));
        }
    }

    #[test]
    fn a_socket_of_this_machine_is_never_encrypted() {
        let url = "postgres:///bayar?host=/run/postgresql&sslmode=require";
        assert_eq!(mode(url), SslMode::Disable);
    }

    #[test]
    fn a_mode_that_does_not_protect_is_refused_by_name() {
        for written in ["allow", "", "REQUIRE"] {
            let url = format!("postgres://db.example/bayar?sslmode={written}");
            assert!(matches!(refusal(&url), ConfigError::SslMode(mode) if mode == written));
        }
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        for url in [
            "",
            "bayar",
            "mysql://db.example/bayar",
            "host=db.example user=bayar",
        ] {
            assert!(matches!(refusal(url), ConfigError::Scheme), "{url}");
        }
        assert!(matches!(refusal("postgres:///bayar"), ConfigError::NoHost));
        for url in [
            "postgres://db.example:port/bayar",
            "postgres://db.example/bayar?sslcert=client.pem",
            "postgres://db.example/bayar?sslmode=%zz",
            "postgres://db.example/bayar?sslmode=%2",
        ] {
            assert!(matches!(refusal(url), ConfigError::Url(_)), "{url}");
        }
    }

    #[test]
    fn a_password_with_a_question_mark_is_left_alone() {
        let target =
            Target::read("postgres://bayar:a?sslmode=b@localhost/bayar?sslmode=disable").unwrap();
        assert_eq!(target.server.get_password(), Some("a?sslmode=b".as_bytes()));
        assert_eq!(target.server.get_ssl_mode(), SslMode::Disable);
    }

    #[test]
    fn a_file_of_roots_that_is_not_there_or_holds_none_is_refused() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for path in ["/nowhere/roots.pem", here] {
            let path = path.replace('/', "%2F");
            let url = format!("postgres://db.example/bayar?sslrootcert={path}");
            assert!(matches!(refusal(&url), ConfigError::RootFile { .. }));
        }
    }
}
