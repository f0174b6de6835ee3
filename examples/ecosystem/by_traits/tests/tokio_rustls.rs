//! `tokio-rustls`, both ends of it, over the traits of `tokio::io`.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use reveille::net::{TcpListener, TcpStream};
use started::Watchdog;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

#[reveille::test]
async fn much_comes_back_over_tls_and_ends_as_it_should() {
    let _watchdog = Watchdog::new("TLS with itself");
    let (connector, acceptor) = both_ends();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = reveille::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut reader, mut writer) = split(acceptor.accept(stream).await.unwrap());
        let count = copy(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
        count
    });

    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let (mut reader, mut writer) = split(connector.connect(name, stream).await.unwrap());
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let expected = sent.clone();
    let writing = reveille::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    });
    let mut received = Vec::new();
    // Without the end that TLS has of its own, this would be an error.
    reader.read_to_end(&mut received).await.unwrap();
    assert!(received == expected, "what came back differs");
    writing.await.unwrap();
    assert_eq!(server.await.unwrap(), expected.len() as u64);
}

fn both_ends() -> (TlsConnector, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut authorities = RootCertStore::empty();
    authorities.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(authorities)
        .with_no_client_auth();
    (
        TlsConnector::from(Arc::new(client)),
        TlsAcceptor::from(Arc::new(server)),
    )
}
