//! A small application of axum's: notes that are added and read as JSON.
//!
//! ```console
//! $ cargo run --bin axum_app -- 127.0.0.1:8080
//! $ curl --json '{"text": "buy milk"}' http://127.0.0.1:8080/notes
//! {"id":0,"text":"buy milk"}
//! $ curl http://127.0.0.1:8080/notes/0
//! {"id":0,"text":"buy milk"}
//! ```

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize)]
struct Note {
    id: usize,
    text: String,
}

#[derive(Deserialize)]
struct New {
    text: String,
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Note>>>);

#[reveille::main]
async fn main() -> io::Result<()> {
    let app = Router::new()
        .route("/notes", post(add))
        .route("/notes/{id}", get(read))
        .with_state(Notes::default());
    let report = reveille_hyper::serve(web::listen().await?, app)
        .graceful(web::asked_to_stop())
        .drain_timeout(Duration::from_secs(30))
        .await?;
    web::goodbye(&report);
    Ok(())
}

async fn add(State(notes): State<Notes>, Json(New { text }): Json<New>) -> (StatusCode, Json<Note>) {
    let mut notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
    let note = Note {
        id: notes.len(),
        text,
    };
    notes.push(note.clone());
    (StatusCode::CREATED, Json(note))
}

async fn read(State(notes): State<Notes>, Path(id): Path<usize>) -> Result<Json<Note>, StatusCode> {
    let notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
    notes.get(id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND)
}
