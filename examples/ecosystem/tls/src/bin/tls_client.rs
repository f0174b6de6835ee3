//! Fetches a page by HTTPS, and prints it with its head.
//!
//! ```console
//! $ cargo run -p tls --bin tls_client -- authority.pem localhost 7443
//! ```

use std::error::Error;
use std::sync::Arc;
use std::{env, io};

use futures_rustls::TlsConnector;
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::pki_types::{CertificateDer, ServerName};
use futures_rustls::rustls::{ClientConfig, RootCertStore};
use reveille::io::{AsyncReadExt, AsyncWriteExt};
use reveille::net::TcpStream;

#[reveille::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [authority, name, port] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| {
        "three arguments are needed: a file with the certificates to trust, and the name and the port of the server"
    })?;
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority)? {
        trusted.add(certificate?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(trusted)
        .with_no_client_auth();

    let stream = TcpStream::connect((name.as_str(), port.parse()?)).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector
        .connect(ServerName::try_from(name.clone())?, stream)
        .await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut page = Vec::new();
    // An end that the server did not announce is an error.
    stream.read_to_end(&mut page).await?;
    io::Write::write_all(&mut io::stdout(), &page)?;
    Ok(())
}
