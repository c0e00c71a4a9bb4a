//! Media: put here to be sent, and read again.

use futures::TryStreamExt as _;
use http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use waspnest_core::files::FileName;
use waspnest_core::id::SessionId;
use waspnest_core::upload::Upload;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::Text;
use crate::http::media_body::MediaBody;
use crate::http::multipart::{self, Multipart, Piece};
use crate::http::operation::{Description, Input, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Created;
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

pub(in crate::http) async fn download(ctx: Ctx) -> Result<MediaBody, ApiError> {
    let session = ctx.session().await?;
    let unknown = || ApiError::unknown("unknown_media", "there are no such media in this session".to_owned());
    let name: FileName = ctx.param("media").parse().map_err(|_| unknown())?;
    let (upload, file) = ctx.parts.medias.get(session.id, &name).await?;
    MediaBody::new(&ctx.headers, &name, file, &upload.mime, upload.file_name.as_deref())
}
