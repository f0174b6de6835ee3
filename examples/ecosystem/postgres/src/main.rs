//! Queries of PostgreSQL by tokio-postgres, which takes any stream with tokio's traits: the sockets of reveille have them with
//! the feature `tokio-io`. No runtime of tokio's is there, nor its sockets.
//!
//! ```console
//! $ cargo run -p postgres -- "host=127.0.0.1 port=5432 user=me dbname=postgres"
//! ```

use std::error::Error;
use std::{env, io};

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::{StreamExt, future, stream};
use reveille::net::{TcpStream, UnixStream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::Host;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Notification};

#[reveille::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let text = env::args().nth(1).ok_or("a connection string is needed")?;
    let config: Config = text.parse()?;
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let (mut client, notifications) = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => {
            let stream = TcpStream::connect((name.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            drive(config.connect_raw(stream, NoTls).await?)
        }
        Some(Host::Unix(folder)) => {
            let stream = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
            drive(config.connect_raw(stream, NoTls).await?)
        }
        None => return Err("the connection string names no host".into()),
    };
    query(&client).await?;
    transact(&mut client).await?;
    listen(&client, notifications).await
}

/// Spawns what reads and writes for the client; what others notify it of comes out of the channel.
fn drive<S>(
    (client, mut connection): (Client, Connection<S, NoTlsStream>),
) -> (Client, UnboundedReceiver<Notification>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, notifications) = unbounded();
    reveille::spawn(async move {
        let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => drop(sender.unbounded_send(notification)),
                Ok(_) => {}
                Err(error) => return eprintln!("the connection: {error}"),
            }
        }
    });
    (client, notifications)
}

/// A prepared statement, many times at once: tokio-postgres sends them all before the first answer has come.
async fn query(client: &Client) -> Result<(), Box<dyn Error>> {
    let statement = client.prepare("select $1::int8 * $1").await?;
    let squares = (1..=100_i64).map(|number| {
        let statement = &statement;
        async move {
            client
                .query_one(statement, &[&number])
                .await?
                .try_get::<_, i64>(0)
        }
    });
    let sum: i64 = future::try_join_all(squares).await?.iter().sum();
    println!("the sum of the squares of 1 to 100: {sum}");
    Ok(())
}

/// What is rolled back has not been, and what is committed has.
async fn transact(client: &mut Client) -> Result<(), Box<dyn Error>> {
    client
        .batch_execute(
            "create temporary table account (name text primary key, balance int8 check (balance >= 0))",
        )
        .await?;
    client
        .execute(
            "insert into account values ($1, $2), ($3, $4)",
            &[&"ada", &70_i64, &"bob", &5_i64],
        )
        .await?;
    for amount in [50_i64, 30] {
        let transaction = client.transaction().await?;
        let pay = "update account set balance = balance + $1 where name = $2";
        transaction.execute(pay, &[&amount, &"bob"]).await?;
        match transaction.execute(pay, &[&-amount, &"ada"]).await {
            Ok(_) => transaction.commit().await?,
            // Too much: bob gets nothing either.
            Err(_) => transaction.rollback().await?,
        }
    }
    for row in client
        .query("select name, balance from account order by name", &[])
        .await?
    {
        println!("{} has {}", row.get::<_, &str>(0), row.get::<_, i64>(1));
    }
    Ok(())
}

/// LISTEN and NOTIFY, here from the same connection.
async fn listen(
    client: &Client,
    mut notifications: UnboundedReceiver<Notification>,
) -> Result<(), Box<dyn Error>> {
    client
        .batch_execute("listen bugle; notify bugle, 'wake up'")
        .await?;
    let notification = notifications
        .next()
        .await
        .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    println!("{}: {}", notification.channel(), notification.payload());
    Ok(())
}
