package github

import (
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

type refObject struct {
	repository *repository
	name       string // in full
}

// refOrNull is a ref, if it is there.
func refOrNull(r *repository, name string) object {
	if _, ok := r.git.Ref(name); ok {
		return refObject{r, name}
	}
	return nil
}

func (refObject) kinds() []string { return []string{"Ref", "Node"} }

func (o refObject) nodeID() string { return nodeID("REF", o.repository.id, o.name) }

func (o refObject) field(q *query, name string, a args) (any, error) {
	return resolve(refFields, q, o, name, a)
}

// prefix is the part of a ref's name that its kind has.
func (o refObject) prefix() string {
	if i := strings.IndexByte(strings.TrimPrefix(o.name, "refs/"), '/'); i >= 0 {
		return o.name[:len("refs/")+i+1]
	}
	return "refs/"
}

var refFields = resolvers[refObject]{
	"id":         func(_ *query, o refObject, _ args) (any, error) { return o.nodeID(), nil },
	"name":       func(_ *query, o refObject, _ args) (any, error) { return strings.TrimPrefix(o.name, o.prefix()), nil },
	"prefix":     func(_ *query, o refObject, _ args) (any, error) { return o.prefix(), nil },
	"repository": func(_ *query, o refObject, _ args) (any, error) { return repositoryObject{o.repository}, nil },
	"target": func(_ *query, o refObject, _ args) (any, error) {
		id, _ := o.repository.git.Ref(o.name)
		return gitObject(o.repository, id), nil
	},
	"associatedPullRequests": func(q *query, o refObject, a args) (any, error) {
		if err := q.mayRead(o.repository, "pull_requests"); err != nil {
			return nil, err
		}
		branch := strings.TrimPrefix(o.name, git.BranchPrefix)
		pulls := slices.DeleteFunc(slices.Clone(o.repository.pulls[1:]), func(p *pull) bool {
			return p.head != branch || p.from != o.repository
		})
		return connectPulls(pulls, a)
	},
}
