//! What a drill found: counts, and every violation in words.

use serde::Serialize;

const VIOLATIONS_KEPT: usize = 20;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Faults that were caused.
    pub faults: u64,
    pub acknowledged: u64,
    pub unanswered: u64,
    /// Unanswered commands that the log held already.
    pub had_been_done: u64,
    /// Answered commands that were sent again.
    pub repeated: u64,
    /// Records of our commands in the log at the end.
    pub records: u64,
    pub violations: u64,
    /// The first of them.
    pub violated: Vec<String>,
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

    pub fn line(&self) -> String {
        format!(
            "{} acknowledged, {} unanswered ({} of them done), {} repeated, {} violations",
            self.acknowledged, self.unanswered, self.had_been_done, self.repeated, self.violations
        )
    }
}
