//! Wakes waiters within a fraction of a millisecond. Tokio's own timer rounds up to whole milliseconds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// 4,000 looks a second at an almost always short queue cost about 1 % of a core.
const PERIOD: Duration = Duration::from_micros(250);

type Waiters = Mutex<VecDeque<(Instant, oneshot::Sender<()>)>>;

/// Waiters must come in the order of their times: a schedule's arrivals do. Its thread ends with its last clone.
#[derive(Debug, Clone)]
pub struct Ticker {
    waiters: Arc<Waiters>,
}

impl Ticker {
    pub fn start() -> Self {
        let waiters = Arc::new(Waiters::default());
        let watched = Arc::downgrade(&waiters);
        std::thread::spawn(move || tick(&watched));
        Self { waiters }
    }

    pub async fn wait_until(&self, time: Instant) {
        let (wake, woken) = oneshot::channel();
        self.waiters.lock().expect("no holder of the waiters panics").push_back((time, wake));
        woken.await.expect("the ticker's thread lives as long as we hold its queue");
    }
}

fn tick(watched: &Weak<Waiters>) {
    while let Some(waiters) = watched.upgrade() {
        let mut due = waiters.lock().expect("no holder of the waiters panics");
        let now = Instant::now();
        while due.front().is_some_and(|(time, _)| *time <= now) {
            if let Some((_, wake)) = due.pop_front() {
                // A waiter that was dropped has no more use for it.
                let _ = wake.send(());
            }
        }
        drop(due);
        drop(waiters);
        std::thread::sleep(PERIOD);
    }
}
