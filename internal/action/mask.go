package action

import "github.com/basekeeper/basekeeper/internal/job"

// maskInputs makes the runner hide, in everything that the job prints from now
// on, all that may be a secret, whether it is well-formed or not.
func (j *Job) maskInputs() error {
	secrets := []string{j.github.GetInput("token"), unescaped(j.github.GetInput("private-key"))}
	secrets = append(secrets, job.Passwords(j.github.GetInput("registries"))...)
	for _, line := range job.Masked(secrets...) {
		if err := attempt(func() { j.github.AddMask(line) }); err != nil {
			return err
		}
	}
	return nil
}

// SecretVariables returns the environment variables that hold secrets of the
// action. They can be removed once [Job.Inputs] has read them, so that no other
// program inherits them.
func SecretVariables() []string {
	return []string{"INPUT_TOKEN", "INPUT_PRIVATE-KEY", "INPUT_REGISTRIES"}
}
