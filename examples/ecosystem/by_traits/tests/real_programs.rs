//! `redis` with its feature `smol-comp`, which brings a reactor and a thread of its own and so runs on any executor, with a
//! real server.

use redis::AsyncCommands;
use started::{Redis, Watchdog};

#[reveille::test]
async fn redis_talks_to_its_server_from_tasks_of_ours() {
    let _watchdog = Watchdog::new("redis");
    let Some(server) = Redis::start() else { return };
    let client = redis::Client::open(("127.0.0.1", server.port)).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|number: i64| {
            let mut connection = connection.clone();
            reveille::spawn(async move {
                let key = format!("key {number}");
                let () = connection.set(&key, number).await.unwrap();
                let back: i64 = connection.get(&key).await.unwrap();
                back
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), number as i64);
    }
}
