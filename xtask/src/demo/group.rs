//! The scene in a group: a text and a picture that come back, somebody who is welcomed, and a poll.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::api::{Received, Simulator};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A red square of eight by eight pixels.
const PICTURE: &[u8] = include_bytes!("group/picture.png");
const CAPTION: &str = "the colour of the shed, what do you think?";

/// Ada makes a group with Linus and the session, writes into it and shows a picture, adds Grace, and asks by a poll in which both vote. The
/// session's answers must reach both people, and the picture in them must be the one that was shown. Answers how many answers that were.
pub(super) fn play(simulator: &Simulator, [ada, linus, grace]: [&str; 3], session: &str) -> Result<usize> {
    let group = simulator.create_group(ada, "Garden", &[linus, session])?;
    eprintln!("         (Ada makes the group \"Garden\" with Linus and the bot)");
    let mut group = Group {
        simulator,
        jid: group,
        session: simulator.addresses(session)?,
        members: [("Ada", ada), ("Linus", linus)],
        heard: [0, 0],
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

    eprintln!("         (Ada adds Grace)");
    simulator.add_member(ada, &group.jid, grace)?;
    group.says("Welcome to Garden")?;

    eprintln!("     Ada: /poll Who waters? | Linus | Grace");
    simulator.say(ada, &group.jid, "/poll Who waters? | Linus | Grace")?;
    let polls = group.answers("other")?;
    eprintln!("     bot: [poll] Who waters? Linus, Grace");
    for (name, poll) in polls {
        eprintln!("{name:>8}: [votes] Grace");
        simulator.vote(group.phone(name)?, &poll.id, "Grace")?;
    }
    eprintln!("     Ada: /close");
    simulator.say(ada, &group.jid, "/close")?;
    group.says("Closed")?;
    Ok(group.replies)
}

struct Group<'a> {
    simulator: &'a Simulator,
    jid: String,
    /// Whose answers count.
    session: [String; 2],
    members: [(&'a str, &'a str); 2],
    /// How far each has read.
    heard: [u64; 2],
    replies: usize,
}

impl<'a> Group<'a> {
    /// The session's next message of this kind, as each person got it.
    fn answers(&mut self, kind: &str) -> Result<Vec<(&'a str, Received)>> {
        let mut answers = Vec::new();
        for ((name, phone), heard) in self.members.into_iter().zip(&mut self.heard) {
            let received = loop {
                let received = self
                    .simulator
                    .next_in(phone, &self.jid, *heard, PATIENCE)
                    .with_context(|| format!("{name} got no {kind} from the bot in the group"))?;
                *heard = received.seq;
                if self.session.contains(&received.sender) && received.kind == kind {
                    break received;
                }
            };
            answers.push((name, received));
            self.replies += 1;
        }
        Ok(answers)
    }

    /// The session's next text, which must hold some words for everybody.
    fn says(&mut self, words: &str) -> Result<()> {
        let answers = self.answers("text")?;
        for (name, received) in &answers {
            ensure!(
                received.text.contains(words),
                "{name} should have heard {words:?}, not {:?}",
                received.text
            );
        }
        if let Some((_, received)) = answers.first() {
            eprintln!("     bot: {}", received.text.replace('\n', "\n          "));
        }
        Ok(())
    }

    fn phone(&self, name: &str) -> Result<&'a str> {
        let member = self.members.iter().find(|(known, _)| *known == name);
        member
            .map(|(_, phone)| *phone)
            .context("nobody of that name is in the group")
    }
}
