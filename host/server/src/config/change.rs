//! What of a configuration can change while the host runs, and what cannot.

use super::Config;
use super::callers::Callers;
use super::deliveries::Deliveries;
use super::log::Log;
use super::plugins::Plugins;
use super::server::Server;

impl Config {
    /// Takes from `new` what a host that runs under this configuration can take up, and answers the keys of what it cannot: they say
    /// something else than the host does, until it is started again.
    pub fn adopt(&mut self, new: &Self) -> Vec<&'static str> {
        self.take(new);
        self.differing(new)
    }

    fn take(&mut self, new: &Self) {
        self.server.body_limit = new.server.body_limit;
        self.server.connections = new.server.connections.clone();
        if self.server.tls.is_some() && new.server.tls.is_some() {
            self.server.tls.clone_from(&new.server.tls);
        }
        self.callers.requests = new.callers.requests;
        self.callers.address_requests = new.callers.address_requests;
        self.callers.proxies.clone_from(&new.callers.proxies);
        self.callers.proxy_header = new.callers.proxy_header;
        self.callers.origins.clone_from(&new.callers.origins);
        self.plugins.egress = new.plugins.egress.clone();
        self.send_policy = new.send_policy.clone();
        self.deliveries.timeout = new.deliveries.timeout;
        self.deliveries.most = new.deliveries.most;
        self.deliveries.keep = new.deliveries.keep;
        self.deliveries.retry = new.deliveries.retry.clone();
        self.log.level.clone_from(&new.log.level);
    }

    /// Every section and, of those that can change in part, every key: whoever adds one has to say here whether it can.
    fn differing(&self, new: &Self) -> Vec<&'static str> {
        let Self {
            server:
                Server {
                    listen,
                    admin_secret,
                    body_limit: _,
                    compression,
                    grace,
                    connections: _,
                    tls,
                },
            callers:
                Callers {
                    token_ttl,
                    login_ttl,
                    requests: _,
                    address_requests: _,
                    proxies: _,
                    proxy_header: _,
                    origins: _,
                    audit_ttl,
                },
            storage,
            backup,
            keys,
            whatsapp,
            mailbox,
            plugins,
            secrets,
            webhooks,
            send_policy: _,
            deliveries:
                Deliveries {
                    timeout: _,
                    concurrency,
                    most: _,
                    keep: _,
                    retry: _,
                    breaker,
                },
            media,
            log: Log { format, level: _ },
            metrics,
            traces,
            sessions,
            installations,
            binds,
            schedules,
        } = self;
        let but_egress = |plugins: &Plugins| Plugins {
            egress: waspnest_egress::Guard::default(),
            ..plugins.clone()
        };
        let compared = [
            ("server.listen", *listen != new.server.listen),
            ("server.admin-secret", *admin_secret != new.server.admin_secret),
            ("server.compression", *compression != new.server.compression),
            ("server.grace", *grace != new.server.grace),
            ("server.tls", *tls != new.server.tls),
            ("callers.token-ttl", *token_ttl != new.callers.token_ttl),
            ("callers.login-ttl", *login_ttl != new.callers.login_ttl),
            ("callers.audit-ttl", *audit_ttl != new.callers.audit_ttl),
            ("storage", *storage != new.storage),
            ("backup", *backup != new.backup),
            ("keys", *keys != new.keys),
            ("whatsapp", *whatsapp != new.whatsapp),
            ("mailbox", *mailbox != new.mailbox),
            ("plugins", but_egress(plugins) != but_egress(&new.plugins)),
            ("secrets", *secrets != new.secrets),
            ("webhooks", *webhooks != new.webhooks),
            ("deliveries.concurrency", *concurrency != new.deliveries.concurrency),
            ("deliveries.breaker", *breaker != new.deliveries.breaker),
            ("media", *media != new.media),
            ("log.format", *format != new.log.format),
            ("metrics", *metrics != new.metrics),
            ("traces", *traces != new.traces),
            ("session", *sessions != new.sessions),
            ("plugin", *installations != new.installations),
            ("bind", *binds != new.binds),
            ("schedule", *schedules != new.schedules),
        ];
        let differing = compared.into_iter().filter(|(_, differs)| *differs);
        differing.map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        let mut config = Config::load(Some(&path), std::iter::empty()).expect("a valid configuration");
        // Where it stands is not what is compared.
        let usual = Config::load(None, std::iter::empty()).expect("defaults");
        config.storage.dir = usual.storage.dir;
        config.keys = usual.keys;
        config.plugins.dir = usual.plugins.dir;
        config.plugins.cache = usual.plugins.cache;
        config.backup = usual.backup;
        config
    }

    #[test]
    fn what_can_change_is_taken_and_what_cannot_is_named_until_the_next_start() {
        let mut running = config("");
        let changes = r#"
            [server]
            listen = "127.0.0.1:9"
            body-limit = "2MiB"
            [callers]
            requests-per-minute = 7
            token-ttl = "1h"
            proxies = ["10.0.0.0/8"]
            [plugins]
            keep-versions = 9
            [plugins.egress]
            allow = ["10.20.0.0/16"]
            [log]
            level = "debug"
            format = "json"
            [[session]]
            name = "another"
        "#;
        let expected = ["server.listen", "callers.token-ttl", "plugins", "log.format", "session"];
        let new = config(changes);
        assert_eq!(running.adopt(&new), expected);
        assert_eq!(running.server.body_limit, 2 << 20);
        assert_eq!(running.callers.requests, 7);
        assert_eq!(running.plugins.egress, new.plugins.egress);
        assert_eq!(&*running.log.level, "debug");
        // It is still not what the file says.
        assert_eq!(running.adopt(&new), expected);
        assert_eq!(running.adopt(&config("")), Vec::<&str>::new());
        assert_eq!(running, config(""));
    }
}
