//! A human that answers by itself: the echo bot at the other end of a test or a benchmark.
//!
//! The inbox is the queue: nothing is copied until there is room. Messages of one chat are answered one after another
//! in the order they came; chats are spread over [`LANES`] lanes of [`LANE_DEPTH`] messages, so a slow chat delays at
//! most the chats of its lane and memory stays bounded.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use whatsapp_rust::proto_helpers::MessageBuilderExt;
use whatsapp_rust::waproto::whatsapp as wa;

use super::ears::Ears;
use super::heard::Heard;
use super::line::Line;

/// Chats answered at the same time.
const LANES: usize = 32;
/// Messages waiting in one lane.
const LANE_DEPTH: usize = 64;

/// Decides what to answer.
pub(crate) type Answer = Arc<dyn Fn(&Heard) -> Option<String> + Send + Sync>;

/// Answers everything heard after row `after` until cancelled. Lanes are tasks of `tasks`.
pub(crate) async fn run(
    ears: Arc<Ears>,
    line: Arc<Line>,
    answer: Answer,
    after: u64,
    tasks: TaskTracker,
    cancelled: CancellationToken,
) {
    let mut lanes: Vec<Option<mpsc::Sender<Heard>>> = vec![None; LANES];
    let mut bell = ears.bell();
    let mut answered = after;
    loop {
        let fresh: Vec<Heard> = ears.look(|inbox| inbox.rows_after(answered).take(LANE_DEPTH).cloned().collect());
        if fresh.is_empty() {
            tokio::select! {
                rung = bell.changed() => if rung.is_err() { return },
                () = cancelled.cancelled() => return,
            }
            continue;
        }
        for heard in fresh {
            answered = heard.seq;
            if heard.from_me {
                continue;
            }
            let lane = lanes[lane_of(&heard.chat)].get_or_insert_with(|| {
                let (sender, receiver) = mpsc::channel(LANE_DEPTH);
                tasks.spawn(answer_lane(receiver, line.clone(), answer.clone(), cancelled.clone()));
                sender
            });
            tokio::select! {
                taken = lane.send(heard) => if taken.is_err() { return },
                () = cancelled.cancelled() => return,
            }
        }
    }
}

async fn answer_lane(mut heard: mpsc::Receiver<Heard>, line: Arc<Line>, answer: Answer, cancelled: CancellationToken) {
    let answering = async {
        while let Some(heard) = heard.recv().await {
            let Some(text) = answer(&heard) else { continue };
            if let Err(error) = line.hand_over(&heard.wire.chat, &wa::Message::text(text)).await {
                warn!(
                    message.id = heard.id,
                    error = &error as &dyn std::error::Error,
                    "an answer was not sent"
                );
            }
        }
    };
    tokio::select! {
        () = answering => {}
        () = cancelled.cancelled() => {}
    }
}

fn lane_of(chat: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    chat.hash(&mut hasher);
    // The remainder is below LANES and fits.
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}
