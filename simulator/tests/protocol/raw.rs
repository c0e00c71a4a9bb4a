//! A client written out by hand, so that it can do what no library would.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};
use waspnest_simulator::{Account, Simulator};
use whatsapp_rust::wacore::noise::framing::{FrameDecoder, encode_frame};
use whatsapp_rust::wacore::noise::{NoiseCipher, XxHandshakeState};
use whatsapp_rust::wacore::pair::{DeviceState, PairUtils};
use whatsapp_rust::wacore::store::device::Device;
use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;
use whatsapp_rust::wacore_binary::marshal::{marshal, unmarshal_ref};
use whatsapp_rust::wacore_binary::util::unpack_bytes;
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::{Jid, NodeBuilder};

use crate::client::PATIENCE;

/// A WebSocket without any protocol on it.
pub(crate) async fn dial(addr: SocketAddr, url: &str) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    ClientBuilder::from_uri(url.parse().unwrap())
        .connect_on(stream)
        .await
        .unwrap()
        .0
}

/// Waits until the server has closed; whatever it still sends is dropped.
pub(crate) async fn closed(socket: &mut WebSocketStream<TcpStream>) {
    let ended = async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
    };
    timeout(PATIENCE, ended).await.expect("the server closes");
}

/// A client past its handshake.
pub(crate) struct RawClient {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) device: Device,
    decoder: FrameDecoder,
    write: NoiseCipher,
    read: NoiseCipher,
    written: u32,
    received: u32,
    /// The identity it was linked with, as the server has it.
    pub(crate) signed_identity: Vec<u8>,
    /// What came while it waited for something else.
    pub(crate) meanwhile: Vec<Node>,
}

impl RawClient {
    /// Connects as an unpaired device.
    pub(crate) async fn connect(addr: SocketAddr, url: &str) -> Self {
        Self::connect_as(addr, url, Device::new()).await
    }

    /// A companion of `account`: linked, logged in and active.
    pub(crate) async fn linked(simulator: &Simulator, account: &Account) -> Self {
        let mut client = Self::connect(simulator.addr(), &simulator.url()).await;
        let code = client.code().await;
        let (linked, ()) = tokio::join!(simulator.scan_qr(&account.phone, &code), client.sign(|_| {}));
        let jid: Jid = linked.unwrap().jid.parse().unwrap();
        let mut device = client.device.clone();
        device.lid = Some(Jid::lid_device(account.lid.as_str(), jid.device));
        device.pn = Some(jid);
        let signed_identity = std::mem::take(&mut client.signed_identity);
        let mut client = Self::connect_as(simulator.addr(), &simulator.url(), device).await;
        client.signed_identity = signed_identity;
        assert_eq!(client.receive().await.expect("an answer to the login").tag, "success");
        let active = NodeBuilder::new("iq")
            .attr("xmlns", "passive")
            .attr("type", "set")
            .attr("id", "active")
            .children([NodeBuilder::new("active").build()])
            .build();
        client.ask(&active).await;
        client
    }

    /// Links a companion of an account that has none; it is not logged in yet.
    pub(crate) async fn link(simulator: &Simulator, account: &Account) -> Self {
        let mut client = Self::connect(simulator.addr(), &simulator.url()).await;
        let code = client.code().await;
        let (linked, ()) = tokio::join!(simulator.scan_qr(&account.phone, &code), client.sign(|_| {}));
        let pn = format!("{}:{}@s.whatsapp.net", account.phone, linked.unwrap().device);
        client.device.pn = Some(pn.parse().unwrap());
        client
    }

    /// The same device on a new connection.
    pub(crate) async fn again(self, simulator: &Simulator) -> Self {
        let Self { socket, device, .. } = self;
        drop(socket);
        Self::connect_as(simulator.addr(), &simulator.url(), device).await
    }

