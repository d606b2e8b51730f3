//! Who calls, checked before anything of the request's body is read.
//!
//! A route takes `Caller<S>` (a key with scope `S`) or `Public` as its first argument; with neither, the document of
//! the API cannot be built (`spec`), so no route is open by accident. What belongs to a ledger is reached only through
//! `GrantedLedger`, which only `Caller::granted` makes: no route can forget the grant.

use std::{marker::PhantomData, sync::Arc};

use event_schemas::LedgerId;
use poem::{
    PathPattern, Request, RequestBody,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use crate::{
    codes, headers,
    keys::{
        Key,
        cache::{Keys, NoEntry},
        scope::{Needs, PUBLIC_SCHEME},
    },
    problem::Problem,
    spec::RouteTable,
    telemetry::context::RequestContext,
};

/// What the checks need; handed to every request.
pub struct Gate {
    pub keys: Arc<Keys>,
    pub routes: RouteTable,
}

/// A key that carries the scope of `S`.
pub struct Caller<S> {
    pub key: Arc<Key>,
    pub context: Arc<RequestContext>,
    scope: PhantomData<S>,
}

/// A ledger that the caller may see. That it exists is for the engine to say, in the same words.
#[derive(Clone, Debug)]
pub struct GrantedLedger(LedgerId);

impl<S> Caller<S> {
    pub fn granted(&self, ledger: LedgerId) -> Result<GrantedLedger, Problem> {
        if self.key.ledgers.covers(ledger.as_str()) {
            Ok(GrantedLedger(ledger))
        } else {
            Err(ledger_not_found(ledger.as_str()))
        }
    }
}

impl GrantedLedger {
    pub fn id(&self) -> &LedgerId {
        &self.0
    }

    pub fn into_id(self) -> LedgerId {
        self.0
    }
}

/// One answer for "there is none" and "not for you", so that neither can be told from the other.
pub fn ledger_not_found(ledger: &str) -> Problem {
    Problem::new(&codes::LEDGER_NOT_FOUND)
        .detail(format!("there is no ledger {ledger:?} that this key may use"))
}

impl<'a, S: Needs> ApiExtractor<'a> for Caller<S> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(S::SCHEME, bearer());
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![S::SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let gate = request.data::<Arc<Gate>>().expect("the server hands every request the gate");
        let context = request.data::<Arc<RequestContext>>().expect("the edge gives every request a context");
        let key = authenticate(&gate.keys, request)?;
        context.note_caller(&key);
        if !key.scopes.contains(&S::SCOPE) {
            let detail = format!("this needs the scope {}; the key {:?} does not carry it", S::SCOPE, key.id);
            return Err(Problem::new(&codes::SCOPE_MISSING).detail(detail).into());
        }
        headers::refuse_ambiguous(request)?;
        gate.routes.check(request)?;
        Ok(Self { key, context: Arc::clone(context), scope: PhantomData })
    }
}

/// Says that a route needs no key.
pub struct Public;

impl<'a> ApiExtractor<'a> for Public {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(PUBLIC_SCHEME, bearer());
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![PUBLIC_SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let gate = request.data::<Arc<Gate>>().expect("the server hands every request the gate");
        gate.routes.check(request)?;
        Ok(Self)
    }
}

fn authenticate(keys: &Keys, request: &Request) -> Result<Arc<Key>, Problem> {
    let Some(credentials) = request.headers().get(header::AUTHORIZATION) else {
        return Err(Problem::new(&codes::NOT_AUTHENTICATED)
            .detail("send Authorization: Bearer nxk_…")
            .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"nexus\"")));
    };
    let token = credentials.to_str().ok().and_then(bearer_token).unwrap_or_default();
    keys.open(token).map_err(|no_entry| match no_entry {
        NoEntry::Invalid => Problem::new(&codes::KEY_INVALID).header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"nexus\", error=\"invalid_token\""),
        ),
        NoEntry::Stale => Problem::new(&codes::KEYS_STALE).retry_after(2),
    })
}

fn bearer_token(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the router matched, with `:param0` for the first parameter.
pub fn pattern(request: &Request) -> &str {
    request.data::<PathPattern>().map_or("", |pattern| &pattern.0)
}

fn bearer() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: None,
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    }
}
