package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// Options is what a client needs from outside.
type Options struct {
	// BaseURL is where GitLab is: empty for https://gitlab.com, else an
	// installation, https://HOST or https://HOST/PATH, with or without /api/v4.
	// Only addresses of this machine may be plain HTTP.
	BaseURL string

	// Token is a personal, project or group access token, or an OAuth token. It
	// is sent as a bearer, which is right for all of them.
	Token string
	// Job says that Token is a job's CI_JOB_TOKEN, which is refused: it serves
	// the registry only.
	Job bool

	// UserAgent is sent with each request; empty means basekeeper.
	UserAgent string
	// Concurrency bounds the reading requests in flight; 0 means 4. There is
	// never more than one that writes.
	Concurrency int
	// Retries bounds the repetitions of one request that failed for a reason
	// that can pass; 0 means 4, a negative number none.
	Retries int
	// Timeout bounds one attempt, body included; 0 means a minute.
	Timeout time.Duration
	// Deadline is when the run must end; a wait beyond it is
	// [forge.ErrLimited] instead. Zero means that any wait is worth it that
	// GitLab's limits can ask for.
	Deadline time.Time

	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Sleep waits; nil means a timer. It returns ctx's error when that ends
	// first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Transport replaces the innermost transport.
	Transport http.RoundTripper

	unsigned bool // requests bring no token of their own
}

const maxConcurrency = 32

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	o.Concurrency = min(o.Concurrency, maxConcurrency)
	switch {
	case o.Retries == 0:
		o.Retries = 4
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an option; limits hang on it
	}
	if o.Sleep == nil {
		o.Sleep = attempt.Sleep
	}
	if o.UserAgent == "" {
		o.UserAgent = "basekeeper"
	}
	if o.Transport == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxIdleConnsPerHost = o.Concurrency + 1
		o.Transport = base
	}
	return o
}

// jobPrefix is how a job's token begins since GitLab 17.
//
// Spec: GitLab's "Token overview", token prefixes.
const jobPrefix = "glcbt-"

func (o Options) check() error {
	switch {
	case o.unsigned:
	case o.Token == "":
		return errors.New("no credentials: give a token; a project or group access token with the scope api and the role Developer will do")
	case o.Job || strings.HasPrefix(o.Token, jobPrefix):
		return fmt.Errorf("%w: CI_JOB_TOKEN serves the container registry only; make a project or group access token with the scope api and the role Developer, "+
			"or Maintainer where tags or branches are protected, and give it as BASEKEEPER_TOKEN, a masked variable", forge.ErrDenied)
	case strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("the token holds a space, a line's end or another character that no token has")
	}
	return nil
}
