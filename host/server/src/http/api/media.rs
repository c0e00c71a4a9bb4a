//! Media: put here to be sent, and read again.

use futures::TryStreamExt as _;
use http::StatusCode;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use waspnest_core::files::FileName;
use waspnest_core::id::SessionId;
use waspnest_core::media_store::MediaFile;
use waspnest_core::upload::Upload;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::Text;
use crate::http::multipart::{self, Multipart, Piece};
use crate::http::operation::{Answer, Description, Input, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Created, Reply};
use crate::service::media::{Medias, Said, mime_of, name_of};

/// Media that are here.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Media")]
pub(in crate::http) struct ShownMedia {
    /// Their id, which is the SHA-256 of their bytes.
    id: String,
    /// Their type.
    mimetype: Box<str>,
    /// Their name.
    filename: Option<Box<str>>,
    /// Bytes.
    size: u64,
}

/// What is said of media that come as they are.
pub(in crate::http) struct Named(Option<Box<str>>);

impl FromQuery for Named {
    fn from_query(params: &mut Params) -> Option<Self> {
        let name = params.optional(
            "filename",
            Text,
            "Their name; that of the part if they come as multipart/form-data.",
        );
        match name {
            None => Some(Self(None)),
            Some(name) => {
                let fit = name_of(&name).filter(|fit| **fit == *name);
                if fit.is_none() {
                    params.fault("filename", "not the name of a file");
                }
                fit.map(|name| Self(Some(name)))
            }
        }
    }
}

/// A body that is media, taken as it comes.
pub(in crate::http) struct AsItComes;

impl Input for AsItComes {
    fn read(_: &Ctx, _: &mut Params) -> Result<Self, ApiError> {
        Ok(Self)
    }

    fn tell(told: &mut Description) {
        told.body = Some(json!({
            "required": true,
            "content": {
                "multipart/form-data": { "schema": {
                    "type": "object",
                    "properties": {
                        "file": { "type": "string", "contentMediaType": "application/octet-stream", "description": "The file." },
                        "mimetype": { "type": "string", "description": "Its type, instead of the part's." },
                        "filename": { "type": "string", "description": "Its name, instead of the part's." },
                    },
                    "required": ["file"],
                } },
                "*/*": { "schema": { "type": "string", "contentMediaType": "application/octet-stream", "description": "The file itself; the Content-Type is its type." } },
            },
        }));
    }
}

pub(in crate::http) async fn upload(
    ctx: Ctx,
    Query(Named(name)): Query<Named>,
    AsItComes: AsItComes,
) -> Result<Created<ShownMedia>, ApiError> {
    let session = ctx.session().await?;
    let kind = ctx
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let (id, upload) = match multipart::boundary(kind) {
        Some(boundary) => form(&ctx, session.id, boundary, name).await?,
        None if kind.to_ascii_lowercase().starts_with("multipart/") => {
            return Err(ApiError::garbage(
                "multipart bodies must be multipart/form-data with a boundary",
            ));
        }
        None => raw(&ctx, session.id, mime_of(kind), name).await?,
    };
    let path = format!("/v1/sessions/{}/media/{id}", session.id);
    Ok(Created::at(
        path,
        ShownMedia {
            id: id.to_string(),
            mimetype: upload.mime,
            filename: upload.file_name,
            size: upload.size,
        },
    ))
}

async fn raw(
    ctx: &Ctx,
    session: SessionId,
    mime: Option<Box<str>>,
    file_name: Option<Box<str>>,
) -> Result<(FileName, Upload), ApiError> {
    let medias = &ctx.parts.medias;
    let mut body = ctx.take_stream(medias.largest())?;
    let mut unfinished = medias.begin(session).await?;
    while let Some(part) = body.try_next().await.map_err(|_| ApiError::body_broken())? {
        unfinished = unfinished
            .append(part)
            .await
            .map_err(crate::service::error::Error::from)?;
    }
    // The type of forms is what clients say who say nothing.
    let mime = mime.filter(|mime| **mime != *"application/x-www-form-urlencoded");
    Ok(medias.finish(session, unfinished, Said { mime, file_name }).await?)
}

