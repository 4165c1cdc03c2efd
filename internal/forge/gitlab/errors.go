package gitlab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// restError returns what a REST request that failed means.
func (c *Client) restError(resp *rest.Response, err error) error {
	if resp == nil || resp.Response == nil || resp.StatusCode < 300 {
		return bare(err)
	}
	return c.statusError(resp.StatusCode, saidIn(attempt.Body(resp.Response)))
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

// saidIn returns GitLab's own words in the body of an answer: a message, which
// can be a text, a list or an object of either, or an error.
func saidIn(body []byte) string {
	var said struct {
		Message          any    `json:"message"`
		Error            any    `json:"error"`
		ErrorDescription string `json:"error_description"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	words := append(wordsOf(said.Message), wordsOf(said.Error)...)
	if said.ErrorDescription != "" {
		words = append(words, said.ErrorDescription)
	}
	return forge.OneLine(strings.Join(words, ": "))
}

func wordsOf(said any) []string {
	switch said := said.(type) {
	case string:
		return []string{said}
	case []any:
		var all []string
		for _, one := range said {
			all = append(all, wordsOf(one)...)
		}
		return all
	case map[string]any:
		var all []string
		for key, value := range said {
			all = append(all, strings.TrimPrefix(key+" "+strings.Join(wordsOf(value), ", "), "base "))
		}
		slices.Sort(all)
		return all
	}
	return nil
}

// statusError returns the error for an answer's status.
func (c *Client) statusError(status int, message string) error {
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: GitLab does not accept the token: it has expired, was revoked, or is for another server", forge.ErrDenied)
	case http.StatusForbidden:
		return c.deniedError(message)
	case http.StatusNotFound:
		return fmt.Errorf("%w, or hidden from the token", forge.ErrNotFound)
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return errors.New("the project was renamed or moved: put its new path into the configuration")
	}
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "not allowed for moved projects"):
		return errors.New("the project was renamed or moved: put its new path into the configuration")
	case isMoved(lower):
		return fmt.Errorf("%w: %s", forge.ErrMoved, message)
	case isProtected(lower):
		return c.branchError(message)
	case isRule(lower):
		return fmt.Errorf("%w: a push rule of the project forbids it: %s", forge.ErrDenied, message)
	case strings.Contains(lower, "empty repository") || strings.Contains(lower, "repository is empty"):
		return fmt.Errorf("the repository is empty: there is nothing to change in it (GitLab: %s)", message)
	}
	if message == "" {
		message = http.StatusText(status)
	}
	return fmt.Errorf("GitLab answers HTTP %d: %s", status, message)
}

// deniedError says what a refusal can come from.
func (c *Client) deniedError(message string) error {
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "insufficient_scope"):
		return fmt.Errorf("%w: the token needs the scope api", forge.ErrDenied)
	case strings.Contains(lower, "archived"):
		return fmt.Errorf("%w: the project is archived: unarchive it, or leave archived projects out", forge.ErrDenied)
	case isProtected(lower):
		return c.branchError(message)
	}
	said := message
	if said == "" || strings.EqualFold(said, "403 Forbidden") {
		said = "GitLab does not say why"
	}
	return fmt.Errorf("%w: the token: %s; it needs the scope api and the role Developer in the project, with its repository and merge requests open to members", forge.ErrDenied, said)
}

// branchError says what a refusal to write a branch can come from: GitLab has the
// same words for all of it.
func (c *Client) branchError(message string) error {
	return fmt.Errorf("%w: the token may not write the branch: %s; its account needs the role Developer in the project, and leave to push and force-push where the branch is protected",
		forge.ErrDenied, message)
}

// isMoved reports whether GitLab's words, in lower case, mean that somebody was
// faster.
func isMoved(lower string) bool {
	for _, words := range []string{
		"already exists",                    // the branch, the merge request
		"a branch called",                   // the same, by the commits API
		"sha does not match head",           // merging
		"sha must be provided when",         // the same
		"could not update",                  // a reference, while another did
		"you are attempting to update",      // a file that changed
		"cannot lock ref", "reference lock", // git's words
	} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}

// isProtected reports whether they are about a protected branch.
func isProtected(lower string) bool {
	return strings.Contains(lower, "protected branch") || strings.Contains(lower, "not allowed to push into this branch") ||
		strings.Contains(lower, "not allowed to force push") || strings.Contains(lower, "allowed to push code to protected")
}

// isRule reports whether they are about a push rule or a hook of the server's.
func isRule(lower string) bool {
	for _, words := range []string{"does not follow the pattern", "push rule", "pre-receive", "prereceive", "contains the forbidden pattern", "hook declined",
		"is prohibited by the pattern", "is not a member of team", "must be signed", "committer must", "cannot commit for", "you can only push commits"} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}
