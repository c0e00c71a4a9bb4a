//! `multipart/form-data` as it comes in, part by part: what is a file goes on at once, and nothing is in memory but the piece at hand.
//!
//! It takes what browsers and HTTP libraries send and refuses the rest. Fields that are no file must be short.

use bytes::{Bytes, BytesMut};

/// Bytes of the headers of a part.
const HEADERS: usize = 8 << 10;
/// Bytes of a field that is no file.
const FIELD: usize = 1 << 10;
/// Parts of one body.
const PARTS: usize = 16;

/// A body that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not multipart/form-data: {0}")]
pub(super) struct Garbage(pub(super) &'static str);

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A file begins.
    File {
        /// The name of its field.
        field: String,
        /// Its own name.
        name: Option<String>,
        /// Its type.
        mime: Option<String>,
    },
    /// Bytes of the file.
    Bytes(Bytes),
    /// The file has ended.
    End,
    /// Another field, whole.
    Field(String, String),
}

/// Takes a body in.
#[derive(Debug)]
pub(super) struct Multipart {
    /// Two dashes and the boundary.
    delimiter: Vec<u8>,
    held: BytesMut,
    state: State,
    parts: usize,
    #[cfg(test)]
    steps: usize,
}

#[derive(Debug)]
enum State {
    /// Before the first delimiter.
    Before,
    /// Behind a delimiter, before the headers of a part or the end.
    Behind,
    /// In a file.
    File,
    /// In another field.
    Field(String, Vec<u8>),
    /// Behind the last part.
    Over,
}

/// The boundary that a content type names, if it is multipart/form-data.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = rest.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let plain = named
        .strip_prefix('"')
        .and_then(|named| named.strip_suffix('"'))
        .unwrap_or(named);
    let fit = (1..=70).contains(&plain.len()) && plain.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    fit.then_some(plain)
}

impl Multipart {
    pub(super) fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("--{boundary}").into_bytes(),
            held: BytesMut::new(),
            state: State::Before,
            parts: 0,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// Takes bytes in, and gives what they complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Piece>, Garbage> {
        self.held.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        while self.step(&mut pieces)? {}
        Ok(pieces)
    }

    /// Whether the body was whole.
    pub(super) fn finish(self) -> Result<(), Garbage> {
        match self.state {
            State::Over => Ok(()),
            State::Before | State::Behind | State::File | State::Field(..) => {
                Err(Garbage("it ends before its last boundary"))
            }
        }
    }

    /// How often it looked at what it holds.
    #[cfg(test)]
    pub(super) const fn steps(&self) -> usize {
        self.steps
    }

    /// One step; false when more bytes are needed.
    fn step(&mut self, pieces: &mut Vec<Piece>) -> Result<bool, Garbage> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        match &mut self.state {
            State::Over => {
                // What stands behind the end is of no meaning.
                self.held.clear();
                Ok(false)
            }
            State::Before => {
                let start = self.delimiter.as_slice();
                if self.held.len() < start.len() {
                    return match start.starts_with(&self.held) {
                        true => Ok(false),
                        false => Err(Garbage("it does not begin with its boundary")),
                    };
                }
                if !self.held.starts_with(start) {
                    return Err(Garbage("it does not begin with its boundary"));
                }
                let _ = self.held.split_to(start.len());
                self.state = State::Behind;
                Ok(true)
            }
            State::Behind => self.headers(pieces),
            State::File | State::Field(..) => self.content(pieces),
        }
    }

    fn headers(&mut self, pieces: &mut Vec<Piece>) -> Result<bool, Garbage> {
        match self.held.first_chunk::<2>() {
            None => return Ok(false),
            Some(b"--") => {
                self.state = State::Over;
                return Ok(true);
            }
            Some(b"\r\n") => {}
            Some(_) => return Err(Garbage("something stands behind a boundary")),
        }
        let Some(end) = find(&self.held, b"\r\n\r\n") else {
            return match self.held.len() > HEADERS {
                true => Err(Garbage("the headers of a part are too long")),
                false => Ok(false),
            };
        };
        self.parts += 1;
        if end > HEADERS || self.parts > PARTS {
            return Err(Garbage("it has too many parts, or headers that are too long"));
        }
        let head = self.held.split_to(end + 4);
        let head = std::str::from_utf8(&head).map_err(|_| Garbage("the headers of a part are no text"))?;
        let (mut field, mut name, mut mime) = (None, None, None);
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or(Garbage("a header of a part has no colon"))?;
            if key.trim().eq_ignore_ascii_case("content-disposition") {
                field = parameter(value, "name");
                name = parameter(value, "filename");
            }
            if key.trim().eq_ignore_ascii_case("content-type") {
                mime = Some(value.trim().to_owned());
            }
        }
        let field = field.ok_or(Garbage("a part has no name"))?;
        if field == "file" || name.is_some() {
            self.state = State::File;
            pieces.push(Piece::File { field, name, mime });
        } else {
            self.state = State::Field(field, Vec::new());
        }
        Ok(true)
    }

    fn content(&mut self, pieces: &mut Vec<Piece>) -> Result<bool, Garbage> {
        let mut end = b"\r\n".to_vec();
        end.extend_from_slice(&self.delimiter);
        let found = find(&self.held, &end);
        // What may be the beginning of the delimiter is not given on yet.
        let certain = found.unwrap_or(self.held.len().saturating_sub(end.len() - 1));
        let bytes = self.held.split_to(certain).freeze();
        match &mut self.state {
            State::Field(_, value) => {
                value.extend_from_slice(&bytes);
                if value.len() > FIELD {
                    return Err(Garbage("a field that is no file is too long"));
                }
            }
            State::File | State::Before | State::Behind | State::Over => {
                if !bytes.is_empty() {
                    pieces.push(Piece::Bytes(bytes));
                }
            }
        }
        if found.is_none() {
            return Ok(false);
        }
        let _ = self.held.split_to(end.len());
        match std::mem::replace(&mut self.state, State::Behind) {
            State::Field(field, value) => {
                let value = String::from_utf8(value).map_err(|_| Garbage("a field is no text"))?;
                pieces.push(Piece::Field(field, value));
            }
            State::File | State::Before | State::Behind | State::Over => pieces.push(Piece::End),
        }
        Ok(true)
    }
}

