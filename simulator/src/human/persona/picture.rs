//! Pictures a persona sends: a file that came with the persona, or a small one made for the occasion.
//!
//! A file stands in the persona itself, so nothing is ever read from a disk on behalf of whoever wrote it.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::Base64;
use crate::human::{Media, MediaKind};

/// Pixels along each side of a picture that is made.
const SIDE: u32 = 64;
/// What a PNG begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A picture to send.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Picture {
    /// A phone number or a JID; the chat in which something was heard when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// A JPEG or PNG; a small square of one colour, each time another one, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Base64>,
    /// What is written under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<Template>,
}

impl Picture {
    /// The file to send; `colour` is drawn for one that has to be made.
    pub(super) fn file(&self, colour: [u8; 3], caption: Option<String>) -> Media {
        let bytes = self.data.as_ref().map_or_else(|| square(colour), |data| data.0.clone());
        let mut media = Media::new(MediaKind::Image, bytes);
        if media.bytes.starts_with(PNG) {
            "image/png".clone_into(&mut media.mime);
        }
        media.caption = caption;
        media
    }
}

/// A square of one colour, as PNG.
fn square(colour: [u8; 3]) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(SIDE.to_be_bytes());
    header.extend(SIDE.to_be_bytes());
    // Eight bits a channel, red, green and blue, and nothing special.
    header.extend([8, 2, 0, 0, 0]);
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..SIDE {
        // Each line says first that it is not filtered.
        let line: Vec<u8> = std::iter::once(0)
            .chain(colour.into_iter().cycle().take(3 * SIDE as usize))
            .collect();
        pixels.write_all(&line).expect("writing to memory does not fail");
    }
    let pixels = pixels.finish().expect("writing to memory does not fail");
    let mut png = PNG.to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &pixels);
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    // A square of this size is far below four gigabytes.
    png.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    png.extend(kind);
    png.extend(data);
    png.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_picture_that_is_made_is_a_png_of_its_colour() {
        let made = Picture::default().file([1, 2, 3], Some("look".to_owned()));
        assert_eq!(
            (made.mime.as_str(), made.caption.as_deref()),
            ("image/png", Some("look"))
        );
        assert_eq!(made.bytes[..16], *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        // Behind the header with its sum, the length and the name of the pixels.
        let mut pixels = Vec::new();
        let mut packed = flate2::read::ZlibDecoder::new(&made.bytes[8 + 25 + 8..]);
        packed.read_to_end(&mut pixels).expect("pixels");
        assert_eq!(pixels.len(), 64 * (1 + 3 * 64));
        assert_eq!(pixels[..7], [0, 1, 2, 3, 1, 2, 3]);
        // The sum of an empty end is the same in every PNG.
        assert_eq!(made.bytes[made.bytes.len() - 4..], [0xAE, 0x42, 0x60, 0x82]);
    }

    #[test]
    fn a_picture_that_came_with_the_persona_is_sent_as_it_is() {
        let rose = Picture {
            data: Some(Base64(b"\xFF\xD8rose".to_vec())),
            ..Picture::default()
        };
        let sent = rose.file([0; 3], None);
        assert_eq!(
            (sent.mime.as_str(), &sent.bytes[..]),
            ("image/jpeg", &b"\xFF\xD8rose"[..])
        );
    }
}
