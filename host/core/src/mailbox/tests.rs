use std::time::Duration;

use super::*;
use crate::address::ChatKind;
use crate::effect::{Action, Change, Progress as News};
use crate::event::{
    ChatChange, ChatEvent, ContactChange, ContactEvent, EventKind, GroupChange, GroupEvent, Receipt as Told,
    ReceiptStatus, Switch,
};
use crate::fixture::{NOON, SESSION, World, jid, message, message_of, on_every_engine, send};
use crate::id::EventId;
use crate::message::{Content, Message, MessageKey, Origin, Poll, PollKind, PollVote, Text};

const ADA: &str = "4915100000001@s.whatsapp.net";
const ADA_LID: &str = "100000000000001@lid";
const BOB: &str = "4915100000002@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

struct Post<'a> {
    world: &'a mut World,
    mailbox: Mailbox,
}

impl<'a> Post<'a> {
    async fn new(world: &'a mut World) -> Self {
        let mailbox = over(world).await;
        Self { world, mailbox }
    }

    async fn restart(&mut self) {
        // The store is let go of before it is opened again.
        self.mailbox = over(&World::in_memory()).await;
        self.world.restart();
        self.mailbox = over(self.world).await;
    }

    async fn receive(&self, kind: EventKind) {
        self.world.receive(kind).await.expect("it is new");
        self.catch_up().await;
    }

    async fn catch_up(&self) {
        while self.mailbox.catch_up(SESSION).await.expect("it catches up") == Behind::Yes {}
    }

    /// Sends and answers with the message's id.
    async fn ask(&self, number: u128, action: Action) -> crate::id::EffectId {
        let request = EventId::new(ulid::Ulid(number));
        let done = self.world.outbox.submit(SESSION, request, vec![action]).await;
        let effect = done.expect("it is new").effects[0].id;
        self.catch_up().await;
        effect
    }

    async fn settle(&self, effect: crate::id::EffectId, news: News) {
        let known = self.world.outbox.progress(SESSION, effect, news).await;
        known.expect("it is told").expect("it is known");
        self.catch_up().await;
    }

    async fn chat(&self, chat: &str) -> Chat {
        let chat = self.mailbox.chat(SESSION, &jid(chat)).await.expect("it reads");
        chat.expect("it is there")
    }

    async fn texts(&self, chat: &str) -> Vec<String> {
        let mails = self.mailbox.of_chat(SESSION, &jid(chat), Number::END, 100).await;
        let mails = mails.expect("it reads");
        mails
            .iter()
            .map(|mail| mail.message.plain_text().unwrap_or("-").to_owned())
            .collect()
    }

