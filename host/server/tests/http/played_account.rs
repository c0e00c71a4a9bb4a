//! An account that answers everything, the same every time.

use async_trait::async_trait;
use bytes::Bytes;
use waspnest::service::control::Busy;
use waspnest_core::address::{Jid, Party};
use waspnest_core::affairs::{
    Affairs, Business, Checked, Collection, Device, Dirty, Label, NewCommunity, Newsletter, NewsletterEdit,
    NewsletterMessage, NewsletterReaction, NewsletterRole, NewsletterState, Orphans, Post, Posted, Presence,
    PrivacyCategory, PrivacySetting, PrivacyValue, ServerId, StatusAudience, StatusPrivacy, Subgroup,
};
use waspnest_core::event::Switch;
use waspnest_core::id::MessageId;
use waspnest_core::live::{
    Account, Answer, ContactInfo, ContactOperation, GroupInfo, GroupOperation, Member, Membership, Operation, Outcome,
    Refusal, Request, Role,
};
use waspnest_whatsapp::{Activity, LastMessages};

use crate::support::START;

/// See the module documentation; with a refusal, that is what it answers.
#[derive(Debug, Clone)]
pub(crate) struct PlayedAccount(pub(crate) Option<Refusal>);

fn jid(text: &str) -> Jid {
    text.parse().expect("an address")
}

fn ana() -> Party {
    Party {
        jid: jid("4915112345678"),
        alt: Some(jid("100000000000001@lid")),
        push_name: None,
    }
}

fn group() -> GroupInfo {
    GroupInfo {
        group: jid("120363000000000001@g.us"),
        subject: "Garden".into(),
        description: Some("Bring water".into()),
        owner: Some(ana()),
        created_at: Some(START),
        announce: Switch::Off,
        locked: Switch::On,
        approval: Switch::Off,
        members_add: Some(Switch::On),
        ephemeral_s: Some(86_400),
        community: None,
        is_community: false,
        members: vec![Member {
            who: ana(),
            role: Role::Owner,
        }],
    }
}

fn outcomes() -> Vec<Outcome> {
    let outcome = |who: &str, refused| Outcome {
        who: jid(who),
        refused,
        invitation: refused.map(|_| "CODE".into()),
    };
    vec![outcome("4915112345678", None), outcome("4915112345679", Some(403))]
}

fn newsletter() -> Newsletter {
    Newsletter {
        newsletter: jid("120363000000000009@newsletter"),
        name: "News".into(),
        description: None,
        followers: 7,
        verified: false,
        state: NewsletterState::Active,
        role: Some(NewsletterRole::Owner),
        picture: None,
        invite: Some("0029Va".into()),
        created_at: Some(START),
    }
}

/// How busy every session is.
pub(crate) fn busy() -> Busy {
    Busy {
        activity: Some(Activity {
            bytes_sent: 1,
            bytes_received: 2,
            messages_sent: 3,
            messages_received: 4,
            reconnects: 5,
            memory_bytes: 6,
        }),
        messages: LastMessages {
            received_at: Some(START),
            sent_at: None,
        },
    }
}

impl PlayedAccount {
    fn say<T>(&self, answer: T) -> Result<T, Refusal> {
        match &self.0 {
            None => Ok(answer),
            Some(refusal) => Err(refusal.clone()),
        }
    }
}

#[async_trait]
impl Account for PlayedAccount {
    async fn ask(&self, request: Request) -> Result<Answer, Refusal> {
        self.say(match request.operation {
            Operation::Group(operation) => match operation {
                GroupOperation::List => Answer::Groups(vec![group().group]),
                GroupOperation::Info(_) | GroupOperation::Create { .. } | GroupOperation::Behind { .. } => {
                    Answer::Group(Box::new(group()))
                }
                GroupOperation::Update { .. } | GroupOperation::Leave(_) => Answer::Done,
                GroupOperation::Members { .. } | GroupOperation::Affiliate { .. } => Answer::Outcomes(outcomes()),
                GroupOperation::Requests(_) => Answer::People(vec![ana()]),
                GroupOperation::Link { .. } => Answer::Link("https://chat.whatsapp.com/CODE".into()),
                GroupOperation::Join { .. } => Answer::Joined {
                    group: group().group,
                    membership: Membership::Waiting,
                },
            },
            Operation::Contact(operation) => match operation {
                ContactOperation::Resolve(phones) => Answer::Registered(vec![Some(ana()); phones.len()]),
                ContactOperation::Get(_) => Answer::Contact(Box::new(ContactInfo {
                    who: ana(),
                    verified_name: Some("Ana's".into()),
                    about: Some("Busy".into()),
                    business: true,
                    blocked: false,
                })),
                ContactOperation::Picture { .. } => Answer::Picture(Some("https://pps.whatsapp.net/1.jpg".into())),
                ContactOperation::Block { .. } => Answer::Done,
            },
            Operation::Chat { .. } => Answer::Done,
        })
    }
}

#[async_trait]
impl Affairs for PlayedAccount {
    async fn groups(&self) -> Result<Vec<GroupInfo>, Refusal> {
        self.say(vec![group()])
    }

    async fn communities(&self) -> Result<Vec<GroupInfo>, Refusal> {
        self.say(vec![group()])
    }

    async fn create_community(&self, _: NewCommunity) -> Result<GroupInfo, Refusal> {
        self.say(group())
    }

