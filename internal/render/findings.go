package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/plan"
)

// Level is how bad it is.
type Level string

// The levels, in SARIF's words and in those of GitHub's annotations.
const (
	Error   Level = "error"
	Warning Level = "warning"
)

// finding is something stale or unreadable at a place of a file.
type finding struct {
	rule             string // of sarifRules
	level            Level
	text             string
	repository, path string
	line             int    // 1-based; 0 for the whole file
	about            string // the digest that would be right
	image, pinned    string // image and tag, and digest, that the file names
}

// findings returns what somebody has to do something about, in the order of
// the plan.
func findings(p plan.Plan) []finding {
	var all []finding
	for _, b := range p.Bumps {
		if b.From == "" {
			continue
		}
		f := finding{
			rule: "stale-digest", level: Warning, repository: b.Repository, about: string(b.To), image: b.Ref().String(), pinned: string(b.From),
			text: fmt.Sprintf("%s is pinned to %s; its tag points at %s now.", b.Ref().Familiar(), b.From.Short(), b.To.Short()),
		}
		if b.Gone {
			f.rule, f.level = "gone-digest", Error
		}
		for _, e := range b.Edits {
			f.path, f.line = e.Path, e.Line
			all = append(all, f)
		}
	}
	for _, h := range p.Holds {
		f := finding{
			rule: "stale-not-bumped", level: Warning, repository: h.Repository, path: h.Path, line: h.Line, about: string(h.Current), image: holdName(h), pinned: string(h.Digest),
			text: fmt.Sprintf("%s is not bumped: %s", holdName(h), h.Reason),
		}
		if h.Gone {
			f.rule, f.level = "gone-digest", Error
		}
		if h.Gone || h.Code.Stale() {
			all = append(all, f)
		}
	}
	for _, q := range p.Problems {
		all = append(all, finding{rule: "unreadable", level: Error, text: q.Message, repository: q.Repository, path: q.Path, line: q.Line})
	}
	return all
}

// Annotation is a remark at a line of a file, as CI systems show it beside the
// code.
type Annotation struct {
	Level   Level
	Path    string // slash-separated, from the repository's root or the folder of all repositories
	Line    int    // 1-based
	Title   string
	Message string
}

// Annotations returns a remark for everything that is stale or unreadable,
// errors first: GitHub shows ten of each level. The texts have no control
// characters; what a CI system's commands need besides is the caller's to
// escape.
func Annotations(p plan.Plan) []Annotation {
	titles := map[string]string{
		"stale-digest":     "Base image has moved on",
		"gone-digest":      "Base image is gone",
		"stale-not-bumped": "Base image has moved on",
		"unreadable":       "Dockerfile cannot be read",
	}
	var all []Annotation
	for _, f := range findings(p) {
		all = append(all, Annotation{
			Level: f.level, Path: Clean(joined(f.repository, f.path)), Line: max(1, f.line),
			Title: titles[f.rule], Message: Clean(f.text),
		})
	}
	slices.SortStableFunc(all, func(a, b Annotation) int {
		return cmp.Compare(a.Level, b.Level) // error, warning
	})
	return all
}
