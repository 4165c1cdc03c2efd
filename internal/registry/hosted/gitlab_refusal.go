package hosted

import (
	"net/http"
	"strings"
)

// gitLabRefusal says which rule an answer to a delete is about; nothing for an
// answer that is none. GitLab has answered both 400 and 403 to the same thing.
func gitLabRefusal(got answer) string {
	if got.status != http.StatusBadRequest && got.status != http.StatusForbidden {
		return ""
	}
	said := strings.ToLower(string(got.body))
	for _, is := range []struct{ word, why string }{
		{"immutable", "a rule makes the tag immutable: nobody can delete it while the rule is there; " + whereRules},
		{"protected", "a rule protects the tag: it takes a higher role to delete it; " + whereRules},
		{"migrat", "the repository is being migrated; run again when that is done"},
	} {
		if strings.Contains(said, is.word) {
			return is.why
		}
	}
	if got.status == http.StatusBadRequest {
		return "GitLab answers HTTP 400: a rule may protect the tag, or the repository is being migrated or cleaned up; " + whereRules
	}
	return ""
}

const whereRules = "see Settings > Packages and registries > Container registry of the project"
