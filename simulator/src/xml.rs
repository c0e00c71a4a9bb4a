//! A stanza as text for the log. Only for reading: nothing parses it back. What grants access to something is left out.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use whatsapp_rust::wacore_binary::{NodeContentRef, NodeRef};

/// Attributes that let their holder do something.
const SECRET_ATTRIBUTES: [&str; 2] = ["auth", "token"];
/// Content that is never shown, however printable.
const SEALED: [&str; 3] = ["enc", "plaintext", "token"];

/// Renders a stanza on one line. Binary content becomes its length and the start of its hash; short printable content is shown.
pub(crate) fn render(node: &NodeRef<'_>) -> String {
    let mut out = String::with_capacity(128);
    write_node(&mut out, node);
    out
}

fn write_node(out: &mut String, node: &NodeRef<'_>) {
    out.push('<');
    out.push_str(&node.tag);
    for (key, value) in node.attrs_iter() {
        out.push(' ');
        out.push_str(key);
        out.push_str("=\"");
        if SECRET_ATTRIBUTES.contains(&&**key) {
            out.push('…');
        } else {
            escape(out, &value.as_str());
        }
        out.push('"');
    }
    match &node.content {
        None => {
            out.push_str("/>");
            return;
        }
        Some(NodeContentRef::Nodes(nodes)) => {
            out.push('>');
            for child in nodes.iter() {
                write_node(out, child);
            }
        }
        Some(NodeContentRef::String(text)) if SEALED.contains(&&*node.tag) => {
            out.push('>');
            write_digest(out, text.as_bytes());
        }
        Some(NodeContentRef::String(text)) => {
            out.push('>');
            escape(out, text);
        }
        Some(NodeContentRef::Bytes(bytes)) if SEALED.contains(&&*node.tag) => {
            out.push('>');
            write_digest(out, bytes);
        }
        Some(NodeContentRef::Bytes(bytes)) => {
            out.push('>');
            write_bytes(out, bytes);
        }
    }
    out.push_str("</");
    out.push_str(&node.tag);
    out.push('>');
}

/// Text no longer than this is shown; anything longer or unprintable is a length.
const SHOWN: usize = 64;

fn write_bytes(out: &mut String, bytes: &[u8]) {
    let printable =
        bytes.len() <= SHOWN && !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    match (printable, std::str::from_utf8(bytes)) {
        (true, Ok(text)) => escape(out, text),
        (true, Err(_)) | (false, _) => write_digest(out, bytes),
    }
}

/// Enough to see whether two are the same.
fn write_digest(out: &mut String, bytes: &[u8]) {
    let digest = Sha256::digest(bytes);
    // Writing to a String cannot fail.
    let _ = write!(out, "[{} bytes", bytes.len());
    if !bytes.is_empty() {
        let _ = write!(
            out,
            " {:02x}{:02x}{:02x}{:02x}",
            digest[0], digest[1], digest[2], digest[3]
        );
    }
    out.push(']');
}

fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatsapp_rust::NodeBuilder;

    #[test]
    fn a_stanza_reads_as_xml_and_hides_bytes() {
        let node = NodeBuilder::new("message")
            .attr("id", "A\"1")
            .children([
                NodeBuilder::new("enc").bytes(vec![0_u8; 70]).build(),
                NodeBuilder::new("ref").bytes(b"2@x".to_vec()).build(),
                NodeBuilder::new("plaintext").bytes(b"hello".to_vec()).build(),
                NodeBuilder::new("media_conn").attr("auth", "a-key").build(),
            ])
            .build();
        assert_eq!(
            render(&node.as_node_ref()),
            "<message id=\"A&quot;1\"><enc>[70 bytes 82fcfd52]</enc><ref>2@x</ref><plaintext>[5 bytes 2cf24dba]</plaintext>\
             <media_conn auth=\"…\"/></message>"
        );
    }
}
