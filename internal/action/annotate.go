package action

import (
	"fmt"
	"strconv"

	githubactions "github.com/sethvargo/go-githubactions"
)

// maxShown is how many errors, and how many warnings, GitHub shows of a step.
const maxShown = 10

// Level is how bad an annotation is.
type Level string

// The levels of annotations.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Notice  Level = "notice"
)

// Annotation is a remark about a line of a file.
type Annotation struct {
	Level   Level
	Path    string // slash-separated, from the repository's root; empty for none
	Line    int    // 1-based; 0 for none
	Title   string // one line; empty for none
	Message string
}

// Annotate shows annotations on their lines, errors first, as many as GitHub
// shows of each level; one line in the log says how many are left out.
func (j *Job) Annotate(all []Annotation) error {
	left := 0
	for _, level := range []Level{Error, Warning, Notice} {
		shown := 0
		for _, a := range all {
			if a.Level != level {
				continue
			}
			if shown == maxShown {
				left++
				continue
			}
			shown++
			if err := attempt(func() { j.github.IssueCommand(a.command()) }); err != nil {
				return fmt.Errorf("annotate %s: %w", a.Path, err)
			}
		}
	}
	if left == 0 {
		return nil
	}
	_, err := fmt.Fprintf(j.log, "%d more annotations are not shown here; the job summary has everything.\n", left)
	return err
}

func (a Annotation) command() *githubactions.Command {
	properties := githubactions.CommandProperties{}
	if a.Path != "" {
		properties["file"] = a.Path
		if a.Line > 0 {
			properties["line"] = strconv.Itoa(a.Line)
		}
	}
	if a.Title != "" {
		properties["title"] = a.Title
	}
	return &githubactions.Command{Name: string(a.Level), Message: a.Message, Properties: properties}
}
