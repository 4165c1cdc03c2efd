package pipeline

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/render"
)

// Files that the component hands to GitLab, from the project's folder.
const (
	OutputsFile     = job.Folder + "/outputs.env"      // a dotenv report
	CodeQualityFile = job.Folder + "/codequality.json" // a Code Quality report
)

// Job is the job of a pipeline that the program runs in. It writes to the job's
// log and to nothing else.
type Job struct {
	getenv  func(string) string
	hidden  map[string]string // what the secret variables said at first
	log     *log
	now     func() time.Time
	outputs []output
}

// New returns the job that the environment describes. Secrets that it knows of
// are left out of all that is written to the log.
func New(getenv func(string) string, to io.Writer, now func() time.Time) *Job {
	j := &Job{getenv: getenv, hidden: map[string]string{}, now: now}
	for _, name := range SecretVariables() {
		j.hidden[name] = getenv(name)
	}
	j.log = newLog(to, j.secrets())
	return j
}

// Log is where the job's text goes, whoever wrote it. A line appears when it
// has ended, the last one with [Job.Quote]'s resume.
func (j *Job) Log() io.Writer { return j.log }

// Quote does what the log does anyway; resume ends a line that has not.
func (j *Job) Quote() (resume func() error, err error) {
	return func() error { return j.log.mark("") }, nil
}

// Section prints a part of the log, which people may fold, under a header.
func (j *Job) Section(name, header string, write func() error) error {
	name = "basekeeper_" + name
	if err := j.log.mark(render.SectionStart(name, j.log.hide(header), j.now(), false)); err != nil {
		return err
	}
	err := write()
	return errors.Join(err, j.log.mark(render.SectionEnd(name, j.now())))
}

// Annotate prints annotations, errors first and in red, ten of each level; one
// line says how many are left out.
func (j *Job) Annotate(all []job.Annotation) error {
	shown, left := job.Shown(all)
	for _, a := range shown {
		if err := j.annotate(a); err != nil {
			return err
		}
	}
	if left == 0 {
		return nil
	}
	return j.log.mark(fmt.Sprintf("%d more remarks are not shown here; the report has everything.\n", left))
}

// annotate prints one annotation. Its color begins anew on each of its lines,
// as GitLab's do.
func (j *Job) annotate(a job.Annotation) error {
	text := strings.ToUpper(string(a.Level)) + ": "
	if a.Path != "" {
		text += render.Place("", a.Path, a.Line) + ": "
	}
	if a.Title != "" {
		text += a.Title + ": "
	}
	lines := strings.Split(strings.TrimRight(j.log.hide(text+a.Message), "\n"), "\n")
	for i, line := range lines {
		lines[i] = colors[a.Level] + line + plain
	}
	return j.log.mark(strings.Join(lines, "\n") + "\n")
}

// Escape sequences that the log shows as colors.
const plain = "\x1b[0m"

var colors = map[job.Level]string{job.Error: "\x1b[31m", job.Warning: "\x1b[33m", job.Notice: "\x1b[36m"}

// Summary does nothing: GitLab shows none of a job, and the report is among its
// artifacts.
func (j *Job) Summary(string) error { return nil }

// Getenv returns what the environment says, or said of secrets that it no longer
// has.
func (j *Job) Getenv(name string) string {
	if value, ok := j.hidden[name]; ok {
		return value
	}
	return j.getenv(name)
}
