//! How far the import is: a bar on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::source::Progress;

const LINE_EVERY: Duration = Duration::from_secs(2);

pub struct Display {
    bar: Option<ProgressBar>,
    source: Progress,
    started: Instant,
    said: Instant,
}

impl Display {
    pub fn start(source: Progress) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg}  {eta} left")
                .expect("the template is right");
            ProgressBar::with_draw_target(Some(source.bytes_total), ProgressDrawTarget::stderr())
                .with_style(style)
        });
        let now = Instant::now();
        Self { bar, source, started: now, said: now }
    }

    pub fn rows(&mut self, rows: u64) {
        let message = || {
            format!("{} rows, {} rows/s", grouped(rows), grouped(per_second(rows, self.started.elapsed())))
        };
        if let Some(bar) = &self.bar {
            bar.set_position(self.source.bytes_read());
            bar.set_message(message());
        } else if self.said.elapsed() >= LINE_EVERY {
            let percent = 100 * self.source.bytes_read() / self.source.bytes_total.max(1);
            eprintln!("{percent:>3} % read  {}", message());
            self.said = Instant::now();
        }
    }

    pub fn say(&self, message: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{message}")),
            None => eprintln!("{message}"),
        }
    }

    pub fn finish(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }
}

pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    (count as f64 / elapsed.as_secs_f64().max(1e-6)) as u64
}

/// `49102`: "49,102".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let all: Vec<String> = [0, 7, 999, 1_000, 49_102, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(all, ["0", "7", "999", "1,000", "49,102", "1,234,567"]);
    }
}
