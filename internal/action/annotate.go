package action

import (
	"fmt"
	"strconv"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/basekeeper/basekeeper/internal/job"
)

// Annotate shows annotations on their lines, errors first, as many as GitHub
// shows of each level; one line in the log says how many are left out.
func (j *Job) Annotate(all []job.Annotation) error {
	shown, left := job.Shown(all)
	for _, a := range shown {
		if err := attempt(func() { j.github.IssueCommand(command(a)) }); err != nil {
			return fmt.Errorf("annotate %s: %w", a.Path, err)
		}
	}
	if left == 0 {
		return nil
	}
	_, err := fmt.Fprintf(j.log, "%d more annotations are not shown here; the job summary has everything.\n", left)
	return err
}

func command(a job.Annotation) *githubactions.Command {
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
