//! What one listener is told, in order: first what its logs hold behind the place where it stood, then what happens.
//!
//! Positions of a log are dense, so a feed always knows whether something is missing, and reads that from the log. Its memory is bounded:
//! a page of a log, and a queue. It says so when it ends, and why.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::event::Position;
use waspnest_core::id::{SessionId, TenantId};
use waspnest_core::session::SessionRecord;

use super::{Cursor, Ended, Following, Listener, Live, Missed, News, Opening, Tellable, Told};
use crate::public_event::{EventSession, Filter, TypeSet};
use crate::service::caller::{Bearer, Caller, Credentials, Refused};

/// Events that are read of a log at a time.
const TOGETHER: usize = 100;
/// How long nothing may be said.
const BEAT: Duration = Duration::from_secs(15);
/// How long somebody may be behind whose queue is full.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a listener is believed to be who they were.
const TRUST: Duration = Duration::from_secs(1);

/// What opened the feed. It is looked at again while the feed lasts.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Who knows callers.
    pub credentials: Credentials,
    /// What the caller showed.
    pub bearer: Bearer,
    /// Where from.
    pub address: Option<IpAddr>,
}

/// What a feed is made of.
#[derive(Debug)]
pub struct FeedParts {
    /// Where to listen.
    pub live: Live,
    /// Who listens.
    pub caller: Caller,
    /// What opened it.
    pub pass: Pass,
    /// What is wanted, of all that the caller may see.
    pub filter: Filter,
    /// Where the listener stood; none for one who wants what happens from now on.
    pub cursor: Option<Cursor>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// When the host stops.
    pub stop: CancellationToken,
}

/// Something that is about to be told, and the place behind it.
struct Ready {
    session: SessionId,
    position: Position,
    told: Option<Arc<Tellable>>,
}

/// See the module documentation.
pub struct Feed {
    live: Live,
    caller: Caller,
    pass: Pass,
    /// As it was asked for.
    wanted: Filter,
    /// What of it the caller may see.
    filter: Filter,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// Sessions in view, with everything up to here told.
    places: BTreeMap<SessionId, Position>,
    /// How far logs have to be read.
    behind: BTreeMap<SessionId, Position>,
    ready: VecDeque<Ready>,
    passing: VecDeque<Arc<Tellable>>,
    seat: Option<Listener>,
    /// When everything that had happened was told, or the seat was taken.
    even_at: Duration,
    opened_at: UnixMs,
    start: Start,
    checked: Duration,
    beat: BoxFuture<'static, ()>,
    /// Whether the place has changed since it was told.
    moved: bool,
    ended: bool,
}

/// How a feed begins.
enum Start {
    /// It has not.
    From(Option<Cursor>),
    /// It has.
    Done,
}

impl Feed {
    /// A feed that has told nothing yet.
    #[must_use]
    pub fn new(parts: FeedParts) -> Self {
        let FeedParts {
            live,
            caller,
            pass,
            filter,
            cursor,
            clock,
            stop,
        } = parts;
        let shown = shown(&caller, &filter);
        Self {
            live,
            caller,
            pass,
            wanted: filter.clone(),
            filter: Filter {
                types: Some(shown),
                ..filter
            },
            stop,
            places: BTreeMap::new(),
            behind: BTreeMap::new(),
            ready: VecDeque::new(),
            passing: VecDeque::new(),
            seat: None,
            even_at: clock.monotonic(),
            opened_at: clock.now(),
            start: Start::From(cursor),
            checked: clock.monotonic(),
            beat: clock.sleep(BEAT),
            moved: false,
            ended: false,
            clock,
        }
    }

    /// The next thing to tell; none behind the end. Whoever gives up waiting misses nothing.
    pub async fn next(&mut self) -> Option<Told> {
        if self.ended {
            return None;
        }
        match self.go_on().await {
            Ok(told) => Some(told),
            Err(why) => {
                self.ended = true;
                self.seat = None;
                Some(Told::Ended(why))
            }
        }
    }

    /// Wants something else from now on.
    pub fn want(&mut self, filter: Filter) {
        self.settle();
        self.wanted = filter;
        self.look_again();
    }

