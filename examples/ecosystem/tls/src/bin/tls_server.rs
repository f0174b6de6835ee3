//! An HTTPS server that answers every request alike: rustls over a socket of reveille's, by the traits of `futures-io`.
//!
//! ```console
//! $ cargo run -p tls --bin tls_server -- certificate.pem key.pem 127.0.0.1:7443
//! listening on 127.0.0.1:7443
//! $ curl --cacert authority.pem https://localhost:7443
//! hello over TLS
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{env, io};

use futures_rustls::TlsAcceptor;
use futures_rustls::rustls::ServerConfig;
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use reveille::io::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{AcceptPolicy, TcpListener, TcpStream};
use reveille::time::timeout;

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\nhello over TLS\n";

#[reveille::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [certificate, key, address] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| {
        "three arguments are needed: files with the certificates and the key, and the address to listen on"
    })?;
    let certificates = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::from_pem_file(key)?)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let mut incoming = listener.incoming(AcceptPolicy::default());
    loop {
        let (stream, peer) = incoming.accept().await?;
        let acceptor = acceptor.clone();
        reveille::spawn(async move {
            // A client that sends nothing does not stay.
            let answered = timeout(Duration::from_secs(30), answer(stream, acceptor)).await;
            if let Err(error) = answered.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn answer(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).await?;
        if count == 0 || head.len() > 8 * 1024 {
            return Err(io::Error::other("this was no request"));
        }
        head.extend_from_slice(&piece[..count]);
    }
    stream.write_all(REPLY).await?;
    // Says that this is the end, so that nobody can cut the reply short unseen.
    stream.close().await
}
