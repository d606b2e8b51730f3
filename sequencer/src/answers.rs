//! Gives the answers out, on the door's runtime: to wake those who wait costs the sequencer's thread more than to decide.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::handle::Shared;
use crate::item::Answer;

/// Who waits for an answer.
pub(crate) enum Who {
    One(oneshot::Sender<Answer>),
    OfGroup(mpsc::UnboundedSender<Vec<(u32, Answer)>>, u32),
    Read(Box<dyn FnOnce() + Send>),
}

/// Until the sequencer has ended and all that it answered is given out.
pub(crate) async fn give(shared: Arc<Shared>, mut answers: mpsc::UnboundedReceiver<Vec<(Who, Answer)>>) {
    while let Some(answers) = answers.recv().await {
        give_some(&shared, answers);
    }
}

/// Answers of one group that come together go together.
fn give_some(shared: &Shared, answers: Vec<(Who, Answer)>) {
    let mut together: Vec<(u32, Answer)> = Vec::new();
    let mut group: Option<mpsc::UnboundedSender<Vec<(u32, Answer)>>> = None;
    for (who, answer) in answers {
        shared.metrics.answered(&answer);
        match (who, answer) {
            // Nobody listens any more when the client hung up: the record stands all the same.
            (Who::One(reply), answer) => drop(reply.send(answer)),
            (Who::OfGroup(sender, index), answer) => {
                if let Some(former) = group.as_ref().filter(|former| !former.same_channel(&sender)) {
                    let _ = former.send(std::mem::take(&mut together));
                }
                group = Some(sender);
                together.push((index, answer));
            }
            (Who::Read(tell), Answer::Seen) => tell(),
            // What it saw was taken back: dropping it tells the reader to ask again.
            (Who::Read(_), _) => {}
        }
    }
    if let Some(group) = group {
        let _ = group.send(together);
    }
}
