//! An echo server.

use compio::BufResult;
use compio::io::{AsyncRead, AsyncWriteExt};
use compio::net::TcpListener;

fn main() -> std::io::Result<()> {
    compio::runtime::Runtime::new()?.block_on(serve())
}

async fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let echo = compio::runtime::spawn(async move {
            let mut buffer = Vec::with_capacity(4096);
            while let BufResult(Ok(1..), filled) = stream.read(buffer).await {
                let BufResult(Ok(()), mut emptied) = stream.write_all(filled).await else {
                    return;
                };
                emptied.clear();
                buffer = emptied;
            }
        });
        echo.detach();
    }
}
