package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// fault is an error that a GraphQL answer holds, beside or instead of data.
type fault struct {
	Type       string
	Message    string
	Path       []any
	Extensions struct {
		SAML bool   `json:"saml_failure"`
		Code string // of faults in the document itself
	}
}

// at returns the first step of where the fault belongs: the alias.
func (f fault) at() string {
	if len(f.Path) == 0 {
		return ""
	}
	s, _ := f.Path[0].(string)
	return s
}

// query asks, for what there is about repositories of owner ("" for those of
// several, which an App cannot ask at once). The faults come beside whatever
// data there is. What comes in half is asked for again.
func (c *Client) query(ctx context.Context, owner, document string, variables map[string]any, data any) ([]fault, error) {
	for n := 0; ; n++ {
		faults, err := c.graphql(ctx, call{owner: owner, graphql: true, again: n > 0}, document, variables, data)
		if err == nil || !isHalf(err) || n >= c.opts.Retries {
			return faults, err
		}
		if err := c.opts.Sleep(ctx, backoff.Wait(n, attempt.Jitter())); err != nil {
			return nil, err
		}
	}
}

// ask is a query that the caller repeats with less when it is too much.
func (c *Client) ask(ctx context.Context, owner, document string, variables map[string]any, data any) ([]fault, error) {
	return c.graphql(ctx, call{owner: owner, graphql: true, halvable: true}, document, variables, data)
}

// mutate changes something. GitHub carries the changes out in order, and goes
// on after one that failed.
func (c *Client) mutate(ctx context.Context, owner, document string, variables map[string]any, data any) ([]fault, error) {
	return c.graphql(ctx, call{owner: owner, graphql: true, write: true}, document, variables, data)
}

func (c *Client) graphql(ctx context.Context, how call, document string, variables map[string]any, data any) ([]fault, error) {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(withCall(ctx, how), http.MethodPost, c.place.graphql.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is in memory
	if resp.StatusCode != http.StatusOK {
		var said struct{ Message string }
		_ = json.Unmarshal(attempt.Body(resp), &said) // where it is no JSON there is no message
		return nil, statusError(c.who(), resp.StatusCode, resp.Header, said.Message)
	}
	answer := struct {
		Data   any
		Errors []fault
	}{Data: data}
	if err := json.Unmarshal(attempt.Body(resp), &answer); err != nil {
		return nil, halfError(how.write)
	}
	if answer.Data == nil && len(answer.Errors) == 0 {
		return nil, halfError(how.write)
	}
	if broken := exhausted(answer.Errors); broken != nil {
		broken.Lost = how.write
		return nil, broken
	}
	return answer.Errors, nil
}

func halfError(lost bool) error {
	return &attempt.BrokenError{Who: "GitHub", Status: http.StatusOK, Lost: lost, Cause: errHalf}
}

var errHalf = errors.New("GitHub gives half an answer")

// isHalf reports whether an answer came that is of no use.
func isHalf(err error) bool {
	var broken *attempt.BrokenError
	return errors.As(err, &broken) && broken.Status == http.StatusOK
}

// isLost reports whether it is not known what became of a change.
func isLost(err error) bool {
	var broken *attempt.BrokenError
	return errors.As(err, &broken) && broken.Lost
}

// isTooMuch reports whether asking for less may help: not where there is no
// connection at all.
func isTooMuch(err error) bool {
	var broken *attempt.BrokenError
	return errors.As(err, &broken) && (broken.Status != 0 || attempt.IsSlow(broken.Cause))
}

// exhausted returns an error where one of the faults says that GitHub ran out
// of time or patience with the document.
func exhausted(faults []fault) *attempt.BrokenError {
	for _, f := range faults {
		lower := strings.ToLower(f.Message)
		if f.Type == "RESOURCE_LIMITS_EXCEEDED" || f.Type == "MAX_NODE_LIMIT_EXCEEDED" ||
			strings.Contains(lower, "something went wrong while executing") || strings.Contains(lower, "timedout") || strings.Contains(lower, "timeout") {
			return &attempt.BrokenError{Who: "GitHub", Status: http.StatusOK, Cause: fmt.Errorf("GitHub gives up: %s", forge.OneLine(f.Message))}
		}
	}
	return nil
}

// fault returns what f means for the mutation of that name, empty for a query.
func (c *Client) fault(mutation string, f fault) error {
	message := forge.OneLine(f.Message)
	switch {
	case f.Extensions.SAML || strings.Contains(message, "SAML enforcement"):
		return fmt.Errorf("%w: the organization demands SAML single sign-on: authorize %s for it, at https://github.com/settings/tokens", forge.ErrDenied, c.who())
	case f.Type == "STALE_DATA", f.Type != "FORBIDDEN" && isMoved(message):
		return fmt.Errorf("%w: %s", forge.ErrMoved, message)
	case f.Type == "NOT_FOUND":
		return fmt.Errorf("%w, or hidden from %s", forge.ErrNotFound, c.who())
	case isTooQuick(message):
		return fmt.Errorf("%w: GitHub's limit on new content: %s", forge.ErrLimited, message)
	case isRule(message):
		return fmt.Errorf("%w: a rule of the repository forbids it: %s", forge.ErrDenied, message)
	}
	if err := knownRefusal(message); err != nil {
		return err
	}
	switch f.Type {
	case "FORBIDDEN":
		if needs := needs[mutation]; needs != "" && strings.Contains(message, "not accessible") {
			return fmt.Errorf("%w: %s needs %s", forge.ErrDenied, c.who(), needs)
		}
		return fmt.Errorf("%w: %s", forge.ErrDenied, message)
	case "INSUFFICIENT_SCOPES":
		return fmt.Errorf("%w: %s: %s", forge.ErrDenied, c.who(), message)
	}
	if mutation == "updateRefs" && f.at() != "" { // what else can be wrong with it is said above
		return fmt.Errorf("%w: %s", forge.ErrMoved, message)
	}
	return fmt.Errorf("GitHub answers: %s", message)
}

// needs says which permission a mutation needs, since GraphQL does not.
var needs = map[string]string{
	"createRef":                   "contents: write",
	"updateRefs":                  "contents: write",
	"createCommitOnBranch":        "contents: write",
	"createPullRequest":           "pull_requests: write",
	"updatePullRequest":           "pull_requests: write",
	"addComment":                  "pull_requests: write",
	"addLabelsToLabelable":        "pull_requests: write",
	"addAssigneesToAssignable":    "pull_requests: write",
	"requestReviews":              "pull_requests: write",
	"enablePullRequestAutoMerge":  "contents: write and pull_requests: write",
	"disablePullRequestAutoMerge": "pull_requests: write",
	"":                            "contents: read, metadata: read and pull_requests: read",
}
