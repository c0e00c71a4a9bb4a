//! Status posts.

use waspnest_core::affairs::{Post, PostContent, PostFont, Posted, StatusAudience};
use waspnest_core::id::MessageId;
use waspnest_core::live::Refusal;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::download::MediaType;
use whatsapp_rust::media::{ImageOptions, VideoOptions, image_message, video_message};
use whatsapp_rust::upload::UploadResponse;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::waproto::whatsapp::message::extended_text_message::FontType;
use whatsapp_rust::{Client, Jid as WireJid, NodeFilter, StatusPrivacySetting, StatusSendOptions, UploadOptions};

use crate::live::refusal::{failed, of_contact, of_send};
use crate::session::Published;

pub(super) async fn make(
    client: &Client,
    published: &Published,
    post: Post,
    id: MessageId,
    to: &[WireJid],
) -> Result<Posted, Refusal> {
    meet(client, to).await?;
    let message = message(client, post.content).await?;
    let options = StatusSendOptions {
        privacy: match post.audience {
            StatusAudience::Contacts => StatusPrivacySetting::Contacts,
            StatusAudience::Except => StatusPrivacySetting::DenyList,
            StatusAudience::Only => StatusPrivacySetting::AllowList,
        },
        message_id: Some(id.as_str().to_owned()),
        ..StatusSendOptions::default()
    };
    taken(client, published, &id, async {
        client.status().send_raw(message, to, options).await
    })
    .await?;
    Ok(Posted {
        id,
        at: published.clock.now(),
    })
}

pub(super) async fn take_back(
    client: &Client,
    published: &Published,
    post: &MessageId,
    id: MessageId,
    from: &[WireJid],
) -> Result<(), Refusal> {
    meet(client, from).await?;
    let options = StatusSendOptions {
        message_id: Some(id.as_str().to_owned()),
        ..StatusSendOptions::default()
    };
    taken(client, published, &id, async {
        client.status().revoke(post.as_str(), from, options).await
    })
    .await
}

/// Posts go to LIDs, and the client leaves out whom it has met by number only. Asking teaches it the other address.
async fn meet(client: &Client, people: &[WireJid]) -> Result<(), Refusal> {
    let mut strangers = Vec::new();
    for who in people.iter().filter(|who| who.is_pn()) {
        if client.get_lid_pn_entry(who).await.ok().flatten().is_none() {
            strangers.push(who.clone());
        }
    }
    if !strangers.is_empty() {
        client.contacts().is_on_whatsapp(&strangers).await.map_err(of_contact)?;
    }
    Ok(())
}

/// Sends, and waits until WhatsApp's server has it: handing it to the connection alone is no answer for whoever asked.
async fn taken<T>(
    client: &Client,
    published: &Published,
    id: &MessageId,
    send: impl Future<Output = Result<T, whatsapp_rust::SendError>>,
) -> Result<(), Refusal> {
    published.ratchets.settle(client).await.map_err(failed)?;
    let _departure = published.ratchets.announce(client, id.as_str());
    let ack = client.wait_for_node(NodeFilter::tag("ack").attr("id", id.as_str()));
    send.await.map_err(of_send)?;
    // The client drops its end when it ends.
    let ack = ack.await.map_err(|_| Refusal::Offline)?;
    let code = ack
        .get()
        .get_attr("error")
        .map(|code| code.as_str().parse().unwrap_or(0));
    match code {
        None => Ok(()),
        Some(429) => Err(Refusal::TooFast { wait: None }),
        Some(code) => Err(Refusal::Refused {
            code,
            words: "the server did not take it".into(),
        }),
    }
}

async fn message(client: &Client, content: PostContent) -> Result<wa::Message, Refusal> {
    Ok(match content {
        PostContent::Text { body, background, font } => wa::Message {
            extended_text_message: MessageField::some(wa::message::ExtendedTextMessage {
                text: Some(body.into()),
                background_argb: Some(background),
                font: Some(letters(font)),
                ..Default::default()
            }),
            ..Default::default()
        },
        PostContent::Image { bytes, mime, caption } => {
            let options = ImageOptions {
                caption: caption.map(Into::into),
                mimetype: Some(mime.into()),
                ..ImageOptions::default()
            };
            image_message(put(client, bytes.into(), MediaType::Image).await?, options)
        }
        PostContent::Video {
            bytes,
            mime,
            seconds,
            caption,
        } => {
            let options = VideoOptions {
                caption: caption.map(Into::into),
                mimetype: Some(mime.into()),
                duration_seconds: seconds,
                ..VideoOptions::default()
            };
            video_message(put(client, bytes.into(), MediaType::Video).await?, options)
        }
    })
}

async fn put(client: &Client, bytes: Vec<u8>, kind: MediaType) -> Result<UploadResponse, Refusal> {
    let put = client.upload(bytes, kind, UploadOptions::new()).await;
    put.map_err(|error| failed(format!("{error:#}")))
}

const fn letters(font: PostFont) -> FontType {
    match font {
        PostFont::System => FontType::SYSTEM,
        PostFont::SystemText => FontType::SYSTEM_TEXT,
        PostFont::Script => FontType::FB_SCRIPT,
        PostFont::SystemBold => FontType::SYSTEM_BOLD,
        PostFont::Morningbreeze => FontType::MORNINGBREEZE_REGULAR,
        PostFont::Calistoga => FontType::CALISTOGA_REGULAR,
        PostFont::Exo => FontType::EXO2_EXTRABOLD,
        PostFont::Courier => FontType::COURIERPRIME_BOLD,
    }
}
