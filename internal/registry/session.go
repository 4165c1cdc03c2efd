package registry

import (
	"context"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// peer is a host contacted; registries behind the same mirror share it.
type peer struct {
	slots     chan struct{}
	counter   *counter
	challenge *memo[*transport.Challenge] // the answer to the one ping
	tagDelete *memo[bool]                 // the answer to the one probe
	referrers *memo[bool]                 // whether the host has that API
}

func newPeer(concurrency int) *peer {
	return &peer{
		slots: make(chan struct{}, concurrency), counter: &counter{},
		challenge: newMemo[*transport.Challenge](), tagDelete: newMemo[bool](), referrers: newMemo[bool](),
	}
}

// maxBody bounds an answer in bytes. Registries refuse manifests beyond 4 MiB,
// as the specification lets them.
//
// Spec: OCI distribution-spec v1.1, "Pushing manifests".
const maxBody = 4 << 20

// maxTagList bounds a page of tags in bytes: some registries give all of them
// in one answer.
const maxTagList = 64 << 20

// session is one registry as this run reaches it.
type session struct {
	at     location
	peer   *peer
	keys   *keyring
	tokens []string // hosts allowed as token service besides the usual ones
	send   http.RoundTripper
	list   http.RoundTripper // like send, for pages of tags

	userAgent string

	mu           sync.Mutex
	repositories map[granted]*repository
	credentials  map[string]*memo[credential] // by path at the host contacted
}

// granted is what a token is for: a path at the host contacted, and what may be
// done there.
type granted struct {
	path   string
	access Access
}

func newSession(at location, p *peer, keys *keyring, opts Options, base http.RoundTripper) *session {
	s := &session{
		at: at, peer: p, keys: keys, tokens: []string{at.config.TokenService}, userAgent: opts.UserAgent,
		repositories: map[granted]*repository{}, credentials: map[string]*memo[credential]{},
	}
	if at.host() == opts.Getenv("CI_REGISTRY") {
		s.tokens = append(s.tokens, opts.Getenv("CI_SERVER_HOST"))
	}
	s.send = s.transport(base, opts, maxBody)
	s.list = s.transport(base, opts, maxTagList)
	return s
}

// transport stacks the decorators; most bounds an answer in bytes.
func (s *session) transport(base http.RoundTripper, opts Options, most int64) http.RoundTripper {
	var t http.RoundTripper = &guarded{inner: base, at: s.at, userAgent: opts.UserAgent}
	t = &counted{inner: t, counter: s.peer.counter}
	t = &attempt.Exchange{Inner: t, Timeout: opts.Timeout, MaxBody: most}
	t = &limited{inner: t, slots: s.peer.slots}
	return repeated(t, opts)
}

// repository returns the place of path, with one token for each access; the
// credentials are looked for once.
func (s *session) repository(path string, access Access) *repository {
	place := granted{s.at.prefix + path, access}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.repositories[place]; ok {
		return r
	}
	held, ok := s.credentials[place.path]
	if !ok {
		held = newMemo[credential]()
		s.credentials[place.path] = held
	}
	r := &repository{session: s, path: place.path, access: access, credential: held, token: newMemo[*bearerToken]()}
	s.repositories[place] = r
	return r
}

// challenge pings the host once and returns how it wants to be asked.
func (s *session) challenge(ctx context.Context) (*transport.Challenge, error) {
	return s.peer.challenge.get(ctx, func(ctx context.Context) (*transport.Challenge, error) {
		return transport.Ping(withKind(ctx, kindPing), s.at.target, s.send)
	})
}

func (s *session) checkRealm(realm string, plain bool) error {
	return checkRealm(s.at.host(), realm, plain, s.tokens...)
}
