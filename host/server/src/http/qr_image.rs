//! A pairing code as something a phone can scan.

use qrcode::render::unicode::Dense1x2;
use qrcode::{Color, EcLevel, QrCode};

use crate::service::error::Error;

/// Pixels of one module.
const SCALE: usize = 8;
/// Modules of white around the code, as the standard wants.
const QUIET: usize = 4;

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(Box::new(error))
}

fn code(text: &str) -> Result<QrCode, Error> {
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(internal)
}

/// As a black and white PNG.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Error> {
    let code = code(text)?;
    let width = code.width();
    let modules = code.to_colors();
    let side = (width + 2 * QUIET) * SCALE;
    // One bit a pixel, 1 is white; a row starts at a byte.
    let stride = side.div_ceil(8);
    let mut pixels = vec![u8::MAX; stride * side];
    for (index, color) in modules.iter().enumerate() {
        if *color == Color::Light {
            continue;
        }
        let (left, top) = ((index % width + QUIET) * SCALE, (index / width + QUIET) * SCALE);
        for y in top..top + SCALE {
            for x in left..left + SCALE {
                pixels[y * stride + x / 8] &= !(0x80 >> (x % 8));
            }
        }
    }
    let mut file = Vec::new();
    let side = u32::try_from(side).map_err(internal)?;
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(internal)?;
    writer.write_image_data(&pixels).map_err(internal)?;
    writer.finish().map_err(internal)?;
    Ok(file)
}

/// As block characters for a terminal with light text on dark ground.
pub(crate) fn text(text: &str) -> Result<String, Error> {
    let picture = code(text)?
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    Ok(picture + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_modules() {
        let file = png("2@abc,def,ghi").expect("encodable");
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("one picture");
        let code = code("2@abc,def,ghi").expect("encodable");
        let side = (code.width() + 2 * QUIET) * SCALE;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        for y in 0..code.width() {
            for x in 0..code.width() {
                let (column, row) = ((x + QUIET) * SCALE + SCALE / 2, (y + QUIET) * SCALE + SCALE / 2);
                let bit = pixels[row * info.line_size + column / 8] & (0x80 >> (column % 8));
                assert_eq!(bit == 0, code[(x, y)] == Color::Dark, "module {x}, {y}");
            }
        }
        assert_eq!(pixels[0], u8::MAX, "the corner is white");
    }
}
