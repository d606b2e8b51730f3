//! `POST /v1/questions`

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request,
    endpoint::BoxEndpoint,
    http::{Uri, header},
};
use poem_openapi::{OpenApi, OpenApiService};

use crate::{
    caller::{Caller, Gate},
    codes,
    engine::Engine,
    fast::Fast,
    keys::scope::Read,
    problem::Problem,
    routes,
    tags::Tag,
    telemetry::context::RequestContext,
    wire::{
        Wire,
        questions::{Answered, Questions, QuestionsAnswered},
    },
};

/// So many are looked up at a time.
const AT_ONCE: usize = 4;

pub struct Route {
    engine: Arc<Engine>,
    /// The routes that can be asked, by themselves.
    askable: BoxEndpoint<'static>,
}

impl Route {
    pub fn new(engine: &Arc<Engine>) -> Self {
        let service = OpenApiService::new(routes::askable(engine), "", "");
        Self { engine: Arc::clone(engine), askable: service.into_endpoint().map_to_response().boxed() }
    }
}

#[OpenApi]
impl Route {
    /// Ask several questions at one position
    ///
    /// Each is the address of a GET that takes `known_at`, which is put to all of them: what they answer was true at one moment.
    /// One that cannot be answered does not keep the others from it.
    #[oai(path = "/v1/questions", method = "post", operation_id = "ask_together", tag = "Tag::Views")]
    async fn ask(
        &self,
        caller: Caller<Read>,
        request: &Request,
        questions: Fast<Questions>,
    ) -> poem::Result<Fast<QuestionsAnswered>> {
        let known_at = match questions.0.known_at {
            Some(known_at) => known_at.0,
            None => self.engine.read(|_, as_of| as_of).await?,
        };
        let questions = questions.0.questions.into_iter().enumerate();
        let asked = questions.map(|(index, question)| {
            let address = question.0.known_at(known_at).ok_or_else(|| {
                Problem::new(&codes::INVALID_BODY)
                    .detail("known_at is said once for all questions, beside them")
                    .pointer(format!("/questions/{index}"))
            })?;
            let address: Uri = address.parse().map_err(|_| Problem::new(&codes::INVALID_BODY))?;
            let mut inner = Request::builder().uri(address).finish();
            let headers = request.headers();
            for name in [header::AUTHORIZATION, header::ACCEPT] {
                if let Some(value) = headers.get(&name) {
                    inner.headers_mut().insert(name, value.clone());
                }
            }
            inner.extensions_mut().insert(Arc::clone(&caller.context));
            if let Some(gate) = request.data::<Arc<Gate>>() {
                inner.extensions_mut().insert(Arc::clone(gate));
            }
            Ok(inner)
        });
        // All are well-formed, or none is asked.
        let asked: Vec<Request> = asked.collect::<Result<_, Problem>>()?;
        let answers = stream::iter(asked).map(|one| self.answer(one, &caller.context)).buffered(AT_ONCE);
        let answers = answers.collect().await;
        Ok(Fast(QuestionsAnswered { known_at: Wire(known_at), answers }))
    }

    async fn answer(&self, question: Request, context: &RequestContext) -> Answered {
        let response = match self.askable.call(question).await {
            Ok(response) => response,
            Err(error) => Problem::from_error(&error).answer(&context.request_id),
        };
        let status = response.status().as_u16();
        let body = response.into_body().into_vec().await.unwrap_or_default();
        Answered::new(status, body)
    }
}
