//! The OpenAPI document: what poem-openapi generates, made exact, and the table of routes drawn from it.
//!
//! Each operation's needed scope arrives here as the name of a pseudo scheme (`scope read`, see `keys::scope`); an
//! operation without one makes `Spec::of` fail, at the start of every server and in a test.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use poem::{Request, http::Method};
// Not `types::Type`: its `is_empty` would shadow that of `&str`, and says false.
use poem_openapi::{OpenApi, OpenApiService, payload::Payload, registry::Registry, types};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, json, value::RawValue};

use ledger_core::RefusalKind;

use crate::{
    caller, codes,
    engine::refusal,
    examples,
    keys::scope::{PUBLIC_SCHEME, SCHEME_PREFIX},
    problem::{self, Problem},
};

/// The document and what was learned while writing it.
pub struct Spec {
    pub json: String,
    pub routes: RouteTable,
}

#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    #[error("{method} {path} declares no scope: its first argument must be a Caller<…> or Public")]
    NoScope { method: String, path: String },
    #[error("{method} {path} has no operation_id")]
    NoOperationId { method: String, path: String },
}

/// One operation, as the checks and tests need it.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: Method,
    /// As in the document: `/v1/ledgers/{ledger}`.
    pub path: String,
    /// `None` for a public one.
    pub scope: Option<String>,
    queries: Vec<String>,
    /// Those of the queries that may be said more than once.
    lists: Vec<String>,
    produces: Vec<String>,
}

#[derive(Debug, Default)]
pub struct RouteTable {
    /// By what the router calls the path (`/v1/ledgers/:param0`).
    by_pattern: HashMap<String, Vec<Operation>>,
}

impl Spec {
    pub fn of<T: OpenApi>(service: &OpenApiService<T, ()>) -> Result<Self, SpecError> {
        let Merged(mut document) = serde_json::from_str(&service.spec()).expect("poem-openapi writes JSON");
        let mut routes = RouteTable::default();
        for (path, operations) in entries(&mut document["paths"]) {
            for (method, operation) in entries(operations) {
                let scope = take_scope(operation)
                    .ok_or_else(|| SpecError::NoScope { method: method.clone(), path: path.clone() })?;
                let id = operation["operationId"]
                    .as_str()
                    .ok_or_else(|| SpecError::NoOperationId { method: method.clone(), path: path.clone() })?
                    .to_owned();
                declare_scope(operation, scope.as_deref());
                bare_media_types(operation);
                declare_problems(operation, scope.is_some());
                routes.add(Operation {
                    id,
                    method: method.to_uppercase().parse().expect("poem-openapi knows its methods"),
                    path: path.clone(),
                    scope,
                    queries: queries(operation, |_| true),
                    lists: queries(operation, |schema| schema["type"] == "array"),
                    produces: produces(operation),
                });
            }
        }
        propose(&mut document);
        close_requests(&mut document);
        name_properties(&mut document["components"]["schemas"]);
        // poem-openapi says 3.0.0; what it writes is valid in 3.1 too, which has `propertyNames`.
        document["openapi"] = "3.1.0".into();
        declare_components(&mut document);
        // Relative, so that "try it" works under any address.
        document["servers"] = json!([{ "url": "/" }]);
        let json = serde_json::to_string_pretty(&document).expect("a document of strings");
        Ok(Self { json, routes })
    }
}

impl RouteTable {
    fn add(&mut self, operation: Operation) {
        self.by_pattern.entry(router_pattern(&operation.path)).or_default().push(operation);
    }

    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.by_pattern.values().flatten()
    }

    /// The value of `Allow` for an address that has other methods than the one asked for.
    pub fn allow(&self, pattern: &str) -> Option<String> {
        let operations = self.by_pattern.get(pattern)?;
        let mut methods: Vec<_> =
            operations.iter().map(|operation| operation.method.as_str().to_owned()).collect();
        if operations.iter().any(|operation| operation.method == Method::GET) {
            methods.push("HEAD".to_owned());
        }
        methods.sort_unstable();
        Some(methods.join(", "))
    }

    /// Refuses query parameters that the operation does not have, and answers that the caller would not accept.
    pub fn check(&self, request: &Request) -> Result<(), Problem> {
        let query = request.uri().query().unwrap_or_default();
        let accept = request.headers().get("accept");
        if query.is_empty() && accept.is_none() {
            return Ok(());
        }
        let Some(operation) = self.matched(request) else { return Ok(()) };
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            if seen.contains(&name) && !operation.lists.iter().any(|list| list == name) {
                return Err(Problem::new(&codes::INVALID_PARAMETER).detail(format!("{name:?} is said twice")));
            }
            seen.push(name);
            if !operation.queries.iter().any(|known| known == name) {
                let known = operation.queries.join(", ");
                let known = if known.is_empty() { "none" } else { &known };
                return Err(Problem::new(&codes::UNKNOWN_PARAMETER)
                    .detail(format!("{name:?} is not a parameter of this route, which has: {known}")));
            }
        }
        match accept.and_then(|accept| accept.to_str().ok()) {
            Some(accept) if !operation.accepts(accept) => Err(Problem::new(&codes::NOT_ACCEPTABLE)
                .detail(format!("this route answers with {}", operation.produces.join(", ")))),
            _ => Ok(()),
        }
    }

    fn matched(&self, request: &Request) -> Option<&Operation> {
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.by_pattern.get(caller::pattern(request))?.iter().find(|operation| operation.method == *method)
    }
}

