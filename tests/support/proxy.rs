//! A proxy before a PostgreSQL server. It reads the frames of the protocol, so that it can cut a
//! connection at one exact message. Its server can be exchanged, as behind a DNS name or a floating
//! address.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to the connection that sends the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// The server never receives the message; both ends see the connection die.
    LoseStatement,
    /// The server receives the message and does what it says; the client sees the connection die
    /// instead of the answer.
    LoseAnswer,
    /// The client sees the connection die at once; the server receives the message when the proxy
    /// is [released](Proxy::release).
    DeliverLate,
    /// The server receives the message; its answer is held until the proxy is
    /// [released](Proxy::release).
    HoldAnswer,
}

/// Accepts connections for as long as it lives.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

struct Shared {
    upstream: Mutex<SocketAddr>,
    /// The message waited for, by a part of its bytes.
    armed: Mutex<Option<(Vec<u8>, Strike)>>,
    refusing: AtomicBool,
    /// How often it struck; the strikes that are complete.
    struck: watch::Sender<u64>,
    released: watch::Sender<bool>,
    /// How often all connections were cut.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// A proxy before the server of a database's URL.
    pub async fn before(url: &str) -> Self {
        let upstream = address_of(url);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            armed: Mutex::new(None),
            refusing: AtomicBool::new(false),
            struck: watch::Sender::new(0),
            released: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// The database's URL through the proxy.
    pub fn url(&self, url: &str) -> String {
        let (before, rest) = url.split_once('@').expect("the URL has a user");
        let (_, database) = rest.split_once('/').expect("the URL has a database");
        let database = database.split('?').next().unwrap_or_default();
        format!("{before}@{}/{database}?sslmode=disable", self.address)
    }

    /// As [`url`](Self::url), for clients that send the text of every statement each time.
    /// Otherwise only the first use on a connection sends it, and a strike at it depends on the
    /// connection that a pool hands out.
    pub fn url_as_text(&self, url: &str) -> String {
        self.url(url) + "&statement-cache-capacity=0"
    }

    /// Strikes once, at the next message of any connection that contains these bytes.
    pub fn arm(&self, message: impl Into<Vec<u8>>, strike: Strike) {
        self.shared.released.send_replace(false);
        *self.shared.armed.lock().expect("no strike panics") = Some((message.into(), strike));
    }

    /// Sends new connections to the server of this URL; open ones stay where they are.
    pub fn route(&self, url: &str) {
        *self.shared.upstream.lock().expect("no route panics") = address_of(url);
    }

    /// Ends all connections. What the server has received it still does.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Moves everything to the server of this URL.
    pub fn switch(&self, url: &str) {
        self.route(url);
        self.cut();
    }

    /// Whether new connections are refused from now on.
    pub fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::SeqCst);
    }

    /// Delivers what is held.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// How often it struck.
    pub fn strikes(&self) -> u64 {
        *self.shared.struck.borrow()
    }

    /// Waits until it has struck that often.
    pub async fn struck(&self, times: u64) {
        let mut struck = self.shared.struck.subscribe();
        struck.wait_for(|strikes| *strikes >= times).await.expect("the proxy is alive");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once('@').expect("the URL has a user");
    let host = rest.split(['/', '?']).next().unwrap_or_default().replace("localhost", "127.0.0.1");
    host.parse().unwrap_or_else(|_| panic!("{host} is not an address and a port"))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let (shared, mut cuts) = (Arc::clone(&shared), shared.cuts.subscribe());
        // A connection that dies is what this proxy is for.
        tokio::spawn(async move {
            tokio::select! {
                ended = serve(client, &shared) => drop(ended),
                cut = cuts.changed() => drop(cut),
            }
        });
    }
}

