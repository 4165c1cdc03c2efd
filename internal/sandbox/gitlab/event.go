package gitlab

import (
	"fmt"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/serve"
)

// Event is something that GitLab tells webhooks, and starts pipelines for.
type Event struct {
	Name    string // push, merge_request, pipeline
	Action  string // of a merge request: open, update, merge, close, reopen; of a pipeline: its source
	Project string // full path
	IID     int    // of a merge request
	Ref     string // of a push, in full; of a pipeline, a branch's or tag's name
	Before  string // of a push: commit, of zeros where there was none
	After   string // of a pipeline: its commit
	By      string // username
	// Variables are what a pipeline was triggered with.
	Variables map[string]string
}

// OnEvent has hook called with every event, before the request that caused it
// is answered; the server can be used from it. A hook that takes long should
// go on in a goroutine of its own.
func (s *Server) OnEvent(hook func(Event)) { s.locked(func() { s.onEvent = hook }) }

// Events returns what has happened until now, in order.
func (s *Server) Events() (events []Event) {
	s.locked(func() { events = slices.Clone(s.events) })
	return events
}

func (s *Server) emit(e Event) {
	s.events = serve.Remember(s.events, e)
	if hook := s.onEvent; hook != nil {
		s.tasks = append(s.tasks, func() { hook(e) })
	}
}

func (s *Server) emitMerge(m *mergeRequest, by *account, action string) {
	s.emit(Event{Name: "merge_request", Action: action, Project: m.project.path(), IID: m.iid, By: by.username})
}

func (s *Server) emitPush(p *project, by *account, ref string, before, after git.ID) {
	s.emit(Event{Name: "push", Project: p.path(), Ref: ref, Before: orZero(before), After: orZero(after), By: by.username})
}

func orZero(id git.ID) string { return orElse(string(id), string(git.ZeroID)) }

// pipeline is a pipeline, whose jobs nobody runs.
type pipeline struct {
	id        int64
	iid       int
	project   *project
	ref       string
	sha       git.ID
	source    string // merge_request_event, trigger, api ...
	status    string
	by        *account
	merge     *mergeRequest
	variables map[string]string
	created   time.Time
}

// active reports whether the pipeline is still to end.
func (r *pipeline) active() bool { return r.status == "created" || r.status == "running" }

// Pipeline is a pipeline as it stands.
type Pipeline struct {
	ID        int64
	Ref, SHA  string
	Source    string
	Status    string
	IID       int // of the merge request that it is for; 0 for none
	Variables map[string]string
}

// Pipelines returns a project's pipelines, oldest first.
func (s *Server) Pipelines(path string) (found []Pipeline) {
	s.locked(func() {
		for _, r := range s.pipelines {
			if fold(r.project.path()) != fold(path) {
				continue
			}
			shown := Pipeline{ID: r.id, Ref: r.ref, SHA: string(r.sha), Source: r.source, Status: r.status, Variables: r.variables}
			if r.merge != nil {
				shown.IID = r.merge.iid
			}
			found = append(found, shown)
		}
	})
	return found
}

// PipelineSucceeds has the pipeline of a merge request's head succeed; one that
// waited for that to be merged is. One is made where there is none.
func (s *Server) PipelineSucceeds(path string, iid int) error {
	return s.pipelineEnds(path, iid, "success")
}

// PipelineFails has the pipeline of a merge request's head fail; a merge that
// waited for it is off.
func (s *Server) PipelineFails(path string, iid int) error {
	return s.pipelineEnds(path, iid, "failed")
}

func (s *Server) pipelineEnds(path string, iid int, status string) error {
	return s.onMerge(path, iid, func(m *mergeRequest) error {
		ran := s.headPipeline(m)
		if ran == nil {
			ran = s.addPipeline(m.project, m.author, m.branch, m.head, "merge_request_event", nil)
			ran.merge = m
		}
		ran.status = status
		if status == "success" {
			s.tryAutoMerge(m)
		} else {
			m.auto = nil
		}
		return nil
	})
}

func (s *Server) addPipeline(p *project, by *account, ref string, sha git.ID, source string, variables map[string]string) *pipeline {
	r := &pipeline{id: s.newID(), iid: len(s.pipelines) + 1, project: p, ref: ref, sha: sha, source: source, status: "running", by: by, variables: variables, created: s.now()}
	s.pipelines = append(s.pipelines, r)
	s.emit(Event{Name: "pipeline", Action: source, Project: p.path(), Ref: ref, After: string(sha), By: by.username, Variables: variables})
	return r
}

// startPipeline has a merge request's head get its pipeline.
func (s *Server) startPipeline(m *mergeRequest) {
	if m.project.options.NoPipelines || m.state != "opened" {
		return
	}
	r := s.addPipeline(m.project, m.author, fmt.Sprintf("refs/merge-requests/%d/head", m.iid), m.head, "merge_request_event", nil)
	r.merge = m
}

// headPipeline is the newest pipeline of a merge request's head; nil for none.
func (s *Server) headPipeline(m *mergeRequest) *pipeline {
	for _, r := range slices.Backward(s.pipelines) {
		if r.merge == m && r.sha == m.head {
			return r
		}
	}
	return nil
}

// trigger is a trigger token of a project.
type trigger struct {
	project *project
	by      *account
}

// AddTrigger gives a project a trigger token, as a person would.
func (s *Server) AddTrigger(path, secret, by string) error {
	return s.on(path, func(p *project) error {
		s.triggers[secret] = &trigger{project: p, by: s.person(by)}
		return nil
	})
}