fn find(all: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + all.get(from..)?.iter().position(|byte| *byte == first)?;
        if all.get(at..at + wanted.len())? == wanted {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A parameter of a header, in quotes or not; what browsers write instead of quotes within one is put back.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, behind)) = rest.split_once(';') {
        let (name, after) = behind.split_once('=')?;
        let quoted = after.trim_start().strip_prefix('"');
        let (found, next) = match quoted {
            Some(inside) => inside.split_once('"')?,
            None => (after.split(';').next().unwrap_or_default().trim(), after),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(found.replace("%22", "\"").replace("%0D", "").replace("%0A", ""));
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--x\r\nContent-Disposition: form-data; name=\"mimetype\"\r\n\r\nimage/png\r\n\
--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/x\r\n\r\nab\r\n--\r\nc\r\n--x--\r\n";

    fn all(body: &[u8], step: usize) -> Result<(Vec<Piece>, Vec<u8>), Garbage> {
        let mut multipart = Multipart::new("x");
        let (mut pieces, mut file) = (Vec::new(), Vec::new());
        for part in body.chunks(step) {
            for piece in multipart.take(part)? {
                match piece {
                    Piece::Bytes(bytes) => file.extend_from_slice(&bytes),
                    other => pieces.push(other),
                }
            }
        }
        multipart.finish()?;
        Ok((pieces, file))
    }

    #[test]
    fn parts_come_out_whole_however_they_come_in() {
        for step in 1..BODY.len() {
            let (pieces, file) = all(BODY, step).expect("it is one");
            assert_eq!(file, b"ab\r\n--\r\nc", "{step}");
            let begins = Piece::File {
                field: "file".to_owned(),
                name: Some("a.png".to_owned()),
                mime: Some("image/x".to_owned()),
            };
            let field = Piece::Field("mimetype".to_owned(), "image/png".to_owned());
            assert_eq!(pieces, [field, begins, Piece::End], "{step}");
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        for garbage in [
            &b""[..],
            b"--",
            b"--y\r\n",
            b"--x",
            b"--x\r\n\r\n",
            b"--x\r\nno colon\r\n\r\n\r\n--x--",
            b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
            b"--xnot\r\n",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--x--",
        ] {
            for step in [1, 3, 1000] {
                all(garbage, step).expect_err("it is none");
            }
        }
        let long = [b"--x\r\n".to_vec(), vec![b'a'; HEADERS + 10]].concat();
        all(&long, 100).expect_err("its headers never end");
        let field = [
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n".to_vec(),
            vec![b'a'; FIELD + 10],
        ]
        .concat();
        all(&field, 10_000).expect_err("the field is too long");
        for cut in 0..BODY.len() - 4 {
            all(&BODY[..cut], 7).expect_err("it is cut off");
        }
        // Any byte anywhere: refused or not, it ends.
        for place in 0..BODY.len() {
            for byte in [0, b'-', b'\r', b'"', 0xff] {
                let mut body = BODY.to_vec();
                body[place] = byte;
                drop(all(&body, 5));
            }
        }
    }

    #[test]
    fn boundaries_are_read_from_the_type() {
        for (text, found) in [
            ("multipart/form-data; boundary=x", Some("x")),
            ("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/mixed; boundary=x", None),
            ("multipart/form-data; boundary=", None),
            ("application/json", None),
        ] {
            assert_eq!(boundary(text), found, "{text}");
        }
    }
}
