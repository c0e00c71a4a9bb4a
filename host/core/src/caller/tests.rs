use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::*;
use crate::clock::UnixMs;
use crate::fixture::{NOON, SESSION, World, on_every_engine};
use crate::id::{ApiKeyId, LoginId, TenantId, TenantName, UserId, UserName};
use crate::session::{Desired, SessionError, Sessions};

async fn callers(world: &World) -> Callers {
    Callers::open(Arc::clone(&world.store), &*world.clock)
        .await
        .expect("it opens")
}

async fn acme(world: &World, callers: &Callers) -> Tenant {
    let name = "acme".parse().expect("a name");
    callers
        .tenants
        .create(name, TenantLimits::default(), &*world.clock, &*world.ids)
        .await
        .expect("it is new")
}

fn user(number: u128, tenant: TenantId, name: &str) -> User {
    User {
        id: UserId::new(Ulid(number)),
        tenant,
        name: name.parse().expect("a name"),
        role: Role::Member,
        password: PasswordHash::new("$argon2id$"),
        created_at: NOON,
        standing: Standing::Active,
    }
}

fn api_key(world: &World, number: u128, tenant: TenantId) -> (ApiKey, Credential) {
    let shown = Credential::draw(CredentialKind::ApiKey, Ulid(number), &*world.ids);
    let key = ApiKey {
        id: ApiKeyId::new(Ulid(number)),
        tenant,
        name: "shop".into(),
        created_at: NOON,
        secret_at: NOON,
        secret: shown.digest(),
        previous: None,
        scopes: Scopes::all(),
        sessions: None,
        networks: Vec::new(),
        expires_at: None,
    };
    (key, shown)
}

fn login(world: &World, number: u128, of: &User) -> (Login, Credential) {
    let shown = Credential::draw(CredentialKind::Refresh, Ulid(number), &*world.ids);
    let login = Login {
        id: LoginId::new(Ulid(number)),
        user: of.id,
        created_at: NOON,
        expires_at: later(10),
        refresh: shown.digest(),
        spent: None,
    };
    (login, shown)
}

fn later(seconds: u64) -> UnixMs {
    NOON.plus(Duration::from_secs(seconds))
}

