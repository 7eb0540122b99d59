//! Why a first connection failed, and what to do.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::error::SharedError;
use crate::store::StoreError;

/// What poolers say to settings that they do not pass on.
const STARTUP: &str = "unsupported startup parameter";

/// The first message of a client that would use TLS. PostgreSQL answers with one byte.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How long another kind of server is asked what it is.
const ASKED: Duration = Duration::from_secs(1);

/// What to do when the server does not let the role in: it will not the next time either.
pub(super) fn not_admitted(error: &Error) -> Option<&'static str> {
    let error = error.as_database_error()?;
    if error.message().contains(STARTUP) {
        return Some(
            "a pooler before the server refuses the settings of a session: connect directly, or allow \
             `options` in its `ignore_startup_parameters`, with `pool_mode = session`",
        );
    }
    match error.code().as_deref()? {
        "3D000" => Some("create the database, or correct its name in the URL"),
        "28P01" => Some(
            "correct the role or the password in the URL; a role that does not exist, or has no password, is \
             refused with the same words",
        ),
        // The server says it in its own language; the name of the file is always there.
        "28000" if error.message().contains("pg_hba.conf") => Some(
            "allow this host, role and database in the server's pg_hba.conf; where that asks for TLS, write \
             `sslmode=require` in the URL",
        ),
        "28000" => Some("create the role, give it the right to log in, or correct its name in the URL"),
        "42501" => Some("grant it: `grant connect on database … to …`"),
        _ => None,
    }
}

/// Where a store connects to, and how.
#[derive(Debug)]
pub(super) struct Target<'a> {
    options: &'a PgConnectOptions,
    /// Host and port, or the path of a socket.
    address: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn new(options: &'a PgConnectOptions, address: &'a str) -> Self {
        Self { options, address }
    }

    /// The answer when the first connection failed. Where the error does not say what kind of server
    /// it is, asks again, for `at_most`.
    pub(super) async fn explain(&self, error: Error, at_most: Duration) -> StoreError {
        let at = self.address;
        if let Some(other) = self.other_kind(&error, at_most).await {
            return StoreError::Unsuitable(format!(
                "{at}: {other} answers there, not PostgreSQL: correct host and port in the URL"
            ));
        }
        let advice = match &error {
            Error::Database(_) if self.lacks_tls(&error) => Some(
                "the server takes no connection without TLS from here: write `sslmode=require` in place of \
                 `sslmode=disable`, or allow it in the server's pg_hba.conf",
            ),
            Error::Database(_) => not_admitted(&error),
            Error::Tls(source) if source.to_string().contains("does not support TLS") => Some(
                "set `ssl = on` at the server, or write `sslmode=prefer` in the URL where the network can be \
                 trusted",
            ),
            Error::Tls(_) | Error::Configuration(_) => {
                Some("correct the settings of TLS or the password in the URL")
            }
            Error::Io(source) if source.to_string().contains("peer certificate") => Some(
                "name the authority of the server's certificate with `sslrootcert=…` in the URL, and the host as \
                 the certificate has it; `sslmode=require` encrypts without looking at the certificate",
            ),
            // No address is a file that is not found.
            Error::Io(source) if self.is_tcp() && is_of_a_file(source.kind()) => {
                Some("this is a file of `sslrootcert`, `sslcert` or `sslkey` in the URL: correct its path")
            }
            _ => None,
        };
        let problem = self.problem(&error);
        if let Some(advice) = advice {
            return StoreError::Unsuitable(format!("{problem}: {advice}"));
        }
        let advice = match &error {
            Error::Io(source) if source.kind() == ErrorKind::ConnectionRefused => {
                ": start the server, or correct host and port in the URL"
            }
            Error::Io(source) if source.kind() == ErrorKind::TimedOut => {
                ": correct host and port in the URL, or look for a firewall; another kind of server may \
                 keep silent"
            }
            Error::Protocol(_) => ": this is not how PostgreSQL answers; correct host and port in the URL",
            _ => "",
        };
        StoreError::Unavailable(format!("{problem}{advice}").into())
    }

    /// The server's `pg_hba.conf` has no entry for the connection, which the URL does not encrypt.
    fn lacks_tls(&self, error: &Error) -> bool {
        let refused = error.as_database_error().is_some_and(|error| {
            error.code() == Some(Cow::Borrowed("28000")) && error.message().contains("pg_hba.conf")
        });
        refused
            && self.is_tcp()
            && matches!(self.options.get_ssl_mode(), PgSslMode::Disable | PgSslMode::Allow)
    }

    fn is_tcp(&self) -> bool {
        self.options.get_socket().is_none()
    }

    /// The error with the address, which errors of the network have already.
    fn problem(&self, error: &Error) -> String {
        match error {
            Error::Io(source) => source.to_string(),
            Error::Tls(source) | Error::Configuration(source) => format!("{}: {source}", self.address),
            Error::Protocol(text) => format!("{}: {text}", self.address),
            error => format!("{}: {}", self.address, SharedError::words(error)),
        }
    }

    /// What answers there in place of PostgreSQL.
    async fn other_kind(&self, error: &Error, at_most: Duration) -> Option<&'static str> {
        let strange = match error {
            // The first byte of another answer may be the one that refuses TLS.
            Error::Protocol(_) | Error::Tls(_) => true,
            Error::Io(source) => {
                matches!(
                    source.kind(),
                    ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                )
            }
            // A greeting may be read as an error without a code.
            Error::Database(error) => error.code().is_none_or(|code| code.len() != 5),
            _ => false,
        };
        if !strange || !self.is_tcp() {
            return None;
        }
        let host = self.options.get_host().trim_matches(['[', ']']);
        let asked = first_bytes(host, self.options.get_port());
        kind(&tokio::time::timeout(at_most.min(ASKED), asked).await.ok()??)
    }
}

