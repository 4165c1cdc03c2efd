package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
)

// Options is what a client needs from outside; the zero value asks every
// registry anonymously, with the defaults named at each field.
type Options struct {
	// Hosts says how registries are reached, by host as in
	// image.Reference.Registry: docker.io, localhost:5000.
	Hosts map[string]Host

	// Concurrency bounds the requests in flight per host contacted; 0 means 8.
	Concurrency int
	// Retries bounds the repetitions of one request after its first attempt;
	// 0 means 4, a negative number none.
	Retries int
	// Timeout bounds one attempt, body included; 0 means 30 seconds.
	Timeout time.Duration

	// Getenv reads the environment: credentials of CI systems, the place of
	// Docker's configuration, proxies. Nil means an empty environment. The
	// helpers of Amazon, Azure and Google read the process's own besides.
	Getenv func(string) string

	// Transport replaces the innermost transport; Host.CA has then no effect.
	Transport http.RoundTripper
	// Sleep waits between attempts; nil means a timer. It returns ctx's error
	// when that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock against which the date of a Retry-After is read; nil
	// means the system's.
	Now func() time.Time

	// UserAgent is sent with each request; empty means basekeeper.
	UserAgent string
}

// Client asks registries. It is safe for concurrent use, and is meant to live
// as long as the run: pings, tokens, connections and counts belong to it. One
// made by [New] may pull; see [Client.With].
type Client struct {
	*shared
	access Access
}

// shared is what all views of a client have in common.
type shared struct {
	opts  Options
	keys  *keyring
	bases *bases

	mu       sync.Mutex
	sessions map[reached]*session
	peers    map[string]*peer // by host contacted
}

// reached is a registry, as in image.Reference, and whether it is asked itself
// though it has a mirror.
type reached struct {
	registry string
	itself   bool
}

// New returns a client. The error names the entry of Options that is wrong:
// a CA without a certificate, a mirror that is no host, a user without a
// password, a proxy that is no URL. Nothing is contacted, and no credentials
// are looked for before a registry is asked.
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	bases, err := newBases(opts)
	if err != nil {
		return nil, err
	}
	c := &Client{shared: &shared{opts: opts, keys: newKeyring(opts.Getenv), bases: bases, sessions: map[reached]*session{}, peers: map[string]*peer{}}}
	for registry := range opts.Hosts {
		if _, err := c.session(registry, false); err != nil {
			return nil, fmt.Errorf("configure registry %s: %w", registry, err)
		}
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	switch {
	case o.Retries == 0:
		o.Retries = 4
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Sleep == nil {
		o.Sleep = attempt.Sleep
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an option; only the age of tokens and Retry-After hang on it
	}
	if o.UserAgent == "" {
		o.UserAgent = "basekeeper"
	}
	return o
}

// Requests returns how many requests were sent so far, by host contacted (the
// mirror's where there is one; docker.io for Docker Hub). Requests for tokens
// count for the registry that the token is for.
func (c *Client) Requests() map[string]Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := make(map[string]Count, len(c.peers))
	for host, p := range c.peers {
		if n := p.counter.count(); n.Total() > 0 {
			counts[familiarHost(host)] = n
		}
	}
	return counts
}

// Close closes idle connections. The client can be used on; new ones are made.
func (c *Client) Close() { c.bases.closeIdle() }

// session returns the one session for a registry, making it if needed. With
// itself the registry is asked even where it has a mirror.
func (c *shared) session(registry string, itself bool) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	itself = itself && c.opts.Hosts[registry].Mirror != ""
	key := reached{registry, itself}
	if s, ok := c.sessions[key]; ok {
		return s, nil
	}
	at, err := locate(registry, c.opts.Hosts, itself)
	if err != nil {
		return nil, err
	}
	base, err := c.bases.forCA(at.config.CA)
	if err != nil {
		return nil, err
	}
	p, ok := c.peers[at.host()]
	if !ok {
		p = newPeer(c.opts.Concurrency)
		c.peers[at.host()] = p
	}
	s := newSession(at, p, c.keys, c.opts, base)
	c.sessions[key] = s
	return s, nil
}

// repository returns the place of ref's repository at its registry, or at the
// mirror for a client that only pulls.
func (c *Client) repository(ref image.Reference) (*repository, error) {
	return c.place(ref, c.access > Pull)
}

// origin returns the place of ref's repository at its registry, never at a
// mirror: what is decided or changed there must be the registry's own.
func (c *Client) origin(ref image.Reference) (*repository, error) {
	return c.place(ref, true)
}

func (c *Client) place(ref image.Reference, itself bool) (*repository, error) {
	if ref.IsZero() {
		return nil, errors.New("no image named")
	}
	s, err := c.session(ref.Registry, itself)
	if err != nil {
		return nil, err
	}
	return s.repository(ref.Repository, c.access), nil
}
