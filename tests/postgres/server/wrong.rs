//! A first connection that something refuses: the error says where, why and what to do, and whether
//! trying again helps. Seen failing with the error of
//! sqlx in its place.

use std::error::Error as _;
use std::net::SocketAddr;
use std::time::Duration;

use kenning::PostgresStore;
use kenning::store::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::{PrivateServer, database};

const PASSWORD: &str = "s3cret";

fn whole(error: &StoreError) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The text of the error, with the address and without the password.
async fn refused(url: &str, retried: bool) -> String {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let error = PostgresStore::connect(url).await.expect_err("this cannot be connected to");
    let text = whole(&error);
    assert_eq!(error.is_retryable(), retried, "{url}: {text}");
    assert_eq!(matches!(error, StoreError::Unsuitable(_)), !retried, "{url}: {text}");
    let address = format!("{}:{}", options.get_host(), options.get_port());
    assert!(text.contains(&address), "{url}: {text}");
    assert!(!text.contains(PASSWORD), "{url}: {text}");
    text
}

fn has(text: &str, all: &[&str]) {
    for one in all {
        assert!(text.contains(one), "`{one}` is not in: {text}");
    }
}

fn url_of(address: SocketAddr, rest: &str) -> String {
    format!("postgres://app:{PASSWORD}@{address}/shop{rest}")
}

/// Another kind of server. Says `greeting` at once, or `answer` to the first bytes, and closes.
async fn other(greeting: Vec<u8>, answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let greeting = greeting.clone();
            tokio::spawn(async move {
                let _closed = socket.write_all(&greeting).await;
                let mut said = [0; 64];
                let _closed = socket.read(&mut said).await;
                let _closed = socket.write_all(answer).await;
            });
        }
    });
    address
}

/// The greeting of a `MySQL` server, whose first byte is its length.
fn mysql(length: u8) -> Vec<u8> {
    let mut packet = vec![length, 0, 0, 0, 10];
    packet.extend_from_slice(b"8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15");
    packet.resize(4 + usize::from(length), 0);
    packet
}

