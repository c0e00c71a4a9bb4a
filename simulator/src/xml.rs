//! A stanza as text for the log. Only for reading: nothing parses it back.

use std::fmt::Write as _;

use whatsapp_rust::wacore_binary::{NodeContentRef, NodeRef};

/// Renders a stanza on one line. Binary content becomes its length; short printable content is shown.
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
        escape(out, &value.as_str());
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
        Some(NodeContentRef::String(text)) => {
            out.push('>');
            escape(out, text);
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
        (true, Err(_)) | (false, _) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "[{} bytes]", bytes.len());
        }
    }
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
            ])
            .build();
        assert_eq!(
            render(&node.as_node_ref()),
            "<message id=\"A&quot;1\"><enc>[70 bytes]</enc><ref>2@x</ref></message>"
        );
    }
}
