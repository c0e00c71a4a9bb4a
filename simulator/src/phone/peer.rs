//! What a companion may ask of its phone, and what the phone answers.

use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::libsignal::protocol::SignalProtocolError;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::waproto::whatsapp::message::peer_data_operation_request_response_message::PeerDataOperationResult;
use whatsapp_rust::waproto::whatsapp::message::peer_data_operation_request_response_message::peer_data_operation_result::PlaceholderMessageResendResponse;
use whatsapp_rust::waproto::whatsapp::message::{
    AppStateSyncKeyShare, PeerDataOperationRequestMessage, PeerDataOperationRequestResponseMessage,
    PeerDataOperationRequestType, ProtocolMessage, protocol_message,
};
use whatsapp_rust::waproto::whatsapp::{Message, MessageKey, WebMessageInfo};

use crate::address::DeviceAddress;
use crate::phone::{Phone, Start};
use crate::server::Shared;

impl Phone {
    /// Sends a companion the app-state keys.
    pub(super) async fn share_keys(
        &mut self,
        to: DeviceAddress,
        shared: &Shared,
        start: Start,
    ) -> Result<(), SignalProtocolError> {
        // Modelled: a phone always sends every key it has, also when asked for one.
        let keys = shared.world().account(to.account).app_state.shared_keys();
        let message = protocol(ProtocolMessage {
            r#type: Some(protocol_message::Type::AppStateSyncKeyShare),
            app_state_sync_key_share: MessageField::some(AppStateSyncKeyShare { keys }),
            ..ProtocolMessage::default()
        });
        self.send_peer(to, shared, start, &message).await
    }

    /// Does what a companion's message asks for. What it does not know it leaves alone.
    pub(super) async fn answer_peer(
        &mut self,
        companion: DeviceAddress,
        shared: &Shared,
        node: &Node,
        message: &Message,
    ) {
        // Baileys wraps what it tells its phone like a copy of what it sent to others; whatsapp-rust does not.
        let copied = message.device_sent_message.as_option();
        let message = copied.and_then(|copy| copy.message.as_option()).unwrap_or(message);
        let Some(protocol) = message.protocol_message.as_option() else {
            return;
        };
        let id = node
            .attrs
            .get("id")
            .map(|id| id.as_str().into_owned())
            .unwrap_or_default();
        let answered = if protocol.app_state_sync_key_request.is_set() {
            self.share_keys(companion, shared, Start::Existing).await
        } else if let Some(request) = protocol.peer_data_operation_request_message.as_option() {
            self.answer_request(companion, shared, request, &id).await
        } else {
            return;
        };
        if let Err(error) = answered {
            tracing::warn!(device = companion.device, %error, "a phone could not answer its companion");
        }
    }

    async fn answer_request(
        &mut self,
        companion: DeviceAddress,
        shared: &Shared,
        request: &PeerDataOperationRequestMessage,
        id: &str,
    ) -> Result<(), SignalProtocolError> {
        if let Some(more) = request.history_sync_on_demand_request.as_option() {
            return self.send_more(companion, shared, more, id).await;
        }
        let keys: Vec<&MessageKey> = request
            .placeholder_message_resend_request
            .iter()
            .filter_map(|resend| resend.message_key.as_option())
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let results = {
            let world = shared.world();
            let chats = &world.account(companion.account).chats;
            keys.into_iter()
                .map(|key| {
                    let found = chats.find(key.id.as_deref().unwrap_or_default());
                    let info = found.map(|(chat, kept)| chat.written(kept));
                    // A message the phone does not have either comes back as its key alone.
                    resent(&info.unwrap_or_else(|| WebMessageInfo {
                        key: MessageField::some(key.clone()),
                        ..WebMessageInfo::default()
                    }))
                })
                .collect()
        };
        let response = PeerDataOperationRequestResponseMessage {
            peer_data_operation_request_type: Some(PeerDataOperationRequestType::PLACEHOLDER_MESSAGE_RESEND),
            stanza_id: Some(id.to_owned()),
            peer_data_operation_result: results,
        };
        let message = protocol(ProtocolMessage {
            r#type: Some(protocol_message::Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE),
            peer_data_operation_request_response_message: MessageField::some(response),
            ..ProtocolMessage::default()
        });
        self.send_peer(companion, shared, Start::Existing, &message).await
    }
}

fn resent(info: &WebMessageInfo) -> PeerDataOperationResult {
    PeerDataOperationResult {
        placeholder_message_resend_response: MessageField::some(PlaceholderMessageResendResponse {
            web_message_info_bytes: Some(info.encode_to_vec()),
        }),
        ..PeerDataOperationResult::default()
    }
}

fn protocol(message: ProtocolMessage) -> Message {
    Message {
        protocol_message: MessageField::some(message),
        ..Message::default()
    }
}
