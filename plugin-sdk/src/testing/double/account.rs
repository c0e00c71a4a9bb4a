//! Groups, people and chats of an account in memory. Which scope a grant has is not looked at.

use crate::testing::account::Group;
use crate::testing::state::State;
use crate::types::{Address, Error, Jid};

fn person(state: &State, jid: &str) -> Address {
    let known = state.account.people.get(jid).map(|contact| contact.who.clone());
    known.unwrap_or_else(|| Address {
        jid: jid.into(),
        alt: None,
        push_name: None,
    })
}

fn group<'a>(state: &'a mut State, jid: &str) -> Result<&'a mut Group, Error> {
    state.account.groups.get_mut(jid).ok_or(Error::NotFound)
}

pub(crate) mod groups {
    //! Groups in a map; the account may do everything in all of them.

    use super::{Address, Error, Group, Jid, group, person};
    use crate::bindings::imports::waspnest::plugin::groups::Page;
    use crate::groups::{GroupInfo, Joined, Op, Participant, ResultFor, Role, Setting};
    use crate::testing::double::granted;

    const READ: &str = "groups.read";
    const WRITE: &str = "groups.write";

    pub(crate) fn list(_cursor: Option<&str>) -> Result<Page, Error> {
        granted(READ, |state| {
            Ok(Page {
                items: state.account.groups.keys().cloned().collect(),
                cursor: None,
            })
        })
    }

    pub(crate) fn info(jid: &str) -> Result<GroupInfo, Error> {
        granted(READ, |state| Ok(group(state, jid)?.info.clone()))
    }

    pub(crate) fn create(subject: &str, members: &[String], community: Option<&str>) -> Result<GroupInfo, Error> {
        granted(WRITE, |state| {
            subject_of(subject)?;
            state.account.made += 1;
            let member = |jid: &String| Participant {
                who: person(state, jid),
                role: Role::Member,
            };
            let info = GroupInfo {
                id: format!("12036300000000{:04}@g.us", state.account.made),
                subject: subject.into(),
                description: None,
                owner: None,
                created_at: Some(state.now),
                announce: false,
                locked: false,
                approval: false,
                member_add: true,
                ephemeral_s: None,
                community: community.map(Into::into),
                is_community: false,
                participants: members.iter().map(member).collect(),
            };
            state.account.add_group(info.clone());
            Ok(info)
        })
    }

    pub(crate) fn update(jid: &str, what: &Setting) -> Result<(), Error> {
        granted(WRITE, |state| {
            let info = &mut group(state, jid)?.info;
            match what {
                Setting::Announce(on) => info.announce = *on,
                Setting::Locked(on) => info.locked = *on,
                Setting::Approval(on) => info.approval = *on,
                Setting::MemberAdd(on) => info.member_add = *on,
                Setting::EphemeralS(seconds) => info.ephemeral_s = *seconds,
                Setting::Subject(text) => {
                    subject_of(text)?;
                    info.subject.clone_from(text);
                }
                Setting::Description(text) => {
                    info.description = Some(text.clone()).filter(|text| !text.is_empty());
                }
                Setting::RemovePicture => {}
            }
            Ok(())
        })
    }

    pub(crate) fn participants(jid: &str, what: Op, who: &[String]) -> Result<Vec<ResultFor>, Error> {
        granted(WRITE, |state| {
            let people: Vec<Address> = who.iter().map(|jid| person(state, jid)).collect();
            let group = group(state, jid)?;
            Ok(who
                .iter()
                .zip(people)
                .map(|(jid, who)| change(group, what, jid, who))
                .collect())
        })
    }

    /// One person. The codes are WhatsApp's: 409 for what is so already, 404 for who is not there.
    fn change(group: &mut Group, what: Op, jid: &str, who: Address) -> ResultFor {
        let is_it = |known: &Address| known.jid == who.jid || known.alt.as_ref() == Some(&who.jid);
        let place = group.info.participants.iter().position(|member| is_it(&member.who));
        let asked = group.requests.iter().position(is_it);
        let member = Participant {
            who: who.clone(),
            role: Role::Member,
        };
        let code = match (what, place, asked) {
            (Op::Add, None, _) => {
                group.info.participants.push(member);
                200
            }
            (Op::Add, Some(_), _) => 409,
            (Op::Remove, Some(place), _) => {
                group.info.participants.remove(place);
                200
            }
            (Op::Promote, Some(place), _) => {
                group.info.participants[place].role = Role::Admin;
                200
            }
            (Op::Demote, Some(place), _) => {
                group.info.participants[place].role = Role::Member;
                200
            }
            (Op::Approve, _, Some(asked)) => {
                group.requests.remove(asked);
                group.info.participants.push(member);
                200
            }
            (Op::Reject, _, Some(asked)) => {
                group.requests.remove(asked);
                200
            }
            (Op::Remove | Op::Promote | Op::Demote, None, _) | (Op::Approve | Op::Reject, _, None) => 404,
        };
        ResultFor {
            who: jid.into(),
            ok: code == 200,
            code,
            invite_code: None,
        }
    }

