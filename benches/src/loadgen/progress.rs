//! One line a second on stderr while a run lasts.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Tally;

pub async fn report_every_second(name: String, tally: Arc<Mutex<Tally>>) {
    let started = Instant::now();
    let mut last = 0;
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.tick().await;
    loop {
        every.tick().await;
        let tally = tally.lock().expect("no holder of the tally panics");
        let answered = tally.units_acknowledged;
        let (second, errors, lost) = (started.elapsed().as_secs(), tally.errors, tally.lost);
        eprintln!("    {name:<34} {second:>3} s {:>9}/s  errors {errors}  lost {lost}", answered - last);
        last = answered;
    }
}
