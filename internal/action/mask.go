package action

import "strings"

// minMasked is the length from which a text is worth hiding: the runner
// replaces what is masked wherever it stands, and short texts stand everywhere.
const minMasked = 4

// mask makes the runner hide secrets in everything that the job prints from now
// on. The runner looks for one line at a time, and so each line is masked.
func (j *Job) mask(secrets ...string) error {
	for _, secret := range secrets {
		for line := range strings.SplitSeq(secret, "\n") {
			line = strings.TrimSpace(line)
			if len(line) < minMasked || strings.HasPrefix(line, "-----") { // a frame that every key has
				continue
			}
			if err := attempt(func() { j.github.AddMask(line) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// maskInputs masks all that may be a secret, whether it is well-formed or not.
func (j *Job) maskInputs() error {
	secrets := []string{j.github.GetInput("token"), unescaped(j.github.GetInput("private-key"))}
	for line := range strings.Lines(j.github.GetInput("registries")) {
		_, rest := field(line)
		user, password := field(rest)
		secrets = append(secrets, password)
		if password == "" { // somebody forgot the user's name
			secrets = append(secrets, user)
		}
	}
	return j.mask(secrets...)
}

// SecretVariables returns the environment variables that hold secrets of the
// action. They can be removed once [Job.Inputs] has read them, so that no other
// program inherits them.
func SecretVariables() []string {
	return []string{"INPUT_TOKEN", "INPUT_PRIVATE-KEY", "INPUT_REGISTRIES"}
}
