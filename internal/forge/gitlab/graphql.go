package gitlab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// fault is an error that a GraphQL answer holds, beside or instead of data.
type fault struct {
	Message    string
	Path       []any
	Extensions struct {
		Code      string
		FieldName string
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

// errNoGraphQL says that there is no GraphQL to be had: an administrator, or
// what stands before GitLab, does not let it through.
var errNoGraphQL = errors.New("GitLab's GraphQL API is not there")

// optional are the fields that a GitLab of some age does not know. What they
// say is then not known.
var optional = map[string]bool{
	"isForked": true, "commitEmail": true, "publicEmail": true, "bot": true, "markedForDeletionOn": true,
	"autoMergeEnabled": true, "committerEmail": true, "committerName": true,
}

// query asks. The faults come beside whatever data there is. What comes in half
// is asked for again.
func (c *Client) query(ctx context.Context, document string, variables map[string]any, data any) ([]fault, error) {
	for n := 0; ; n++ {
		faults, err := c.graphql(ctx, call{graphql: true, again: n > 0}, document, variables, data)
		if err == nil || !isHalf(err) || n >= c.opts.Retries {
			return faults, err
		}
		if err := c.opts.Sleep(ctx, backoff.Wait(n, attempt.Jitter())); err != nil {
			return nil, err
		}
	}
}

// ask is a query that the caller repeats with less when it is too much.
func (c *Client) ask(ctx context.Context, document string, variables map[string]any, data any) ([]fault, error) {
	return c.graphql(ctx, call{graphql: true, halvable: true}, document, variables, data)
}

// graphql sends a document. Fields that this GitLab turns out not to know are
// left out from then on.
func (c *Client) graphql(ctx context.Context, how call, document string, variables map[string]any, data any) ([]fault, error) {
	if c.restOnly.Load() {
		return nil, errNoGraphQL
	}
	for range len(optional) + 1 {
		faults, err := c.post(ctx, how, c.known(document), variables, data)
		if err != nil || !c.learnAbsent(faults) {
			return faults, err
		}
		how.again = true
	}
	return nil, halfError()
}

func (c *Client) post(ctx context.Context, how call, document string, variables map[string]any, data any) ([]fault, error) {
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
	switch resp.StatusCode {
	case http.StatusOK:
		return readGraphQL(attempt.Body(resp), data)
	case http.StatusNotFound, http.StatusForbidden, http.StatusMethodNotAllowed:
		c.restOnly.Store(true)
		return nil, errNoGraphQL
	case http.StatusRequestEntityTooLarge:
		return nil, &attempt.BrokenError{Who: "GitLab", Status: resp.StatusCode}
	}
	return nil, c.statusError(resp.StatusCode, saidIn(attempt.Body(resp)))
}

// readGraphQL reads an answer into data. Its error is about the document as a
// whole.
func readGraphQL(body []byte, data any) ([]fault, error) {
	answer := struct {
		Data   any
		Errors []fault
	}{Data: data}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, halfError()
	}
	if answer.Data == nil && len(answer.Errors) == 0 {
		return nil, halfError()
	}
	for _, f := range answer.Errors {
		lower := strings.ToLower(f.Message)
		if e := tooComplex(f.Message); e != nil {
			return nil, e
		}
		if strings.Contains(lower, "timeout") || strings.Contains(lower, "timed out") || strings.Contains(lower, "internal server error") {
			return nil, &attempt.BrokenError{Who: "GitLab", Status: http.StatusOK, Cause: fmt.Errorf("GitLab gives up: %s", forge.OneLine(f.Message))}
		}
	}
	return answer.Errors, nil
}

// learnAbsent notes fields that GitLab says it does not know, and reports
// whether asking without them may do.
func (c *Client) learnAbsent(faults []fault) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	learned := false
	for _, f := range faults {
		name := f.Extensions.FieldName
		if f.Extensions.Code == "undefinedField" && optional[name] {
			c.absent[name], learned = true, true
		}
	}
	return learned
}

// known returns a document without the fields that are not known. All of them
// are plain: they have no arguments, and nothing in them.
func (c *Client) known(document string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.absent {
		document = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(document, "")
	}
	return document
}

func halfError() error {
	return &attempt.BrokenError{Who: "GitLab", Status: http.StatusOK, Cause: errHalf}
}

var errHalf = errors.New("GitLab gives half an answer")

// isHalf reports whether an answer came that is of no use.
func isHalf(err error) bool {
	var broken *attempt.BrokenError
	return errors.As(err, &broken) && broken.Status == http.StatusOK
}

// isTooMuch reports whether asking for less may help: not where there is no
// connection at all.
func isTooMuch(err error) bool {
	var broken *attempt.BrokenError
	var complex *complexityError
	return errors.As(err, &complex) || errors.As(err, &broken) && (broken.Status != 0 || attempt.IsSlow(broken.Cause))
}

// fault returns what f means.
func (c *Client) fault(f fault) error {
	message := forge.OneLine(f.Message)
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "does not exist or you don't have permission"), strings.Contains(lower, "not found"):
		return fmt.Errorf("%w, or hidden from the token", forge.ErrNotFound)
	case strings.Contains(lower, "permission"), strings.Contains(lower, "forbidden"), strings.Contains(lower, "not authorized"), strings.Contains(lower, "insufficient"):
		return fmt.Errorf("%w: the token: %s; it needs the scope api and the role Developer", forge.ErrDenied, message)
	}
	return fmt.Errorf("GitLab answers: %s", message)
}

// notFound is the error for what is null in an answer.
func (c *Client) notFound() error {
	return fmt.Errorf("%w, or hidden from the token", forge.ErrNotFound)
}