    /// Connects with a device's keys, and as that device if it is linked.
    pub(crate) async fn connect_as(addr: SocketAddr, url: &str, device: Device) -> Self {
        let payload = whatsapp_rust::waproto::codec::client_payload_to_vec(&device.get_client_payload());
        let mut socket = dial(addr, url).await;
        let mut noise = XxHandshakeState::new(device.noise_key.clone(), payload, &WA_CONN_HEADER).unwrap();
        let hello = encode_frame(&noise.build_client_hello().unwrap(), Some(&WA_CONN_HEADER)).unwrap();
        socket.send(Message::binary(hello)).await.unwrap();
        let mut decoder = FrameDecoder::new();
        let reply = next_frame(&mut socket, &mut decoder).await.unwrap();
        let finish = noise.read_server_hello_and_build_client_finish(&reply).unwrap();
        socket
            .send(Message::binary(encode_frame(&finish, None).unwrap()))
            .await
            .unwrap();
        let keys = noise.finish().unwrap();
        Self {
            socket,
            device,
            decoder,
            write: keys.write_cipher,
            read: keys.read_cipher,
            written: 0,
            received: 0,
            signed_identity: Vec::new(),
            meanwhile: Vec::new(),
        }
    }

    /// Sends a stanza and returns what answers it: the request's result or the acknowledgement.
    pub(crate) async fn ask(&mut self, node: &Node) -> Node {
        let id = text(node, "id").expect("an id to be answered under");
        self.send(node).await;
        loop {
            let answer = self.receive().await.expect("an answer");
            if (answer.tag == "iq" || answer.tag == "ack") && text(&answer, "id") == Some(id.clone()) {
                return answer;
            }
            self.meanwhile.push(answer);
        }
    }

    /// The first stanza that fits, of what came meanwhile or is still to come.
    pub(crate) async fn first(&mut self, fits: impl Fn(&Node) -> bool) -> Node {
        loop {
            if let Some(at) = self.meanwhile.iter().position(&fits) {
                return self.meanwhile.remove(at);
            }
            let node = self.receive().await.expect("it is still to come");
            self.meanwhile.push(node);
        }
    }

    pub(crate) async fn send(&mut self, node: &Node) {
        self.send_plain(&marshal(node).unwrap()).await;
    }

    /// Sends a stanza, if the server still takes one.
    pub(crate) async fn try_send(&mut self, node: &Node) -> Result<(), tokio_websockets::Error> {
        let sealed = self
            .write
            .encrypt_with_counter(self.written, &marshal(node).unwrap())
            .unwrap();
        self.written += 1;
        self.socket
            .send(Message::binary(encode_frame(&sealed, None).unwrap()))
            .await
    }

    /// Sends bytes that are sealed correctly, whatever they are.
    pub(crate) async fn send_plain(&mut self, plain: &[u8]) {
        let sealed = self.write.encrypt_with_counter(self.written, plain).unwrap();
        self.written += 1;
        self.socket
            .send(Message::binary(encode_frame(&sealed, None).unwrap()))
            .await
            .unwrap();
    }

    /// The next stanza; `None` once the server has closed.
    pub(crate) async fn receive(&mut self) -> Option<Node> {
        let plain = self.receive_plain().await?;
        Some(unmarshal_ref(&plain).unwrap().to_owned())
    }

    /// The next stanza, or that it is none.
    pub(crate) async fn try_receive(&mut self) -> Result<Node, whatsapp_rust::wacore_binary::BinaryError> {
        let plain = self.receive_plain().await.expect("the server has not closed");
        Ok(unmarshal_ref(&plain)?.to_owned())
    }

    async fn receive_plain(&mut self) -> Option<bytes::Bytes> {
        let mut frame = bytes::BytesMut::from(&next_frame(&mut self.socket, &mut self.decoder).await?[..]);
        self.read
            .decrypt_in_place_with_counter(self.received, &mut frame)
            .unwrap();
        self.received += 1;
        Some(unpack_bytes(frame).unwrap())
    }