async fn form(
    ctx: &Ctx,
    session: SessionId,
    boundary: &str,
    file_name: Option<Box<str>>,
) -> Result<(FileName, Upload), ApiError> {
    let medias: &Medias = &ctx.parts.medias;
    // Boundaries and headers take room too.
    let mut body = ctx.take_stream(medias.largest() + (64 << 10))?;
    let mut parser = Multipart::new(boundary);
    let mut said = Said { mime: None, file_name };
    let mut file = None;
    while let Some(bytes) = body.try_next().await.map_err(|_| ApiError::body_broken())? {
        for piece in parser.take(&bytes).map_err(|error| ApiError::garbage(error.0))? {
            match piece {
                Piece::File { field, name, mime } if field == "file" && file.is_none() => {
                    said.mime = said.mime.or_else(|| mime.as_deref().and_then(mime_of));
                    said.file_name = said.file_name.or_else(|| name.as_deref().and_then(name_of));
                    file = Some(medias.begin(session).await?);
                }
                Piece::File { .. } => {
                    return Err(ApiError::garbage("exactly one file is taken, in the field \"file\""));
                }
                Piece::Bytes(bytes) => {
                    if let Some(unfinished) = file.take() {
                        let appended = unfinished.append(bytes).await;
                        file = Some(appended.map_err(crate::service::error::Error::from)?);
                    }
                }
                Piece::End => {}
                Piece::Field(field, value) if field == "mimetype" => {
                    said.mime = Some(
                        mime_of(&value)
                            .ok_or_else(|| ApiError::garbage("mimetype is not a type such as image/jpeg"))?,
                    );
                }
                Piece::Field(field, value) if field == "filename" => {
                    said.file_name =
                        Some(name_of(&value).ok_or_else(|| ApiError::garbage("filename is not the name of a file"))?);
                }
                Piece::Field(..) => return Err(ApiError::garbage("known fields are file, mimetype and filename")),
            }
        }
    }
    parser.finish().map_err(|error| ApiError::garbage(error.0))?;
    let unfinished = file.ok_or_else(|| ApiError::garbage("there is no field \"file\" in it"))?;
    Ok(medias.finish(session, unfinished, said).await?)
}

/// Bytes of media, all or some of them.
pub(in crate::http) struct Sent(Reply);

impl Answer for Sent {
    fn reply(self) -> Reply {
        self.0
    }

    fn tell(told: &mut Description) {
        let bytes = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        told.answer(
            200,
            "All of it; the Content-Type is the type of the media.",
            "*/*",
            &bytes,
        );
        told.answer(206, "The part that Range asks for.", "*/*", &bytes);
        told.answers.push((
            304,
            json!({ "description": "The caller has it already (If-None-Match)." }),
        ));
        told.answers.push((
            416,
            json!({
                "description": "There is no such part of it; Content-Range says how large it is.",
            }),
        ));
        told.offers.clear();
    }
}

pub(in crate::http) async fn download(ctx: Ctx) -> Result<Sent, ApiError> {
    let session = ctx.session().await?;
    let unknown = || ApiError::unknown("unknown_media", "there are no such media in this session".to_owned());
    let name: FileName = ctx.param("media").parse().map_err(|_| unknown())?;
    let (upload, file) = ctx.parts.medias.get(session.id, &name).await?;
    Ok(Sent(reply(&ctx.headers, &name, &upload, file)))
}