impl Operation {
    fn accepts(&self, accept: &str) -> bool {
        accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let media_range = parts.next().unwrap_or_default();
            let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            !refused && (media_range == "*/*" || self.produces.iter().any(|media| within(media, media_range)))
        })
    }
}

fn within(media_type: &str, media_range: &str) -> bool {
    match media_range.strip_suffix("/*") {
        Some(family) => media_type.split('/').next() == Some(family),
        None => media_type.eq_ignore_ascii_case(media_range),
    }
}

/// `/v1/ledgers/{ledger}/accounts/{account}` is `/v1/ledgers/:param0/accounts/:param1` to the router.
fn router_pattern(path: &str) -> String {
    let mut parameters = 0;
    let segments = path.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        parameters += 1;
        format!(":param{}", parameters - 1)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A JSON value in which the members of two equal keys are joined: poem-openapi writes a path once for each file of routes.
struct Merged(Value);

impl<'de> Deserialize<'de> for Merged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Joining;

        impl<'de> de::Visitor<'de> for Joining {
            type Value = Map<String, Value>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut object = Map::new();
                while let Some((name, value)) = members.next_entry::<String, Box<RawValue>>()? {
                    let value = match name.as_str() {
                        "paths" => serde_json::from_str(value.get()).map(|Merged(value)| value),
                        _ => serde_json::from_str(value.get()),
                    };
                    let value = value.map_err(de::Error::custom)?;
                    match (object.get_mut(&name).and_then(Value::as_object_mut), value) {
                        (Some(known), Value::Object(more)) => known.extend(more),
                        (_, value) => drop(object.insert(name, value)),
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(Joining).map(|object| Self(Value::Object(object)))
    }
}

fn entries(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}

/// `Some(None)`: the operation says that it is public.
fn take_scope(operation: &Value) -> Option<Option<String>> {
    let scheme = operation["security"].get(0)?.as_object()?.keys().next()?;
    if scheme == PUBLIC_SCHEME {
        return Some(None);
    }
    scheme.strip_prefix(SCHEME_PREFIX).map(|scope| Some(scope.to_owned()))
}

fn declare_scope(operation: &mut Value, scope: Option<&str>) {
    let Some(scope) = scope else {
        operation["security"] = json!([]);
        return;
    };
    let description = operation["description"].as_str().unwrap_or_default();
    operation["description"] = format!("{description}\n\nScope: `{scope}`").trim_start().into();
    operation["x-scope"] = scope.into();
    operation["security"] = json!([{ "key": [] }]);
}

/// Client generators dislike parameters in media types; JSON is UTF-8 anyway.
fn bare_media_types(operation: &mut Value) {
    let bodies = operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for content in bodies.filter_map(|response| response.get_mut("content")?.as_object_mut()) {
        let plain = std::mem::take(content)
            .into_iter()
            .map(|(media_type, schema)| (media_type.trim_end_matches("; charset=utf-8").to_owned(), schema));
        *content = plain.collect();
    }
}

/// What the edge can answer to any operation of this kind, unless the operation says it better.
fn declare_problems(operation: &mut Value, needs_key: bool) {
    let mut statuses = vec![400, 406, 431, 500, 503];
    if needs_key {
        statuses.extend([401, 403]);
    }
    let parameters = operation["parameters"].as_array();
    if parameters.is_some_and(|all| all.iter().any(|parameter| parameter["in"] == "path")) {
        statuses.extend([404, 422]);
    }
    if operation.get("requestBody").is_some() {
        statuses.extend([404, 409, 413, 415, 422]);
    }
    let responses = operation["responses"].as_object_mut().expect("every operation has responses");
    for status in statuses {
        let status = status.to_string();
        responses
            .entry(&status)
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/{status}") }));
    }
}

/// What "try it" fills in.
fn propose(document: &mut Value) {
    for (name, body) in examples::bodies() {
        if let Some(schema) = document["components"]["schemas"].get_mut(name) {
            schema["example"] = body;
        }
    }
    for (_, path) in entries(&mut document["paths"]) {
        for (_, operation) in entries(path) {
            // Asked for by name, a member that is not there would be made.
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default();
                if examples::NOT_PROPOSED.contains(&name)
                    && let Some(schema) = parameter["schema"].as_object_mut()
                {
                    schema.remove("example");
                }
            }
        }
    }
}

/// Requests are read strictly, so their schemas say that no other property may stand there. Answers may grow.
fn close_requests(document: &mut Value) {
    let mut found = Vec::new();
    for (_, path) in entries(&mut document["paths"]) {
        for (_, operation) in entries(path) {
            references(&operation["requestBody"], &mut found);
        }
    }
    let mut closed = BTreeSet::new();
    while let Some(name) = found.pop() {
        if !closed.insert(name.clone()) {
            continue;
        }
        let schema = &mut document["components"]["schemas"][name];
        references(schema, &mut found);
        if schema["type"] == "object" {
            schema["additionalProperties"] = false.into();
        }
    }
}

/// Objects whose names are the caller's: the names have bounds as well (those of metadata).
fn name_properties(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("additionalProperties").is_some_and(Value::is_object) {
                let names = json!({ "minLength": 1, "maxLength": 100, "pattern": r"^[^\u0000]*$" });
                map.insert("propertyNames".to_owned(), names);
            }
            map.values_mut().for_each(name_properties);
        }
        Value::Array(list) => list.iter_mut().for_each(name_properties),
        _ => {}
    }
}

