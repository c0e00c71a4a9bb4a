//! Files between a person and a plugin, byte by byte.

use anyhow::{Context, Result};
use waspnest_simulator::human::{Heard, Media, MediaKind};

use crate::host::PATIENCE;
use crate::messages::obedient;

const FILES: &str = r#"
"media.read" = true
"media.write" = true
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_a_plugin_made_arrives_as_it_was_made() -> Result<()> {
    let host = obedient(FILES).await?;
    let words = "a file of some words, and of more than one block of the cipher that carries it";
    host.ana.say(&host.phone, &format!("make {words}")).await?;
    let is_file = |heard: &Heard| heard.message.document_message.is_set();
    let heard = host.ana.wait_for(is_file, PATIENCE).await?;
    assert_eq!(host.ana.download(&heard).await?, words.as_bytes());
    let document = heard.message.document_message.as_option().context("a document")?;
    assert_eq!(document.file_name.as_deref(), Some("made.txt"));
    assert_eq!(document.mimetype.as_deref(), Some("text/plain"));
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_reads_what_a_person_sent() -> Result<()> {
    let host = obedient(FILES).await?;
    let bytes: Vec<u8> = (0..50_000_u32).map(|byte| (byte % 251) as u8).collect();
    let sum: u64 = bytes.iter().copied().map(u64::from).sum();
    let picture = Media {
        caption: Some("read".into()),
        ..Media::new(MediaKind::Image, bytes)
    };
    host.ana.send_media(&host.phone, picture).await?;
    host.hears(&format!("50000 bytes, sum {sum}: ")).await?;
    host.stop().await
}