    async fn subgroups(&self, _: &Jid) -> Result<Vec<Subgroup>, Refusal> {
        self.say(vec![Subgroup {
            group: group().group,
            subject: "Garden".into(),
            members: Some(3),
            created_at: Some(START),
            owner: None,
            announcements: true,
            general: false,
        }])
    }

    async fn unlink(&self, _: &Jid, _: &[Jid], _: Orphans) -> Result<Vec<Outcome>, Refusal> {
        self.say(outcomes())
    }

    async fn community_members(&self, _: &Jid) -> Result<Vec<Member>, Refusal> {
        self.say(group().members)
    }

    async fn remove_from_community(&self, _: &Jid, _: &[Jid]) -> Result<Vec<Outcome>, Refusal> {
        self.say(outcomes())
    }

    async fn join_subgroup(&self, _: &Jid, _: &Jid) -> Result<GroupInfo, Refusal> {
        self.say(group())
    }

    async fn deactivate(&self, _: &Jid) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_group_picture(&self, _: &Jid, _: Option<Bytes>) -> Result<(), Refusal> {
        self.say(())
    }

    async fn check(&self, phones: &[Jid]) -> Result<Vec<Checked>, Refusal> {
        let told = |phone: &Jid| Checked {
            who: (*phone == ana().jid).then(ana),
            business: false,
            verified_name: None,
        };
        self.say(phones.iter().map(told).collect())
    }

    async fn business(&self, _: &Jid) -> Result<Option<Business>, Refusal> {
        self.say(Some(Business {
            description: Some("Flowers".into()),
            email: None,
            websites: vec!["https://example.com/".into()],
            address: None,
            categories: vec!["Florist".into()],
            hours: None,
        }))
    }

    async fn devices(&self, _: &Jid) -> Result<Vec<Device>, Refusal> {
        self.say(vec![Device { number: 0 }, Device { number: 12 }])
    }

    async fn blocked(&self) -> Result<Vec<Party>, Refusal> {
        self.say(vec![ana()])
    }

    async fn set_name(&self, _: &str) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_about(&self, _: &str) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_picture(&self, _: Option<Bytes>) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_presence(&self, _: Presence) -> Result<(), Refusal> {
        self.say(())
    }

    async fn watch(&self, _: &Jid, _: Switch) -> Result<(), Refusal> {
        self.say(())
    }

    async fn privacy(&self) -> Result<Vec<PrivacySetting>, Refusal> {
        self.say(vec![PrivacySetting {
            category: PrivacyCategory::LastSeen,
            value: PrivacyValue::Contacts,
        }])
    }

    async fn set_privacy(&self, _: PrivacySetting) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_default_timer(&self, _: Option<u32>) -> Result<(), Refusal> {
        self.say(())
    }

    async fn status_privacy(&self) -> Result<StatusPrivacy, Refusal> {
        self.say(StatusPrivacy {
            audience: StatusAudience::Except,
            except: vec![ana()],
            only: Vec::new(),
        })
    }

    async fn post(&self, _: Post, id: MessageId, _: &[Jid]) -> Result<Posted, Refusal> {
        self.say(Posted { id, at: START })
    }

    async fn take_back(&self, _: &MessageId, _: MessageId, _: &[Jid]) -> Result<(), Refusal> {
        self.say(())
    }

    async fn newsletters(&self) -> Result<Vec<Newsletter>, Refusal> {
        self.say(vec![newsletter()])
    }

    async fn newsletter(&self, _: &Jid) -> Result<Newsletter, Refusal> {
        self.say(newsletter())
    }

    async fn newsletter_behind(&self, _: &str) -> Result<Newsletter, Refusal> {
        self.say(newsletter())
    }

    async fn create_newsletter(&self, _: &str, _: Option<&str>) -> Result<Newsletter, Refusal> {
        self.say(newsletter())
    }

    async fn update_newsletter(&self, _: &Jid, _: NewsletterEdit) -> Result<Newsletter, Refusal> {
        self.say(newsletter())
    }

    async fn follow(&self, _: &Jid, _: Switch) -> Result<(), Refusal> {
        self.say(())
    }

    async fn mute_newsletter(&self, _: &Jid, _: Switch) -> Result<(), Refusal> {
        self.say(())
    }

    async fn newsletter_messages(
        &self,
        _: &Jid,
        _: u32,
        _: Option<ServerId>,
    ) -> Result<Vec<NewsletterMessage>, Refusal> {
        self.say(vec![NewsletterMessage {
            server_id: ServerId(101),
            id: Some("3EB0AA".into()),
            at: START,
            kind: "text".into(),
            text: Some("hello".into()),
            from_me: true,
            reactions: vec![NewsletterReaction {
                emoji: "👍".into(),
                count: 2,
            }],
        }])
    }

    async fn react_in_newsletter(&self, _: &Jid, _: ServerId, _: Option<&str>) -> Result<(), Refusal> {
        self.say(())
    }

    async fn sync(&self, _: Collection) -> Result<(), Refusal> {
        self.say(())
    }

    async fn mark_clean(&self, _: Dirty) -> Result<(), Refusal> {
        self.say(())
    }

    async fn set_label(&self, _: Label) -> Result<(), Refusal> {
        self.say(())
    }

    async fn remove_label(&self, _: &str) -> Result<(), Refusal> {
        self.say(())
    }
}
