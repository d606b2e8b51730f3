//! What a drill found: counts, and every violation in words.

use std::collections::BTreeMap;

use serde::Serialize;

const VIOLATIONS_KEPT: usize = 20;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Faults that were caused.
    pub faults: u64,
    /// Answered commands: each must be in the log once, where its answer says.
    pub acknowledged: u64,
    /// Commands without an answer, or with one that leaves the outcome open.
    pub unanswered: u64,
    /// Unanswered commands that the log held already: their retry must name that very record.
    pub had_been_done: u64,
    /// Unanswered commands that were not in the log: their retry must record them.
    pub had_not_been_done: u64,
    /// Commands that were answered "nothing was recorded": none may be in the log before its retry.
    pub told_not_recorded: u64,
    /// Answered commands that were sent again.
    pub repeated: u64,
    /// Records of our commands in the log at the end.
    pub records: u64,
    pub violations: u64,
    /// The first of them.
    pub violated: Vec<String>,
    /// What this drill counts besides: that its faults struck where they should.
    pub besides: BTreeMap<&'static str, u64>,
    #[serde(skip)]
    newly_done: u64,
}

impl Report {
    pub fn violation(&mut self, text: String) {
        self.violations += 1;
        eprintln!("    VIOLATION: {text}");
        if self.violated.len() < VIOLATIONS_KEPT {
            self.violated.push(text);
        }
    }

    pub fn violation_if(&mut self, violated: bool, text: impl FnOnce() -> String) {
        if violated {
            self.violation(text());
        }
    }

    pub(super) fn done_by_retry(&mut self, done: bool) {
        self.newly_done += u64::from(done);
    }

    pub(super) fn take_newly_done(&mut self) -> u64 {
        std::mem::take(&mut self.newly_done)
    }

    pub fn count(&mut self, what: &'static str, more: u64) {
        *self.besides.entry(what).or_default() += more;
    }

    pub fn counted(&self, what: &str) -> u64 {
        self.besides.get(what).copied().unwrap_or(0)
    }

    /// The counts in words.
    pub fn line(&self) -> String {
        let mut line = format!(
            "{} acknowledged; {} unanswered: {} found once, {} not at all and recorded by their retry; \
             {} told that nothing was recorded; {} answers asked for again",
            self.acknowledged,
            self.unanswered,
            self.had_been_done,
            self.had_not_been_done,
            self.told_not_recorded,
            self.repeated,
        );
        for (what, count) in &self.besides {
            line.push_str(&format!("; {what}: {count}"));
        }
        line + &format!("; {} violations", self.violations)
    }
}
