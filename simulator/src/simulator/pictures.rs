//! Pictures, as phones set them and as tests look at them.

use crate::error::{AccountError, PictureError};
use crate::pictures::{MAX_PICTURE, PictureOf};
use crate::simulator::Simulator;

impl Simulator {
    /// The phone of an account shows another picture, a JPEG of at most 1 MiB; whoever knows the account and may see it is told.
    /// Answers the picture's id.
    pub fn set_picture(&self, phone: &str, jpeg: impl Into<Vec<u8>>) -> Result<u64, PictureError> {
        let jpeg = jpeg.into();
        if jpeg.is_empty() || jpeg.len() > MAX_PICTURE {
            return Err(PictureError::Size(jpeg.len()));
        }
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        Ok(world.set_picture(PictureOf::Account(account), account, jpeg.into()))
    }

    /// The phone of an account shows no picture any more.
    pub fn remove_picture(&self, phone: &str) -> Result<(), AccountError> {
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        world.remove_picture(PictureOf::Account(account), account);
        Ok(())
    }

    /// The picture an account shows now.
    pub fn picture(&self, phone: &str) -> Result<Option<Vec<u8>>, AccountError> {
        let account = self.find(phone)?;
        let world = self.inner.shared.world();
        let bytes = world.picture_bytes(PictureOf::Account(account));
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }
}