    pub(crate) fn requests(jid: &str) -> Result<Vec<Address>, Error> {
        granted(READ, |state| Ok(group(state, jid)?.requests.clone()))
    }

    pub(crate) fn invite_link(jid: &str, reset: bool) -> Result<String, Error> {
        granted(if reset { WRITE } else { READ }, |state| {
            let group = group(state, jid)?;
            group.links += u64::from(reset);
            Ok(group.link())
        })
    }

    pub(crate) fn invite_info(link: &str) -> Result<GroupInfo, Error> {
        granted(READ, |state| {
            let group = state.account.behind(link).ok_or(Error::NotFound)?;
            Ok(group.info.clone())
        })
    }

    pub(crate) fn join(link: &str) -> Result<Joined, Error> {
        granted(WRITE, |state| {
            let group = state.account.behind(link).ok_or(Error::NotFound)?;
            Ok(Joined {
                group: group.info.id.clone(),
                pending: group.info.approval,
            })
        })
    }

    pub(crate) fn leave(jid: &str) -> Result<(), Error> {
        granted(WRITE, |state| {
            state.account.groups.remove(jid).map(drop).ok_or(Error::NotFound)
        })
    }

    pub(crate) fn link(community: &str, groups: &[Jid], on: bool) -> Result<Vec<ResultFor>, Error> {
        granted(WRITE, |state| {
            let link = |jid: &Jid| {
                let found = state.account.groups.get_mut(jid);
                let code = match &found {
                    Some(_) => 200,
                    None => 404,
                };
                if let Some(group) = found {
                    group.info.community = on.then(|| community.into());
                }
                ResultFor {
                    who: jid.clone(),
                    ok: code == 200,
                    code,
                    invite_code: None,
                }
            };
            Ok(groups.iter().map(link).collect())
        })
    }

    fn subject_of(text: &str) -> Result<(), Error> {
        if (1..=100).contains(&text.chars().count()) {
            Ok(())
        } else {
            Err(Error::Invalid("subject: must have 1 to 100 characters".into()))
        }
    }
}

pub(crate) mod contacts {
    //! People in a map, by all their addresses.

    use super::{Address, Error};
    use crate::bindings::imports::waspnest::plugin::contacts::Page;
    use crate::contacts::Contact;
    use crate::testing::double::granted;

    const READ: &str = "contacts.read";

    pub(crate) fn resolve(phones: &[String]) -> Result<Vec<(String, Option<Address>)>, Error> {
        granted(READ, |state| {
            let who = |phone: &String| {
                let digits = phone.trim_start_matches('+');
                let jid = format!("{}@s.whatsapp.net", digits.split('@').next().unwrap_or_default());
                let found = state.account.people.get(&jid).map(|contact| contact.who.clone());
                (phone.clone(), found)
            };
            Ok(phones.iter().map(who).collect())
        })
    }

    pub(crate) fn get(who: &str) -> Result<Contact, Error> {
        granted(READ, |state| {
            state.account.people.get(who).cloned().ok_or(Error::NotFound)
        })
    }

    pub(crate) fn list(_cursor: Option<&str>) -> Result<Page, Error> {
        granted(READ, |state| {
            let known = state.account.people.iter();
            let once = known.filter(|(jid, contact)| **jid == contact.who.jid);
            Ok(Page {
                items: once.map(|(_, contact)| contact.who.clone()).collect(),
                cursor: None,
            })
        })
    }

    /// Nobody has a picture.
    pub(crate) fn picture(_who: &str, _full: bool) -> Result<Option<String>, Error> {
        granted(READ, |_| Ok(None))
    }

    pub(crate) fn block(who: &str, on: bool) -> Result<(), Error> {
        granted("contacts.write", |state| {
            let mut contact = state.account.people.get(who).cloned().ok_or(Error::NotFound)?;
            contact.blocked = on;
            state.account.add_contact(contact);
            Ok(())
        })
    }
}

pub(crate) mod chats {
    //! Changes in a list.

    use super::Error;
    use crate::chats::Change;
    use crate::testing::double::granted;

    pub(crate) fn update(chat: &str, what: &Change) -> Result<(), Error> {
        granted("chats.write", |state| {
            state.account.chats.push((chat.into(), what.clone()));
            Ok(())
        })
    }
}
