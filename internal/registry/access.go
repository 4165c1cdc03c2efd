package registry

import (
	"errors"
	"net/http"
)

// Access is what a client's tokens may do in a repository.
type Access int

// Accesses, each with what the ones before it may.
const (
	Pull   Access = iota // read, from the mirror where there is one
	Push                 // write manifests and blobs
	Delete               // delete tags and manifests
)

// actions returns what a token is asked for.
//
// Spec: distribution, "Token Scope Documentation".
func (a Access) actions() string {
	switch a {
	case Push:
		return "pull,push"
	case Delete:
		return "pull,push,delete"
	case Pull:
	}
	return "pull"
}

// With returns a view of c with an access of its own. It shares everything else
// with c: connections, limits, counts, credentials. A view that may push or
// delete asks the registry itself where a mirror is configured, for all it does.
func (c *Client) With(a Access) *Client { return &Client{shared: c.shared, access: a} }

// words are how messages name an access and the rights that it takes.
type words struct{ doing, right, closed, github, azure string }

func (a Access) words() words {
	switch a {
	case Push:
		return words{"pushing to", "write", "takes no pushes", "write", "AcrPush"}
	case Delete:
		return words{"deleting from", "delete", "lets nothing be deleted", "write", "AcrDelete"}
	case Pull:
	}
	return words{"pulling from", "read", "is private or does not exist", "read", "AcrPull"}
}

var (
	errNeedsPush   = errors.New("this client may only pull; it is to be made With(Push)")
	errNeedsDelete = errors.New("this client may not delete; it is to be made With(Delete)")
)

// verb says for messages what a request does to a host.
func (r request) verb() string {
	switch r.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return verbPush
	case http.MethodDelete:
		return verbDelete
	}
	return verbAsk
}

const (
	verbAsk    = "ask"
	verbPush   = "push to"
	verbDelete = "delete from"
)
