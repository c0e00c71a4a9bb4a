// Package secrets is secrets that the operator keeps. Needs `secrets`, whose terms name them.
//
// Mostly they are used without being seen: by `{{secret:NAME}}` in a request of package http.
package secrets

import (
	"waspnest.org/plugin"
	host "waspnest.org/plugin/wit/waspnest_plugin_secrets"
)

// Reveal is the secret itself, where the grant lets it be seen; the operator is told.
func Reveal(name string) (string, error) {
	secret, err := plugin.Asked("secrets.get", host.Get(name))
	if err != nil {
		return "", err
	}
	defer secret.Drop()
	return plugin.Asked("secret.reveal", secret.Reveal())
}

// HmacSha256 signs bytes with a secret that stays with the host.
func HmacSha256(name string, data []byte) ([]byte, error) {
	return plugin.Asked("secrets.hmac-sha256", host.HmacSha256(name, data))
}
