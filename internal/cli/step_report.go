package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// Files that a step leaves for those after it, from the workspace.
const (
	planPath   = job.Folder + "/plan.json"
	reportPath = job.Folder + "/report.md"
)

// report gives the workflow everything that the step has come to.
func (s *step) report(r stepResult) error {
	code := s.verdict(r)
	summary := s.summary(r)
	found := s.found(r)
	var err error
	files := map[string][]byte{reportPath: []byte(summary), job.Folder + "/.gitignore": []byte("*\n")}
	if r.plan != nil {
		if files[planPath], err = r.plan.Encode(); err != nil {
			return err
		}
		if s.in.SARIFFile != "" {
			if files[s.in.SARIFFile], err = render.SARIF(found, version()); err != nil {
				return err
			}
		}
	}
	more, err := s.job.reports(found)
	if err != nil {
		return err
	}
	maps.Copy(files, more)
	for file, content := range files {
		err = errors.Join(err, writeIn(s.workspace, file, content))
	}
	r.written = err == nil
	err = errors.Join(err, giveBack(s.workspace, s.in.CacheFile))
	return errors.Join(err, s.job.Annotate(annotations(found)), s.job.Summary(summary), s.outputs(r, code))
}

// outputs sets the outputs that action.yml lists, all of them each time.
func (s *step) outputs(r stepResult, code int) error {
	urls, err := json.Marshal(pullURLs(r.pulled))
	if err != nil {
		return err
	}
	kept, err := json.Marshal(tags(r.retired))
	if err != nil {
		return err
	}
	var stale, gone int
	var planFile, reportFile string
	if r.plan != nil {
		planFile = planPath
		stale, gone = behind(*r.plan)
	}
	if r.written {
		reportFile = reportPath
	}
	for _, output := range []struct{ name, value string }{
		{"command", string(s.decision.Command)},
		{"stale", strconv.Itoa(stale)},
		{"gone", strconv.Itoa(gone)},
		{"changed", strconv.FormatBool(r.changed)},
		{"pull-requests", string(urls)},
		{"retired", string(kept)},
		{"plan", planFile},
		{"report", reportFile},
		{"exit-status", strconv.Itoa(code)},
	} {
		err = errors.Join(err, s.job.Output(output.name, output.value))
	}
	return errors.Join(err, s.job.finish(s))
}

// pullURLs are those of the pull requests that were opened or moved on.
func pullURLs(all []render.Pulled) []string {
	urls := []string{}
	for _, p := range all {
		if p.Done && p.Pull.URL != "" && proposes(p.Pull.Step) {
			urls = append(urls, p.Pull.URL)
		}
	}
	return urls
}

// behind counts the references that are behind their tags, and those of them
// whose digest is gone.
func behind(p plan.Plan) (stale, gone int) {
	for _, b := range p.Bumps {
		if b.From == "" {
			continue
		}
		stale += len(b.Edits)
		if b.Gone {
			gone += len(b.Edits)
		}
	}
	for _, h := range p.Holds {
		if h.Gone {
			gone++
		}
		if h.Gone || h.Code.Stale() {
			stale++
		}
	}
	return stale, gone
}

// verdict is the exit status that the input fail-on makes of the result.
func (s *step) verdict(r stepResult) int {
	tolerated := r.code == exitPartial || r.code == exitRefused
	switch {
	case r.code != exitDone && !tolerated:
		return r.code
	case s.in.FailOn == job.FailOnNone:
		return exitDone
	case r.code != exitDone || s.in.FailOn == job.FailOnError || r.plan == nil:
		return r.code
	}
	stale, gone := behind(r.left())
	if gone > 0 || s.in.FailOn == job.FailOnStale && stale > 0 {
		return exitStale
	}
	return exitDone
}

