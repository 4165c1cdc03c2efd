package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// restError returns what a REST request that failed means. who names the
// credentials that it came with.
func restError(who string, resp *rest.Response, err error) error {
	var answer *rest.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		return statusError(who, answer.Response.StatusCode, answer.Response.Header, messageOf(answer))
	}
	if resp != nil && resp.StatusCode >= 400 {
		return statusError(who, resp.StatusCode, resp.Header, "")
	}
	return bare(err)
}

// bare takes off what net/http puts around an error: the method and the URL,
// which say nothing to a user.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// messageOf returns GitHub's own words with their details.
func messageOf(answer *rest.ErrorResponse) string {
	words := []string{answer.Message}
	for _, e := range answer.Errors {
		detail := e.Message
		if detail == "" {
			detail = strings.Join(strings.Fields(e.Resource+" "+e.Field+" "+e.Code), " ")
		}
		if detail != "" {
			words = append(words, detail)
		}
	}
	return strings.Join(words, ": ")
}

// statusError returns the error for an answer's status.
func statusError(who string, status int, header http.Header, message string) error {
	message = forge.OneLine(message)
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: GitHub does not accept %s: it has expired, was revoked, or is for another server", forge.ErrDenied, who)
	case http.StatusForbidden:
		return deniedError(who, header, message)
	case http.StatusNotFound:
		if needs := permissions(header.Get("X-Accepted-GitHub-Permissions")); needs != "" {
			who += ", which needs " + needs
		}
		return fmt.Errorf("%w, or hidden from %s", forge.ErrNotFound, who)
	case http.StatusConflict, http.StatusUnprocessableEntity:
		if isMoved(message) {
			return fmt.Errorf("%w: %s", forge.ErrMoved, message)
		}
	}
	if message == "" {
		message = http.StatusText(status)
	}
	return fmt.Errorf("GitHub answers HTTP %d: %s", status, message)
}

func deniedError(who string, header http.Header, message string) error {
	if sso, ok := singleSignOn(header.Get("X-GitHub-SSO")); ok {
		return fmt.Errorf("%w: %s", forge.ErrDenied, sso)
	}
	if err := knownRefusal(message); err != nil {
		return err
	}
	if needs := permissions(header.Get("X-Accepted-GitHub-Permissions")); needs != "" {
		return fmt.Errorf("%w: %s needs %s", forge.ErrDenied, who, needs)
	}
	if scopes := forge.OneLine(header.Get("X-Accepted-OAuth-Scopes")); scopes != "" {
		return fmt.Errorf("%w: %s needs one of the scopes %s (GitHub: %s)", forge.ErrDenied, who, scopes, message)
	}
	if message == "" {
		message = "GitHub does not say why"
	}
	return fmt.Errorf("%w: %s: %s", forge.ErrDenied, who, message)
}

// singleSignOn reads X-GitHub-SSO: "required; url=https://…".
func singleSignOn(header string) (string, bool) {
	if !strings.HasPrefix(header, "required") {
		return "", false
	}
	advice := "the organization demands SAML single sign-on: authorize the token for it"
	if _, at, ok := strings.Cut(header, "url="); ok {
		advice += " at " + forge.OneLine(at)
	}
	return advice, true
}

// permissions reads X-Accepted-GitHub-Permissions, as "contents=write,
// pull_requests=read; issues=write": sets by semicolon, any of which does.
func permissions(header string) string {
	var sets []string
	for set := range strings.SplitSeq(forge.OneLine(header), ";") {
		var all []string
		for one := range strings.SplitSeq(set, ",") {
			if name, level, ok := strings.Cut(strings.TrimSpace(one), "="); ok {
				all = append(all, name+": "+level)
			}
		}
		if len(all) > 0 {
			sets = append(sets, strings.Join(all, " and "))
		}
	}
	return strings.Join(sets, ", or ")
}

// knownRefusal is about refusals that a setting is behind, by GitHub's words.
func knownRefusal(message string) error {
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "not permitted to create or approve pull requests"):
		return fmt.Errorf(`%w: "Allow GitHub Actions to create and approve pull requests" must be on, in the Actions settings of the repository and of its organization`, forge.ErrDenied)
	case strings.Contains(lower, "workflow") && (strings.Contains(lower, "without `workflow") || strings.Contains(lower, "without 'workflow")):
		return fmt.Errorf("%w: changes under .github/workflows need workflows: write of an App, or the scope workflow of a token; GITHUB_TOKEN can never make them", forge.ErrDenied)
	}
	return nil
}

// isMoved reports whether GitHub's words mean that somebody was faster.
func isMoved(message string) bool {
	lower := strings.ToLower(message)
	for _, words := range []string{
		"already exists",                                // the branch, the pull request
		"expected branch to point to",                   // createCommitOnBranch
		"no ref with the name",                          // the same, where it is gone
		"update is not a fast forward",                  // REST's references
		"reference does not exist",                      // the same, where it is gone
		"reference cannot be updated",                   // updateRefs
		"head branch was modified",                      // automerge
		"pull request is closed", "closed pull request", // by whom does not matter
	} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}

// isTooQuick reports whether GitHub's words mean the limit on new content, as
// GraphQL says it.
func isTooQuick(message string) bool {
	return strings.Contains(strings.ToLower(message), "submitted too quickly")
}

// isRule reports whether GitHub's words are about a rule of the repository's:
// branch protection, rulesets, hooks.
func isRule(message string) bool {
	lower := strings.ToLower(message)
	for _, words := range []string{"rule violation", "ruleset", "protected branch", "branch protection", "hook declined", "cannot force-push", "cannot delete"} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}
