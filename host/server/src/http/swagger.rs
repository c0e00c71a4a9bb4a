//! Swagger UI at `/docs`, which comes with the program: nothing is fetched while it runs.

use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use serde_json::json;

use super::context::Ctx;
use super::error::ApiError;
use super::lasting::Lasting;
use super::operation::{Answer, Description};
use super::reply::Reply;

/// What the page may do: run and fetch what is this host's own. Its style sheet writes styles into elements, and pictures into itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long a browser may keep a file: a new program brings new ones.
const KEPT: &str = "public, max-age=3600";

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../assets/swagger-ui/", $name))
    };
}

/// The files the page loads, by name and with their media types.
const FILES: [(&str, &str, &[u8]); 4] = [
    ("swagger-ui.css", "text/css", file!("swagger-ui.css")),
    ("swagger-ui-bundle.js", "text/javascript", file!("swagger-ui-bundle.js")),
    ("start.js", "text/javascript", file!("start.js")),
    ("favicon-32x32.png", "image/png", file!("favicon-32x32.png")),
];

/// What was made of each of them.
static LASTING: [Lasting; FILES.len()] = [const { Lasting::new() }; FILES.len()];

/// The page.
pub(super) struct Page;

impl Answer for Page {
    fn reply(self) -> Reply {
        let mut reply = Reply::media("text/html; charset=utf-8", &file!("page.html")[..]);
        reply.headers.insert(
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static(POLICY),
        );
        reply
    }

    fn tell(told: &mut Description) {
        told.answer(200, "A page for people.", "text/html", &json!({ "type": "string" }));
    }
}

/// A file of the page.
pub(super) struct File(&'static str, &'static [u8], &'static Lasting);

impl Answer for File {
    fn reply(self) -> Reply {
        let mut reply = Reply::media(self.0, self.1);
        reply.lasting = Some(self.2);
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static(KEPT));
        let nosniff = HeaderValue::from_static("nosniff");
        reply
            .headers
            .insert(HeaderName::from_static("x-content-type-options"), nosniff);
        reply
    }

    fn tell(told: &mut Description) {
        for (_, media, _) in FILES {
            told.answer(
                200,
                "The file.",
                media,
                &json!({ "type": "string", "contentMediaType": media }),
            );
        }
    }
}

pub(super) async fn page(_: Ctx) -> Result<Page, ApiError> {
    Ok(Page)
}

pub(super) async fn file(ctx: Ctx) -> Result<File, ApiError> {
    let name = ctx.param("file");
    let found = FILES.iter().zip(&LASTING).find(|((known, ..), _)| *known == name);
    let ((_, media, bytes), lasting) = found.ok_or_else(ApiError::no_route)?;
    Ok(File(media, bytes, lasting))
}