/// Fails without `server.explain`, and without `server.caught`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_another_kind_of_server_is_named_and_not_tried_again() {
    let http = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for rest in ["", "?sslmode=disable", "?sslmode=require"] {
        let text = refused(&url_of(other(Vec::new(), http).await, rest), false).await;
        has(&text, &["an HTTP server", "correct host and port"]);
        // Lengths whose byte is an answer to the request for TLS or a message of PostgreSQL. sqlx panics on
        // that of `K`.
        for length in *b"JNSERTKZI" {
            let text = refused(&url_of(other(mysql(length), b"").await, rest), false).await;
            has(&text, &["a MySQL or MariaDB server", "correct host and port"]);
        }
        let ssh = other(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(), b"").await;
        has(&refused(&url_of(ssh, rest), false).await, &["an SSH server"]);
        let https = other(Vec::new(), b"\x15\x03\x01\0\x02\x02\x0a").await;
        has(&refused(&url_of(https, rest), false).await, &["expects TLS from the first byte"]);
    }
    // What is not known is named as such, and may be a proxy that is away for a while.
    for (greeting, answer) in [(&b"+OK ready\r\n"[..], &b""[..]), (b"", b"")] {
        refused(&url_of(other(greeting.to_vec(), answer).await, ""), true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_server_that_never_answers_is_given_up_in_time() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (count, mut accepted) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if count.send(socket).is_err() {
                return;
            }
        }
    });
    for rest in ["", "?sslmode=disable"] {
        let at_most = Duration::from_millis(300);
        let began = Instant::now();
        let url = url_of(address, rest);
        let connecting = PostgresStore::options().acquire_timeout(at_most).connect(&url);
        // Far longer: only what never ends fails.
        let long = Duration::from_secs(60);
        let error = tokio::time::timeout(long, connecting).await.expect("it ends").unwrap_err();
        assert!(began.elapsed() >= at_most);
        let text = whole(&error);
        assert!(error.is_retryable(), "{text}");
        has(&text, &[&address.to_string(), "no answer within 300ms", "correct host and port"]);
        assert!(!text.contains(PASSWORD), "{text}");
        accepted.try_recv().expect("it was connected to");
        accepted.try_recv().expect_err("it was connected to once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_missing_database_is_named_with_the_server() {
    let url = database().await;
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let text = refused(&url.replace(options.get_database().unwrap(), "no_such_shop"), false).await;
    has(&text, &["create the database", "no_such_shop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_port_without_a_server_says_what_to_do() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    has(&refused(&url_of(address, ""), true).await, &["refused", "start the server"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_mode_of_tls_that_is_none_is_named_with_those_that_are() {
    let url = format!("postgres://app:{PASSWORD}@localhost/shop?sslmode=on");
    let error = PostgresStore::connect(&url).await.expect_err("there is no such mode");
    let text = whole(&error);
    assert!(matches!(error, StoreError::Unsuitable(_)), "{text}");
    has(&text, &["sslmode", "verify-full"]);
    assert!(!text.contains(PASSWORD), "{text}");
}

/// Lets the roles in as these lines of `pg_hba.conf` say, and the owner always.
async fn admit(server: &PrivateServer, lines: &[&str]) {
    let mut admin = server.admin().await;
    let load = "select pg_conf_load_time()";
    let before: time::OffsetDateTime = sqlx::query_scalar(load).fetch_one(&mut admin).await.unwrap();
    let file: String = sqlx::query_scalar("show hba_file").fetch_one(&mut admin).await.unwrap();
    let lines: String = lines.iter().map(|line| format!(", ('{line}')")).collect();
    let write = format!("copy (values ('host all postgres 127.0.0.1/32 trust'){lines}) to '{file}'");
    admin.execute(AssertSqlSafe(write)).await.unwrap();
    admin.execute("select pg_reload_conf()").await.unwrap();
    admin.close().await.unwrap();
    loop {
        let mut admin = server.admin().await;
        let now: time::OffsetDateTime = sqlx::query_scalar(load).fetch_one(&mut admin).await.unwrap();
        if now > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Fails without `server.explain`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_wrong_password_is_named_with_the_server() {
    let server = PrivateServer::start();
    let mut admin = server.admin().await;
    for sql in [
        "set password_encryption = 'scram-sha-256'",
        "create role app login password 'right'",
        "set password_encryption = 'md5'",
        "create role old login password 'right'",
        "create role without login",
    ] {
        admin.execute(sql).await.unwrap();
    }
    let lines = ["host all app all scram-sha-256", "host all old all md5", "host all all all scram-sha-256"];
    admit(&server, &lines).await;
    let url = |role: &str| server.url.replace("//postgres@", &format!("//{role}@"));
    for role in ["app", "old", "without", "nobody"] {
        let text = refused(&url(&format!("{role}:{PASSWORD}")), false).await;
        has(&text, &[role, "password authentication failed", "correct the role or the password in the URL"]);
        assert!(!text.contains("at line"), "{text}");
    }
    // None at all.
    has(&refused(&url("app"), false).await, &["app", "correct the role or the password in the URL"]);
    let store = PostgresStore::connect(&url("app:right")).await.expect("the password is right");
    store.pool().acquire().await.expect("it can be used");
}

/// Fails without `server.explain`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_tls_that_one_side_lacks_is_named_with_what_to_write() {
    let server = PrivateServer::start();
    let mut admin = server.admin().await;
    admin.execute("create role app login").await.unwrap();
    let url =
        |mode: &str| server.url.replace("//postgres@", &format!("//app:{PASSWORD}@")) + "?sslmode=" + mode;
    admit(&server, &["host all app 127.0.0.1/32 trust"]).await;
    for mode in ["require", "verify-ca", "verify-full"] {
        has(&refused(&url(mode), false).await, &["does not support TLS", "ssl = on", "sslmode=prefer"]);
    }
    PostgresStore::connect(&url("prefer")).await.expect("it does without");
    // The server's own user writes its files.
    let certificate = "copy (select 1) to program 'umask 077; openssl req -new -x509 -nodes -days 2 \
                       -subj /CN=elsewhere -keyout server.key -out server.crt 2>/dev/null'";
    admin.execute(certificate).await.expect("openssl makes a certificate");
    server.set("ssl", "on").await;
    admit(&server, &["hostssl all app 127.0.0.1/32 trust"]).await;
    for mode in ["disable", "allow"] {
        has(&refused(&url(mode), false).await, &["pg_hba.conf", "`sslmode=require`"]);
    }
    for mode in ["prefer", "require"] {
        PostgresStore::connect(&url(mode)).await.expect("it is encrypted");
    }
    // No authority that is known has signed the certificate.
    for mode in ["verify-ca", "verify-full"] {
        has(&refused(&url(mode), false).await, &["certificate", "sslrootcert"]);
    }
    let missing = url("verify-full") + "&sslrootcert=/no/such/file.crt";
    has(&refused(&missing, false).await, &["No such file", "sslrootcert"]);
    // An entry for another role, on an encrypted connection.
    admin.execute("create role other login").await.unwrap();
    let text = refused(&url("require").replace("//app:", "//other:"), false).await;
    has(&text, &["pg_hba.conf", "other", "allow this host, role and database"]);
}
