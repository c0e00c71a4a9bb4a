//! Performs a persona: one task a person, which deals with one thing after another, as people do.
//!
//! The inbox is the queue, so memory stays bounded however slow the person is. The task holds the person only while it
//! acts: somebody who lets go of the last handle ends it. What is drawn is drawn from the person's own generator.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::template::Filling;
use super::{Action, Moment, Persona, Picture, Reads, Span, Template};
use crate::human::ears::Ears;
use crate::human::heard::Heard;
use crate::human::{CONNECT_TIMEOUT, Human, HumanError, Inner, Typing, moment};

/// Performs `persona` for what is heard after row `after`, until cancelled.
pub(in crate::human) async fn run(
    inner: Weak<Inner>,
    ears: Arc<Ears>,
    persona: Persona,
    after: u64,
    cancelled: CancellationToken,
) {
    let Some(seed) = inner.upgrade().map(|inner| inner.seed) else {
        return;
    };
    let counts = vec![Count::default(); persona.rules.len()];
    let mut player = Player {
        inner,
        ears,
        random: StdRng::seed_from_u64(seed),
        counts,
        heard: 0,
        looked_until: after,
        unfinished: None,
    };
    // Cancelling takes effect wherever the player waits, except in what may not be broken off half-way.
    // Asked for first: who has been told to stop must not take up what came after.
    tokio::select! {
        biased;
        () = cancelled.cancelled() => {}
        () = player.live(&persona) => {}
    }
    if let Some(unfinished) = player.unfinished {
        // It panicked, or it is done; either way nothing is left to wait for.
        let _ended = unfinished.await;
    }
}

/// How often a rule fitted, and how often it was followed.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    fitted: u64,
    followed: u64,
}

/// A step of the routine that is still to come.
struct Due<'a> {
    at: Option<Instant>,
    messages: Option<u64>,
    again: Option<Span>,
    taken: u64,
    does: &'a [Action],
}

struct Player {
    inner: Weak<Inner>,
    ears: Arc<Ears>,
    random: StdRng,
    counts: Vec<Count>,
    heard: u64,
    looked_until: u64,
    /// What runs in a task of its own, so that it cannot be broken off half-way.
    unfinished: Option<JoinHandle<()>>,
}