fn is_of_a_file(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::PermissionDenied)
}

/// What a server says first.
async fn first_bytes(host: &str, port: u16) -> Option<Vec<u8>> {
    let mut socket = TcpStream::connect((host, port)).await.ok()?;
    socket.write_all(&SSL_REQUEST).await.ok()?;
    let mut said = Vec::new();
    // One byte is PostgreSQL's answer.
    while said.len() < 7 && !matches!(said[..], [b'S' | b'N']) {
        if socket.read_buf(&mut said).await.ok()? == 0 {
            break;
        }
    }
    Some(said)
}

/// Which kind of server begins with these bytes; `None`: PostgreSQL, or it is not known.
fn kind(said: &[u8]) -> Option<&'static str> {
    match said {
        [b'H', b'T', b'T', b'P', b'/', ..] => Some("an HTTP server"),
        // The length of the packet, its number 0, then the version of the protocol, or the mark of
        // an error and its number from 1024 on.
        [_, _, _, 0, 10, ..] | [_, _, _, 0, 255, _, 4, ..] => Some("a MySQL or MariaDB server"),
        [b'S', b'S', b'H', b'-', ..] => Some("an SSH server"),
        // An alert.
        [21, 3, ..] => Some("a server that expects TLS from the first byte, as HTTPS,"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn kinds_of_servers_are_known_by_their_first_bytes() {
        for (said, name) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], Some("an HTTP server")),
            (b"\x4a\0\0\0\x0a8.0.36\0", Some("a MySQL or MariaDB server")),
            // Host '10.0.0.1' is not allowed to connect to this MySQL server
            (b"\x45\0\0\0\xffj\x04Host", Some("a MySQL or MariaDB server")),
            (b"SSH-2.0-OpenSSH_9.2p1", Some("an SSH server")),
            (b"\x15\x03\x01\0\x02\x02\x0a", Some("a server that expects TLS from the first byte, as HTTPS,")),
            (b"N", None),
            (b"S", None),
            (b"", None),
            (b"E\0\0\0\x25SFATAL", None),
            (b"E\0\0\0\xffSFATAL", None),
        ] {
            assert_eq!(kind(said), name, "{said:?}");
        }
    }
}
