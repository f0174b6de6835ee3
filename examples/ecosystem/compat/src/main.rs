//! Fetches a page by reqwest, which calls tokio inside: `reveille::compat` gives it a runtime of tokio's to find.
//!
//! ```console
//! $ cargo run -p compat -- http://127.0.0.1:8000/
//! ```

use std::env;
use std::error::Error;
use std::time::Duration;

use reveille::compat;

#[reveille::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("an address is needed")?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .no_proxy()
        .build()?;
    // One call around all that calls it. This task, too, is one of reveille's.
    let task = reveille::spawn(compat(async move {
        let response = client.get(url).send().await?.error_for_status()?;
        response.text().await
    }));
    print!("{}", task.await??);
    Ok(())
}