// summary is the result for people, in Markdown.
func (s *step) summary(r stepResult) string {
	notes := []string{string(s.decision.Command) + ": " + s.decision.Reason}
	if r.note != "" {
		notes = append(notes, r.note)
	}
	if r.plan != nil {
		return render.JobSummary(render.Report{Plan: *r.plan, Pulled: r.pulled, Requests: r.requests, Notes: notes}) + lifecycleSummary(r)
	}
	text := "## basekeeper\n\n"
	for _, note := range notes {
		text += "* " + render.Escape(note) + "\n"
	}
	return text + lifecycleSummary(r)
}

// lifecycleSummary is what became of published images, in Markdown.
func lifecycleSummary(r stepResult) string {
	const mostRows = 500 // a summary is cut off at a MiB
	text := ""
	if len(r.retired) > 0 {
		text += "\n" + render.RetiredMarkdown(r.retired)
	}
	if len(r.pruned) > 0 {
		text += "\n" + render.PruneMarkdown(r.pruned, mostRows)
	}
	return text
}

// tags are the version tags that images were retired under.
func tags(all []render.Retired) []string {
	names := []string{}
	for _, r := range all {
		if r.Tag != "" && r.Error == "" && !r.Planned {
			names = append(names, r.Image+" "+r.Tag)
		}
	}
	return names
}

// clean makes text safe for terminals, line by line.
func clean(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = render.Clean(line)
	}
	return strings.Join(lines, "\n")
}

// found is what there is to say about the lines of files: of the plan, what is
// behind its tag and still is, what could not be read, and what could not be
// learned. Files of other repositories have no lines here.
func (s *step) found(r stepResult) plan.Plan {
	if r.plan == nil {
		return plan.Plan{}
	}
	p := r.left()
	if p.Forge {
		return s.own(p)
	}
	return renamed(p, func(repository, _ string) (string, bool) { return path.Join(s.in.Directory, repository), true })
}

// left is the plan without what a bump has mended.
func (r stepResult) left() plan.Plan {
	p := *r.plan
	p.Bumps = nil
	for i, b := range r.plan.Bumps {
		if !r.mended[i] {
			p.Bumps = append(p.Bumps, b)
		}
	}
	return p
}

// annotations are the remarks on the lines of files.
func annotations(p plan.Plan) []job.Annotation {
	var all []job.Annotation
	for _, a := range render.Annotations(p) {
		all = append(all, job.Annotation{Level: job.Level(a.Level), Path: a.Path, Line: a.Line, Title: a.Title, Message: a.Message})
	}
	for _, h := range p.Holds {
		if h.Code.Trouble() && !h.Gone {
			all = append(all, job.Annotation{
				Level: job.Warning, Path: render.Clean(h.Path), Line: h.Line, Title: "Base image is unknown",
				Message: render.Clean(fmt.Sprintf("%s is not bumped: %s", h.Image, h.Reason)),
			})
		}
	}
	return all
}

// own leaves of a plan what is about the repository and branch that the workflow
// runs in, with paths in it: another branch's lines are others.
func (s *step) own(p plan.Plan) plan.Plan {
	return renamed(p, func(repository, branch string) (string, bool) {
		return ".", strings.EqualFold(repository, s.repository) && (s.branch == "" || branch == s.branch)
	})
}

// renamed leaves of a plan what is about some repositories and branches, under
// other names.
func renamed(p plan.Plan, name func(repository, branch string) (string, bool)) plan.Plan {
	narrow := p
	narrow.Bumps, narrow.Holds, narrow.Problems = nil, nil, nil
	for _, b := range p.Bumps {
		if repository, ok := name(b.Repository, b.Branch); ok {
			b.Repository = repository
			narrow.Bumps = append(narrow.Bumps, b)
		}
	}
	for _, h := range p.Holds {
		if repository, ok := name(h.Repository, h.Branch); ok {
			h.Repository = repository
			narrow.Holds = append(narrow.Holds, h)
		}
	}
	for _, q := range p.Problems {
		if repository, ok := name(q.Repository, q.Branch); ok {
			q.Repository = repository
			narrow.Problems = append(narrow.Problems, q)
		}
	}
	return narrow
}
