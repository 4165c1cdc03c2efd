package gitlab

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// Client asks one GitLab. It is safe for concurrent use, and is meant to live
// as long as the run: limits, connections and counts belong to it.
type Client struct {
	opts    Options
	place   place
	http    *http.Client
	rest    *rest.Client //nolint:staticcheck // docs/adr/0007: archived, and fenced in here
	counter *counted

	restOnly atomic.Bool  // GraphQL was refused
	budget   atomic.Int64 // what a document may cost by our own measure

	mu      sync.Mutex
	account account
	people  map[string]int64 // users' numbers by lower-case name; 0 for nobody
	absent  map[string]bool  // fields that this GitLab does not know
}

// New returns a client. Nothing is contacted yet. The error says which of the
// options is wrong, and never what a secret is; for a job's token it wraps
// [forge.ErrDenied].
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	place, err := locate(opts.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: opts, place: place, people: map[string]int64{}, absent: map[string]bool{}}
	c.budget.Store(maxComplexity)
	c.http = &http.Client{Transport: c.transport(), CheckRedirect: checkRedirect}
	c.rest, err = rest.NewClient("", //nolint:staticcheck // docs/adr/0007
		rest.WithHTTPClient(c.http), rest.WithBaseURL(place.rest.String()),
		rest.WithCustomLimiter(unlimited{}), rest.WithoutRetries(), rest.WithCustomRetryMax(0),
		rest.WithCustomRetry(never))
	if err != nil {
		return nil, err
	}
	return c, nil
}

// unlimited is no limiter: limits are obeyed in our own transport, as are
// repetitions.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

func never(context.Context, *http.Response, error) (bool, error) { return false, nil }

// transport builds the way of a request, from the inside out.
func (c *Client) transport() http.RoundTripper {
	o := c.opts
	c.counter = &counted{inner: &attempt.Exchange{Inner: o.Transport, Timeout: o.Timeout, MaxBody: maxBody}}
	p := newPacer(o.Now)
	var t http.RoundTripper = c.counter
	t = &authorized{inner: t, api: c.place, userAgent: o.UserAgent, token: o.Token}
	t = &paced{inner: t, pacer: p, reads: make(chan struct{}, o.Concurrency), writes: make(chan struct{}, 1), deadline: o.Deadline, sleep: o.Sleep}
	j := &judge{pacer: p, retries: o.Retries, deadline: o.Deadline}
	return &attempt.Repeat{Inner: t, Sleep: o.Sleep, Judge: j.judge}
}

// maxBody bounds an answer in bytes.
const maxBody = 64 << 20

// Requests returns how many requests were sent so far.
func (c *Client) Requests() Count { return c.counter.count() }

// CloseIdle closes idle connections. The client can be used on.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }
