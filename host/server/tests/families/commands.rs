//! Commands for those who administrate a group, who is asked of WhatsApp.

use anyhow::Result;

use crate::host::Host;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_administrates_a_group_may_use_what_is_for_administrators() -> Result<()> {
    let host = Host::with(|_| {
        r#"
[[plugin]]
id = "bot"
source = "talker"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "bot"
"#
        .to_owned()
    })
    .await?;
    let theirs = host
        .simulator
        .create_group(&host.phone, "Theirs", &[&host.ana.account().phone])?;
    host.ana.say(&theirs.jid, "/mute").await?;
    host.hears("Only administrators of a group may use /mute").await?;
    let hers = host.ana.create_group("Hers", &[&host.phone]).await?;
    host.ana.say(&hers.jid, "/mute").await?;
    host.hears("mute as mute:").await?;
    host.stop().await
}
