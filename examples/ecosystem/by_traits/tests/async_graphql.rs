//! `async-graphql`, whose loader is told how to spawn.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, EmptyMutation, EmptySubscription, Object, Schema, value};
use started::Watchdog;

/// Loads squares, and counts how often it was asked.
struct Squares(Arc<AtomicUsize>);

impl Loader<u64> for Squares {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, keys: &[u64]) -> Result<HashMap<u64, u64>, Infallible> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(keys.iter().map(|&key| (key, key * key)).collect())
    }
}

struct Query;

#[Object]
impl Query {
    async fn square(&self, context: &Context<'_>, of: u64) -> async_graphql::Result<Option<u64>> {
        Ok(context.data::<DataLoader<Squares>>()?.load_one(of).await?)
    }
}

#[reveille::test]
async fn a_query_loads_all_its_keys_at_once() {
    let _watchdog = Watchdog::new("a query of GraphQL");
    let asked = Arc::new(AtomicUsize::new(0));
    let loader = DataLoader::new(Squares(asked.clone()), |future| drop(reveille::spawn(future)));
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .data(loader)
        .finish();
    let response = schema.execute("{ a: square(of: 3) b: square(of: 4) }").await;
    assert_eq!(
        response.data,
        value!({ "a": 9, "b": 16 }),
        "{:?}",
        response.errors
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