fn reply(asked: &HeaderMap, name: &FileName, upload: &Upload, file: MediaFile) -> Reply {
    let etag = format!("\"{name}\"");
    let size = file.size();
    let said = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let has_it = said(IF_NONE_MATCH).is_some_and(|tags| {
        tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
    });
    // A part of another file is of no use to whoever has a part of this one.
    let fits = said(IF_RANGE).is_none_or(|tag| tag == etag);
    let wanted = said(RANGE)
        .filter(|_| fits)
        .map_or(Wanted::All, |range| wanted(range, size));
    let mut reply = match (has_it, &wanted) {
        (true, _) => Reply::new(StatusCode::NOT_MODIFIED, bytes::Bytes::new()),
        (false, Wanted::All) => Reply::file(StatusCode::OK, file, 0, size),
        (false, Wanted::Part { first, last }) => {
            let mut reply = Reply::file(StatusCode::PARTIAL_CONTENT, file, *first, last - first + 1);
            put(&mut reply, CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
            reply
        }
        (false, Wanted::Nothing) => {
            let mut reply = Reply::new(StatusCode::RANGE_NOT_SATISFIABLE, bytes::Bytes::new());
            put(&mut reply, CONTENT_RANGE, &format!("bytes */{size}"));
            return reply;
        }
    };
    put(&mut reply, ETAG, &etag);
    put(&mut reply, ACCEPT_RANGES, "bytes");
    // The name of the content is its digest: it never changes.
    put(
        &mut reply,
        http::header::CACHE_CONTROL,
        "private, max-age=31536000, immutable",
    );
    put(&mut reply, http::header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if !has_it {
        put(&mut reply, CONTENT_TYPE, &upload.mime);
        let length = match wanted {
            Wanted::Part { first, last } => last - first + 1,
            Wanted::All | Wanted::Nothing => size,
        };
        put(&mut reply, CONTENT_LENGTH, &length.to_string());
        // Never shown as a page of this host, whatever it says that it is.
        put(
            &mut reply,
            CONTENT_DISPOSITION,
            &attachment(upload.file_name.as_deref()),
        );
    }
    reply
}

fn put(reply: &mut Reply, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers.insert(name, value);
    }
}

/// As RFC 6266 has names with any letters in them.
fn attachment(name: Option<&str>) -> String {
    let Some(name) = name else {
        return "attachment".to_owned();
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = name.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("attachment; filename*=UTF-8''{}", encoded.collect::<String>())
}

/// What part of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All of it; also when several parts are, or what is wanted cannot be read.
    All,
    /// From one byte to another, both of which there are.
    Part { first: u64, last: u64 },
    /// One that there is not.
    Nothing,
}

fn wanted(range: &str, size: u64) -> Wanted {
    let spec = range.trim().strip_prefix("bytes=").map(str::trim);
    let Some((first, last)) = spec
        .filter(|spec| !spec.contains(','))
        .and_then(|spec| spec.split_once('-'))
    else {
        return Wanted::All;
    };
    match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => Wanted::Nothing,
            Ok(_) if size == 0 => Wanted::Nothing,
            Ok(suffix) => Wanted::Part {
                first: size.saturating_sub(suffix),
                last: size - 1,
            },
            Err(_) => Wanted::All,
        },
        (first, last) => {
            let last = match last {
                "" => Ok(u64::MAX),
                last => last.parse::<u64>(),
            };
            match (first.parse::<u64>(), last) {
                (Ok(first), Ok(last)) if last < first => Wanted::All,
                (Ok(first), Ok(_)) if first >= size => Wanted::Nothing,
                (Ok(first), Ok(last)) => Wanted::Part {
                    first,
                    last: last.min(size - 1),
                },
                _ => Wanted::All,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_has_them() {
        let part = |first, last| Wanted::Part { first, last };
        for (range, found) in [
            ("bytes=0-3", part(0, 3)),
            ("bytes=0-", part(0, 9)),
            ("bytes=4-100", part(4, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=-", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes=99999999999999999999-", Wanted::All),
        ] {
            assert_eq!(wanted(range, 10), found, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
        assert_eq!(wanted("bytes=-1", 0), Wanted::Nothing);
    }

    #[test]
    fn names_are_written_so_that_nothing_in_them_means_anything() {
        assert_eq!(
            attachment(Some("a b\"\r\n;ä.png")),
            "attachment; filename*=UTF-8''a%20b%22%0D%0A%3B%C3%A4.png"
        );
        assert_eq!(attachment(None), "attachment");
    }
}
