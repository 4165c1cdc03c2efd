package gitlab

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Request is a request that the server was asked.
type Request struct {
	Method string
	Path   string // with the query, without the root of a relative URL
	// Operations are a GraphQL document's mutations, in order, or "query".
	Operations []string
	Write      bool // it is to change something
	Status     int  // of the answer
	By         string
	Complexity int // of a GraphQL query
}

// String shows the request on one line.
func (r Request) String() string {
	line := r.Method + " " + r.Path
	if len(r.Operations) > 0 {
		line += " " + strings.Join(r.Operations, " ")
	}
	return line
}

// log remembers a request.
func (s *Server) log(r Request) {
	if r.Write {
		s.writes++
	} else {
		s.reads++
	}
	s.requests = serve.Remember(s.requests, r)
}

// Requests returns what the server was asked until now, in order.
func (s *Server) Requests() (requests []Request) {
	s.locked(func() { requests = slices.Clone(s.requests) })
	return requests
}

// Counts returns how many requests there were, reading and writing ones.
func (s *Server) Counts() (reads, writes int) {
	s.locked(func() { reads, writes = s.reads, s.writes })
	return reads, writes
}

// Writes returns how many requests there were that were to change something.
func (s *Server) Writes() int {
	_, writes := s.Counts()
	return writes
}

// ResetRequests forgets the requests.
func (s *Server) ResetRequests() { s.locked(func() { s.requests, s.reads, s.writes = nil, 0, 0 }) }

// Refusal is how a limit or a fault answers.
type Refusal struct {
	Status     int           // 429, 502 ...
	RetryAfter time.Duration // for the Retry-After header; 0 for none
	// Only, where it is not nil, says of a request, path without the root,
	// whether it is one to be refused.
	Only func(method, path string) bool
}

// Refuse has the next n requests, of those that the refusal is for, refused.
func (s *Server) Refuse(n int, refusal Refusal) {
	s.locked(func() {
		for range n {
			s.refusals = append(s.refusals, refusal)
		}
	})
}

// RefuseWrites has the next n requests that would change something refused.
func (s *Server) RefuseWrites(n int, refusal Refusal) {
	refusal.Only = func(method, path string) bool { return method != http.MethodGet && path != graphqlPath }
	s.Refuse(n, refusal)
}

// refuse takes the next refusal that is for a request, if there is one.
func (s *Server) refuse(method, path string) *Refusal {
	i := slices.IndexFunc(s.refusals, func(r Refusal) bool { return r.Only == nil || r.Only(method, path) })
	if i < 0 {
		return nil
	}
	next := s.refusals[i]
	s.refusals = slices.Delete(s.refusals, i, i+1)
	return &next
}

// RunJobs does what GitLab would do later: the deletions of container tags and
// repositories that were asked for.
func (s *Server) RunJobs(ctx context.Context) {
	var jobs []func(context.Context)
	s.locked(func() { jobs, s.jobs = s.jobs, nil })
	for _, job := range jobs {
		job(ctx)
	}
}
