package github

import (
	"net/http"
	"sync"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// Client asks one GitHub. It is safe for concurrent use, and is meant to live
// as long as the run: limits, tokens, connections and counts belong to it.
type Client struct {
	opts    Options
	place   place
	http    *http.Client
	rest    *rest.Client
	apps    *apps // nil for a token
	counter *counted

	mu      sync.Mutex
	account forge.Account // zero until it is known
}

// New returns a client. Nothing is contacted yet. The error says which of the
// options is wrong, and never what a secret is.
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	place, err := locate(opts.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: opts, place: place}
	var keys credentials = fixed(opts.Token)
	if opts.App != nil {
		if c.apps, err = newApps(*opts.App, opts.Now); err != nil {
			return nil, err
		}
		keys = c.apps
	}
	c.http = &http.Client{Transport: c.transport(keys), CheckRedirect: checkRedirect}
	c.rest = rest.NewClient(c.http)
	c.rest.BaseURL = place.rest
	if c.apps != nil {
		c.apps.rest = c.rest
	}
	return c, nil
}

// transport builds the way of a request, from the inside out.
func (c *Client) transport(keys credentials) http.RoundTripper {
	o := c.opts
	c.counter = &counted{inner: &attempt.Exchange{Inner: o.Transport, Timeout: o.Timeout, MaxBody: maxBody}}
	pacer := newPacer(o.Now, o.App != nil)
	var t http.RoundTripper = c.counter
	t = &authorized{inner: t, api: c.place.rest, userAgent: o.UserAgent, credentials: keys}
	t = &paced{inner: t, pacer: pacer, reads: make(chan struct{}, o.Concurrency), writes: make(chan struct{}, 1),
		deadline: o.Deadline, sleep: o.Sleep}
	j := &judge{pacer: pacer, retries: o.Retries, deadline: o.Deadline}
	return &unlimited{inner: &attempt.Repeat{Inner: t, Sleep: o.Sleep, Judge: j.judge}}
}

// Requests returns how many requests were sent so far.
func (c *Client) Requests() Count { return c.counter.count() }

// CloseIdle closes idle connections. The client can be used on.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }
