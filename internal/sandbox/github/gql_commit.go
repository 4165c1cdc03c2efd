package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

type commitObject struct {
	repository *repository
	id         git.ID
}

func (commitObject) kinds() []string {
	return []string{"Commit", "GitObject", "Node", "UniformResourceLocatable", "Subscribable"}
}

func (o commitObject) field(q *query, name string, a args) (any, error) {
	if v, ok := common(q, o.repository, o.id, "C", name); ok {
		return v, nil
	}
	c, err := o.repository.git.Commit(o.id)
	if err != nil {
		return nil, err
	}
	return resolve(commitFields, q, commitValue{o.repository, c}, name, a)
}

type commitValue struct {
	repository *repository
	git.Commit
}

var commitFields = resolvers[commitValue]{
	"message":         func(_ *query, c commitValue, _ args) (any, error) { return c.Message, nil },
	"messageHeadline": func(_ *query, c commitValue, _ args) (any, error) { return c.Headline(), nil },
	"messageBody": func(_ *query, c commitValue, _ args) (any, error) {
		_, body, _ := strings.Cut(c.Message, "\n")
		return strings.TrimLeft(body, "\n"), nil
	},
	"authoredDate":    func(_ *query, c commitValue, _ args) (any, error) { return c.Author.When, nil },
	"committedDate":   func(_ *query, c commitValue, _ args) (any, error) { return c.Committer.When, nil },
	"committedViaWeb": func(_ *query, c commitValue, _ args) (any, error) { return c.Signature != "", nil },
	"author":          func(_ *query, c commitValue, _ args) (any, error) { return personObject{c.Author}, nil },
	"committer":       func(_ *query, c commitValue, _ args) (any, error) { return personObject{c.Committer}, nil },
	"authors": func(_ *query, c commitValue, a args) (any, error) {
		return connect("GitActor", []git.Person{c.Author}, a, func(p git.Person) object { return personObject{p} })
	},
	"tree": func(_ *query, c commitValue, _ args) (any, error) { return treeObject{c.repository, c.Tree}, nil },
	"file": func(_ *query, c commitValue, a args) (any, error) {
		e, err := c.repository.git.Find(c.Tree, a.str("path"))
		if err != nil {
			return nil, nil //nolint:nilerr // a file that is not there is null
		}
		return entryObject{c.repository, e, e.Path}, nil
	},
	"parents": func(_ *query, c commitValue, a args) (any, error) {
		return connect("Commit", c.Parents, a, func(id git.ID) object { return commitObject{c.repository, id} })
	},
	"signature": func(_ *query, c commitValue, _ args) (any, error) {
		if c.Signature == "" {
			return nil, nil
		}
		return signatureObject{c.Commit}, nil
	},
	"changedFilesIfAvailable": func(_ *query, c commitValue, _ args) (any, error) {
		return len(c.repository.changes(c.Commit)), nil
	},
	"url": func(q *query, c commitValue, _ args) (any, error) {
		return fmt.Sprintf("%s/%s/commit/%s", q.links.web, c.repository.fullName(), c.ID), nil
	},
	"associatedPullRequests": func(_ *query, c commitValue, a args) (any, error) {
		return connectPulls(c.repository.pullsOf(c.ID), a)
	},
}

// changes returns what a commit changes in its first parent.
func (r *repository) changes(c git.Commit) []git.Difference {
	var before git.Commit
	if len(c.Parents) > 0 {
		before, _ = r.git.Commit(c.Parents[0]) // it is there: a commit without its parents is not stored
	}
	return r.git.Diff(before.Tree, c.Tree)
}

// pullsOf returns the pull requests that bring, or brought, a commit.
func (r *repository) pullsOf(id git.ID) []*pull {
	var found []*pull
	for _, p := range r.pulls[1:] {
		brings := slices.ContainsFunc(p.commits(), func(c git.Commit) bool { return c.ID == id })
		if brings || p.mergeID == id {
			found = append(found, p)
		}
	}
	return found
}

// personObject is who wrote or committed something.
type personObject struct{ git.Person }

func (personObject) kinds() []string { return []string{"GitActor"} }

func (o personObject) field(q *query, name string, _ args) (any, error) {
	switch name {
	case "name":
		return o.Name, nil
	case "email":
		return o.Email, nil
	case "date":
		return o.When, nil
	case "user":
		if a := q.byEmail(o.Email); a != nil {
			return userObject{a}, nil // of a bot as well: GitHub shows it as a user here
		}
		return nil, nil
	}
	return nil, errUnknownField
}

// signatureObject is the signature of a commit: GitHub's, there is no other.
type signatureObject struct{ git.Commit }

func (signatureObject) kinds() []string { return []string{"GpgSignature", "GitSignature"} }

func (o signatureObject) field(_ *query, name string, _ args) (any, error) {
	switch name {
	case "isValid", "wasSignedByGitHub":
		return true, nil
	case "state":
		return "VALID", nil
	case "signature":
		return o.Signature, nil
	case "email":
		return o.Committer.Email, nil
	case "keyId":
		return "B5690EEEBB952194", nil
	case "signer", "verifiedAt":
		return nil, nil
	}
	return nil, errUnknownField
}
