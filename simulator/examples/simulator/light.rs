//! A client without Signal: Noise, stanzas, and the acknowledgements that the protocol asks for. So small that what is measured is the
//! server.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};
use waspnest_simulator::Simulator;
use whatsapp_rust::wacore::companion_reg::CompanionWebClientType;
use whatsapp_rust::wacore::noise::framing::{FrameDecoder, encode_frame};
use whatsapp_rust::wacore::noise::{NoiseCipher, XxHandshakeState};
use whatsapp_rust::wacore::pair::{DeviceState, PairUtils};
use whatsapp_rust::wacore::store::device::Device;
use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;
use whatsapp_rust::wacore_binary::marshal::{marshal, unmarshal_ref};
use whatsapp_rust::wacore_binary::util::unpack_bytes;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeContent};
use whatsapp_rust::waproto::codec::client_payload_to_vec;
use whatsapp_rust::{NodeBuilder, bytes};

/// A connection past its handshake.
pub(crate) struct Light {
    socket: WebSocketStream<TcpStream>,
    decoder: FrameDecoder,
    write: NoiseCipher,
    read: NoiseCipher,
    written: u32,
    received: u32,
}

/// What a linked client keeps.
#[derive(Clone)]
pub(crate) struct Identity {
    device: Device,
}

impl Identity {
    /// Links a new client with an account.
    pub(crate) async fn link(simulator: &Simulator, phone: &str) -> Result<Self> {
        let mut device = Device::new();
        let mut line = Light::connect(simulator.addr(), &simulator.url(), &device).await?;
        let offer = line.receive().await?;
        let pair = offer.get_optional_child("pair-device").context("no codes")?;
        let first = pair.children().and_then(<[Node]>::first).context("no codes")?;
        let Some(NodeContent::Bytes(reference)) = &first.content else {
            bail!("a code is bytes");
        };
        let reference = std::str::from_utf8(reference)?;
        line.send(&PairUtils::build_ack_node(&offer).context("no acknowledgement")?)
            .await?;
        let state = DeviceState {
            identity_key: device.identity_key.clone(),
            noise_key: device.noise_key.clone(),
            adv_secret_key: device.adv_secret_key,
        };
        let qr = PairUtils::make_qr_data(&state, reference, CompanionWebClientType::Chrome);
        let sign = async {
            let offer = line.receive().await?;
            let node = offer.get_optional_child("pair-success").context("no offer")?;
            let identity = node.get_optional_child("device-identity").context("no identity")?;
            let Some(NodeContent::Bytes(sealed)) = &identity.content else {
                bail!("an identity is bytes");
            };
            let (signed, key_index) = PairUtils::do_pair_crypto(&state, sealed)?;
            let id = offer.attrs.get("id").context("no id")?.as_str().into_owned();
            line.send(&PairUtils::build_pair_success_response(&id, signed, key_index))
                .await
        };
        let (linked, signed) = tokio::join!(simulator.scan_qr(phone, &qr), sign);
        signed?;
        device.pn = Some(linked?.jid.parse()?);
        Ok(Self { device })
    }

    pub(crate) fn jid(&self) -> &Jid {
        self.device.pn.as_ref().expect("it is linked")
    }

    /// Logs in and becomes active.
    pub(crate) async fn log_in(&self, simulator: &Simulator) -> Result<Light> {
        let mut line = Light::connect(simulator.addr(), &simulator.url(), &self.device).await?;
        let success = line.receive().await?;
        ensure!(success.tag == "success", "the login was refused: {success:?}");
        let active = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "set")
            .attr("xmlns", "passive")
            .attr("id", "active")
            .children([NodeBuilder::new("active").build()])
            .build();
        line.send(&active).await?;
        loop {
            let node = line.receive().await?;
            if node.tag == "ib" && node.get_optional_child("offline").is_some() {
                return Ok(line);
            }
            if let Some(ack) = acknowledgement(&node) {
                line.send(&ack).await?;
            }
        }
    }
}

impl Light {
    async fn connect(addr: SocketAddr, url: &str, device: &Device) -> Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = ClientBuilder::from_uri(url.parse()?).connect_on(stream).await?;
        let payload = client_payload_to_vec(&device.get_client_payload());
        let mut noise = XxHandshakeState::new(device.noise_key.clone(), payload, &WA_CONN_HEADER)?;
        let hello = encode_frame(&noise.build_client_hello()?, Some(&WA_CONN_HEADER))?;
        socket.send(Message::binary(hello)).await?;
        let mut decoder = FrameDecoder::new();
        let reply = frame(&mut socket, &mut decoder).await?;
        let finish = noise.read_server_hello_and_build_client_finish(&reply)?;
        socket.send(Message::binary(encode_frame(&finish, None)?)).await?;
        let keys = noise.finish()?;
        Ok(Self {
            socket,
            decoder,
            write: keys.write_cipher,
            read: keys.read_cipher,
            written: 0,
            received: 0,
        })
    }

    /// Sends a stanza now.
    pub(crate) async fn send(&mut self, node: &Node) -> Result<()> {
        self.feed(node).await?;
        self.flush().await
    }

    /// Sends a stanza with the next flush.
    pub(crate) async fn feed(&mut self, node: &Node) -> Result<()> {
        let sealed = self.write.encrypt_with_counter(self.written, &marshal(node)?)?;
        self.written += 1;
        let frame = encode_frame(&sealed, None)?;
        Ok(self.socket.feed(Message::binary(frame)).await?)
    }

    pub(crate) async fn flush(&mut self) -> Result<()> {
        Ok(self.socket.flush().await?)
    }

    /// The next stanza.
    pub(crate) async fn receive(&mut self) -> Result<Node> {
        let frame = frame(&mut self.socket, &mut self.decoder).await?;
        self.open(&frame)
    }

    /// The next stanza, if it has arrived already.
    pub(crate) fn received(&mut self) -> Option<Result<Node>> {
        let frame = frame(&mut self.socket, &mut self.decoder).now_or_never()?;
        Some(frame.and_then(|frame| self.open(&frame)))
    }

    fn open(&mut self, frame: &[u8]) -> Result<Node> {
        let mut frame = bytes::BytesMut::from(frame);
        self.read.decrypt_in_place_with_counter(self.received, &mut frame)?;
        self.received += 1;
        let plain = unpack_bytes(frame)?;
        Ok(unmarshal_ref(&plain)?.to_owned())
    }
}

async fn frame(socket: &mut WebSocketStream<TcpStream>, decoder: &mut FrameDecoder) -> Result<Vec<u8>> {
    loop {
        if let Some(frame) = decoder.decode_frame() {
            return Ok(frame.to_vec());
        }
        let message = socket.next().await.context("the server went away")??;
        ensure!(!message.is_close(), "the server closed");
        decoder.feed(message.as_payload());
    }
}

/// What a client owes the server for a stanza: a receipt for a message, an acknowledgement for what else is queued.
pub(crate) fn acknowledgement(node: &Node) -> Option<Node> {
    let (id, from) = (node.attrs.get("id")?, node.attrs.get("from")?);
    let answer = match &*node.tag {
        "message" => NodeBuilder::new("receipt"),
        "receipt" | "notification" => NodeBuilder::new("ack").attr("class", node.tag.to_string()),
        _ => return None,
    };
    Some(answer.attr("id", id.clone()).attr("to", from.clone()).build())
}
