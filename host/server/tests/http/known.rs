//! Who may call the API of every test besides the operator: under ids and secrets that are always the same, so that examples can name them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, SaltString};
use serde_json::{Value, json};
use ulid::Ulid;
use waspnest::service::control::Control;
use waspnest_core::caller::{
    ApiKey, Callers, Credential, Login, PasswordHash, Role, Scope, Scopes, Standing, TenantLimits, User,
};
use waspnest_core::clock::{Clock, SeededIds};
use waspnest_core::id::{LoginId, SessionId, TenantId, UserId};
use waspnest_core::session::{Desired, SessionRecord};
use waspnest_core::store::Store;

use crate::support::{START, TestApi};

pub(crate) const PASSWORD: &str = "correct horse";

/// The user `ada`, a member of the default tenant.
pub(crate) const ADA: &str = "usr_00000000000000000000000001";
/// The key `shop` of the default tenant, for everything.
pub(crate) const SHOP: &str = "key_00000000000000000000000002";
/// A login of hers.
const LOGIN: &str = "00000000000000000000000003";

fn secret(prefix: &str, id: &str) -> String {
    format!("{prefix}{id}_{}", "5e".repeat(32))
}

/// The text of [`SHOP`].
pub(crate) fn shop() -> String {
    secret("wn_live_", &SHOP[4..])
}

/// What the login is refreshed with.
pub(crate) fn refresh_token() -> String {
    secret("wn_refresh_", LOGIN)
}

/// Hashed once: it is slow by design.
pub(crate) fn hash() -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    let hash = || {
        let salt = SaltString::encode_b64(&[7; 16]).expect("a salt");
        let hash = Argon2::default().hash_password(PASSWORD.as_bytes(), &salt);
        PasswordHash::new(hash.expect("it hashes").to_string())
    };
    HASH.get_or_init(hash).clone()
}

/// Puts them into a store.
pub(crate) async fn put(store: &Arc<dyn Store>, clock: &dyn Clock) {
    let callers = Callers::open(Arc::clone(store), clock).await.expect("an empty store");
    callers
        .users
        .add(&user(ADA, TenantId::DEFAULT, Role::Member))
        .await
        .expect("it is new");
    let digest = |text: String| Credential::read(&text).expect("a credential").digest();
    let key = ApiKey {
        id: SHOP.parse().expect("an id"),
        tenant: TenantId::DEFAULT,
        name: "shop".into(),
        created_at: START,
        secret_at: START,
        secret: digest(shop()),
        previous: None,
        scopes: Scopes::all(),
        sessions: None,
        networks: Vec::new(),
        expires_at: None,
    };
    callers.api_keys.add(&key).await.expect("it is added");
    let login = Login {
        id: LoginId::new(Ulid::from_string(LOGIN).expect("an id")),
        user: ADA.parse().expect("an id"),
        created_at: START,
        expires_at: START.plus(Duration::from_secs(3600)),
        refresh: digest(refresh_token()),
        spent: None,
    };
    callers.logins.add(&login).await.expect("it is added");
    let limits = TenantLimits::default();
    // Ids of its own, so that nothing changes for whoever draws ids.
    let (name, ids) = ("empty".parse().expect("a name"), SeededIds::new(7));
    let created = callers.tenants.create(name, limits, clock, &ids);
    created.await.expect("it is new");
}

fn user(id: &str, tenant: TenantId, role: Role) -> User {
    User {
        id: id.parse().expect("an id"),
        tenant,
        name: "ada".parse().expect("a name"),
        role,
        password: hash(),
        created_at: START,
        standing: Standing::Active,
    }
}

impl TestApi {
    pub(crate) async fn register(&self) -> Callers {
        Callers::open(Arc::clone(&self.store), &*self.clock)
            .await
            .expect("it is open")
    }

    /// The access token of a new login of `ada` in a tenant.
    pub(crate) async fn log_in(&self, tenant: &str) -> String {
        let body = json!({ "tenant": tenant, "username": "ada", "password": PASSWORD });
        let answer = self.bare("POST", "/v1/auth/login").json(&body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// A new key, made by the operator.
    pub(crate) async fn key(&self, wanted: Value) -> (String, String) {
        let mut body = json!({ "name": "a key", "scopes": scopes(|_| true) });
        for (field, value) in wanted.as_object().expect("fields") {
            body[field] = value.clone();
        }
        let answer = self.post("/v1/api-keys", body).await;
        assert_eq!(answer.status, 201, "{}", answer.shown());
        let key = answer.json();
        let text = |field: &str| key[field].as_str().expect("a text").to_owned();
        (text("id"), text("key"))
    }

    /// Asks with a credential.
    pub(crate) async fn asks(
        &self,
        bearer: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> crate::support::Answer {
        let request = self
            .bare(method, path)
            .header("Authorization", &format!("Bearer {bearer}"));
        match body {
            Some(body) => request.json(body).send().await,
            None => request.send().await,
        }
    }

    /// Another tenant that looks just like the default one: a session `main`, a user `ada`, a key for everything.
    pub(crate) async fn twin(&self) -> Twin {
        let tenant = self.post("/v1/tenants", json!({ "name": "twin" })).await;
        assert_eq!(tenant.status, 201, "{}", tenant.shown());
        let tenant: TenantId = tenant.json()["id"].as_str().expect("an id").parse().expect("an id");
        let ids = SeededIds::new(77);
        let name = "main".parse().expect("a name");
        let register = &self.settings.register;
        let session = register.create_for(tenant, name, Desired::Disconnected, &*self.clock, &ids);
        let session = session.await.expect("the name is free in the tenant");
        self.script.start(&session).await.expect("it starts");
        let user = "usr_00000000000000000000000011";
        let callers = self.register().await;
        callers
            .users
            .add(&self::user(user, tenant, Role::Owner))
            .await
            .expect("it is new");
        let (key, secret) = self.key(json!({ "tenant": "twin", "name": "shop" })).await;
        Twin {
            tenant,
            session,
            user: user.into(),
            key,
            secret,
        }
    }
}

/// What [`TestApi::twin`] made.
pub(crate) struct Twin {
    pub(crate) tenant: TenantId,
    pub(crate) session: SessionRecord,
    pub(crate) user: String,
    pub(crate) key: String,
    /// The text of the key.
    pub(crate) secret: String,
}

/// The words of some scopes.
pub(crate) fn scopes(which: impl Fn(Scope) -> bool) -> Vec<&'static str> {
    let all = Scope::ALL.iter().copied();
    all.filter(|scope| which(*scope)).map(Scope::name).collect()
}

/// A session that nobody has.
pub(crate) fn nowhere() -> SessionId {
    SessionId::new(Ulid(99))
}

/// An id of a user.
pub(crate) fn user_id(text: &str) -> UserId {
    text.parse().expect("an id")
}