impl Player {
    async fn live(&mut self, persona: &Persona) {
        let mut bell = self.ears.bell();
        let mut routine = self.plan(persona);
        loop {
            if self.inner.strong_count() == 0 {
                return;
            }
            if let Some(n) = self.due(&routine) {
                self.take_step(persona, &mut routine[n]).await;
                continue;
            }
            let looked_until = self.looked_until;
            if let Some(heard) = self.ears.look(|inbox| inbox.rows_after(looked_until).next().cloned()) {
                self.looked_until = heard.seq;
                if !heard.from_me {
                    self.heard += 1;
                    self.deal_with(persona, &heard).await;
                }
                continue;
            }
            let next = routine.iter().filter_map(|step| step.at).min();
            let timer = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                rung = bell.changed() => if rung.is_err() { return },
                () = timer => {}
            }
        }
    }

    fn plan<'a>(&mut self, persona: &'a Persona) -> Vec<Due<'a>> {
        let now = moment::now();
        let plan = |step: &'a super::Step| {
            let mut due = Due {
                at: None,
                messages: None,
                again: None,
                taken: 0,
                does: &step.does,
            };
            match step.at {
                Moment::Start => due.at = Some(now),
                Moment::After(span) => due.at = Some(now + span.draw(&mut self.random)),
                Moment::Every(span) => {
                    due.at = Some(now + span.draw(&mut self.random));
                    due.again = Some(span);
                }
                Moment::AfterMessages(n) => due.messages = Some(n),
            }
            due
        };
        persona.routine.iter().map(plan).collect()
    }

    /// The first step of the routine whose moment has come.
    fn due(&self, routine: &[Due<'_>]) -> Option<usize> {
        let now = moment::now();
        routine.iter().position(|step| {
            step.at.is_some_and(|at| at <= now) || step.messages.is_some_and(|messages| messages <= self.heard)
        })
    }

    async fn take_step(&mut self, persona: &Persona, step: &mut Due<'_>) {
        step.taken += 1;
        (step.at, step.messages) = (None, None);
        for action in step.does {
            self.act(persona, action, None, step.taken).await;
        }
        if let Some(span) = step.again {
            step.at = Some(moment::now() + span.draw(&mut self.random));
        }
    }

    async fn deal_with(&mut self, persona: &Persona, heard: &Heard) {
        match persona.reads {
            Reads::Never => {}
            Reads::AtOnce => self.act(persona, &Action::Read, Some(heard), 1).await,
            Reads::After(span) => {
                self.pause(span).await;
                self.act(persona, &Action::Read, Some(heard), 1).await;
            }
        }
        let Some(n) = persona.rules.iter().position(|rule| rule.fits(heard)) else {
            return;
        };
        let (rule, count) = (&persona.rules[n], &mut self.counts[n]);
        count.fitted += 1;
        if !rule.is_due(count.fitted, count.followed) {
            return;
        }
        count.followed += 1;
        let followed = count.followed;
        if !rule.does.is_empty() {
            self.pause(persona.answers_after).await;
        }
        for action in &rule.does {
            self.act(persona, action, Some(heard), followed).await;
        }
    }

    /// Does one thing; what goes wrong is logged, and the person goes on.
    async fn act(&mut self, persona: &Persona, action: &Action, heard: Option<&Heard>, n: u64) {
        let done = match action {
            Action::Wait(span) => {
                self.pause(*span).await;
                Ok(())
            }
            Action::GoOffline => self.hang_up().await,
            Action::ComeOnline => self.come_back().await,
            Action::OfflineFor(span) => {
                let hung_up = self.hang_up().await;
                self.pause(*span).await;
                hung_up.and(self.come_back().await)
            }
            Action::Say(say) => self.write(persona, &say.text, heard, n, Where::To(&say.to)).await,
            Action::Picture(picture) => self.show(picture, heard, n).await,
            Action::PostStatus(post) => match self.human() {
                Some(human) => {
                    let text = fill(&post.text, &human, heard, n);
                    let audience: Vec<&str> = post.to.iter().map(String::as_str).collect();
                    human.post_status(&text, &audience).await.map(|_id| ())
                }
                None => Ok(()),
            },
            Action::Answer(text) => match heard {
                Some(heard) => self.write(persona, text, Some(heard), n, Where::Chat(heard)).await,
                None => Ok(()),
            },
            Action::Quote(text) => match heard {
                Some(heard) => self.write(persona, text, Some(heard), n, Where::Quoting(heard)).await,
                None => Ok(()),
            },
            Action::React(emoji) => match (heard, self.human()) {
                (Some(heard), Some(human)) => human.react(heard, emoji).await.map(|_id| ()),
                (None, _) | (_, None) => Ok(()),
            },
            Action::Join(code) => match self.human() {
                Some(human) => human.join_group(code).await.map(|_joined| ()),
                None => Ok(()),
            },
            Action::Leave => match (heard, self.human()) {
                (Some(heard), Some(human)) => human.leave_group(&heard.chat).await,
                (None, _) | (_, None) => Ok(()),
            },
            Action::LeaveGroup(group) => match self.human() {
                Some(human) => human.leave_group(group).await,
                None => Ok(()),
            },
            Action::Read => match (heard, self.human()) {
                (Some(heard), Some(human)) => human.read(heard).await,
                (None, _) | (_, None) => Ok(()),
            },
        };
        if let Err(error) = done {
            let action = action.describe().0;
            warn!(
                action,
                error = &error as &dyn std::error::Error,
                "a person could not do what it wanted"
            );
        }
    }

    async fn write(
        &mut self,
        persona: &Persona,
        text: &Template,
        heard: Option<&Heard>,
        n: u64,
        to: Where<'_>,
    ) -> Result<(), HumanError> {
        if !persona.types.is_nothing() {
            if let Some(human) = self.human() {
                human.typing(&to.address(), Typing::Composing).await?;
            }
            self.pause(persona.types).await;
        }
        let Some(human) = self.human() else { return Ok(()) };
        let text = fill(text, &human, heard, n);
        let sent = match to {
            Where::To(to) => human.say(to, &text).await,
            Where::Chat(heard) => human.say(&heard.wire.chat.to_string(), &text).await,
            Where::Quoting(heard) => human.reply(heard, &text).await,
        };
        sent.map(|_id| ())
    }

    async fn show(&mut self, picture: &Picture, heard: Option<&Heard>, n: u64) -> Result<(), HumanError> {
        let colour = self.random.random();
        let Some(human) = self.human() else { return Ok(()) };
        let caption = picture.caption.as_ref().map(|caption| fill(caption, &human, heard, n));
        let media = picture.file(colour, caption);
        let sent = match (&picture.to, heard) {
            (Some(to), _) => human.send_media(to, media).await,
            (None, Some(heard)) => human.send_media(&heard.wire.chat.to_string(), media).await,
            (None, None) => return Ok(()),
        };
        sent.map(|_id| ())
    }

    async fn hang_up(&mut self) -> Result<(), HumanError> {
        self.whole(|human| async move {
            human.go_offline().await;
            Ok(())
        })
        .await
    }

    async fn come_back(&mut self) -> Result<(), HumanError> {
        self.whole(|human| async move { human.start_client().await }).await?;
        let Some(human) = self.human() else { return Ok(()) };
        human.wait_connected(CONNECT_TIMEOUT).await
    }

    /// Does something to its end even when the persona is cancelled meanwhile: a client that is half started or half
    /// stopped has no owner.
    async fn whole<F>(&mut self, work: impl FnOnce(Human) -> F) -> Result<(), HumanError>
    where
        F: Future<Output = Result<(), HumanError>> + Send + 'static,
    {
        let Some(human) = self.human() else { return Ok(()) };
        let tasks = human.inner.answering.clone();
        let (tell, told) = oneshot::channel();
        let work = work(human);
        self.unfinished = Some(tasks.spawn(async move {
            // Nobody listens any more when the persona was cancelled.
            let _unheard = tell.send(work.await);
        }));
        let done = told.await.unwrap_or(Ok(()));
        self.unfinished = None;
        done
    }

    async fn pause(&mut self, span: Span) {
        let length = span.draw(&mut self.random);
        if length > Duration::ZERO {
            sleep_until(moment::now() + length).await;
        }
    }

    /// The person, unless everybody has let go of it.
    fn human(&self) -> Option<Human> {
        self.inner.upgrade().map(|inner| Human { inner })
    }
}

/// A text with its places filled from what was heard.
fn fill(text: &Template, human: &Human, heard: Option<&Heard>, n: u64) -> String {
    text.fill(&Filling {
        text: heard.and_then(|heard| heard.text.as_deref()).unwrap_or_default(),
        name: heard.map_or("", |heard| heard.push_name.as_str()),
        from: heard.map_or("", |heard| heard.sender.split('@').next().unwrap_or_default()),
        me: &human.account().push_name,
        n,
    })
}

/// Where a text goes.
enum Where<'a> {
    To(&'a str),
    Chat(&'a Heard),
    Quoting(&'a Heard),
}

impl Where<'_> {
    fn address(&self) -> String {
        match self {
            Self::To(to) => (*to).to_owned(),
            Self::Chat(heard) | Self::Quoting(heard) => heard.wire.chat.to_string(),
        }
    }
}
