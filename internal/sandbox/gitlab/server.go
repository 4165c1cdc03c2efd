package gitlab

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Options are what a server is made with. The zero value will do.
type Options struct {
	// Now is the clock; without one, time stands still.
	Now func() time.Time
	// Root is the path of a relative URL installation: /gitlab; empty for none.
	Root string
	// Registry is what answers for the container registry; without one no
	// project has container repositories.
	Registry Registry
	// CheckingFirst makes the first look at whether a merge request can be
	// merged say "checking", as GitLab does while it finds out; nothing can be
	// merged before.
	CheckingFirst bool
	// Unsigned has the commits that the API makes bear no signature, as on an
	// instance where that is not set up.
	Unsigned bool
	// WebCommitter is the address that commits by the API have as their
	// committer's, as where an instance signs them as itself; empty for the
	// account's own.
	WebCommitter string
	// BlobLimit is how many bytes of a blob GraphQL shows, and half of what more
	// than one may have in one request; 0 for GitLab's 10 MiB.
	BlobLimit int
	// Without are fields, Type.field, that GraphQL does not know, as an older
	// GitLab.
	Without []string
}

// Server is a GitLab. Make it with [New], or with [Start] to have it listen.
// All its methods may be called from several goroutines.
type Server struct {
	options  Options
	handler  http.Handler
	rest     *http.ServeMux
	listener *serve.Listener
	schema   *ast.Schema
	tasks    []func() // to be run when the lock is released

	mu           sync.Mutex
	lastID       int64
	accounts     map[string]*account   // by lower-case username
	namespaces   map[string]*namespace // groups and users, by lower-case path
	projects     map[string]*project   // by lower-case path
	moved        map[string]*project   // by a path that it had
	ordered      []*project            // as they were made
	byID         map[int64]*project
	requestsID   map[int64]*mergeRequest // by their global number
	tokens       map[string]*Token       // by secret
	triggers     map[string]*trigger     // by secret
	repositories map[int64]*registryRepository
	limits       map[string]*budget
	refusals     []Refusal
	requests     []Request
	reads        int
	writes       int
	pipelines    []*pipeline
	events       []Event
	onEvent      func(Event)
	jobs         []func(context.Context) // what GitLab does later
}

// New returns a server without accounts and projects that does not listen.
func New(options Options) *Server {
	if options.Now == nil {
		still := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		options.Now = func() time.Time { return still }
	}
	if options.BlobLimit == 0 {
		options.BlobLimit = 10 << 20
	}
	options.Root = strings.TrimRight(options.Root, "/")
	s := &Server{
		options:      options,
		accounts:     map[string]*account{},
		namespaces:   map[string]*namespace{},
		projects:     map[string]*project{},
		moved:        map[string]*project{},
		byID:         map[int64]*project{},
		requestsID:   map[int64]*mergeRequest{},
		tokens:       map[string]*Token{},
		triggers:     map[string]*trigger{},
		repositories: map[int64]*registryRepository{},
		limits:       map[string]*budget{},
		lastID:       1000,
	}
	s.schema = loadSchema(options.Without)
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
		return nil, fmt.Errorf("start GitLab sandbox: %w", err)
	}
	s.listener = listener
	return s, nil
}

// Handler answers GitLab's paths: /api/v4/... and /api/graphql, under the root
// of a relative URL installation.
func (s *Server) Handler() http.Handler { return s.handler }

// URL is the address that a user of a started server would name, with the root
// of a relative URL installation; the API is at /api/v4 under it. It is
// https://gitlab.com for one that does not listen.
func (s *Server) URL() string { return cmp.Or(s.listener.URL(), "https://gitlab.com") + s.options.Root }

// Close ends a started server and its connections; it does nothing to others.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil {
		return fmt.Errorf("GitLab sandbox: %w", err)
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

func (s *Server) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }

func (s *Server) newID() int64 {
	s.lastID++
	return s.lastID
}

// fold is how GitLab compares usernames and paths.
func fold(name string) string { return strings.ToLower(name) }