async fn serve(client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let upstream = *shared.upstream.lock().expect("no route panics");
    let server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    let (client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    let (mut requests, mut answers) = (Frames::new(client_in), Frames::new(&mut server_in));
    let strike = watch::Sender::new(None);
    let late = tokio::select! {
        late = forward_requests(&mut requests, &mut server_out, shared, &strike) => late?,
        ended = forward_answers(&mut answers, &mut client_out, shared, &strike) => return ended,
    };
    let Some(late) = late else { return Ok(()) };
    drop((requests, client_out));
    deliver_late(&late, &mut server_out, &mut answers, shared).await
}

/// Forwards what the client sends. Returns what has to be delivered late, or nothing when the
/// connection is over.
async fn forward_requests(
    requests: &mut Frames<OwnedReadHalf>,
    server: &mut OwnedWriteHalf,
    shared: &Shared,
    strike: &watch::Sender<Option<Strike>>,
) -> io::Result<Option<Vec<u8>>> {
    let startup = requests.next(0).await?;
    server.write_all(&startup).await?;
    loop {
        let frame = requests.next(1).await?;
        match shared.strike_of(&frame) {
            None => server.write_all(&frame).await?,
            Some(Strike::LoseStatement) => {
                shared.struck.send_modify(|strikes| *strikes += 1);
                return Ok(None);
            }
            Some(Strike::DeliverLate) => {
                let (mut held, mut last) = (frame.clone(), frame);
                while !ends_request(&last) {
                    last = requests.next(1).await?;
                    held.extend_from_slice(&last);
                }
                return Ok(Some(held));
            }
            Some(hold @ (Strike::LoseAnswer | Strike::HoldAnswer)) => {
                strike.send_replace(Some(hold));
                server.write_all(&frame).await?;
            }
        }
    }
}

async fn forward_answers(
    answers: &mut Frames<&mut OwnedReadHalf>,
    client: &mut OwnedWriteHalf,
    shared: &Shared,
    strike: &watch::Sender<Option<Strike>>,
) -> io::Result<()> {
    loop {
        let frame = answers.next(1).await?;
        let now = *strike.borrow();
        match now {
            None => client.write_all(&frame).await?,
            Some(Strike::HoldAnswer) => {
                shared.struck.send_modify(|strikes| *strikes += 1);
                let mut released = shared.released.subscribe();
                released.wait_for(|released| *released).await.map_err(io::Error::other)?;
                strike.send_replace(None);
                client.write_all(&frame).await?;
            }
            // Ready for the next query: the server has done what it was told.
            Some(_) if frame.first() == Some(&b'Z') => {
                shared.struck.send_modify(|strikes| *strikes += 1);
                return Ok(());
            }
            Some(_) => {}
        }
    }
}

async fn deliver_late(
    late: &[u8],
    server: &mut OwnedWriteHalf,
    answers: &mut Frames<&mut OwnedReadHalf>,
    shared: &Shared,
) -> io::Result<()> {
    shared.struck.send_modify(|strikes| *strikes += 1);
    let mut released = shared.released.subscribe();
    released.wait_for(|released| *released).await.map_err(io::Error::other)?;
    server.write_all(late).await?;
    while answers.next(1).await?.first() != Some(&b'Z') {}
    Ok(())
}

impl Shared {
    fn strike_of(&self, frame: &[u8]) -> Option<Strike> {
        let mut armed = self.armed.lock().expect("no strike panics");
        let (message, _) = armed.as_ref()?;
        if frame.windows(message.len()).any(|part| part == message) {
            armed.take().map(|(_, strike)| strike)
        } else {
            None
        }
    }
}

/// Whether the server works and answers after this frame: a Sync or a simple Query.
fn ends_request(frame: &[u8]) -> bool {
    matches!(frame.first(), Some(b'S' | b'Q'))
}

/// Cuts a stream of bytes into frames: a type of one byte (the startup has none), a length, the
/// rest.
struct Frames<R> {
    from: R,
    bytes: Vec<u8>,
}

impl<R: tokio::io::AsyncRead + Unpin> Frames<R> {
    fn new(from: R) -> Self {
        Self { from, bytes: Vec::new() }
    }

    /// The next frame, whose type has so many bytes.
    async fn next(&mut self, kind: usize) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = self.bytes.get(kind..kind + 4) {
                let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)) + kind;
                if self.bytes.len() >= length {
                    let rest = self.bytes.split_off(length);
                    return Ok(std::mem::replace(&mut self.bytes, rest));
                }
            }
            if self.from.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
