package job

import "strings"

// minMasked is the length from which a text is worth hiding: what is masked is
// replaced wherever it stands, and short texts stand everywhere.
const minMasked = 4

// Masked returns the texts to hide so that secrets are: each line by itself,
// since logs are looked through line by line, and not the frame that every key
// has.
func Masked(secrets ...string) []string {
	var all []string
	for _, secret := range secrets {
		for line := range strings.SplitSeq(secret, "\n") {
			line = strings.TrimSpace(line)
			if len(line) >= minMasked && !strings.HasPrefix(line, "-----") {
				all = append(all, line)
			}
		}
	}
	return all
}
