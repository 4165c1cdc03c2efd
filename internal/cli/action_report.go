package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// Files that a step leaves for those after it, from the workspace.
const (
	planPath   = action.Folder + "/plan.json"
	reportPath = action.Folder + "/report.md"
)

// report gives the workflow everything that the step has come to.
func (s *step) report(r stepResult) error {
	code := s.verdict(r)
	summary, err := s.summary(r)
	if err != nil {
		return err
	}
	files := map[string][]byte{reportPath: []byte(summary), action.Folder + "/.gitignore": []byte("*\n")}
	if r.plan != nil {
		if files[planPath], err = r.plan.Encode(); err != nil {
			return err
		}
		if s.in.SARIFFile != "" {
			if files[s.in.SARIFFile], err = render.SARIF(*r.plan, version()); err != nil {
				return err
			}
		}
	}
	for file, content := range files {
		err = errors.Join(err, writeIn(s.workspace, file, content))
	}
	r.written = err == nil
	err = errors.Join(err, giveBack(s.workspace, s.in.CacheFile))
	return errors.Join(err, s.job.Annotate(annotations(r)), s.job.Summary(summary), s.outputs(r, code))
}

// outputs sets the outputs that action.yml lists, all of them each time.
func (s *step) outputs(r stepResult, code int) error {
	urls, err := json.Marshal(append([]string{}, r.pulls...))
	if err != nil {
		return err
	}
	var stale, gone int
	var planFile, reportFile string
	if r.plan != nil {
		planFile = planPath
		stale, gone = behind(*r.plan, false)
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
		{"plan", planFile},
		{"report", reportFile},
		{"exit-status", strconv.Itoa(code)},
	} {
		err = errors.Join(err, s.job.Output(output.name, output.value))
	}
	return err
}

// behind counts the references that are behind their tags, and those of them
// whose digest is gone; applied leaves out what a bump has mended.
func behind(p plan.Plan, applied bool) (stale, gone int) {
	for _, b := range p.Bumps {
		if b.From == "" || applied {
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
	case s.in.FailOn == action.FailOnNone:
		return exitDone
	case r.code != exitDone || s.in.FailOn == action.FailOnError || r.plan == nil:
		return r.code
	}
	stale, gone := behind(*r.plan, r.applied)
	if gone > 0 || s.in.FailOn == action.FailOnStale && stale > 0 {
		return exitStale
	}
	return exitDone
}

// summary is the result for people, in Markdown. All that comes from elsewhere
// is inside a fence.
func (s *step) summary(r stepResult) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "### basekeeper: %s\n\n%s\n", s.decision.Command, fenced(clean(s.decision.Reason)+".\n"))
	if r.note != "" {
		fmt.Fprintf(&b, "\n%s\n", r.note)
	}
	if r.plan != nil {
		var table bytes.Buffer
		if err := render.Plan(&table, *r.plan); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%s\n", fenced(table.String()))
	}
	return b.String(), nil
}

func failedSummary(message string) string { return "### basekeeper: failed\n\n" + fenced(message+"\n") }

// fenced makes lines of text a block of code that nothing in them can end.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + text + fence
}

// clean makes text safe for terminals, line by line.
func clean(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = render.Clean(line)
	}
	return strings.Join(lines, "\n")
}

// annotations are the remarks on the lines of files: what is behind its tag
// and still is, what could not be learned, what could not be read.
func annotations(r stepResult) []action.Annotation {
	if r.plan == nil {
		return nil
	}
	var all []action.Annotation
	add := func(bad bool, path string, line int, message string) {
		a := action.Annotation{Level: action.Warning, Path: path, Line: line, Title: "basekeeper", Message: render.Clean(message)}
		if bad {
			a.Level = action.Error
		}
		all = append(all, a)
	}
	for _, q := range r.plan.Problems {
		add(true, q.Path, q.Line, q.Message)
	}
	for _, b := range r.plan.Bumps {
		if b.From == "" || r.applied {
			continue
		}
		message := fmt.Sprintf("%s is pinned to %s; its tag points at %s now", b.Ref().Familiar(), b.From.Short(), b.To.Short())
		if b.Gone {
			message += ", and the registry no longer has what is pinned: builds fail"
		}
		for _, e := range b.Edits {
			add(b.Gone, e.Path, e.Line, message)
		}
	}
	for _, h := range r.plan.Holds {
		if h.Gone || h.Code.Stale() || h.Code.Trouble() {
			add(h.Gone, h.Path, h.Line, fmt.Sprintf("%s is left alone: %s", h.Image, h.Reason))
		}
	}
	return all
}
