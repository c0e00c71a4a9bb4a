//! The account of a test: its groups, the people it can ask about, and what was done to its chats.

use std::collections::BTreeMap;

use crate::chats::Change;
use crate::contacts::Contact;
use crate::groups::GroupInfo;
use crate::types::{Address, Jid};

/// The account. What is done to it stays done when a handler fails, as with the real one.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) groups: BTreeMap<Jid, Group>,
    /// By every address they have.
    pub(super) people: BTreeMap<Jid, Contact>,
    pub(super) chats: Vec<(Jid, Change)>,
    pub(super) made: u64,
}

/// A group, with what its information does not tell.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) info: GroupInfo,
    pub(super) requests: Vec<Address>,
    /// How often its link was renewed.
    pub(super) links: u64,
}

impl Group {
    pub(super) fn link(&self) -> String {
        let number = self.info.id.split('@').next().unwrap_or_default();
        format!("https://chat.whatsapp.com/{number}v{}", self.links)
    }
}

impl Account {
    pub(super) fn add_group(&mut self, info: GroupInfo) {
        let group = Group {
            info,
            requests: Vec::new(),
            links: 0,
        };
        self.groups.insert(group.info.id.clone(), group);
    }

    pub(super) fn add_contact(&mut self, contact: Contact) {
        let addresses = [Some(&contact.who.jid), contact.who.alt.as_ref()];
        for jid in addresses.into_iter().flatten() {
            self.people.insert(jid.clone(), contact.clone());
        }
    }

    /// A group by its link or the code at its end.
    pub(super) fn behind(&self, link: &str) -> Option<&Group> {
        let code = link.rsplit('/').next()?;
        self.groups
            .values()
            .find(|group| group.link().ends_with(&format!("/{code}")))
    }
}

#[cfg(test)]
mod tests {
    use crate::chats::{self, Change};
    use crate::contacts::{self, Contact};
    use crate::groups::{self, Role, Setting};
    use crate::testing::{Host, direct_text};
    use crate::types::{Address, EventContext, HandlerError, Message, Outcome};
    use crate::{MessageHandler, messaging};

    /// Opens a group for whoever writes, as far as the account may.
    struct Opener;

    impl MessageHandler for Opener {
        fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
            let who = contacts::resolve("+491511111111")?.map_or_else(|| msg.chat().to_owned(), |who| who.jid);
            let group = groups::create("Order", &[&who])?;
            let outcomes = groups::promote(&group.id, &[who.as_str(), "491520000000@s.whatsapp.net"])?;
            groups::update(&group.id, &Setting::Locked(true))?;
            chats::update(msg.chat(), &Change::Archive(true))?;
            let codes: Vec<u32> = outcomes.iter().map(|outcome| outcome.code).collect();
            let behind = groups::invite_info(&groups::invite_link(&group.id)?)?;
            messaging::reply(msg, format!("{codes:?} {} {}", behind.subject, groups::list()?.len()))?;
            contacts::block(&who)?;
            Ok(Outcome::next())
        }
    }

    #[test]
    fn an_account_is_there_to_be_changed_and_stays_so_when_a_call_fails() {
        let address = Address {
            jid: "491511111111@s.whatsapp.net".into(),
            alt: Some("200000000000001@lid".into()),
            push_name: None,
        };
        let contact = Contact {
            who: address.clone(),
            name: None,
            about: None,
            business: false,
            blocked: false,
        };
        let mut host = Host::new().with_contact(contact);
        host.message::<Opener>(&direct_text("open")).expect("succeeds");
        assert_eq!(host.texts(), ["[200, 404] Order 1"]);
        let [group] = host.groups()[..] else {
            panic!("one group")
        };
        assert!(group.locked);
        let members: Vec<_> = group
            .participants
            .iter()
            .map(|member| (&member.who, member.role))
            .collect();
        assert_eq!(members, [(&address, Role::Admin)]);
        assert!(host.blocks("200000000000001@lid"));
        assert_eq!(host.chat_changes().len(), 1);

        let mut host = Host::new();
        let refused = host.message::<Opener>(&direct_text("open"));
        let nobody = "the host refused contacts.block: not found";
        assert_eq!(refused, Err(HandlerError::Reject(nobody.into())));
        assert_eq!((host.groups().len(), host.texts().len()), (1, 0));
        let mut host = Host::new().without_grant("groups.write");
        let refused = host.message::<Opener>(&direct_text("open"));
        let missing = "the host refused groups.create: not granted: groups.write";
        assert_eq!(refused, Err(HandlerError::Reject(missing.into())));
    }
}
