package gitlab

import (
	"context"
	"net/http"

	rest "github.com/xanzy/go-gitlab"
)

// call is what the transport must know about a request and cannot see in it.
type call struct {
	graphql    bool
	write      bool // it changes something
	repeatable bool // a change that may be made twice
	note       bool // a comment: there is a limit on these
	list       bool // of a group's projects: there is one on these too
	again      bool // the caller asked before, and got nothing of use
	halvable   bool // the caller asks again for less when it is too much
}

type callKey struct{}

func withCall(ctx context.Context, c call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

func callOf(req *http.Request) call {
	if c, ok := req.Context().Value(callKey{}).(call); ok {
		return c
	}
	return call{write: req.Method != http.MethodGet && req.Method != http.MethodHead}
}

// reading, writing and setting are options of a REST request; setting is
// writing what can be written twice.
func reading(ctx context.Context) rest.RequestOptionFunc {
	return rest.WithContext(withCall(ctx, call{}))
}

func listing(ctx context.Context) rest.RequestOptionFunc {
	return rest.WithContext(withCall(ctx, call{list: true}))
}

func writing(ctx context.Context) rest.RequestOptionFunc {
	return rest.WithContext(withCall(ctx, call{write: true}))
}

func setting(ctx context.Context) rest.RequestOptionFunc {
	return rest.WithContext(withCall(ctx, call{write: true, repeatable: true}))
}

func noting(ctx context.Context) rest.RequestOptionFunc {
	return rest.WithContext(withCall(ctx, call{write: true, note: true}))
}
