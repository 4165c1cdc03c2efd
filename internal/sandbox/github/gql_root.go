package github

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

type queryRoot struct{}

func (queryRoot) kinds() []string { return []string{"Query"} }

func (o queryRoot) field(q *query, name string, a args) (any, error) {
	return resolve(queryFields, q, o, name, a)
}

var queryFields = resolvers[queryRoot]{
	"viewer": func(q *query, _ queryRoot, _ args) (any, error) {
		return userObject{q.account(q.token)}, nil
	},
	"rateLimit": func(q *query, _ queryRoot, _ args) (any, error) { return rateObject{q}, nil },
	"user": func(q *query, _ queryRoot, a args) (any, error) {
		return q.owner(a.str("login"), User, "Could not resolve to a User with the login of '%s'.")
	},
	"organization": func(q *query, _ queryRoot, a args) (any, error) {
		return q.owner(a.str("login"), Organization, "Could not resolve to an Organization with the login of '%s'.")
	},
	"repositoryOwner": func(q *query, _ queryRoot, a args) (any, error) {
		if o := q.accounts[fold(a.str("login"))]; o != nil && o.kind != Bot {
			return accountObject(o), nil
		}
		return nil, nil
	},
	"repository": func(q *query, _ queryRoot, a args) (any, error) {
		name := a.str("owner") + "/" + a.str("name")
		r := q.repository(name)
		if r == nil || !q.token.sees(r) {
			return nil, missing("Could not resolve to a Repository with the name '%s'.", name)
		}
		return repositoryObject{r}, nil
	},
	"node": func(q *query, _ queryRoot, a args) (any, error) { return q.node(a.str("id")) },
	"nodes": func(q *query, _ queryRoot, a args) (any, error) {
		var found []object
		for i, id := range a.strings("ids") {
			o, err := q.node(id)
			if err != nil {
				q.errors = append(q.errors, graphqlError{Type: "NOT_FOUND", Path: []any{"nodes", i}, Message: err.Error()})
			}
			found = append(found, o)
		}
		return found, nil
	},
}

func missing(format string, a ...any) *apiError {
	return &apiError{Kind: "NOT_FOUND", Message: fmt.Sprintf(format, a...)}
}

func (q *query) owner(login string, kind AccountKind, sentence string) (any, error) {
	o := q.accounts[fold(login)]
	if o == nil || o.kind != kind {
		return nil, missing(sentence, login)
	}
	return accountObject(o), nil
}

// node finds what a global id stands for.
func (q *query) node(id string) (object, error) {
	unknown := missing("Could not resolve to a node with the global id of '%s'", id)
	prefix, parts, ok := splitNodeID(id)
	if !ok {
		return nil, unknown
	}
	number, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return nil, unknown
	}
	if o := q.nodeOf(prefix, number, strings.Join(parts[1:], "")); o != nil {
		return o, nil
	}
	return nil, unknown
}

func (q *query) nodeOf(prefix string, number int64, rest string) object {
	switch prefix {
	case "PR":
		if p := q.pulls[number]; p != nil && q.token.sees(p.repository) {
			return pullObject{p}
		}
		return nil
	case "U", "O", "BOT":
		for _, a := range q.accounts {
			if a.id == number {
				return accountObject(a)
			}
		}
		return nil
	}
	if r := q.byID[number]; r != nil && q.token.sees(r) {
		return q.inRepository(r, prefix, rest)
	}
	return nil
}

// inRepository finds what belongs to a repository and has no number.
func (q *query) inRepository(r *repository, prefix, rest string) object {
	_, isRef := r.git.Ref(rest)
	_, isObject := r.git.Kind(git.ID(rest))
	switch {
	case prefix == "R":
		return repositoryObject{r}
	case prefix == "REF" && isRef:
		return refObject{r, rest}
	case prefix == "LA" && r.labels[rest] != 0:
		return labelObject{r, rest}
	case isObject:
		return gitObject(r, git.ID(rest))
	}
	return nil
}

// rateObject is what is left of the token's points.
type rateObject struct{ q *query }

func (rateObject) kinds() []string { return []string{"RateLimit"} }

func (o rateObject) field(q *query, name string, _ args) (any, error) {
	b := q.budget(q.token, graphqlResource)
	switch name {
	case "limit":
		return b.limit, nil
	case "cost":
		return q.size.cost(), nil
	case "remaining":
		return b.remaining(), nil
	case "used":
		return b.used, nil
	case "resetAt":
		return b.reset, nil
	case "nodeCount":
		return q.size.nodes, nil
	}
	return nil, errUnknownField
}
