//! The services behind HTTP.

use std::fmt;
use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::call::{Body, Call, Found, IDEMPOTENCY_KEY, Made, Problem};
use super::{Action, ServiceError, World};

/// Answers calls for as long as the future is polled: `POST /reserve`, `/release`, `/charge`, `/refund`, `/ship` and `/cancel_shipment`, the key in the
/// header `Idempotency-Key`, the body `{"order_id", "amount"}` and for an undo `"undoes"`, the key of the effect.
///
/// 200 is an effect, new or old. 409 is a refusal for good, 503 a call to be sent again, 400 one that makes no sense. A call whose outcome is not to be
/// known has no answer: its connection breaks.
///
/// # Errors
///
/// Those of the listener.
pub async fn serve(listener: TcpListener, world: Arc<World>) -> io::Result<()> {
    let service = TowerToHyperService::new(router(world));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true).ok();
        let service = service.clone();
        let answers = service_fn(move |request| {
            let response = service.call(request);
            async move {
                let Ok(response) = response.await;
                if response.extensions().get::<Lost>().is_some() { Err(Lost) } else { Ok(response) }
            }
        });
        // A connection that ends in an error is one that was lost on purpose, or whose caller has gone.
        tokio::spawn(async move {
            http1::Builder::new().serve_connection(TokioIo::new(stream), answers).await.ok()
        });
    }
}

/// In the extensions of a response, and then in place of it: it is not to reach its caller.
#[derive(Clone, Copy, Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is lost")
    }
}

impl std::error::Error for Lost {}

fn router(world: Arc<World>) -> Router {
    let routes = Action::ALL.into_iter().fold(Router::new(), |router, action| {
        let handler = async move |State(world): State<Arc<World>>, headers: HeaderMap, body| {
            answer(&world, action, &headers, body)
        };
        router.route(&format!("/{action}"), post(handler))
    });
    routes.with_state(world)
}

fn answer(
    world: &World,
    action: Action,
    headers: &HeaderMap,
    body: Result<Json<Body>, JsonRejection>,
) -> Response {
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()?.parse::<Uuid>().ok());
    let Some(key) = key else {
        return problem(StatusCode::BAD_REQUEST, "the header `Idempotency-Key` has to be a UUID");
    };
    let body = match body {
        Ok(Json(body)) => body,
        Err(rejection) => return problem(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    let call = Call { action, key, order_id: &body.order_id, amount: body.amount };
    let answer = match (action.undoes(), body.undoes) {
        (None, None) => world.act(&call).map(|id| Json(Made { id }).into_response()),
        (Some(_), Some(undoes)) => {
            world.undo(&call, undoes).map(|outcome| Json(Found { outcome }).into_response())
        }
        (None, Some(_)) => return problem(StatusCode::BAD_REQUEST, format!("`{action}` undoes nothing")),
        (Some(effect), None) => {
            return problem(StatusCode::BAD_REQUEST, format!("`undoes` has to be the key of the `{effect}`"));
        }
    };
    answer.unwrap_or_else(|error| match error {
        ServiceError::Refused { reason } => problem(StatusCode::CONFLICT, reason),
        ServiceError::Unavailable { source } => problem(StatusCode::SERVICE_UNAVAILABLE, source.to_string()),
        ServiceError::Unanswered { source } => {
            let mut response = problem(StatusCode::INTERNAL_SERVER_ERROR, source.to_string());
            response.extensions_mut().insert(Lost);
            response
        }
    })
}

fn problem(status: StatusCode, reason: impl Into<String>) -> Response {
    (status, Json(Problem { reason: reason.into() })).into_response()
}
