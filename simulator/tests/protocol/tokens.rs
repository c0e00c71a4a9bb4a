//! Trusted-contact tokens, and accounts that are not trusted with strangers.

use waspnest_simulator::human::{Human, HumanError};
use waspnest_simulator::{Direction, Reachout, Simulator};

use crate::client::{PATIENCE, end, settled, strict};
use crate::person::join;

fn number(human: &Human) -> String {
    human.account().phone.clone()
}

/// Waits until a companion of `human` has acknowledged the notification that contains `part`.
async fn took(simulator: &Simulator, human: &Human, part: &str) {
    let phone = number(human);
    let told = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.direction == Direction::Out
                    && r.account.as_deref() == Some(phone.as_str())
                    && r.xml.contains(part)
            },
            PATIENCE,
        )
        .await
        .unwrap_or_else(|| panic!("{part} never comes"));
    simulator
        .wait_stanza(
            told.seq,
            |r| r.tag == "ack" && r.direction == Direction::In && r.id == told.id,
            PATIENCE,
        )
        .await
        .unwrap_or_else(|| panic!("{part} is never acknowledged"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_gives_a_token_that_opens_the_way_back() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let cleo = join(&simulator, "Cleo").await;
    simulator.set_reachout(&number(&ben), Reachout::Restricted).unwrap();

    // Ben is not trusted with strangers, and Cleo is one.
    let refused = ben.say(&number(&cleo), "hello stranger").await;
    assert!(
        matches!(&refused, Err(HumanError::Refused { code, .. }) if code == "463"),
        "{refused:?}"
    );

    // Ada has written to Ben: her client has issued a token, Ben's keeps it, and Ben's answer carries it.
    ada.say(&number(&ben), "hello").await.unwrap();
    ben.wait_for(|heard| heard.text.as_deref() == Some("hello"), PATIENCE)
        .await
        .unwrap();
    took(&simulator, &ben, "type=\"privacy_token\"").await;
    // Even if she strikes him out of her address book.
    simulator.remove_contact(&number(&ada), &number(&ben)).unwrap();
    let id = ben.say(&number(&ada), "hello yourself").await.unwrap();
    ada.wait_for(|heard| heard.id == id, PATIENCE).await.unwrap();
    let stanzas = simulator.stanzas(0, usize::MAX);
    let copies: Vec<_> = stanzas.iter().filter(|r| r.tag == "message" && r.id == id).collect();
    let (sent, delivered): (Vec<_>, Vec<_>) = copies.into_iter().partition(|r| r.direction == Direction::In);
    assert!(sent.iter().all(|r| r.xml.contains("<tctoken")), "{sent:?}");
    // The server looks at it and does not pass it on.
    assert!(!delivered.is_empty());
    assert!(delivered.iter().all(|r| !r.xml.contains("<tctoken")), "{delivered:?}");

    // Who is trusted writes to whom they like.
    simulator.set_reachout(&number(&ben), Reachout::Open).unwrap();
    ben.say(&number(&cleo), "hello stranger").await.unwrap();
    settled(&simulator).await;
    for human in [ada, ben, cleo] {
        human.leave().await;
    }
    end(simulator).await;
}
