//! What tests and programs can do with the media server.

use crate::blobs::Blobs;
use crate::error::{AccountError, MediaError};
use crate::human::loopback::LoopbackHttp;
use crate::simulator::Simulator;

impl Simulator {
    /// Where media are served: `https://HOST:PORT`, with a certificate of [`Self::media_ca_pem`].
    pub fn media_url(&self) -> String {
        format!("https://{}", self.media_host())
    }

    /// Host and port of the media server, as clients are told.
    pub fn media_host(&self) -> String {
        self.inner.shared.world().blobs.host().to_owned()
    }

    /// The certificate authority clients must trust to reach the media server, in PEM. The same seed gives the same one, and it
    /// vouches for loopback addresses only.
    pub fn media_ca_pem(&self) -> String {
        self.inner.shared.authority.pem.clone()
    }

    /// Stops serving a medium, given by its direct path or URL: downloads are answered with 410, as after weeks on the real
    /// service. The phones of those who sent and received it still have it, and put it back when one of their companions asks.
    pub fn expire_media(&self, path_or_url: &str) -> Result<(), MediaError> {
        self.medium(path_or_url, Blobs::expire)
    }

    /// Stops serving a medium as [`Self::expire_media`] does, and lets every phone lose it: they answer that they have not got it.
    pub fn lose_media(&self, path_or_url: &str) -> Result<(), MediaError> {
        self.medium(path_or_url, Blobs::lose)
    }

    fn medium(&self, path_or_url: &str, act: fn(&mut Blobs, &str) -> bool) -> Result<(), MediaError> {
        let path = path_or_url
            .strip_prefix("https://")
            .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
            .unwrap_or(path_or_url);
        if act(&mut self.inner.shared.world().blobs, path) {
            Ok(())
        } else {
            Err(MediaError::Unknown(path_or_url.to_owned()))
        }
    }

    /// Makes the upload token of an account worthless; its clients are refused once and then ask for another one.
    pub fn expire_media_auth(&self, phone: &str) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        self.inner.shared.world().media_auth.revoke(account);
        Ok(())
    }

    /// The one HTTP client of all people of this simulator.
    pub(crate) fn people_http(&self) -> LoopbackHttp {
        self.inner
            .people_http
            .get_or_init(|| LoopbackHttp::trusting(&self.inner.shared.authority.der))
            .clone()
    }
}