    async fn one(&self, id: &str) -> Mail {
        let mut mails = self
            .mailbox
            .named(SESSION, &id.parse().expect("an id"))
            .await
            .expect("it reads");
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    async fn find(&self, filter: Filter) -> Vec<String> {
        let found = self
            .mailbox
            .search(SESSION, &filter, Number::END, 50)
            .await
            .expect("it searches");
        assert_eq!(found.next, None);
        found.mails.iter().map(|mail| mail.message.key.id.to_string()).collect()
    }

    async fn search(&self, text: &str) -> Vec<String> {
        self.find(Filter {
            text: Some(text.into()),
            ..Filter::default()
        })
        .await
    }
}

async fn over(world: &World) -> Mailbox {
    let register = Sessions::open(Arc::clone(&world.store)).await.expect("it opens");
    let (log, outbox) = (world.log.clone(), world.outbox.clone());
    Mailbox::new(Arc::clone(&world.store), log, outbox, register, world.clock.clone())
}

fn name(chat: &str, id: &str, from: Origin) -> MessageKey {
    MessageKey {
        chat: jid(chat),
        id: id.parse().expect("an id"),
        from,
        participant: None,
    }
}

fn text(body: &str) -> Content {
    Content::Text(Text {
        body: body.into(),
        preview: None,
    })
}

fn changed(kind: EventKind, change: impl FnOnce(&mut Message)) -> EventKind {
    let EventKind::Message(mut message) = kind else {
        panic!("not a message")
    };
    change(&mut message);
    EventKind::Message(message)
}

fn saying(from: &str, id: &str, content: Content) -> EventKind {
    changed(message(from, id, ""), |message| message.content = content)
}

fn at(kind: EventKind, seconds: u64) -> EventKind {
    changed(kind, |message| message.timestamp = UnixMs(NOON.0 + seconds * 1000))
}

fn in_group(from: &str, id: &str, body: &str) -> EventKind {
    message_of(jid(GROUP), Party::known_as(jid(from)), id, body)
}

fn react(from: &str, id: &str, to: &str, emoji: &str) -> EventKind {
    let reaction = crate::message::Reaction {
        target: name(from, to, Origin::Them),
        emoji: Some(emoji).filter(|emoji| !emoji.is_empty()).map(Into::into),
    };
    saying(from, id, Content::Reaction(reaction))
}

on_every_engine! {
    async fn what_comes_and_what_goes_stands_in_order(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "one")).await;
        let sent = post.ask(1, send(ADA, "two")).await;
        post.receive(message(ADA, "A3", "three")).await;
        post.receive(message(BOB, "B1", "other")).await;
        assert_eq!(post.texts(ADA).await, ["three", "two", "one"]);
        let mine = post.one(sent.message_id().as_str()).await;
        assert_eq!((mine.message.key.from, mine.state.clone()), (Origin::Me, Some(State::Pending)));
        post.settle(sent, News::Sent).await;
        post.settle(sent, News::Delivered).await;
        assert_eq!(post.mailbox.get(SESSION, mine.number).await.expect("it reads").expect("it is there").state, Some(State::Delivered));
        // Page by page.
        let second = post.mailbox.of_chat(SESSION, &jid(ADA), mine.number, 1).await.expect("it reads");
        assert_eq!(second[0].message.plain_text(), Some("one"));
        let failed = post.ask(2, send(ADA, "never")).await;
        post.settle(failed, News::Failed { reason: "no".into(), code: None }).await;
        assert_eq!(post.one(failed.message_id().as_str()).await.state, Some(State::Failed { reason: "no".into() }));
    }

    async fn chats_stand_by_their_last_message(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "one")).await;
        post.receive(at(message(BOB, "B1", "two"), 1)).await;
        post.receive(at(in_group(ADA, "G1", "three"), 2)).await;
        let order = async || {
            let chats = post.mailbox.chats(SESSION, None, 10).await.expect("it lists");
            chats.iter().map(|chat| chat.jid.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(order().await, [GROUP, BOB, ADA]);
        post.receive(at(message(ADA, "A2", "four"), 3)).await;
        assert_eq!(order().await, [ADA, GROUP, BOB]);
        let first = post.mailbox.chats(SESSION, None, 1).await.expect("it lists");
        let rest = post.mailbox.chats(SESSION, Some(first[0].place), 10).await.expect("it lists");
        assert_eq!(rest.len(), 2);
        assert_eq!(first[0].last.as_ref().and_then(|last| last.message.plain_text()), Some("four"));
    }

    async fn unread_is_what_came_since_it_was_read(world: &mut World) {
        let post = Post::new(world).await;
        for id in ["A1", "A2", "A3"] {
            post.receive(message(ADA, id, "hi")).await;
        }
        assert_eq!(post.chat(ADA).await.unread, 3);
        let read = Action::MarkRead { targets: vec![name(ADA, "A1", Origin::Them)] };
        let effect = post.ask(1, read).await;
        assert_eq!(post.chat(ADA).await.unread, 3);
        post.settle(effect, News::Sent).await;
        assert_eq!(post.chat(ADA).await.unread, 2);
        post.mailbox.read_elsewhere(SESSION, &jid(ADA), &["A2".parse().expect("an id")]).await.expect("it reads");
        assert_eq!(post.chat(ADA).await.unread, 1);
        let all = |on| EventKind::Chat(ChatEvent { chat: Some(jid(ADA)), change: ChatChange::Read(on), at: NOON });
        post.receive(all(Switch::On)).await;
        assert_eq!(post.chat(ADA).await.unread, 0);
        post.receive(all(Switch::Off)).await;
        assert!(post.chat(ADA).await.marked_unread);
        post.receive(message(ADA, "A4", "hi")).await;
        assert_eq!(post.chat(ADA).await.unread, 1);
    }

    async fn how_things_stand_changes_nothing_that_came_since(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(at(message(ADA, "A1", "one"), 1)).await;
        post.receive(at(message(ADA, "A2", "two"), 10)).await;
        let since = UnixMs(NOON.0 + 5000);
        let stands = |change| EventKind::Chat(ChatEvent { chat: Some(jid(ADA)), change, at: since });
        let named = ContactChange::Name(Some("Ada L.".into()));
        let standing = vec![
            stands(ChatChange::Read(Switch::On)),
            stands(ChatChange::Pinned(Switch::On)),
            stands(ChatChange::Cleared),
            EventKind::Contact(ContactEvent { who: Party::known_as(jid(ADA)), change: named, at: since }),
        ];
        post.mailbox.take_standing(SESSION, standing).await.expect("it takes them");
        let chat = post.chat(ADA).await;
        assert_eq!((chat.unread, chat.pinned_at, chat.name.as_deref()), (1, Some(since), Some("Ada L.")));
        assert_eq!(post.texts(ADA).await, ["two", "one"]);
    }

    async fn an_edit_is_its_authors_alone_and_keeps_what_was_said(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(in_group(ADA, "G1", "first words")).await;
        let edit = |from: &str, id: &str, body: &str| changed(in_group(from, id, body), |message| {
            message.edit_of = Some(MessageKey { participant: Some(jid(ADA)), ..name(GROUP, "G1", Origin::Them) });
        });
        post.receive(edit(BOB, "G2", "not his")).await;
        assert_eq!(post.texts(GROUP).await, ["first words"]);
        post.receive(edit(ADA, "G3", "other words")).await;
        let mail = post.one("G1").await;
        assert_eq!((mail.message.plain_text(), mail.edited_at), (Some("other words"), Some(NOON)));
        assert_eq!(mail.edits[0].content, text("first words"));
        assert_eq!((post.search("first").await, post.search("other").await), (vec![], vec!["G1".to_owned()]));
        // One of the account's own.
        let sent = post.ask(1, send(ADA, "mine")).await;
        let target = name(ADA, sent.message_id().as_str(), Origin::Me);
        let edit = post.ask(2, Action::Change(Change::Edit { target, content: Box::new(text("better")) })).await;
        assert_eq!(post.texts(ADA).await, ["mine"]);
        post.settle(edit, News::Sent).await;
        assert_eq!(post.texts(ADA).await, ["better"]);
    }

    async fn what_is_taken_back_says_nothing_more(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "secret plan")).await;
        let sent = post.ask(1, send(ADA, "mine")).await;
        let revoke = |id: &str, target: MessageKey| saying(ADA, id, Content::Revoke(target));
        // Nobody takes back what the account wrote.
        post.receive(revoke("A2", name(ADA, sent.message_id().as_str(), Origin::Me))).await;
        assert_eq!(post.texts(ADA).await, ["mine", "secret plan"]);
        post.receive(revoke("A3", name(ADA, "A1", Origin::Them))).await;
        let mail = post.one("A1").await;
        assert_eq!(mail.revoked.as_ref().map(|revoked| revoked.by.clone()), Some(Author::Person(jid(ADA))));
        assert_eq!((mail.message.plain_text(), post.search("secret").await), (None, vec![]));
    }

    async fn everybody_has_one_reaction_under_whatever_address(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "hi")).await;
        post.receive(react(ADA, "A2", "A1", "👍")).await;
        let mine = Action::React { target: name(ADA, "A1", Origin::Them), emoji: Some("🎉".into()) };
        let effect = post.ask(1, mine).await;
        post.settle(effect, News::Sent).await;
        post.world.log.contacts().learn(SESSION, &[(jid(ADA), jid(ADA_LID))]).await.expect("it learns");
        let again = changed(react(ADA, "A3", "A1", "❤"), |message| {
            message.key.chat = jid(ADA_LID);
            message.sender = Party::known_as(jid(ADA_LID));
            message.timestamp = UnixMs(NOON.0 + 1000);
        });
        post.receive(again).await;
        let reactions = post.one("A1").await.reactions;
        let shown: Vec<_> = reactions.iter().map(|reaction| (reaction.by.to_string(), &*reaction.emoji)).collect();
        assert_eq!(shown, [("me".to_owned(), "🎉"), (ADA.to_owned(), "❤")]);
        // Older news changes nothing, taking back does.
        post.receive(react(ADA, "A4", "A1", "😢")).await;
        assert_eq!(post.one("A1").await.reactions.len(), 2);
        post.receive(at(react(ADA, "A5", "A1", ""), 2)).await;
        assert_eq!(post.one("A1").await.reactions.len(), 1);
    }

    async fn votes_count_once_for_each(world: &mut World) {
        let post = Post::new(world).await;
        let poll = Poll {
            kind: PollKind::Regular,
            name: "Lunch?".into(),
            options: vec!["Soup".into(), "Salad".into()],
            max_choices: 1,
            ends_at: None,
            correct: None,
            hide_voters: false,
            can_add_options: false,
        };
        post.receive(saying(ADA, "P1", Content::Poll(poll))).await;
        let vote = |id: &str, option: &str, seconds| {
            let vote = PollVote { poll: name(ADA, "P1", Origin::Them), selected: vec![option.into()], voter: Party::known_as(jid(ADA)) };
            at(saying(ADA, id, Content::PollVote(vote)), seconds)
        };
        post.receive(vote("V1", "Soup", 1)).await;
        post.receive(vote("V2", "Salad", 2)).await;
        let votes = post.one("P1").await.votes;
        assert_eq!((votes.len(), &*votes[0].options[0]), (1, "Salad"));
        assert_eq!(post.search("salad").await, ["P1"]);
    }

    async fn receipts_are_kept_for_each_person(world: &mut World) {
        let post = Post::new(world).await;
        let sent = post.ask(1, send(GROUP, "hi all")).await;
        let receipt = |by: &str, status, seconds: u64| EventKind::Receipt(Told {
            chat: jid(GROUP),
            messages: vec![sent.message_id()],
            status,
            by: Some(Party::known_as(jid(by))),
            at: UnixMs(NOON.0 + seconds),
        });
        post.receive(receipt(ADA, ReceiptStatus::Delivered, 1)).await;
        post.receive(receipt(BOB, ReceiptStatus::Delivered, 2)).await;
        post.receive(receipt(BOB, ReceiptStatus::Read, 3)).await;
        post.receive(receipt(BOB, ReceiptStatus::Read, 9)).await;
        let mail = post.one(sent.message_id().as_str()).await;
        assert_eq!(mail.state, Some(State::Read));
        let receipts = post.mailbox.receipts(SESSION, mail.number).await.expect("it reads");
        let moment = |offset| Some(UnixMs(NOON.0 + offset));
        assert_eq!(receipts, [
            (jid(ADA), Receipt { delivered_at: moment(1), ..Receipt::default() }),
            (jid(BOB), Receipt { delivered_at: moment(2), read_at: moment(3), played_at: None }),
        ]);
    }

    async fn a_person_is_one_chat_however_late_that_is_learned(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA_LID, "L1", "by lid")).await;
        post.receive(at(message(ADA, "P1", "by phone"), 1)).await;
        assert_eq!(post.mailbox.chats(SESSION, None, 10).await.expect("it lists").len(), 2);
        post.world.log.contacts().learn(SESSION, &[(jid(ADA), jid(ADA_LID))]).await.expect("it learns");
        post.catch_up().await;
        let chats = post.mailbox.chats(SESSION, None, 10).await.expect("it lists");
        assert_eq!((chats.len(), &chats[0].jid, chats[0].unread), (1, &jid(ADA), 2));
        for chat in [ADA, ADA_LID] {
            assert_eq!(post.texts(chat).await, ["by phone", "by lid"]);
            assert_eq!(post.find(Filter { chat: Some(jid(chat)), ..Filter::default() }).await, ["P1", "L1"]);
            let sender = Some(Author::Person(jid(chat)));
            assert_eq!(post.find(Filter { sender, ..Filter::default() }).await, ["P1", "L1"]);
        }
        // Known under the LID alone, then learned.
        post.receive(message("100000000000002@lid", "L2", "hi")).await;
        post.world.log.contacts().learn(SESSION, &[(jid(BOB), jid("100000000000002@lid"))]).await.expect("it learns");
        post.catch_up().await;
        assert_eq!(post.chat(BOB).await.jid, jid(BOB));
        assert_eq!(post.mailbox.chats(SESSION, None, 10).await.expect("it lists").len(), 2);
    }

    async fn groups_have_subjects_and_people(world: &mut World) {
        let post = Post::new(world).await;
        let group = |change, targets: &[&str]| EventKind::Group(GroupEvent {
            group: jid(GROUP),
            change,
            actor: None,
            targets: targets.iter().map(|target| Party::known_as(jid(target))).collect(),
            at: NOON,
        });
        post.receive(group(GroupChange::Created { subject: Some("Trip".into()) }, &[ADA, BOB])).await;
        post.receive(group(GroupChange::Promoted, &[ADA])).await;
        post.receive(group(GroupChange::Left, &[BOB])).await;
        post.receive(group(GroupChange::Subject("Long trip".into()), &[])).await;
        assert_eq!(post.chat(GROUP).await.name.as_deref(), Some("Long trip"));
        let members = post.mailbox.members(SESSION, &jid(GROUP), None, 10).await.expect("it lists");
        assert_eq!(members, [Member { jid: jid(ADA), other: None, role: Role::Admin }]);
    }

    async fn messages_are_found_by_words_and_by_what_they_are(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "The invoice for July, please")).await;
        post.receive(at(message(BOB, "B1", "Invoices are due in July"), 60)).await;
        post.receive(at(in_group(ADA, "G1", "明天开会 😀"), 120)).await;
        let sent = post.ask(1, send(BOB, "july it is")).await;
        let sent = sent.message_id().to_string();
        let text = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
        assert_eq!(post.search("invoice").await, ["A1"]);
        assert_eq!(post.search("INVOIC*").await, ["B1", "A1"]);
        assert_eq!(post.search("july invoice").await, ["A1"]);
        assert_eq!(post.search("\"for july\"").await, ["A1"]);
        assert_eq!(post.search("\"july for\"").await, [""; 0]);
        assert_eq!((post.search("开会").await, post.search("会开").await, post.search("😀").await), (vec!["G1".to_owned()], vec![], vec!["G1".to_owned()]));
        assert_eq!(post.search("!?").await, [""; 0]);
        assert_eq!(post.find(Filter { chat: Some(jid(BOB)), ..text("july") }).await, ["B1".to_owned(), sent.clone()]);
        assert_eq!(post.find(Filter { sender: Some(Author::Me), ..text("july") }).await, [sent]);
        assert_eq!(post.find(Filter { from: Some(UnixMs(NOON.0 + 60_000)), to: Some(UnixMs(NOON.0 + 61_000)), ..Filter::default() }).await, ["B1"]);
        assert_eq!(post.find(Filter { media: Some(Has::Yes), ..Filter::default() }).await, [""; 0]);
        assert_eq!(post.find(Filter { kinds: vec!["image".into()], ..Filter::default() }).await, [""; 0]);
        // Another session with the same words is another mailbox.
        let found = post.mailbox.search(SessionId::new(ulid::Ulid(8)), &text("july"), Number::END, 10).await;
        assert_eq!(found.expect("it searches").mails, []);
        // One page after another.
        let first = post.mailbox.search(SESSION, &Filter::default(), Number::END, 3).await.expect("it searches");
        let rest = post.mailbox.search(SESSION, &Filter::default(), first.next.expect("there is more"), 3).await;
        assert_eq!((first.mails.len(), rest.expect("it searches").mails.len()), (3, 1));
    }

    async fn words_are_listed_anew(world: &mut World) {
        let post = Post::new(world).await;
        for number in 0..450 {
            post.world.receive(message(ADA, &format!("A{number}"), &format!("word {number}"))).await;
        }
        post.catch_up().await;
        while post.mailbox.index_in_way(SESSION, 7).await.expect("it steps") == Behind::Yes {}
        assert_eq!(post.search("word 449").await, ["A449"]);
        assert_eq!(post.mailbox.index_in_way(SESSION, 7).await.expect("it steps"), Behind::No);
    }

    async fn what_is_old_or_too_much_is_gone_with_its_words(world: &mut World) {
        let post = Post::new(world).await;
        for number in 0..10 {
            post.receive(at(message(ADA, &format!("A{number}"), "old words"), number)).await;
        }
        let since = Keep { since: Some(UnixMs(NOON.0 + 4000)), bytes: None };
        assert_eq!(post.mailbox.prune(SESSION, since).await.expect("it prunes"), (4, vec![]));
        assert_eq!(post.mailbox.prune(SESSION, since).await.expect("it prunes").0, 0);
        assert_eq!((post.search("old").await.len(), post.texts(ADA).await.len(), post.chat(ADA).await.unread), (6, 6, 6));
        let usage = post.mailbox.usage(SESSION).await.expect("it reads");
        assert_eq!(usage.messages, 6);
        let half = Keep { since: None, bytes: Some(usage.bytes / 2) };
        assert_eq!(post.mailbox.prune(SESSION, half).await.expect("it prunes").0, 3);
        let nothing = Keep { since: None, bytes: Some(0) };
        assert_eq!(post.mailbox.prune(SESSION, nothing).await.expect("it prunes").0, 3);
        assert_eq!(post.mailbox.usage(SESSION).await.expect("it reads"), Usage::default());
        assert_eq!(post.search("old").await, [""; 0]);
    }

    async fn disappearing_messages_disappear(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(changed(message(ADA, "A1", "brief"), |message| message.ephemeral_s = Some(60))).await;
        assert_eq!(post.texts(ADA).await, ["brief"]);
        post.world.clock.advance(Duration::from_secs(61));
        assert_eq!((post.texts(ADA).await, post.search("brief").await), (vec![], vec![]));
        assert_eq!(post.mailbox.prune(SESSION, Keep::default()).await.expect("it prunes").0, 1);
        assert_eq!(post.mailbox.usage(SESSION).await.expect("it reads"), Usage::default());
    }

    async fn a_chat_is_emptied_and_removed(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(message(ADA, "A1", "one")).await;
        post.receive(message(ADA, "A2", "two")).await;
        let told = |change| EventKind::Chat(ChatEvent { chat: Some(jid(ADA)), change, at: NOON });
        post.receive(told(ChatChange::MessageDeleted { message: name(ADA, "A1", Origin::Them) })).await;
        assert_eq!(post.texts(ADA).await, ["two"]);
        post.receive(told(ChatChange::Starred { on: Switch::On, message: name(ADA, "A2", Origin::Them) })).await;
        assert_eq!(post.find(Filter { starred: Some(Has::Yes), ..Filter::default() }).await, ["A2"]);
        post.receive(told(ChatChange::Pinned(Switch::On))).await;
        post.receive(told(ChatChange::Archived(Switch::On))).await;
        let chat = post.chat(ADA).await;
        assert_eq!((chat.pinned_at, chat.archived), (Some(NOON), true));
        post.receive(told(ChatChange::Deleted)).await;
        assert_eq!(post.mailbox.chats(SESSION, None, 10).await.expect("it lists"), []);
        post.receive(message(ADA, "A3", "again")).await;
        assert_eq!(post.texts(ADA).await, ["again"]);
        assert_eq!(post.mailbox.chats(SESSION, None, 10).await.expect("it lists").len(), 1);
    }

    async fn the_past_is_there_once_and_changes_nothing_that_is_newer(world: &mut World) {
        let post = Post::new(world).await;
        post.receive(at(message(ADA, "A9", "now"), 100)).await;
        let past = |id: &str, body: &str, at| {
            let EventKind::Message(mut message) = message(ADA, id, body) else { panic!("not a message") };
            message.timestamp = UnixMs(at);
            message.history = true;
            Imported { message: *message, starred: false, come: Come::Sent, reactions: vec![PastReaction { by: Author::Me, emoji: "👍".into(), at: NOON }], votes: vec![], receipts: vec![] }
        };
        let conversation = || Conversation {
            chat: jid(ADA_LID),
            other: Some(jid(ADA)),
            name: Some("Ada".into()),
            unread: 7,
            marked_unread: false,
            archived: true,
            pinned_at: None,
            muted: None,
            ephemeral_s: None,
            last_at: None,
            complete: true,
            members: vec![],
            messages: vec![past("A9", "now", NOON.0 + 100_000), past("A1", "long ago", 1000), past("A2", "later", 2000)],
        };
        assert_eq!(post.mailbox.import(SESSION, conversation()).await.expect("it imports"), 2);
        assert_eq!(post.mailbox.import(SESSION, conversation()).await.expect("it imports"), 0);
        assert_eq!(post.texts(ADA).await, ["now", "later", "long ago"]);
        let chat = post.chat(ADA).await;
        assert_eq!((chat.unread, chat.archived, chat.complete, chat.name.as_deref()), (1, false, true, Some("Ada")));
        assert_eq!(post.one("A1").await.reactions.len(), 1);
        assert_eq!(post.world.log.head(SESSION).await.expect("it reads").0, 1);
        let oldest = post.mailbox.oldest(SESSION, &jid(ADA)).await.expect("it reads").expect("there is one");
        assert_eq!(oldest.message.key.id.as_str(), "A1");
    }
}

#[tokio::test]
async fn it_goes_on_where_it_stopped_and_makes_itself_of_old_data() {
    let mut world = World::on_disk();
    for number in 0..300 {
        world.receive(message(ADA, &format!("A{number}"), "hi")).await;
    }
    let mut post = Post::new(&mut world).await;
    assert_eq!(
        post.mailbox.catch_up(SESSION).await.expect("it catches up"),
        Behind::Yes
    );
    assert_eq!(post.texts(ADA).await.len(), 100);
    post.restart().await;
    post.catch_up().await;
    assert_eq!(
        (
            post.mailbox.usage(SESSION).await.expect("it reads").messages,
            post.chat(ADA).await.unread
        ),
        (300, 300)
    );
    post.restart().await;
    post.catch_up().await;
    let chat = post.chat(ADA).await;
    assert_eq!((chat.unread, chat.kind), (300, ChatKind::Direct));
}
