//! An echo server.

use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::TcpListener;

fn main() -> std::io::Result<()> {
    smol::block_on(async {
        let executor = smol::LocalExecutor::new();
        executor.run(serve(&executor)).await
    })
}

async fn serve(executor: &smol::LocalExecutor<'_>) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        executor
            .spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        return;
                    }
                }
            })
            .detach();
    }
}
