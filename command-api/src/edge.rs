//! The outermost layer: gives a request its id, catches panics, turns errors into problems, measures, and logs.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response, Result,
    error::MethodNotAllowedError,
    http::{HeaderName, HeaderValue, header},
};
use poem_openapi::OperationId;

use crate::{
    caller::Gate,
    codes, limit,
    problem::Problem,
    telemetry::{
        access::AccessLog,
        context::RequestContext,
        metrics::{HttpMetrics, UNMATCHED},
        observer::{Answered, Observer},
    },
    views::tagged,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_SNIFF: (HeaderName, HeaderValue) =
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

pub struct Edge<E> {
    pub inner: E,
    pub gate: Arc<Gate>,
    pub metrics: HttpMetrics,
    pub access: AccessLog,
    pub observer: Option<Observer>,
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let context = Arc::new(RequestContext::of(&request));
        let in_flight = self.metrics.enter();
        let has_already = tagged::has_already(&request);
        request.extensions_mut().insert(Arc::clone(&context));
        request.extensions_mut().insert(Arc::clone(&self.gate));

        let outcome = match limit::refuse_large_headers(&request) {
            Ok(()) => AssertUnwindSafe(self.inner.call(request)).catch_unwind().await,
            Err(problem) => Ok(Err(problem.into())),
        };
        let mut response = match outcome {
            Ok(Ok(response)) => tagged::unless_unchanged(response.into_response(), has_already.as_ref()),
            Ok(Err(error)) => self.problem(error, &context),
            Err(panic) => panicked(&*panic).answer(&context.request_id),
        };

        let took = context.started.elapsed();
        let route = response.data::<OperationId>().map_or(UNMATCHED, |operation| operation.0);
        let status = response.status().as_u16();
        self.metrics.record(&context.method, route, status, took);
        self.access.write(&context, route, status, took);
        if let Some(Observer(observe)) = &self.observer {
            observe(&Answered { context: &context, route, status, took });
        }
        drop(in_flight);

        let id = HeaderValue::from_str(&context.request_id).expect("request ids are plain ASCII");
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(NO_SNIFF.0, NO_SNIFF.1);
        // Answers are for the caller alone; pages that may be kept say so themselves.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

impl<E> Edge<E> {
    fn problem(&self, error: poem::Error, context: &RequestContext) -> Response {
        let mut problem = Problem::from_error(&error);
        if error.is::<MethodNotAllowedError>()
            && let Some(pattern) = error.data::<PathPattern>()
            && let Some(allow) = self.gate.routes.allow(&pattern.0)
        {
            let allow = HeaderValue::from_str(&allow).expect("methods are plain ASCII");
            problem = problem.header(header::ALLOW, allow);
        }
        let operation = error.data::<OperationId>().copied();
        let mut response = problem.answer(&context.request_id);
        if let Some(operation) = operation {
            response.extensions_mut().insert(operation);
        }
        response
    }
}

/// A panic is a bug: its words go to the log, not to the caller.
fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let words = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    tracing::error!(panic = words, "a handler panicked");
    Problem::new(&codes::INTERNAL)
}