    /// Who listens, as far as is known.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Where the listener stands.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::new(
            self.opened_at,
            self.places.iter().map(|(session, place)| (*session, *place)),
        )
    }

    async fn go_on(&mut self) -> Result<Told, Ended> {
        if let Start::From(_) = self.start {
            let missed = self.begin().await?;
            let place = self.cursor();
            return Ok(Told::Opened(Opening { place, missed }));
        }
        loop {
            if self.stop.is_cancelled() {
                return Err(Ended::Stopping);
            }
            if !self.passing.is_empty() || !self.ready.is_empty() {
                self.trusted().await?;
                if let Some(told) = self.take() {
                    return Ok(told);
                }
            } else if let Some((session, until)) = self.behind.first_key_value() {
                let (session, until) = (*session, *until);
                self.read(session, until).await?;
            } else if self.seat.is_none() {
                self.sit().await?;
            } else if let Some(told) = self.hear().await? {
                return Ok(told);
            }
        }
    }

    /// Takes what is to be told next; none if that is not for the listener.
    fn take(&mut self) -> Option<Told> {
        if let Some(told) = self.passing.pop_front() {
            return self.sees(&told).then(|| Told::Event(told.json.clone(), None));
        }
        let Ready {
            session,
            position,
            told,
        } = self.ready.pop_front()?;
        self.places.insert(session, position);
        self.moved = true;
        let told = told.filter(|told| self.sees(told))?;
        self.moved = false;
        self.beat = self.clock.sleep(BEAT);
        Some(Told::Event(told.json.clone(), Some(self.cursor())))
    }

    /// Finds out where to begin, and what cannot be told any more.
    async fn begin(&mut self) -> Result<Vec<Missed>, Ended> {
        let heads = self.heads().await?;
        let mut missed = Vec::new();
        let Start::From(cursor) = std::mem::replace(&mut self.start, Start::Done) else {
            return Ok(missed);
        };
        for (record, head) in heads {
            let session = record.id;
            let place = match &cursor {
                None => head,
                // A position that the log does not have yet is one of a log that is gone.
                Some(cursor) => cursor.position(session).unwrap_or(head).min(head),
            };
            let gone = match place < head {
                true => self.live.inner.log.gone(session).await?,
                false => Position::default(),
            };
            if let Some(events) = gone.0.checked_sub(place.0).filter(|events| *events > 0) {
                missed.push(Missed { session, events });
            }
            self.places.insert(session, place.max(gone));
            self.behind.insert(session, head);
        }
        Ok(missed)
    }

    /// The sessions in view with what their logs hold by now, durably.
    async fn heads(&mut self) -> Result<Vec<(SessionRecord, Position)>, Ended> {
        let mut heads = Vec::new();
        for (record, owner) in self.live.inner.register.list_owned().await? {
            if self.is_in_view(record.id, owner) {
                let head = self.live.inner.log.head(record.id).await?;
                heads.push((record, head));
            }
        }
        self.live.inner.log.settled().await?;
        Ok(heads)
    }

    fn is_in_view(&self, session: SessionId, owner: TenantId) -> bool {
        let wanted = self.filter.sessions.as_ref();
        self.caller.sees(session, owner) && wanted.is_none_or(|wanted| wanted.contains(&session))
    }

    /// Listens, and makes sure that nothing was missed until then.
    async fn sit(&mut self) -> Result<(), Ended> {
        let (seat, codes) = self.live.sit(self.caller.clone(), self.filter.clone());
        let heads = self.heads().await?;
        self.seat = Some(seat);
        self.even_at = self.clock.monotonic();
        self.passing.extend(codes);
        let in_view: HashSet<SessionId> = heads.iter().map(|(record, _)| record.id).collect();
        self.places.retain(|session, _| in_view.contains(session));
        for (record, head) in heads {
            let first = self.first(record.id, head);
            self.places.entry(record.id).or_insert(first);
            self.behind.insert(record.id, head);
        }
        Ok(())
    }

    /// Where a session begins that comes into view: a new one at its beginning.
    fn first(&self, session: SessionId, now: Position) -> Position {
        match session.ulid().timestamp_ms() >= self.opened_at.0 {
            true => Position::default(),
            false => now,
        }
    }

    /// Reads a page of a log.
    async fn read(&mut self, session: SessionId, until: Position) -> Result<(), Ended> {
        let Some(place) = self.places.get(&session).copied().filter(|place| *place < until) else {
            self.behind.remove(&session);
            return Ok(());
        };
        let register = &self.live.inner.register;
        let Some(record) = register.get(session).await? else {
            self.places.remove(&session);
            self.behind.remove(&session);
            return Ok(());
        };
        let shown = EventSession::from(&record);
        let owner = register.owner(session).await?;
        // A long log is read at one go; others want their turn.
        tokio::task::yield_now().await;
        let events = self.live.inner.log.read(session, place, TOGETHER).await?;
        let mut last = place;
        let mut read = Vec::with_capacity(events.len());
        for event in events.iter().take_while(|event| event.position <= until) {
            last = event.position;
            let told = self.live.tellable(event, owner, &shown).await?;
            read.push(Ready {
                session,
                position: last,
                told: told.is_wanted(&self.filter).then(|| Arc::new(told)),
            });
        }
        self.ready.extend(read);
        if last == place || last >= until {
            self.behind.remove(&session);
        }
        Ok(())
    }

    /// Waits for what happens.
    async fn hear(&mut self) -> Result<Option<Told>, Ended> {
        let Some(seat) = &mut self.seat else { return Ok(None) };
        if seat.heard.is_empty() && !seat.heard.is_closed() {
            self.even_at = self.clock.monotonic();
        }
        let news = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Ended::Stopping),
            news = seat.next() => news,
            () = &mut self.beat => {
                self.beat = self.clock.sleep(BEAT);
                self.check().await?;
                self.settle();
                let moved = std::mem::take(&mut self.moved);
                return Ok(Some(Told::Beat(moved.then(|| self.cursor()))));
            }
        };
        match news {
            Some(news) => self.heard(news),
            // More came at once than has room, and all of it is in the logs; but that goes on for a while only.
            None if self.clock.monotonic().saturating_sub(self.even_at) < PATIENCE => self.seat = None,
            None => return Err(Ended::TooSlow),
        }
        Ok(None)
    }

    fn heard(&mut self, news: News) {
        match news {
            News::Passing(told) => self.passing.push_back(told),
            News::Followed { session, since } => {
                let first = self.first(session, since);
                self.places.entry(session).or_insert(first);
                self.behind.insert(session, since);
            }
            News::Recorded { since, position, told } => {
                let session = told.session;
                let first = self.first(session, Position(position.0 - 1));
                let place = *self.places.entry(session).or_insert(first);
                if position <= place {
                    // It was read from the log already.
                } else if place >= since {
                    self.ready.push_back(Ready {
                        session,
                        position,
                        told: Some(told),
                    });
                } else {
                    self.behind.insert(session, position);
                }
            }
        }
    }

    /// Goes on to where the logs have been told, as far as everything that was wanted of it was heard.
    fn settle(&mut self) {
        let Some(told) = self.seat.as_ref().and_then(Listener::heard_up_to) else {
            return;
        };
        for (session, place) in &mut self.places {
            if let Some(Following { since, position }) = told.get(session)
                && *since <= *place
                && *place < *position
            {
                *place = *position;
                self.moved = true;
            }
        }
    }

    /// Looks who the listener is by now, if that is not known for sure.
    async fn trusted(&mut self) -> Result<(), Ended> {
        match self.clock.monotonic().saturating_sub(self.checked) >= TRUST {
            true => self.check().await,
            false => Ok(()),
        }
    }

    async fn check(&mut self) -> Result<(), Ended> {
        let Pass {
            credentials,
            bearer,
            address,
        } = &self.pass;
        match credentials.know_again(bearer, *address).await {
            Ok(caller) => {
                self.checked = self.clock.monotonic();
                if caller != self.caller {
                    self.caller = caller;
                    self.look_again();
                }
            }
            // That is not the listener's fault, and what it may not see any more the next look finds.
            Err(Refused::Store(_)) => {}
            Err(Refused::Unknown | Refused::Elsewhere { .. } | Refused::Busy(_)) => {
                return Err(Ended::NotAdmitted);
            }
        }
        match self.filter.types.is_some_and(TypeSet::is_empty) {
            true => Err(Ended::Forbidden),
            false => Ok(()),
        }
    }

    /// Takes another seat, for what is wanted now by who is there now.
    fn look_again(&mut self) {
        let types = Some(shown(&self.caller, &self.wanted));
        self.filter = Filter {
            types,
            ..self.wanted.clone()
        };
        self.seat = None;
        self.behind.clear();
    }

    /// Whether something that was wanted when it was read is wanted by who is there now.
    fn sees(&self, told: &Tellable) -> bool {
        told.is_wanted(&self.filter) && self.caller.sees(told.session, told.owner)
    }
}

/// The types that a caller is shown of what it wants.
fn shown(caller: &Caller, wanted: &Filter) -> TypeSet {
    let seen = TypeSet::seen_by(caller);
    wanted.types.map_or(seen, |types| types.and(seen))
}
