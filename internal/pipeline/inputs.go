package pipeline

import (
	"cmp"
	"strings"

	"github.com/basekeeper/basekeeper/internal/job"
)

// Inputs reads the variables of the job. The error joins one for every variable
// that is wrong, each naming it and what it may be; none repeats a secret.
func (j *Job) Inputs() (job.Inputs, error) {
	r := &job.Reader{
		Get: j.input, Call: j.Call, Workspace: j.getenv("CI_PROJECT_DIR"),
		Outside: "which is all that GitLab keeps of a job",
	}
	in := r.Common()
	in.Repositories = r.List("repositories", projectPath, "full paths of projects, such as acme/team/app")
	in.Organizations = r.List("group", groupPath, "full paths of groups")
	in.BumpAuthors = r.List("bump-authors", userName, "names of users")
	if in.InPlace && in.Named() {
		r.Fail("in-place", "the files of the checkout are changed, or repositories and group are worked on; not both")
	}
	if err := r.Err(); err != nil {
		return job.Inputs{}, err
	}
	return in, nil
}

// input is the value of an input. The token has a name besides ours that many
// programs know.
func (j *Job) input(name string) string {
	value := strings.TrimSpace(j.getenv(variable(name)))
	if name == "token" {
		value = cmp.Or(value, strings.TrimSpace(j.getenv("GITLAB_TOKEN")))
	}
	return value
}

// variable is the name of an input's variable.
func variable(input string) string {
	return "BASEKEEPER_" + strings.ToUpper(strings.ReplaceAll(input, "-", "_"))
}

// Call says what people know an input as.
func (j *Job) Call(input string) string { return "variable " + variable(input) }

// SecretVariables returns the environment variables that hold secrets of the
// component. They can be removed once [Job.Inputs] has read them, so that no
// other program inherits them.
func SecretVariables() []string {
	return []string{"BASEKEEPER_TOKEN", "GITLAB_TOKEN", "BASEKEEPER_REGISTRIES"}
}

// secrets are the texts that the job's log must not have: ours, and those that
// GitLab gives to every job.
func (j *Job) secrets() []string {
	all := job.Passwords(j.getenv("BASEKEEPER_REGISTRIES"))
	for _, name := range []string{
		"BASEKEEPER_TOKEN", "GITLAB_TOKEN",
		"CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPLOY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_REPOSITORY_URL",
	} {
		all = append(all, j.getenv(name))
	}
	return job.Masked(all...)
}
