//! How the outcomes of a bulk's items are written.

use event_schemas::Event;
use ledger_core::RefusalKind;

use crate::{
    engine::{Engine, Settled, refusal},
    problem::Problem,
    wire::answer::{self, Head},
};

impl Engine {
    /// Appends `{"index":…,"status":…,"body":{…}}`.
    pub fn write_outcome(&self, out: &mut Vec<u8>, index: u32, settled: &Settled) {
        let (record, position) = match settled {
            Settled::Recorded(record) => (record, Some(self.position(record))),
            Settled::DryRun(record) => (record, None),
            Settled::Problem(problem) => return write_problem(out, index, problem),
        };
        if let Event::CommandRefused(refused) = &record.event {
            return write_problem(out, index, &refusal::problem(&refused.refusal, position));
        }
        begin(out, index, if position.is_some() { 201 } else { 200 });
        answer::write(out, &Head::of(record, position), &record.event);
        out.push(b'}');
    }
}

/// The problem of a batch that was not carried out: that of the item at fault, whose pointer begins with its place.
pub fn at_fault(engine: &Engine, settled: &[(u32, Settled)]) -> Option<Problem> {
    let problem = |one: &Settled| {
        let (record, position) = match one {
            Settled::Problem(problem) => return Some(problem.clone()),
            Settled::Recorded(record) => (record, Some(engine.position(record))),
            Settled::DryRun(record) => (record, None),
        };
        match &record.event {
            Event::CommandRefused(refused) => Some(refusal::problem(&refused.refusal, position)),
            _ => None,
        }
    };
    let problems: Vec<(u32, Problem)> =
        settled.iter().filter_map(|(index, one)| Some((*index, problem(one)?))).collect();
    let others = RefusalKind::BatchItemRefused.number();
    let own = |(_, problem): &&(u32, Problem)| problem.body.number != Some(others);
    let (index, problem) = problems.iter().find(own).or(problems.first())?;
    Some(within(problem.clone(), *index as usize))
}

/// The pointer as seen from the whole request.
pub fn within(mut problem: Problem, index: usize) -> Problem {
    let pointer = problem.body.pointer.take().unwrap_or_default();
    problem.pointer(format!("/{index}{pointer}"))
}

pub fn write_problem(out: &mut Vec<u8>, index: u32, problem: &Problem) {
    begin(out, index, problem.body.status);
    serde_json::to_writer(&mut *out, &problem.body).expect("writing JSON to memory");
    out.push(b'}');
}

fn begin(out: &mut Vec<u8>, index: u32, status: u16) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(b"{\"index\":");
    out.extend_from_slice(digits.format(index).as_bytes());
    out.extend_from_slice(b",\"status\":");
    out.extend_from_slice(digits.format(status).as_bytes());
    out.extend_from_slice(b",\"body\":");
}
