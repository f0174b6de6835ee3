//! The multi-thread runtime with sockets and timers.

use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use reveille::time::sleep;

#[test]
fn echo_and_sleep_on_any_number_of_workers() {
    for workers in [1, 2, 4] {
        let runtime = Builder::multi_thread().worker_threads(workers).build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            drop(reveille::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    drop(reveille::spawn(async move {
                        let mut buffer = [0; 64];
                        loop {
                            match stream.read(&mut buffer).await.unwrap() {
                                0 => return,
                                length => stream.write_all(&buffer[..length]).await.unwrap(),
                            }
                        }
                    }));
                }
            }));
            let clients: Vec<_> = (0..50)
                .map(|client| {
                    reveille::spawn(async move {
                        let stream = TcpStream::connect(address).await.unwrap();
                        for round in 0..50_u8 {
                            let message = [client, round];
                            stream.write_all(&message).await.unwrap();
                            let mut answer = [0; 2];
                            stream.read_exact(&mut answer).await.unwrap();
                            assert_eq!(answer, message);
                            if round % 10 == 0 {
                                sleep(Duration::from_millis(1)).await;
                            }
                        }
                    })
                })
                .collect();
            for client in clients {
                client.await.unwrap();
            }
        });
    }
}
