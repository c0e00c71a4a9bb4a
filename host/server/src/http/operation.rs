//! Operations: handlers as typed functions. What a handler takes and answers is read from its types, both to serve it and to describe it,
//! so that the document says what is so.
//!
//! A handler is an `async fn(Ctx, …inputs) -> Result<impl Answer, ApiError>`: [`Query`] for its parameters, [`Json`], [`MaybeJson`] or another
//! [`Input`] for its body. Without a [`Query`] it takes no parameters.

use std::future::Future;

use futures::future::BoxFuture;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::body::{Fields, FromFields, object};
use super::context::Ctx;
use super::error::ApiError;
use super::query::{FromQuery, Params};
use super::reply::Reply;

/// What is told of one operation.
pub(super) struct Description {
    pub(super) schemas: SchemaGenerator,
    /// Parameters behind the question mark.
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Value>,
    /// Answers by status.
    pub(super) answers: Vec<(u16, Value)>,
    /// Media types it can answer with, the usual one first.
    pub(super) offers: Vec<&'static str>,
}

impl Description {
    pub(super) const fn new(schemas: SchemaGenerator) -> Self {
        Self {
            schemas,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            offers: Vec::new(),
        }
    }

    /// An answer with a body of one media type.
    pub(super) fn answer(&mut self, status: u16, says: &str, media: &'static str, schema: &Value) {
        if !self.offers.contains(&media) {
            self.offers.push(media);
        }
        match self.answers.iter_mut().find(|(known, _)| *known == status) {
            Some((_, told)) => told["content"][media] = json!({ "schema": schema }),
            None => {
                let mut content = Map::new();
                content.insert(media.to_owned(), json!({ "schema": schema }));
                self.answers
                    .push((status, json!({ "description": says, "content": content })));
            }
        }
    }
}

/// Something that a handler takes of a request.
pub(super) trait Input: Sized + Send {
    /// Reads it.
    fn read(ctx: &Ctx, params: &mut Params) -> Result<Self, ApiError>;

    /// Says what it reads.
    fn tell(told: &mut Description);
}

/// The parameters of a request.
pub(super) struct Query<T>(pub(super) T);

impl<T: FromQuery + Send> Input for Query<T> {
    fn read(_: &Ctx, params: &mut Params) -> Result<Self, ApiError> {
        let found = T::from_query(params);
        params.result(found).map(Self)
    }

    fn tell(told: &mut Description) {
        told.parameters.extend(Params::told_by(T::from_query));
    }
}

/// Whatever parameters there are, for who passes them on.
pub(super) struct AnyQuery(pub(super) Vec<(String, String)>);

impl Input for AnyQuery {
    fn read(_: &Ctx, params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self(params.take_all()))
    }

    fn tell(_: &mut Description) {}
}

/// A body that is a JSON object.
pub(super) struct Json<T>(pub(super) T);

impl<T: FromFields + Send> Input for Json<T> {
    fn read(ctx: &Ctx, _: &mut Params) -> Result<Self, ApiError> {
        let mut fields = ctx.fields()?;
        let found = T::from_fields(&mut fields);
        fields.finish(found).map(Self)
    }

    fn tell(told: &mut Description) {
        told.body = Some(json!({
            "required": true,
            "content": { "application/json": { "schema": Fields::schema_of(T::from_fields) } },
        }));
    }
}

/// A body that is a JSON object or left out, which is an empty object.
pub(super) struct MaybeJson<T>(pub(super) T);

impl<T: FromFields + Send> Input for MaybeJson<T> {
    fn read(ctx: &Ctx, params: &mut Params) -> Result<Self, ApiError> {
        if !ctx.body.is_empty() {
            return Json::read(ctx, params).map(|Json(found)| Self(found));
        }
        let mut fields = Fields::of(Map::new(), String::new());
        let found = T::from_fields(&mut fields);
        fields.finish(found).map(Self)
    }

    fn tell(told: &mut Description) {
        Json::<T>::tell(told);
        if let Some(body) = &mut told.body {
            body["required"] = json!(false);
        }
    }
}

/// A body that is a JSON object whose keys are somebody else's.
pub(super) struct AnyObject(pub(super) Map<String, Value>);

impl Input for AnyObject {
    fn read(ctx: &Ctx, _: &mut Params) -> Result<Self, ApiError> {
        ctx.is_json()?;
        object(&ctx.body).map(Self)
    }

    fn tell(told: &mut Description) {
        told.body = Some(json!({
            "required": true,
            "content": { "application/json": { "schema": { "type": "object" } } },
        }));
    }
}

/// What a handler answers.
pub(super) trait Answer {
    /// As it is sent.
    fn reply(self) -> Reply;

    /// Says what it can be.
    fn tell(told: &mut Description);
}

/// A handler of any number of inputs; `Inputs` is only there to tell them apart.
pub(super) trait Operation<Inputs>: Copy + Send + Sync + 'static {
    /// Reads what it takes, runs it, and makes its answer ready to be sent.
    fn call(self, ctx: Ctx, params: Params) -> BoxFuture<'static, Result<Reply, ApiError>>;

    /// Says what it takes and answers.
    fn tell(told: &mut Description);
}

macro_rules! operation {
    ($($input:ident: $Input:ident),*) => {
        impl<F, R, A, $($Input),*> Operation<(R, A, $($Input,)*)> for F
        where
            F: Fn(Ctx, $($Input),*) -> R + Copy + Send + Sync + 'static,
            R: Future<Output = Result<A, ApiError>> + Send + 'static,
            A: Answer + 'static,
            $($Input: Input + 'static,)*
        {
            fn call(self, ctx: Ctx, mut params: Params) -> BoxFuture<'static, Result<Reply, ApiError>> {
                Box::pin(async move {
                    let params = &mut params;
                    $(let $input = $Input::read(&ctx, params)?;)*
                    params.finish()?;
                    self(ctx, $($input),*).await.map(A::reply)
                })
            }

            fn tell(told: &mut Description) {
                $($Input::tell(told);)*
                A::tell(told);
            }
        }
    };
}

operation!();
operation!(one: One);
operation!(one: One, two: Two);
operation!(one: One, two: Two, three: Three);
