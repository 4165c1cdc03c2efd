package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// Options is what a client needs from outside.
type Options struct {
	// BaseURL is where the API is: empty for https://api.github.com, else an
	// Enterprise Server, https://HOST, with or without /api/v3. Only addresses
	// of this machine may be plain HTTP.
	BaseURL string

	// Token is a personal access token, an App's or GITHUB_TOKEN. Either it or
	// App is needed.
	Token string
	// App is a GitHub App that takes a token for each of its installations.
	App *App

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
	// GitHub's limits can ask for: at most an hour.
	Deadline time.Time

	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Sleep waits; nil means a timer. It returns ctx's error when that ends
	// first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Transport replaces the innermost transport.
	Transport http.RoundTripper
}

// App is a GitHub App.
type App struct {
	ID  int64
	Key []byte // its private key, PEM
}

// maxConcurrency keeps well below the hundred requests in flight that GitHub
// allows one account in all it does.
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
		o.Now = time.Now //nolint:forbidigo // the default of an option; limits and the age of tokens hang on it
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

func (o Options) check() error {
	switch {
	case o.Token == "" && o.App == nil:
		return errors.New("no credentials: give a token, or an App's id and private key")
	case o.Token != "" && o.App != nil:
		return errors.New("both a token and an App are given: choose one")
	case o.App != nil && o.App.ID <= 0:
		return fmt.Errorf("the App's id is %d; it is a positive number, shown on the App's settings page", o.App.ID)
	}
	return nil
}
