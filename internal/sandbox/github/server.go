package github

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Options are what a server is made with. The zero value will do.
type Options struct {
	// Now is the clock; without one, time stands still.
	Now func() time.Time
	// UnknownFirst makes the first look at whether a pull request can be
	// merged say UNKNOWN, as GitHub does while it finds out.
	UnknownFirst bool
}

// Server is a GitHub. Make it with [New], or with [Start] to have it listen.
// All its methods may be called from several goroutines.
type Server struct {
	options  Options
	handler  http.Handler
	rest     *http.ServeMux
	tasks    []func() // to be run when the lock is released
	listener *serve.Listener

	mu           sync.Mutex
	lastID       int64
	accounts     map[string]*account    // by lower-case login
	repositories map[string]*repository // by lower-case owner/name
	ordered      []*repository          // as they were made
	byID         map[int64]*repository
	pulls        map[int64]*pull
	foreign      []*pull           // pull requests from other repositories
	tokens       map[string]*Token // by secret
	apps         map[int64]*app
	limits       map[string]*budget // by who and resource
	refusals     []Refusal
	requests     []Request
	reads        int
	writes       int
	events       []Event
	onEvent      func(Event)
}

// New returns a server without accounts and repositories that does not listen.
func New(options Options) *Server {
	if options.Now == nil {
		still := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		options.Now = func() time.Time { return still }
	}
	s := &Server{
		options:      options,
		accounts:     map[string]*account{},
		repositories: map[string]*repository{},
		byID:         map[int64]*repository{},
		pulls:        map[int64]*pull{},
		tokens:       map[string]*Token{},
		apps:         map[int64]*app{},
		limits:       map[string]*budget{},
		lastID:       1000,
	}
	s.addAccount(actionsLogin, Bot)
	s.addAccount(webLogin, User)
	s.rest = s.routes()
	s.handler = http.HandlerFunc(s.serve)
	return s
}

// Start returns a server that listens on a free port of 127.0.0.1 until it is
// closed or ctx ends.
func Start(ctx context.Context, options Options) (*Server, error) {
	s := New(options)
	listener, err := serve.Listen(ctx, s.handler)
	if err != nil {
		return nil, fmt.Errorf("start GitHub sandbox: %w", err)
	}
	s.listener = listener
	return s, nil
}

// Handler answers api.github.com's paths (/repos/..., /graphql) and those of an
// Enterprise Server (/api/v3/repos/..., /api/graphql).
func (s *Server) Handler() http.Handler { return s.handler }

// URL is where a started server's REST API is; GraphQL is at /graphql under
// it. It is https://api.github.com for one that does not listen.
func (s *Server) URL() string {
	return cmp.Or(s.listener.URL(), "https://api.github.com")
}

// EnterpriseURL is URL in the manner of an Enterprise Server: the address
// under which /api/v3 and /api/graphql are.
func (s *Server) EnterpriseURL() string { return s.web() }

// web is where people would look.
func (s *Server) web() string {
	return cmp.Or(s.listener.URL(), "https://github.com")
}

// Close ends a started server and its connections; it does nothing to others.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil {
		return fmt.Errorf("GitHub sandbox: %w", err)
	}
	return nil
}

// locked runs f under the lock, and afterwards, without it, what f left to do.
func (s *Server) locked(f func()) {
	for _, task := range s.underLock(f) {
		task()
	}
}

func (s *Server) underLock(f func()) []func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	tasks := s.tasks
	s.tasks = nil
	return tasks
}

func (s *Server) now() time.Time { return s.options.Now().UTC().Truncate(time.Second) }

func (s *Server) newID() int64 {
	s.lastID++
	return s.lastID
}

// fold is how GitHub compares logins and repositories' names.
func fold(name string) string { return strings.ToLower(name) }
