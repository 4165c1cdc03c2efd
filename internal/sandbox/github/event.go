package github

import (
	"encoding/json"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Event is something that GitHub tells webhooks and workflows.
type Event struct {
	Name       string // push, pull_request, repository_dispatch
	Action     string // of a pull request: opened, synchronize, closed ...; of a dispatch: its type
	Repository string // owner/name
	Number     int    // of a pull request
	Ref        string // of a push, in full
	Before     string // of a push: commit, of zeros where there was none
	After      string
	Client     json.RawMessage // of a dispatch: client_payload
	By         string          // login
	// Workflows says whether workflows start: not for what a workflow's own
	// token does, except a dispatch.
	Workflows bool
}

// OnEvent has hook called with every event, before the request that caused it
// is answered; the server can be used from it. A hook that takes long should
// go on in a goroutine of its own.
func (s *Server) OnEvent(hook func(Event)) {
	s.locked(func() { s.onEvent = hook })
}

// Events returns what has happened until now, in order.
func (s *Server) Events() (events []Event) {
	s.locked(func() { events = slices.Clone(s.events) })
	return events
}

// Dispatches returns the repository_dispatch events of a repository.
func (s *Server) Dispatches(repository string) []Event {
	return slices.DeleteFunc(s.Events(), func(e Event) bool {
		return e.Name != "repository_dispatch" || fold(e.Repository) != fold(repository)
	})
}

func (s *Server) emit(e Event) {
	s.events = serve.Remember(s.events, e)
	if hook := s.onEvent; hook != nil {
		s.tasks = append(s.tasks, func() { hook(e) })
	}
}

func (s *Server) emitPull(p *pull, by actor, action string) {
	s.emit(Event{Name: "pull_request", Action: action, Repository: p.repository.fullName(), Number: p.number, By: by.login, Workflows: !by.quiet})
}

func (s *Server) emitPush(r *repository, by actor, m refMove) {
	s.emit(Event{
		Name: "push", Repository: r.fullName(), Ref: m.name,
		Before: orZero(m.from), After: orZero(m.to), By: by.login, Workflows: !by.quiet,
	})
}

func orZero(id git.ID) string {
	if id == "" {
		return string(git.ZeroID)
	}
	return string(id)
}
