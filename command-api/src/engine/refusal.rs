//! A refusal by the rules, as a problem. A pure function of the record, so that a repeat hears the same.

use event_schemas::{Position, events::command_refused::Refused};
use ledger_core::{Class, RefusalKind};

use crate::problem::Problem;

/// The status of a refusal; `in_body` tells that it points at a part of the request's body.
pub fn status(kind: RefusalKind, in_body: bool) -> u16 {
    match kind.class() {
        Class::Race => 409,
        // What the path names is not there; named in the body, it is a rule that was broken.
        Class::Missing if !in_body => 404,
        Class::Missing | Class::Rule => 422,
    }
}

pub fn problem(refused: &Refused, position: Option<Position>) -> Problem {
    let mut problem = match RefusalKind::by_number(refused.number) {
        Some(kind) => {
            Problem::named(status(kind, refused.pointer.is_some()), &*refused.code, title(kind.code()))
                .detail(format!("{} {}", kind.when(), kind.mend()))
        }
        // Of a newer program: its number and figures still say what it was.
        None => Problem::named(422, &*refused.code, title(&refused.code)),
    };
    problem.body.number = Some(refused.number);
    problem.body.pointer.clone_from(&refused.pointer);
    problem.body.figures = (!refused.figures.is_empty()).then(|| refused.figures.clone());
    problem.body.position = position.map(|position| position.to_string());
    problem
}

/// `account_is_frozen`: "Account is frozen".
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}
