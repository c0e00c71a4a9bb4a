//! Media that are not served any more, and phones that put them back.

use std::error::Error as _;

use waspnest_simulator::Simulator;
use waspnest_simulator::human::{Heard, Human, HumanError, MediaRefusal};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::download::Downloadable as _;
use whatsapp_rust::wacore::media_retry::{
    MediaRetryResult, build_media_retry_receipt, encrypt_media_retry_receipt, parse_media_retry_notification,
};
use whatsapp_rust::wacore_binary::{Jid, Node};

use crate::client::{end, strict};
use crate::person::{hears, join};
use crate::raw::{RawClient, error_of, ping, text};

const PICTURE: &[u8] = b"a picture that nobody can draw again";

fn path(heard: &Heard) -> String {
    heard.media().unwrap().direct_path
}

fn refusal(error: &HumanError) -> Option<MediaRefusal> {
    error.source()?.downcast_ref().copied()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_media_expired_asks_its_phone_and_fetches_the_same_file() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let id = anna.send_image(&ben.account().phone, PICTURE, None).await.unwrap();
    let heard = hears(&ben, &id).await;
    simulator.expire_media(&path(&heard)).unwrap();
    ben.download(&heard).await.expect_err("it is not served any more");
    assert_eq!(ben.download_again(&heard).await.unwrap(), PICTURE);

    // The message still points to where it was. Asked again, the phone tells where it is.
    let moved = ben.ask_for_media(&heard).await.unwrap();
    assert_ne!(moved, path(&heard));
    assert_eq!(ben.ask_for_media(&heard).await.unwrap(), moved);

    // And where that has expired as well, it puts it back once more; also in a world that was saved meanwhile.
    simulator.expire_media(&moved).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world");
    simulator.save(&file).await.unwrap();
    // A client takes a moment to notice that its connection did not survive that; one that is away meanwhile makes a new one.
    ben.go_offline().await;
    simulator.restore(&file).await.unwrap();
    ben.come_online().await.unwrap();
    assert_eq!(ben.download_again(&heard).await.unwrap(), PICTURE);

    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_media_of_groups_come_back_for_those_who_got_and_who_sent_them() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let desk = Human::join_as(&simulator, anna.account().clone()).await.unwrap();
    let ben = join(&simulator, "Ben").await;
    let group = anna.create_group("Album", &[&ben.account().phone]).await.unwrap().jid;
    let words = anna.say(&group, "look at these").await.unwrap();
    hears(&ben, &words).await;
    // The second one travels without the key, which the phones have by then.
    for picture in [PICTURE, b"another one"] {
        let id = anna.send_image(&group, picture, None).await.unwrap();
        let heard = hears(&ben, &id).await;
        simulator.expire_media(&path(&heard)).unwrap();
        assert_eq!(ben.download_again(&heard).await.unwrap(), picture);
        let copy = hears(&desk, &id).await;
        simulator
            .expire_media(&ben.ask_for_media(&heard).await.unwrap())
            .unwrap();
        assert_eq!(desk.download_again(&copy).await.unwrap(), picture);
    }
    for human in [anna, desk, ben] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_the_phone_has_lost_too_are_not_found() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let id = anna.send_image(&ben.account().phone, PICTURE, None).await.unwrap();
    let heard = hears(&ben, &id).await;
    simulator.lose_media(&path(&heard)).unwrap();
    ben.download(&heard).await.expect_err("it is not served any more");
    let error = ben.download_again(&heard).await.expect_err("nobody has it");
    assert_eq!(refusal(&error), Some(MediaRefusal::NotFound));
    assert!(simulator.lose_media("/v/never").is_err());
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}

/// The answer of the phone to what a client asks.
async fn answer(client: &mut RawClient, request: &Node) -> Node {
    assert_eq!(error_of(&client.ask(request).await), None);
    client
        .first(|node| text(node, "type").as_deref() == Some("mediaretry"))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_answers_wrong_requests_with_errors_and_lives_on() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let mut companion = RawClient::linked(&simulator, ben.account()).await;
    let id = anna.send_image(&ben.account().phone, PICTURE, None).await.unwrap();
    let heard = hears(&ben, &id).await;
    let image = heard.message.image_message.as_option().unwrap();
    let key = image.media_key().unwrap();
    let (own, chat): (Jid, Jid) = (ben.account().jid().parse().unwrap(), heard.chat.parse().unwrap());
    simulator.expire_media(&path(&heard)).unwrap();

    let wrong_key = encrypt_media_retry_receipt(&[7; 32], &id).unwrap();
    let wrong_id = encrypt_media_retry_receipt(key, "another").unwrap();
    let (sealed, nonce) = encrypt_media_retry_receipt(key, &id).unwrap();
    let wrong_nonce = (sealed.clone(), [0; 12]);
    let no_seal = (Vec::new(), nonce);
    for (sealed, nonce) in [wrong_key, wrong_id, wrong_nonce, no_seal] {
        let request = build_media_retry_receipt(&own, &id, &chat, false, None, &sealed, &nonce);
        assert_eq!(error_of(&answer(&mut companion, &request).await).as_deref(), Some("3"));
    }
    let short_nonce = build_media_retry_receipt(&own, &id, &chat, false, None, &sealed, &nonce[..5]);
    let short_nonce = answer(&mut companion, &short_nonce).await;
    assert_eq!(error_of(&short_nonce).as_deref(), Some("3"));

    let unheard = build_media_retry_receipt(&own, "unheard", &chat, false, None, &sealed, &nonce);
    assert_eq!(error_of(&answer(&mut companion, &unheard).await).as_deref(), Some("2"));
    let elsewhere = build_media_retry_receipt(&own, &id, &own, false, None, &sealed, &nonce);
    assert_eq!(
        error_of(&answer(&mut companion, &elsewhere).await).as_deref(),
        Some("2")
    );

    // Anna's phone is not Ben's to ask, and what names no message is nobody's business.
    let to_anna: Jid = anna.account().jid().parse().unwrap();
    let foreign = build_media_retry_receipt(&to_anna, &id, &chat, false, None, &sealed, &nonce);
    assert_eq!(error_of(&companion.ask(&foreign).await).as_deref(), Some("404"));
    let bare = NodeBuilder::new("receipt")
        .attr("to", &own)
        .attr("id", "bare")
        .attr("type", "server-error")
        .build();
    assert_eq!(error_of(&companion.ask(&bare).await), None);

    // One that is right is answered after all that, with the way to the file.
    let right = build_media_retry_receipt(&own, &id, &chat, false, None, &sealed, &nonce);
    let answer = answer(&mut companion, &right).await;
    assert_eq!(text(&answer, "from"), Some(ben.account().jid()));
    let about = answer.get_optional_child("rmr").expect("which message it is about");
    assert_eq!(text(about, "jid"), Some(heard.chat.clone()));
    let result = parse_media_retry_notification(&answer.as_node_ref(), key).unwrap();
    assert!(matches!(result, MediaRetryResult::Success { .. }), "{result:?}");
    companion.ask(&ping("alive")).await;
    anna.leave().await;
    ben.leave().await;
    end(simulator).await;
}
