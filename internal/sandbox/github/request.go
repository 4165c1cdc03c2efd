package github

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Request is a request that the server was asked.
type Request struct {
	Method string
	Path   string // with the query
	// Operations are a GraphQL document's mutations, in order, or "query".
	Operations []string
	Write      bool // it is to change something; an access token is not meant
	Status     int  // of the answer
	By         string
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

// ResetRequests forgets the requests.
func (s *Server) ResetRequests() {
	s.locked(func() { s.requests, s.reads, s.writes = nil, 0, 0 })
}

// Refusal is how a secondary limit answers.
type Refusal struct {
	Status     int           // 403 or 429
	RetryAfter time.Duration // for the Retry-After header; 0 for none
	// TooQuickly has a GraphQL mutation answered with "was submitted too
	// quickly" instead, and nothing else.
	TooQuickly bool
}

// RefuseContent has the next n requests that would make content (commits, refs,
// pull requests, comments) refused, as by a secondary limit.
func (s *Server) RefuseContent(n int, refusal Refusal) {
	s.locked(func() {
		for range n {
			s.refusals = append(s.refusals, refusal)
		}
	})
}

// refuse takes the next refusal, if there is one.
func (s *Server) refuse() *Refusal {
	if len(s.refusals) == 0 {
		return nil
	}
	next := s.refusals[0]
	s.refusals = s.refusals[1:]
	return &next
}

func (r *Refusal) error() *apiError {
	e := &apiError{
		Status:  r.Status,
		Header:  http.Header{},
		Message: "You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later.",
	}
	if r.RetryAfter > 0 {
		e.Header.Set("Retry-After", seconds(r.RetryAfter))
	}
	return e
}
