package action

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/basekeeper/basekeeper/internal/job"
)

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
	ownerName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}$`)
	accountName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)
)

// Inputs reads the inputs of the step. The secrets among them are masked
// before anything else happens. The error joins one for every input that is
// wrong, each naming it and what it may be; none repeats a secret.
func (j *Job) Inputs() (job.Inputs, error) {
	if err := j.maskInputs(); err != nil {
		return job.Inputs{}, fmt.Errorf("mask secrets: %w", err)
	}
	r := &job.Reader{
		Get: j.github.GetInput, Call: j.Call, Workspace: j.getenv("GITHUB_WORKSPACE"),
		Outside: "which is all that the action shares with other steps",
	}
	in := r.Common()
	in.Repositories = r.List("repositories", repositoryName, "owner/name")
	in.Organizations = r.List("organization", ownerName, "names of organisations")
	in.BumpAuthors = r.List("bump-authors", accountName, "names of accounts")
	in.AppID, in.PrivateKey = app(r)
	in.ServerURL, in.APIURL = urls(r, j.getenv)
	if in.InPlace && in.Named() {
		r.Fail("in-place", "the files of the workspace are changed, or repositories and organization are worked on; not both")
	}
	if len(in.BumpAuthors) == 0 {
		in.BumpAuthors, in.AppsToo = []string{"github-actions[bot]"}, in.AppID != 0
	}
	if err := r.Err(); err != nil {
		return job.Inputs{}, err
	}
	return in, nil
}

// Call says what people know an input as.
func (j *Job) Call(input string) string { return "input " + input }

// app reads the credentials of a GitHub App.
func app(r *job.Reader) (id int64, key string) {
	number, key := r.Get("app-id"), unescaped(r.Get("private-key"))
	if number != "" {
		var err error
		if id, err = strconv.ParseInt(number, 10, 64); err != nil || id <= 0 {
			r.Fail("app-id", "want the App's number, as its settings show it")
		}
	}
	switch {
	case number != "" && key == "":
		r.Fail("private-key", "an app-id needs the App's private key")
	case number == "" && key != "":
		r.Fail("app-id", "a private-key needs the App's id")
	case key != "" && !isPEM(key):
		r.Fail("private-key", "want the whole file that GitHub made for the App, from -----BEGIN to -----END")
	}
	return id, key
}
