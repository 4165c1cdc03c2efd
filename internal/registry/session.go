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
}

func newPeer(concurrency int) *peer {
	return &peer{slots: make(chan struct{}, concurrency), counter: &counter{}, challenge: newMemo[*transport.Challenge]()}
}

// maxBody bounds an answer in bytes. Registries refuse manifests beyond 4 MiB,
// as the specification lets them.
//
// Spec: OCI distribution-spec v1.1, "Pushing manifests".
const maxBody = 4 << 20

// session is one registry as this run reaches it.
type session struct {
	at     location
	peer   *peer
	keys   *keyring
	tokens []string // hosts allowed as token service besides the usual ones
	send   http.RoundTripper

	userAgent string

	mu           sync.Mutex
	repositories map[string]*repository // by path at the host contacted
}

func newSession(at location, p *peer, keys *keyring, opts Options, base http.RoundTripper) *session {
	s := &session{at: at, peer: p, keys: keys, tokens: []string{at.config.TokenService}, userAgent: opts.UserAgent, repositories: map[string]*repository{}}
	if at.host() == opts.Getenv("CI_REGISTRY") {
		s.tokens = append(s.tokens, opts.Getenv("CI_SERVER_HOST"))
	}
	s.send = &guarded{inner: base, at: at, userAgent: opts.UserAgent}
	s.send = &counted{inner: s.send, counter: p.counter}
	s.send = &attempt.Exchange{Inner: s.send, Timeout: opts.Timeout, MaxBody: maxBody}
	s.send = &limited{inner: s.send, slots: p.slots}
	s.send = &retried{inner: s.send, retries: opts.Retries, sleep: opts.Sleep, now: opts.Now}
	return s
}

func (s *session) repository(path string) *repository {
	path = s.at.prefix + path
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.repositories[path]
	if !ok {
		r = &repository{session: s, path: path, credential: newMemo[credential](), token: newMemo[*bearerToken]()}
		s.repositories[path] = r
	}
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