    /// The ids of the answers up to the one to `last`.
    pub(crate) async fn answered(&mut self, last: &str) -> Vec<String> {
        let mut ids = Vec::new();
        loop {
            let answer = self.receive().await.expect("an answer");
            let id = answer.attrs.get("id").unwrap().as_str().into_owned();
            let end = id == last;
            ids.push(id);
            if end {
                return ids;
            }
        }
    }

    /// Receives the pairing offer's codes and acknowledges them; the first code, as it would be shown.
    pub(crate) async fn code(&mut self) -> String {
        let offer = self.receive().await.expect("codes");
        let pair = offer.get_optional_child("pair-device").expect("pair-device");
        let Some(NodeContent::Bytes(reference)) = &pair.children().unwrap()[0].content else {
            panic!("a ref is bytes");
        };
        let reference = String::from_utf8(reference.clone()).unwrap();
        let ack = PairUtils::build_ack_node(&offer).unwrap();
        self.send(&ack).await;
        PairUtils::make_qr_data(
            &self.state(),
            &reference,
            whatsapp_rust::wacore::companion_reg::CompanionWebClientType::Chrome,
        )
    }

    fn state(&self) -> DeviceState {
        DeviceState {
            identity_key: self.device.identity_key.clone(),
            noise_key: self.device.noise_key.clone(),
            adv_secret_key: self.device.adv_secret_key,
        }
    }

    /// Answers the phone's offer properly, but for the key index it names.
    pub(crate) async fn sign_as(&mut self, key_index: u32) {
        self.answer_offer(|_| {}, Some(key_index)).await;
    }

    /// Answers the phone's offer with what `tamper` makes of the signed identity.
    pub(crate) async fn sign(&mut self, tamper: impl FnOnce(&mut Vec<u8>)) {
        self.answer_offer(tamper, None).await;
    }

    async fn answer_offer(&mut self, tamper: impl FnOnce(&mut Vec<u8>), named: Option<u32>) {
        let offer = self.receive().await.expect("an offer");
        let node = offer.get_optional_child("pair-success").expect("pair-success");
        let Some(NodeContent::Bytes(sealed)) = &node.get_optional_child("device-identity").unwrap().content else {
            panic!("an identity is bytes");
        };
        let (mut signed, key_index) = PairUtils::do_pair_crypto(&self.state(), sealed).unwrap();
        tamper(&mut signed);
        self.signed_identity.clone_from(&signed);
        let id = offer.attrs.get("id").unwrap().as_str().into_owned();
        self.send(&PairUtils::build_pair_success_response(
            &id,
            signed,
            named.unwrap_or(key_index),
        ))
        .await;
    }
}

pub(crate) async fn next_frame(socket: &mut WebSocketStream<TcpStream>, decoder: &mut FrameDecoder) -> Option<Vec<u8>> {
    loop {
        if let Some(frame) = decoder.decode_frame() {
            return Some(frame.to_vec());
        }
        let message = timeout(PATIENCE, socket.next())
            .await
            .expect("the server answers")?
            .ok()?;
        if message.is_close() {
            return None;
        }
        decoder.feed(message.as_payload());
    }
}

/// An attribute as text.
pub(crate) fn text(node: &Node, key: &str) -> Option<String> {
    node.attrs.get(key).map(|value| value.as_str().into_owned())
}

/// The code of an error: of a refused request, or in an acknowledgement.
pub(crate) fn error_of(node: &Node) -> Option<String> {
    text(node, "error").or_else(|| text(node.get_optional_child("error")?, "code"))
}

/// A keep-alive, to see that a connection still works.
pub(crate) fn ping(id: &str) -> Node {
    NodeBuilder::new("iq")
        .attr("to", "s.whatsapp.net")
        .attr("type", "get")
        .attr("xmlns", "w:p")
        .attr("id", id)
        .build()
}
