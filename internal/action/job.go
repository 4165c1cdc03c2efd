package action

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	githubactions "github.com/sethvargo/go-githubactions"
)

// maxSummary bounds the job summary of one step, in bytes; GitHub drops a
// larger one whole.
const maxSummary = 1 << 20

// Job is the step of a workflow that the program runs in. It writes to the
// step's log and to the files that GITHUB_* variables name, and to nothing else.
type Job struct {
	getenv func(string) string
	log    io.Writer
	github *githubactions.Action
}

// New returns the job that the environment describes. The log is the step's:
// what is written to it and begins with two colons is a command to the runner.
func New(getenv func(string) string, log io.Writer) *Job {
	return &Job{getenv: getenv, log: log, github: githubactions.New(
		githubactions.WithGetenv(getenv), githubactions.WithWriter(log),
	)}
}

// Quote makes the runner take what is written to the log for text until resume
// is called: file names and messages of others shall not be its commands.
func (j *Job) Quote() (resume func() error, err error) {
	token, err := delimiter()
	if err != nil {
		return nil, err
	}
	err = attempt(func() {
		j.github.IssueCommand(&githubactions.Command{Name: "stop-commands", Message: token})
	})
	return func() error {
		_, err := fmt.Fprintf(j.log, "::%s::\n", token)
		return err
	}, err
}

// Section prints a part of what is quoted. GitHub folds nothing there: what
// would tell it to is not heard.
func (j *Job) Section(_, _ string, write func() error) error { return write() }

// Output sets an output of the step. Outside of a workflow it does nothing.
func (j *Job) Output(name, value string) error {
	return j.set("output", "GITHUB_OUTPUT", name, value)
}

// State keeps a value for the end of the job. Outside of a workflow it does
// nothing.
func (j *Job) State(name, value string) error {
	return j.set("state", "GITHUB_STATE", name, value)
}

// set writes "name<<delimiter", the value and the delimiter. The delimiter is
// random: the library's own, which everyone knows, would let a value end itself
// and set other outputs.
func (j *Job) set(command, file, name, value string) error {
	if j.getenv(file) == "" {
		return nil
	}
	end, err := delimiter()
	if err != nil {
		return err
	}
	err = attempt(func() {
		j.github.IssueFileCommand(&githubactions.Command{
			Name: command, Message: fmt.Sprintf("%s<<%s\n%s\n%[2]s", name, end, value),
		})
	})
	if err != nil {
		return fmt.Errorf("set %s %s: %w", command, name, err)
	}
	return nil
}

// Summary adds Markdown to the job summary. What is larger than GitHub shows is
// cut off at a line, and says so. Outside of a workflow it does nothing.
func (j *Job) Summary(markdown string) error {
	if j.getenv("GITHUB_STEP_SUMMARY") == "" {
		return nil
	}
	if err := attempt(func() { j.github.AddStepSummary(cut(markdown, maxSummary)) }); err != nil {
		return fmt.Errorf("write job summary: %w", err)
	}
	return nil
}

// cut shortens text to at most limit bytes, its last newline included.
func cut(text string, limit int) string {
	const notice = "\n\nThe rest is left out: GitHub shows 1 MiB of a summary.\n"
	if len(text) < limit {
		return text
	}
	text = text[:limit-len(notice)-1]
	return text[:max(0, strings.LastIndexByte(text, '\n'))] + notice
}

// attempt runs a function of the library, which panics where it cannot write.
func attempt(write func()) (err error) {
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case error:
			err = cause
		default:
			panic(cause)
		}
	}()
	write()
	return nil
}

// delimiter returns text that nobody can have foreseen.
func delimiter() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a delimiter: %w", err)
	}
	return "basekeeper-" + hex.EncodeToString(b[:]), nil
}

// Getenv returns what the environment says.
func (j *Job) Getenv(name string) string { return j.getenv(name) }
