package github

import (
	"context"
	"net/http"
)

// call is what the transport must know about a request and cannot see in it.
type call struct {
	owner      string // of the repository that it is about; an App has a token for each
	app        bool   // it is the App itself that asks, not one of its installations
	graphql    bool
	write      bool // it changes something
	silent     bool // a change that nobody is told of: git objects
	repeatable bool // a change that may be made twice
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

// reading, writing and the like make the contexts of requests about a
// repository of owner.
func reading(ctx context.Context, owner string) context.Context {
	return withCall(ctx, call{owner: owner})
}

func writing(ctx context.Context, owner string) context.Context {
	return withCall(ctx, call{owner: owner, write: true})
}

// setting is writing what can be written twice.
func setting(ctx context.Context, owner string) context.Context {
	return withCall(ctx, call{owner: owner, write: true, repeatable: true})
}

// storing is writing git objects, which are named by their content.
func storing(ctx context.Context, owner string) context.Context {
	return withCall(ctx, call{owner: owner, write: true, silent: true, repeatable: true})
}