on_every_engine! {
    async fn the_default_tenant_is_there_from_the_start(world: &mut World) {
        let first = callers(world).await;
        let default = first.tenants.get(TenantId::DEFAULT).await.expect("it reads").expect("it is there");
        assert_eq!((default.name.as_str(), default.created_at), ("default", NOON));
        let limits = TenantLimits { sessions: Some(3), messages_per_hour: None };
        first.tenants.limit(TenantId::DEFAULT, limits).await.expect("it writes");
        world.clock.advance(Duration::from_secs(1));
        let again = callers(world).await;
        let default = again.tenants.by_name(&TenantName::usual()).await.expect("it reads").expect("it is there");
        assert_eq!((default.created_at, default.limits), (NOON, limits), "opening again changes nothing");
    }

    async fn names_of_users_are_unique_in_their_tenant(world: &mut World) {
        let callers = callers(world).await;
        let acme = acme(world, &callers).await;
        let taken = callers.tenants.create(acme.name.clone(), TenantLimits::default(), &*world.clock, &*world.ids).await;
        assert!(matches!(taken, Err(CallerError::NameTaken { .. })), "{taken:?}");

        let (ada, other) = (user(1, TenantId::DEFAULT, "ada"), user(2, acme.id, "ada"));
        callers.users.add(&ada).await.expect("it is new");
        callers.users.add(&other).await.expect("it is another tenant's");
        let again = callers.users.add(&user(3, acme.id, "ada")).await;
        assert!(matches!(again, Err(CallerError::NameTaken { .. })), "{again:?}");
        let name: UserName = "ada".parse().expect("a name");
        assert_eq!(callers.users.by_name(acme.id, &name).await.expect("it reads"), Some(other.clone()));
        assert_eq!(callers.users.by_name(TenantId::DEFAULT, &name).await.expect("it reads"), Some(ada.clone()));

        let changed = callers.users.update(ada.id, |user| {
            (user.tenant, user.role) = (acme.id, Role::Owner);
        });
        let changed = changed.await.expect("it writes").expect("it is there");
        assert_eq!((changed.tenant, changed.role), (TenantId::DEFAULT, Role::Owner), "nobody changes the tenant");
        callers.remove_user(&ada).await.expect("it is removed");
        assert_eq!(callers.users.list().await.expect("it reads"), [other]);
        callers.users.add(&user(4, TenantId::DEFAULT, "ada")).await.expect("the name is free again");
    }

    async fn a_tenant_goes_with_everything_of_it(world: &mut World) {
        let callers = callers(world).await;
        let acme = acme(world, &callers).await;
        let (ours, theirs) = (user(1, TenantId::DEFAULT, "ada"), user(2, acme.id, "bob"));
        for user in [&ours, &theirs] {
            callers.users.add(user).await.expect("it is new");
        }
        let (our_key, their_key) = (api_key(world, 1, TenantId::DEFAULT).0, api_key(world, 2, acme.id).0);
        let (our_login, their_login) = (login(world, 1, &ours).0, login(world, 2, &theirs).0);
        for key in [&our_key, &their_key] {
            callers.api_keys.add(key).await.expect("it is added");
        }
        for login in [&our_login, &their_login] {
            callers.logins.add(login).await.expect("it is added");
        }
        callers.remove_tenant(acme.id).await.expect("it is removed");
        assert_eq!(callers.tenants.list().await.expect("it reads").len(), 1);
        assert_eq!(callers.tenants.by_name(&acme.name).await.expect("it reads"), None);
        assert_eq!(callers.users.list().await.expect("it reads"), [ours]);
        assert_eq!(callers.api_keys.list().await.expect("it reads"), [our_key]);
        assert_eq!(callers.logins.get(our_login.id).await.expect("it reads"), Some(our_login));
        assert_eq!(callers.logins.get(their_login.id).await.expect("it reads"), None);
    }

    async fn a_rotated_key_opens_with_both_secrets_for_a_while(world: &mut World) {
        let callers = callers(world).await;
        let (key, old) = api_key(world, 1, TenantId::DEFAULT);
        callers.api_keys.add(&key).await.expect("it is added");
        let new = Credential::draw(CredentialKind::ApiKey, Ulid(1), &*world.ids);
        let rotated = callers.api_keys.update(key.id, |key| key.rotate(new.digest(), NOON, later(60)));
        let rotated = rotated.await.expect("it writes").expect("it is there");
        assert!(rotated.admits(&new, NOON) && rotated.admits(&old, later(59)));
        assert!(rotated.admits(&new, later(60)) && !rotated.admits(&old, later(60)));
        let at_once = callers.api_keys.update(key.id, |key| key.rotate(old.digest(), NOON, NOON));
        let at_once = at_once.await.expect("it writes").expect("it is there");
        assert!(at_once.admits(&old, NOON) && !at_once.admits(&new, NOON));
        callers.api_keys.remove(key.id).await.expect("it is removed");
        assert_eq!(callers.api_keys.get(key.id).await.expect("it reads"), None);
    }

    async fn a_login_goes_on_with_each_refresh_and_ends_when_one_is_shown_twice(world: &mut World) {
        let callers = callers(world).await;
        let ada = user(1, TenantId::DEFAULT, "ada");
        let (made, first) = login(world, 1, &ada);
        callers.logins.add(&made).await.expect("it is added");
        let second = Credential::draw(CredentialKind::Refresh, Ulid(1), &*world.ids);
        let done = callers.logins.refresh(&first, second.digest(), later(9), later(19)).await.expect("it writes");
        let Refreshed::Done(on) = done else { panic!("{done:?}") };
        assert_eq!((on.user, on.expires_at), (ada.id, later(19)));

        let foreign = Credential::draw(CredentialKind::Refresh, Ulid(1), &*world.ids);
        let refused = callers.logins.refresh(&foreign, first.digest(), later(9), later(99)).await;
        assert_eq!(refused.expect("it reads"), Refreshed::Unknown);
        let over = callers.logins.refresh(&second, first.digest(), later(19), later(99)).await;
        assert_eq!(over.expect("it reads"), Refreshed::Unknown, "its time is over");

        let stolen = callers.logins.refresh(&first, first.digest(), later(10), later(99)).await.expect("it writes");
        assert!(matches!(stolen, Refreshed::Stolen(_)), "{stolen:?}");
        assert_eq!(callers.logins.get(made.id).await.expect("it reads"), None);
    }

    async fn logins_end_by_user_and_by_time(world: &mut World) {
        let callers = callers(world).await;
        let (ada, bob) = (user(1, TenantId::DEFAULT, "ada"), user(2, TenantId::DEFAULT, "bob"));
        for (number, of) in [(1, &ada), (2, &ada), (3, &bob)] {
            callers.logins.add(&login(world, number, of).0).await.expect("it is added");
        }
        callers.logins.end_all(ada.id).await.expect("they end");
        for (number, there) in [(1, false), (2, false), (3, true)] {
            let found = callers.logins.get(LoginId::new(Ulid(number))).await.expect("it reads");
            assert_eq!(found.is_some(), there);
        }
        callers.logins.prune(later(9)).await.expect("it prunes");
        assert!(callers.logins.get(LoginId::new(Ulid(3))).await.expect("it reads").is_some());
        callers.logins.prune(later(10)).await.expect("it prunes");
        assert!(callers.logins.get(LoginId::new(Ulid(3))).await.expect("it reads").is_none());
    }

    async fn a_session_belongs_to_a_tenant_and_takes_its_token_along(world: &mut World) {
        let callers = callers(world).await;
        let acme = acme(world, &callers).await;
        let sessions = Sessions::open(Arc::clone(&world.store)).await.expect("it opens");
        let create = async |tenant| {
            let name = "sales".parse().expect("a name");
            sessions.create_for(tenant, name, Desired::Connected, &*world.clock, &*world.ids).await
        };
        let ours = create(TenantId::DEFAULT).await.expect("it is new");
        world.clock.advance(Duration::from_secs(1));
        let theirs = create(acme.id).await.expect("the name is another tenant's");
        let taken = create(acme.id).await;
        assert!(matches!(taken, Err(SessionError::NameTaken { .. })), "{taken:?}");
        assert_eq!(sessions.owner(ours.id).await.expect("it reads"), TenantId::DEFAULT);
        assert_eq!(sessions.owner(theirs.id).await.expect("it reads"), acme.id);
        assert_eq!(sessions.owner(SESSION).await.expect("it reads"), TenantId::DEFAULT, "sessions of before");
        let all = sessions.list_owned().await.expect("it reads");
        assert_eq!(all, [(ours.clone(), TenantId::DEFAULT), (theirs.clone(), acme.id)]);
        let name = "sales".parse().expect("a name");
        assert_eq!(sessions.by_name(&name).await.expect("it reads"), Some(ours.clone()));
        assert_eq!(sessions.by_name_of(acme.id, &name).await.expect("it reads"), Some(theirs.clone()));

        let shown = Credential::draw(CredentialKind::SessionToken, theirs.id.ulid(), &*world.ids);
        let token = SessionToken {
            session: theirs.id,
            created_at: NOON,
            secret: shown.digest(),
            scopes: Scopes::all(),
            expires_at: None,
        };
        callers.session_tokens.set(&token).await.expect("it is kept");
        assert_eq!(callers.session_tokens.get(theirs.id).await.expect("it reads"), Some(token));
        assert_eq!(callers.session_tokens.get(ours.id).await.expect("it reads"), None);
        sessions.remove(theirs.id).await.expect("it is removed");
        assert_eq!(callers.session_tokens.get(theirs.id).await.expect("it reads"), None);
        assert_eq!(sessions.by_name(&name).await.expect("it reads"), Some(ours), "the other one keeps its name");
        create(acme.id).await.expect("the name is free again");
    }
}

