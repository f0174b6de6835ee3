//! The client with a PostgreSQL server of its own.

use std::process::Command;

use started::{Postgres, Watchdog, run};

const EXPECTED: &str = "\
the sum of the squares of 1 to 100: 338350
ada has 20
bob has 55
bugle: wake up
";

#[test]
fn queries_transactions_and_notifications_work_by_tcp_and_by_unix_sockets() {
    let _watchdog = Watchdog::new("queries");
    let Some(postgres) = Postgres::start() else { return };
    for host in ["127.0.0.1", postgres.folder().to_str().unwrap()] {
        let connection = format!("host={host} port={} user=reveille dbname=postgres", postgres.port);
        let mut client = Command::new(env!("CARGO_BIN_EXE_postgres"));
        assert_eq!(run(client.arg(connection), b""), EXPECTED, "{host}");
    }
}
