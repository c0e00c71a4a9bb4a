//! TLS of the program: clients that trust an authority of their own, and certificates that are renewed.

use anyhow::{Result, ensure};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::program::{Program, wait};

/// Somebody who vouches for `localhost`.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    fn der(&self) -> &[u8] {
        self.0.der()
    }

    /// Writes a certificate and its key.
    fn certify(&self, dir: &std::path::Path) -> Result<()> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &self.0)?;
        std::fs::write(dir.join("tls.crt"), certificate.pem())?;
        std::fs::write(dir.join("tls.key"), key.serialize_pem())?;
        Ok(())
    }
}

const CONFIG: &str = "[server.tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";

#[test]
fn the_command_line_speaks_to_a_host_for_which_an_authority_of_its_own_vouches() -> Result<()> {
    let dir = TempDir::new()?;
    let authority = Authority::new()?;
    authority.certify(dir.path())?;
    std::fs::write(dir.path().join("ca.pem"), authority.0.pem())?;
    std::fs::write(dir.path().join("other.pem"), Authority::new()?.0.pem())?;
    let program = Program::start_in(dir, CONFIG, &[])?;
    // Nobody has to vouch for an address of this machine that is asked whether it is ready.
    let health = wait(|| Ok(Some(program.run(&["health"])?).filter(|health| health.status.success())))?;
    let said = String::from_utf8(health.stdout)?;
    ensure!(
        said.contains("https://127.0.0.1:") && said.contains("is ready"),
        "{said}"
    );

    let url = format!("https://localhost:{}", program.port);
    let list = |more: &[&str]| program.run(&[&["session", "list", "--url", &url], more].concat());
    let listed = list(&["--ca", "ca.pem"])?;
    ensure!(listed.status.success(), "{listed:?}");
    for more in [&[][..], &["--ca", "other.pem"]] {
        let refused = list(more)?;
        ensure!(!refused.status.success(), "{more:?}: {refused:?}");
    }
    let nothing = list(&["--ca", "tls.key"])?;
    let said = String::from_utf8(nothing.stderr)?;
    ensure!(said.contains("tls.key holds no certificate"), "{said}");

    let doctor = program.run(&["doctor", "--offline"])?;
    let said = String::from_utf8(doctor.stdout)?;
    ensure!(said.contains("certificate    for localhost: it holds until"), "{said}");
    ensure!(said.contains("--url https://"), "{said}");
    let doctor = program.run(&["doctor", "--offline", "--url", &url, "--ca", "ca.pem"])?;
    let said = String::from_utf8(doctor.stdout)?;
    ensure!(said.contains("version        0."), "{said}");
    ensure!(
        program.ask("GET", "/healthz", "", &serde_json::Value::Null).is_err(),
        "it speaks without TLS"
    );
    program.terminate().map(drop)
}

#[test]
fn another_certificate_is_shown_when_the_host_is_asked_to_reload() -> Result<()> {
    let dir = TempDir::new()?;
    let (first, second) = (Authority::new()?, Authority::new()?);
    first.certify(dir.path())?;
    let program = Program::start_in(dir, CONFIG, &[])?;
    wait(|| Ok(program.ask_over_tls("/healthz", first.der()).ok()))?;
    ensure!(
        program.ask_over_tls("/healthz", second.der()).is_err(),
        "anybody vouches for it"
    );

    second.certify(program.path("").as_path())?;
    program.signal("HUP")?;
    program.logs("another certificate is shown")?;
    assert_eq!(program.ask_over_tls("/healthz", second.der())?.0, 200);

    std::fs::write(program.path("tls.key"), "nonsense")?;
    program.signal("HUP")?;
    let log = program.logs("the configuration was not reloaded")?;
    ensure!(log.contains("tls.key holds no private key"), "{log}");
    assert_eq!(program.ask_over_tls("/healthz", second.der())?.0, 200);
    let (_, metrics) = program.ask_over_tls("/v1/health", second.der())?;
    ensure!(metrics.is_object(), "{metrics}");
    program.terminate().map(drop)
}

#[test]
fn a_host_that_has_nothing_to_show_does_not_start() -> Result<()> {
    let dir = TempDir::new()?;
    std::fs::write(dir.path().join("tls.crt"), "nonsense")?;
    std::fs::write(dir.path().join("tls.key"), "nonsense")?;
    let program = Program::start_in(dir, CONFIG, &[])?;
    program.logs("tls.crt holds no certificate")?;
    let check = program.run(&["check"])?;
    let said = String::from_utf8(check.stdout)?;
    ensure!(!check.status.success() && said.contains("server.tls: "), "{said}");
    Ok(())
}
