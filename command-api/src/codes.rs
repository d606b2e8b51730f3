//! Every code with which the door itself refuses a request, in one list. (What the ledger's rules refuse has numbers.)

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What it means and what to do about it.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($ident:ident = $status:literal $name:literal, $title:literal, $meaning:literal;)*) => {
        $(pub static $ident: Code = Code { name: $name, status: $status, title: $title, meaning: $meaning };)*
        /// In the order of their status.
        pub static CATALOGUE: &[&Code] = &[$(&$ident),*];
    };
}

codes! {
    BAD_REQUEST = 400 "bad_request", "Bad request",
        "The request could not be understood; the detail says what.";
    INVALID_JSON = 400 "invalid_json", "Invalid JSON",
        "The body is not JSON (RFC 8259) in UTF-8. The pointer names the place up to which it could be read.";
    INVALID_BODY = 400 "invalid_body", "Invalid body",
        "The body is JSON, but not what this route takes. The pointer names the value at fault, the detail what was expected there.";
    INVALID_PARAMETER = 400 "invalid_parameter", "Invalid parameter",
        "A query parameter or header has a value that this route does not take.";
    UNKNOWN_PARAMETER = 400 "unknown_parameter", "Unknown parameter",
        "A query parameter is not one of this route's. It is refused rather than ignored, so that a mistyped dry_run never posts.";
    INVALID_FILTER = 400 "invalid_filter", "Invalid filter",
        "The filter is not one of the language of searches. The figures say at which character, what was found there and what was expected.";
    NOT_AUTHENTICATED = 401 "not_authenticated", "Not authenticated",
        "Send a key: `Authorization: Bearer nxk_…`. Keys are made with `nexus keys create`.";
    KEY_INVALID = 401 "key_invalid", "Key not valid",
        "The key is unknown, mistyped or revoked.";
    SCOPE_MISSING = 403 "scope_missing", "Scope missing",
        "The key is good, but it does not carry the scope that this route needs.";
    NO_SUCH_ROUTE = 404 "no_such_route", "No such route",
        "Nothing is served at this address. The routes are listed at /docs.";
    INVALID_PATH = 404 "invalid_path", "No such thing",
        "A part of the path has a shape that no ledger, account, transaction or position has, so there is none.";
    LEDGER_NOT_FOUND = 404 "ledger_not_found", "Ledger not found",
        "There is no such ledger, or the key was not granted it; which of the two is not said.";
    EVENT_NOT_FOUND = 404 "event_not_found", "Event not found",
        "There is no record at this position, or it is of a ledger that the key was not granted; which of the two is not said.";
    ACCOUNT_NOT_FOUND = 404 "no_such_account", "No such account",
        "No account of this ledger has, or ever had, this path.";
    TRANSACTION_NOT_FOUND = 404 "no_such_transaction", "No such transaction",
        "The ledger had no transaction with this id, as far as the view has read or as of when it was asked about.";
    BUDGET_NOT_FOUND = 404 "no_such_budget", "No such budget",
        "Nothing was said of a budget with this id by the time that is asked about.";
    CURRENCY_NOT_FOUND = 404 "no_such_currency", "No such currency",
        "The currency is none of ISO 4217, and this ledger has registered none of this code.";
    METHOD_NOT_ALLOWED = 405 "method_not_allowed", "Method not allowed",
        "The address exists, but not for this method; the Allow header lists those it has.";
    NOT_ACCEPTABLE = 406 "not_acceptable", "Not acceptable",
        "The Accept header excludes everything that this route answers with.";
    VIEW_BEHIND = 409 "view_behind", "View not there yet",
        "The view has not read up to the min_position within the time that a request may wait. The figures say how far it is; ask again.";
    BODY_TOO_LARGE = 413 "body_too_large", "Body too large",
        "The body, or one line of it, is longer than this route takes; the detail has the limit.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "Unsupported media type",
        "The Content-Type is missing or is not one that this route reads.";
    SEARCH_TOO_LONG = 422 "search_too_long", "The search takes too long",
        "It was given up. Name an account, a time, a currency or a word, or leave out totals and facets.";
    KEY_REUSED = 422 "key_reused", "Key used before",
        "The key was used before, for another request. A repeat sends the same request; a new request needs a new key. The figure `used_at` names the record that used it.";
    KEYS_DIFFER = 422 "keys_differ", "Two different keys",
        "The body's id and the Idempotency-Key are both the request's key, and say two different things: send one of them.";
    POSITION_ELSEWHERE = 422 "position_elsewhere", "Position of another shard",
        "The position is of another shard than the ledger's records, so nothing comes before or after it.";
    PERIOD_REVERSED = 422 "period_reversed", "Period ends before it begins",
        "The period's `from` is after its `to`, so nothing can be in it.";
    TOO_MANY_PERIODS = 422 "too_many_periods", "Too many periods",
        "The time from `from` to `to`, or since a budget's start, has more periods than one answer tells; the detail has the limit.";
    FIGURE_TOO_LARGE = 422 "figure_too_large", "Figure too large",
        "A sum over several accounts, or a value, has more than 38 digits. The figures say in which currency, and of which account or name above accounts if it is no total. Ask for fewer accounts, for a shorter period, or for no values.";
    KEYS_MIXED = 422 "keys_mixed", "Some keys used before",
        "Some keys of this atomic batch were used before and some not, so it is no repeat and cannot be carried out whole.";
    BATCH_TOO_LARGE = 422 "batch_too_large", "Batch too large",
        "An atomic batch has more items than can be recorded at once; the detail has the limit.";
    HEADERS_TOO_LARGE = 431 "headers_too_large", "Headers too large",
        "The request's headers together exceed 16 KiB.";
    INTERNAL = 500 "internal", "Internal error",
        "Something broke on our side. Nothing is known about the outcome: repeat with the same key to learn it.";
    UNAVAILABLE = 503 "unavailable", "Not available now",
        "The service cannot take the request now. Come back after the seconds in Retry-After, with the same key.";
    VIEW_NOT_READY = 503 "view_not_ready", "View being built",
        "The view that answers this is being built from the log, or was never started here. Come back after the seconds in Retry-After.";
    OVERLOADED = 503 "overloaded", "Overloaded",
        "Too many commands are waiting. Nothing was recorded and no key used up: send the same again after Retry-After.";
    STREAMS_TAKEN = 503 "streams_taken", "No stream is free",
        "As many streams are open as this server serves. Come back after the seconds in Retry-After, or ask another server.";
    TIMED_OUT = 503 "timed_out", "Waited too long",
        "The command waited too long in the queue. Nothing was recorded and no key used up: send the same again.";
    OUTCOME_UNKNOWN = 503 "outcome_unknown", "Outcome not known yet",
        "The command is on its way to the log, which does not answer. It may be recorded or not: send the same again, with the key in the detail, to learn which.";
    NOT_RECORDED = 503 "not_recorded", "Not recorded",
        "The log could not store the command, and will not. Nothing was recorded and no key used up: send the same again.";
    KEYS_STALE = 503 "keys_stale", "Keys cannot be checked now",
        "The list of keys could not be read for too long, so that revoked ones could pass. Come back later.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_stands_in_the_order_of_its_status() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
        assert!(CATALOGUE.is_sorted_by_key(|code| code.status));
    }
}
