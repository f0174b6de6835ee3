//! An echo server.

use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::TcpListener;

fn main() -> std::io::Result<()> {
    let builder = monoio::RuntimeBuilder::<monoio::FusionDriver>::new();
    builder.enable_all().build()?.block_on(serve())
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        monoio::spawn(async move {
            let mut buffer = Vec::with_capacity(4096);
            while let (Ok(1..), filled) = stream.read(buffer).await {
                let (Ok(_), mut emptied) = stream.write_all(filled).await else {
                    return;
                };
                emptied.clear();
                buffer = emptied;
            }
        });
    }
}