#[test]
fn a_credential_names_its_record_and_shows_nothing_of_its_secret() {
    let world = World::in_memory();
    let shown = Credential::draw(CredentialKind::ApiKey, Ulid(7), &*world.ids);
    let text = shown.expose();
    assert!(text.starts_with("wn_live_00000000000000000000000007_"), "{text}");
    let read = Credential::read(text).expect("it is one");
    assert_eq!((read.kind, read.id), (CredentialKind::ApiKey, Ulid(7)));
    assert!(shown.digest().is_of(&read));
    let (said, secret) = (format!("{shown:?}"), text.rsplit('_').next().expect("a secret"));
    assert!(!said.contains(&secret[..8]), "{said}");
    let last = if text.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &text[..text.len() - 1]);
    assert!(
        !shown
            .digest()
            .is_of(&Credential::read(&other).expect("it has the form"))
    );
    for wrong in [
        "",
        "wn_live_",
        "wn_live_7_00",
        &text[..text.len() - 1],
        &text[3..],
        "wn_dead_00000000000000000000000007_00",
    ] {
        assert_eq!(Credential::read(wrong), None, "{wrong}");
    }
}

#[test]
fn scopes_are_words() {
    for scope in Scope::ALL {
        assert_eq!(scope.name().parse(), Ok(*scope));
    }
    let wrong = "messages:write"
        .parse::<Scope>()
        .expect_err("no such scope")
        .to_string();
    assert!(wrong.contains("messages:send"), "{wrong}");
    assert!(Role::Owner.scopes().has(Scope::TenantAdmin) && !Role::Member.scopes().has(Scope::TenantAdmin));
    assert!(Role::Viewer.scopes().has(Scope::MessagesRead) && !Role::Viewer.scopes().has(Scope::MessagesSend));
    assert_eq!(
        Role::Member.scopes().beyond(&Role::Viewer.scopes()),
        Some(Scope::SessionsWrite)
    );
    assert_eq!(Role::Viewer.scopes().beyond(&Role::Member.scopes()), None);
}

#[test]
fn networks_are_parts_of_the_address_space() {
    let has = |network: &str, address: &str| {
        let address: IpAddr = address.parse().expect("an address");
        network.parse::<Network>().expect("a network").has(address)
    };
    assert!(has("192.0.2.0/24", "192.0.2.255") && !has("192.0.2.0/24", "192.0.3.0"));
    assert!(has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7", "192.0.2.8"));
    assert!(has("192.0.2.0/24", "::ffff:192.0.2.1"), "IPv4 that came over IPv6");
    assert!(has("2001:db8::/32", "2001:db8::1") && !has("2001:db8::/32", "192.0.2.1"));
    assert_eq!(
        "192.0.2.9/24".parse::<Network>().expect("a network").to_string(),
        "192.0.2.0/24"
    );
    let wrong = "192.0.2.0/33".parse::<Network>().expect_err("too long").to_string();
    assert!(wrong.contains("192.0.2.0/33"), "{wrong}");
}
