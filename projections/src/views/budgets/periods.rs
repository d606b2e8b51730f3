//! Which periods a budget plans for, by all that was said about it.

use event_schemas::Day;

use super::{Plan, Word};

/// A period, or the part of one that is planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    pub first: Day,
    /// The first day after it. `None`: the calendar ends first.
    pub end: Option<Day>,
    pub plan: &'a Plan,
}

impl Span<'_> {
    #[must_use]
    pub fn last(&self) -> Day {
        let last = self.end.and_then(Day::previous);
        last.unwrap_or_else(|| Day::parse("9999-12-31").expect("a day"))
    }
}

/// The periods that begin by `until`, in their order. For every day the last word about it counts; a period within which another plan
/// begins ends there.
pub fn spans(words: &[Word], until: Day) -> Vec<Span<'_>> {
    let mut starts: Vec<Day> = words.iter().map(|word| word.starts).collect();
    starts.sort_unstable();
    starts.dedup();
    // The days from which another word counts, and which.
    let mut parts: Vec<(Day, &Word)> = Vec::new();
    for start in starts {
        let counts = words.iter().filter(|word| word.starts <= start).max_by_key(|word| word.since);
        let counts = counts.expect("the start is some word's");
        if parts.last().is_none_or(|(_, before)| before.since != counts.since) {
            parts.push((start, counts));
        }
    }
    let mut spans = Vec::new();
    for (at, (from, word)) in parts.iter().enumerate() {
        let Some(plan) = &word.plan else { continue };
        let next_part = parts.get(at + 1).map(|(start, _)| *start);
        let after = plan.ends.and_then(Day::next);
        // No end at all where a plan ends with the calendar.
        let stop = [next_part, after].into_iter().flatten().min();
        let mut day = Some(*from);
        while let Some(first) = day.filter(|day| *day <= until && stop.is_none_or(|stop| *day < stop)) {
            let end = [plan.period.next(first), stop].into_iter().flatten().min();
            spans.push(Span { first, end, plan });
            day = end;
        }
    }
    spans
}

/// Whether what is left of a period may go on into the next one.
pub fn follows(before: &Span<'_>, next: &Span<'_>) -> bool {
    before.end == Some(next.first)
        && before.plan.carry_over != event_schemas::CarryOver::None
        && before.plan.currency == next.plan.currency
        && before.plan.amount.scale == next.plan.amount.scale
}
