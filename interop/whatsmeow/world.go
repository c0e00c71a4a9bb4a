package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	_ "modernc.org/sqlite" // The driver "sqlite", without a C compiler.
)

// What all clients share: the way to the simulator, and a directory for their stores.
type world struct {
	server  *http.Client
	media   *http.Client
	dir     string
	lock    sync.Mutex
	clients map[string]*client
}

// There are two seams in the library: it takes its HTTP clients from its user, and the root of the server's certificates is a variable.
func newWorld(server, root, authority string) (*world, error) {
	address, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("the simulator's URL: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(root)
	if err != nil || len(key) != len(whatsmeow.WACertPubKey) {
		return nil, errors.New("the root key is not 32 bytes of base64")
	}
	copy(whatsmeow.WACertPubKey[:], key)
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, fmt.Errorf("the media server's authority: %w", err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", authority)
	}
	dir, err := os.MkdirTemp("", "waspnest-whatsmeow-")
	if err != nil {
		return nil, fmt.Errorf("a directory for stores: %w", err)
	}
	return &world{
		server:  &http.Client{Transport: led{to: address.Host}},
		media:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}},
		dir:     dir,
		clients: make(map[string]*client),
	}, nil
}

// Leads every request to one host, in the clear: the URL of the service is a constant of the library.
type led struct{ to string }

func (led led) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme = "http"
	request.URL.Host = led.to
	request.Host = led.to
	return http.DefaultTransport.RoundTrip(request)
}

func (world *world) close() {
	world.lock.Lock()
	defer world.lock.Unlock()
	for _, client := range world.clients {
		client.wa.Disconnect()
	}
	_ = os.RemoveAll(world.dir)
}

// Does what a request asks for.
func (world *world) do(asked request, out *lines) (any, error) {
	if asked.Do == "make" {
		return nil, world.make(asked.Client, out)
	}
	world.lock.Lock()
	client := world.clients[asked.Client]
	world.lock.Unlock()
	if client == nil {
		return nil, fmt.Errorf("there is no client %q", asked.Client)
	}
	deed, known := deeds[asked.Do]
	if !known {
		return nil, fmt.Errorf("nobody knows how to %q", asked.Do)
	}
	if len(asked.Args) == 0 {
		asked.Args = json.RawMessage("{}")
	}
	return deed(context.Background(), client, asked.Args)
}

// Makes a client with an empty store of its own, not connected.
func (world *world) make(name string, out *lines) error {
	ctx := context.Background()
	file := filepath.Join(world.dir, name+".db")
	address := "file:" + file + "?_pragma=foreign_keys(1)&_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)"
	container, err := sqlstore.New(ctx, "sqlite", address, nil)
	if err != nil {
		return err
	}
	device, err := container.GetFirstDevice(ctx)
	if err != nil {
		return err
	}
	wa := whatsmeow.NewClient(device, logger{client: name})
	wa.SetPreLoginHTTPClient(world.server)
	wa.SetWebsocketHTTPClient(world.server)
	wa.SetMediaHTTPClient(world.media)
	made := &client{name: name, wa: wa, out: out}
	wa.AddEventHandler(made.heard)
	world.lock.Lock()
	defer world.lock.Unlock()
	world.clients[name] = made
	return nil
}
