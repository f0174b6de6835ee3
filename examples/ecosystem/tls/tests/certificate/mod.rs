//! An authority, and a certificate of it for `localhost`, made anew for each test.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use started::Scratch;

/// Files in a folder of their own.
pub(crate) struct Certificate {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    _scratch: Scratch,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        // By its name it is told from what it signs.
        params
            .distinguished_name
            .push(DnType::CommonName, "the authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let scratch = Scratch::new();
        Self {
            authority: scratch.write("authority.pem", &authority.pem()),
            certificate: scratch.write("certificate.pem", &certificate.pem()),
            key: scratch.write("key.pem", &key.serialize_pem()),
            _scratch: scratch,
        }
    }
}