/// The names of the schemas that are referred to here.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str);
            found.extend(name.and_then(|name| name.strip_prefix("#/components/schemas/")).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn declare_components(document: &mut Value) {
    let components = &mut document["components"];
    components["securitySchemes"] = json!({ "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "nxk_…",
        "description": "A key made by `nexus keys create`; `nexus up` leaves one in its data folder (`dev-key`).",
    }});
    let mut registry = Registry::default();
    Problem::register(&mut registry);
    for (name, schema) in registry.schemas {
        components["schemas"][name] = serde_json::to_value(schema).expect("a schema of strings");
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in codes::CATALOGUE {
        by_status.entry(code.status).or_default().push(code.name);
    }
    for kind in RefusalKind::ALL {
        by_status.entry(refusal::status(*kind, false)).or_default().push(kind.code());
    }
    components["responses"] = by_status
        .into_iter()
        .map(|(status, names)| {
            let content = json!({ problem::CONTENT_TYPE: {
                "schema": { "$ref": format!("#/components/schemas/{}", <problem::Body as types::Type>::name()) }
            }});
            (status.to_string(), json!({ "description": names.join(", "), "content": content }))
        })
        .collect::<Map<_, _>>()
        .into();
}

/// The names of the query parameters whose schemas are such.
fn queries(operation: &Value, such: impl Fn(&Value) -> bool) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "query" && such(&parameter["schema"]))
        .filter_map(|parameter| Some(parameter["name"].as_str()?.to_owned()))
        .collect()
}

fn produces(operation: &Value) -> Vec<String> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let mut produces: Vec<_> = responses
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response["content"].as_object())
        .flat_map(|content| content.keys().cloned())
        .collect();
    produces.sort_unstable();
    produces.dedup();
    produces
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Open;

    #[OpenApi]
    impl Open {
        #[oai(path = "/open", method = "get", operation_id = "open")]
        async fn open(&self) {}
    }

    #[test]
    fn a_route_that_declares_no_scope_makes_no_document() {
        let error = Spec::of(&OpenApiService::new(Open, "", "")).err().unwrap();
        assert!(matches!(error, SpecError::NoScope { .. }), "{error}");
    }

    struct Closed;

    #[OpenApi]
    impl Closed {
        #[oai(path = "/open", method = "post", operation_id = "close")]
        async fn close(&self, _caller: caller::Public) {}
    }

    struct Opened;

    #[OpenApi]
    impl Opened {
        #[oai(path = "/open", method = "get", operation_id = "open")]
        async fn open(&self, _caller: caller::Public) {}
    }

    #[test]
    fn a_path_may_be_spread_over_files() {
        let spec = Spec::of(&OpenApiService::new((Closed, Opened), "", "")).unwrap();
        assert_eq!(spec.routes.allow("/open").as_deref(), Some("GET, HEAD, POST"));
    }

    #[test]
    fn paths_are_known_under_the_names_that_the_router_gives_them() {
        assert_eq!(router_pattern("/v1/a/{x}/b/{y}"), "/v1/a/:param0/b/:param1");
    }
}
