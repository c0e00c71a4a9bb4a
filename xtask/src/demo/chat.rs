//! The person at the keyboard takes over one of the simulated people.

use std::io::BufRead;
use std::time::Duration;

use anyhow::Result;

use super::conversation::Person;

/// Sends each line that is typed, and shows what comes back, until the input ends or says `quit`.
pub(super) fn run(person: &Person, example: &str) -> Result<()> {
    eprintln!("· you are Ada now: type to the bot, for example {example:?}; \"quit\" ends");
    let listener = person.clone();
    // It only prints, and ends with the process.
    std::thread::spawn(move || listen(&listener));
    for line in std::io::stdin().lock().lines() {
        match line?.trim() {
            "" => {}
            "quit" => break,
            words => person.say(words)?,
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a quiet chat is asked again after a pause")]
fn listen(person: &Person) {
    let mut after = person.heard_so_far();
    loop {
        match person.next(after) {
            Ok(received) => {
                after = received.seq;
                eprintln!("{:>8}: {}", "bot", received.text.replace('\n', "\n          "));
            }
            // Nothing came for a while.
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
