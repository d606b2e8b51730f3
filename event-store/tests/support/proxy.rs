//! A unix socket before Postgres's that passes everything on, until it is told to cut the next INSERT.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// The INSERT never reaches the server.
    Request,
    /// It does, and commits, and its answer is lost.
    Answer,
}

pub struct Proxy {
    pub url: String,
    cut: Arc<Mutex<Option<Cut>>>,
    _folder: tempfile::TempDir,
}

impl Proxy {
    pub fn start(url: &str) -> Proxy {
        let (host, rest) = url.strip_prefix("host=").unwrap().split_once(' ').unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let server = format!("{host}/.s.PGSQL.5432");
        let cut = Arc::new(Mutex::new(None));
        let told = cut.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(serve(client, server, told.clone()));
            }
        });
        Proxy { url: format!("host={} {rest}", folder.path().display()), cut, _folder: folder }
    }

    pub fn cut_next_insert(&self, stored: bool) {
        *self.cut.lock().unwrap() = Some(if stored { Cut::Answer } else { Cut::Request });
    }
}

async fn serve(client: UnixStream, server: UnixStream, cut: Arc<Mutex<Option<Cut>>>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The records of an append are in its Bind message: `{"seq":` stands in no other request.
    let cut_answer = Arc::new(Mutex::new(false));
    tokio::select! {
        () = requests(from_client, to_server, &cut, &cut_answer) => {}
        () = answers(from_server, to_client, &cut_answer) => {}
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    cut: &Mutex<Option<Cut>>,
    cut_answer: &Mutex<bool>,
) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let is_append = buffer[..read].windows(7).any(|w| w == br#"{"seq":"#);
        let cut = if is_append { cut.lock().unwrap().take() } else { None };
        if cut == Some(Cut::Request) {
            return;
        }
        *cut_answer.lock().unwrap() = cut == Some(Cut::Answer);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut_answer: &Mutex<bool>) {
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        // The server answers an INSERT after its commit, so it is stored by now.
        if *cut_answer.lock().unwrap() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
