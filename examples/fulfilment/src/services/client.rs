//! The services from another process.

use std::fmt;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::uri::{Scheme, Uri};
use axum::http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::call::{Body, Call, Found, IDEMPOTENCY_KEY, Made, Problem};
use super::{ServiceError, Undo};

/// How long a call may take, unless [`timeout`](Client::timeout) says otherwise.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The services at an address; clones share its connections.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    address: String,
    timeout: Duration,
}

/// An address at which no services can be.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` is no address of services: write `http://127.0.0.1:8080`")]
pub struct BadAddress {
    address: String,
}

impl Client {
    /// The services at an address `http://host:port`. Nothing is sent before the first call.
    ///
    /// # Errors
    ///
    /// [`BadAddress`] if it is of another form.
    pub fn new(address: &str) -> Result<Self, BadAddress> {
        let uri: Option<Uri> = address.parse().ok();
        let plain =
            |uri: &Uri| uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/" && uri.query().is_none();
        if !uri.as_ref().is_some_and(plain) {
            return Err(BadAddress { address: address.to_owned() });
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, address: address.trim_end_matches('/').to_owned(), timeout: TIMEOUT })
    }

    /// How long a call may take before it counts as not answered; 2 s unless this is called.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) async fn act(&self, call: &Call<'_>) -> Result<String, ServiceError> {
        let Made { id } = self.send(call, None).await?;
        Ok(id)
    }

    pub(crate) async fn undo(&self, call: &Call<'_>, undoes: Uuid) -> Result<Undo, ServiceError> {
        let Found { outcome } = self.send(call, Some(undoes)).await?;
        Ok(outcome)
    }

    async fn send<A: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        undoes: Option<Uuid>,
    ) -> Result<A, ServiceError> {
        let answer = tokio::time::timeout(self.timeout, self.ask(call, undoes)).await;
        let (status, body) = answer.map_err(ServiceError::unanswered)??;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(ServiceError::unanswered),
            StatusCode::CONFLICT => Err(ServiceError::refused(reason(&body))),
            StatusCode::SERVICE_UNAVAILABLE => Err(ServiceError::unavailable(reason(&body))),
            // Whoever answers so is not known to have done nothing.
            _ => Err(ServiceError::unanswered(format!("{status}: {}", reason(&body)))),
        }
    }

    async fn ask(&self, call: &Call<'_>, undoes: Option<Uuid>) -> Result<(StatusCode, Bytes), ServiceError> {
        let body = Body { order_id: call.order_id.to_owned(), amount: call.amount, undoes };
        let body = serde_json::to_vec(&body).map_err(ServiceError::unavailable)?;
        let request = Request::post(format!("{}/{}", self.address, call.action))
            .header(CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, call.key.to_string())
            .body(Full::from(body))
            .map_err(ServiceError::unavailable)?;
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                ServiceError::unavailable(error)
            } else {
                ServiceError::unanswered(error)
            }
        })?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(ServiceError::unanswered)?;
        Ok((status, body.to_bytes()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).field("timeout", &self.timeout).finish()
    }
}

fn reason(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Problem { reason }) => reason,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}
