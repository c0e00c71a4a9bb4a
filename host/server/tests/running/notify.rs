//! What systemd hears from the program.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::program::Program;

struct Listener(UnixDatagram);

impl Listener {
    /// The next thing that is said and is not what is said all the time.
    fn next(&self) -> Result<String> {
        loop {
            let said = self.any()?;
            if !said.starts_with("WATCHDOG=1") {
                return Ok(said);
            }
        }
    }

    fn any(&self) -> Result<String> {
        let mut bytes = [0; 1024];
        let read = self.0.recv(&mut bytes).context("nothing is said")?;
        Ok(String::from_utf8(bytes[..read].to_vec())?)
    }
}

#[test]
fn systemd_hears_that_the_host_is_ready_works_reloads_and_stops() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("notify");
    let listener = Listener(UnixDatagram::bind(&path)?);
    listener.0.set_read_timeout(Some(Duration::from_secs(60)))?;
    let path = path.to_str().context("text")?;
    let config = "[[session]]\nname = \"main\"\nconnect = false\n";
    let env = [("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "3000000")];
    let program = Program::start_in(tempfile::tempdir()?, config, &env)?;
    assert_eq!(listener.next()?, "READY=1");
    for _ in 0..2 {
        let alive = loop {
            let said = listener.any()?;
            if said.starts_with("WATCHDOG=1") {
                break said;
            }
        };
        assert_eq!(alive, "WATCHDOG=1\nSTATUS=0 of 1 sessions connected");
    }

    program.signal("HUP")?;
    let reloading = listener.next()?;
    let micros = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let micros: u64 = micros.with_context(|| reloading.clone())?.parse()?;
    ensure!(micros > 0, "{reloading}");
    assert_eq!(listener.next()?, "READY=1");

    program.terminate()?;
    let stopping = listener.next()?;
    ensure!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    Ok(())
}
