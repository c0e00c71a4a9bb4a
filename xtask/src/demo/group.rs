//! The scene in a group: three members, one of them the session, a text and a picture.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::api::{Received, Simulator};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A red square of eight by eight pixels.
const PICTURE: &[u8] = include_bytes!("group/picture.png");
const CAPTION: &str = "the colour of the shed, what do you think?";

/// Ada makes a group with Linus and the session, writes into it and shows a picture; the session's answers must reach both people, and
/// the picture in them must be the one that was shown. Answers how many answers that were.
pub(super) fn play(simulator: &Simulator, ada: &str, linus: &str, session: &str) -> Result<usize> {
    let group = simulator.create_group(ada, "Garden", &[linus, session])?;
    eprintln!("         (Ada makes the group \"Garden\" with Linus and the bot)");
    let mut group = Group {
        simulator,
        jid: group,
        session: simulator.addresses(session)?,
        members: [("Ada", ada), ("Linus", linus)],
        replies: 0,
    };

    eprintln!("     Ada: who waters on Sunday?");
    simulator.say(ada, &group.jid, "who waters on Sunday?")?;
    for (name, received) in group.answers("text")? {
        ensure!(
            received.text.contains("who waters on Sunday?"),
            "{name} should have heard the text again, not {:?}",
            received.text
        );
        ensure!(
            received.quoted.is_some(),
            "in a group the answer quotes what it answers"
        );
    }
    eprintln!("     bot: who waters on Sunday?");

    eprintln!("     Ada: [picture] {CAPTION}");
    simulator.send_picture(ada, &group.jid, PICTURE, CAPTION)?;
    for (name, received) in group.answers("image")? {
        let phone = group.phone(name)?;
        let file = simulator.file(phone, &received.id)?;
        ensure!(file == PICTURE, "{name} got another picture than was shown");
    }
    eprintln!("     bot: [the same picture] {CAPTION}");
    Ok(group.replies)
}

struct Group<'a> {
    simulator: &'a Simulator,
    jid: String,
    /// Whose answers count.
    session: [String; 2],
    members: [(&'a str, &'a str); 2],
    replies: usize,
}

impl<'a> Group<'a> {
    /// The session's next message of this kind, as each person got it.
    fn answers(&mut self, kind: &str) -> Result<Vec<(&'a str, Received)>> {
        let mut answers = Vec::new();
        for (name, phone) in self.members {
            let mut after = 0;
            let received = loop {
                let received = self
                    .simulator
                    .next_in(phone, &self.jid, after, PATIENCE)
                    .with_context(|| format!("{name} got no {kind} from the bot in the group"))?;
                after = received.seq;
                if self.session.contains(&received.sender) && received.kind == kind {
                    break received;
                }
            };
            answers.push((name, received));
            self.replies += 1;
        }
        Ok(answers)
    }

    fn phone(&self, name: &str) -> Result<&'a str> {
        let member = self.members.iter().find(|(known, _)| *known == name);
        member
            .map(|(_, phone)| *phone)
            .context("nobody of that name is in the group")
    }
}
