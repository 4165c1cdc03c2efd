package github

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func compareStrings(a, b string) int { return cmp.Compare(a, b) }

type repositoryObject struct{ *repository }

func (repositoryObject) kinds() []string {
	return []string{"Repository", "Node", "RepositoryInfo", "UniformResourceLocatable", "Starrable", "Subscribable", "PackageOwner", "ProjectOwner"}
}

func (o repositoryObject) field(q *query, name string, a args) (any, error) {
	if f, ok := repositorySettings[name]; ok {
		return f(o.repository), nil
	}
	return resolve(repositoryFields, q, o.repository, name, a)
}

// repositorySettings are the fields that are known without looking further.
var repositorySettings = map[string]func(*repository) any{
	"id":               func(r *repository) any { return r.nodeID() },
	"databaseId":       func(r *repository) any { return r.id },
	"name":             func(r *repository) any { return r.name },
	"nameWithOwner":    func(r *repository) any { return r.fullName() },
	"owner":            func(r *repository) any { return accountObject(r.owner) },
	"isArchived":       func(r *repository) any { return r.options.Archived },
	"isFork":           func(r *repository) any { return r.options.Fork },
	"isPrivate":        func(r *repository) any { return r.options.Private },
	"isDisabled":       func(r *repository) any { return r.options.Disabled },
	"isLocked":         func(r *repository) any { return r.options.Locked },
	"isMirror":         func(*repository) any { return false },
	"isTemplate":       func(*repository) any { return false },
	"isEmpty":          func(r *repository) any { return len(r.git.Refs("refs/heads/")) == 0 },
	"visibility":       func(r *repository) any { return r.visibility() },
	"diskUsage":        func(r *repository) any { return r.size() },
	"autoMergeAllowed": func(r *repository) any { return r.options.AutoMerge },
	"createdAt":        func(r *repository) any { return r.created },
	"pushedAt":         func(r *repository) any { return r.pushed },
	"updatedAt":        func(r *repository) any { return r.pushed },
	"resourcePath":     func(r *repository) any { return "/" + r.fullName() },
	"description":      func(r *repository) any { return orNull(r.options.Description) },
	"mergeCommitAllowed": func(*repository) any {
		return true
	},
	"squashMergeAllowed":  func(*repository) any { return true },
	"rebaseMergeAllowed":  func(*repository) any { return true },
	"deleteBranchOnMerge": func(*repository) any { return false },
	"primaryLanguage": func(r *repository) any {
		if r.options.Language == "" {
			return nil
		}
		return values{"Language", map[string]any{"name": r.options.Language, "id": nodeID("LAN", r.options.Language)}}
	},
}

var repositoryFields = resolvers[*repository]{
	"url": func(q *query, r *repository, _ args) (any, error) { return q.links.web + "/" + r.fullName(), nil },
	"repositoryTopics": func(_ *query, r *repository, a args) (any, error) {
		return connect("RepositoryTopic", r.options.Topics, a, func(topic string) object {
			return values{"RepositoryTopic", map[string]any{
				"id": nodeID("RT", r.id, topic), "topic": values{"Topic", map[string]any{"name": topic, "id": nodeID("TO", topic)}},
			}}
		})
	},
	"defaultBranchRef": func(_ *query, r *repository, _ args) (any, error) { return refOrNull(r, r.defaultRef()), nil },
	"viewerPermission": func(q *query, r *repository, _ args) (any, error) { return q.permission(r), nil },
	"viewerCanAdminister": func(q *query, r *repository, _ args) (any, error) {
		return q.permission(r) == "ADMIN", nil
	},
	"object": func(_ *query, r *repository, a args) (any, error) {
		id := a.id("oid")
		if a.has("expression") {
			id = r.expression(a.str("expression"))
		}
		return gitObject(r, id), nil
	},
	"ref": func(_ *query, r *repository, a args) (any, error) {
		return refOrNull(r, r.qualified(a.str("qualifiedName"))), nil
	},
	"refs": func(_ *query, r *repository, a args) (any, error) {
		names := r.git.Refs(a.str("refPrefix"))
		names = slices.DeleteFunc(names, func(n string) bool { return !strings.Contains(n, a.str("query")) })
		if a.input("orderBy").str("direction") == "DESC" || a.str("direction") == "DESC" {
			slices.Reverse(names)
		}
		return connect("Ref", names, a, func(n string) object { return refObject{r, n} })
	},
	"pullRequests": func(q *query, r *repository, a args) (any, error) {
		if err := q.mayRead(r, "pull_requests"); err != nil {
			return nil, err
		}
		return connectPulls(r.pulls[1:], a)
	},
	"pullRequest": func(q *query, r *repository, a args) (any, error) {
		if err := q.mayRead(r, "pull_requests"); err != nil {
			return nil, err
		}
		p := r.pull(a.integer("number"))
		if p == nil {
			return nil, missing("Could not resolve to a PullRequest with the number of %d.", a.integer("number"))
		}
		return pullObject{p}, nil
	},
	"label": func(_ *query, r *repository, a args) (any, error) {
		if r.labels[a.str("name")] == 0 {
			return nil, nil
		}
		return labelObject{r, a.str("name")}, nil
	},
	"labels": func(_ *query, r *repository, a args) (any, error) {
		names := slices.Sorted(maps.Keys(r.labels))
		return connect("Label", names, a, func(n string) object { return labelObject{r, n} })
	},
}

func (r *repository) nodeID() string { return nodeID("R", r.id) }

// size is in KiB: what is set, else what the files take.
func (r *repository) size() int64 {
	if r.options.Size > 0 {
		return r.options.Size
	}
	return (r.git.Size() + 1023) / 1024
}

// permission is what the token may do, in GraphQL's words.
func (c *call) permission(r *repository) string {
	switch {
	case c.token.grants(r) && c.token.Permissions == nil && c.token.Kind == UserToken:
		return "ADMIN"
	case c.token.may(r, "contents", "write"):
		return "WRITE"
	}
	return "READ"
}

// mayRead refuses a connection that the token may not read.
func (q *query) mayRead(r *repository, permission string) error {
	if q.token.may(r, permission, "read") {
		return nil
	}
	return &apiError{Kind: "FORBIDDEN", Message: q.token.refusal(), nonNull: true}
}

// qualified is the full name of a ref that may be given by its short one.
func (r *repository) qualified(name string) string {
	if strings.HasPrefix(name, "refs/") {
		return name
	}
	return git.BranchPrefix + name
}

// expression finds what git rev-parse would for REV and REV:PATH; empty for
// nothing.
func (r *repository) expression(text string) git.ID {
	rev, path, inTree := strings.Cut(text, ":")
	commit, ok := r.resolve(rev)
	if !ok {
		if kind, _ := r.git.Kind(git.ID(rev)); kind != "" && !inTree {
			return git.ID(rev)
		}
		return ""
	}
	if !inTree {
		return commit
	}
	c, err := r.git.Commit(commit)
	if err != nil {
		return ""
	}
	e, err := r.git.Find(c.Tree, strings.TrimSuffix(path, "/"))
	if err != nil {
		return ""
	}
	return e.ID
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// values is an object of fields that are known.
type values struct {
	kind   string
	fields map[string]any
}

func (v values) kinds() []string { return []string{v.kind} }

func (v values) field(_ *query, name string, _ args) (any, error) {
	value, ok := v.fields[name]
	if !ok {
		return nil, errUnknownField
	}
	return value, nil
}

type labelObject struct {
	repository *repository
	name       string
}

func (labelObject) kinds() []string { return []string{"Label", "Node"} }

func (o labelObject) field(q *query, name string, _ args) (any, error) {
	switch name {
	case "id":
		return nodeID("LA", o.repository.id, o.name), nil
	case "name":
		return o.name, nil
	case "color":
		return "ededed", nil
	case "description":
		return nil, nil
	case "isDefault":
		return false, nil
	case "url":
		return fmt.Sprintf("%s/%s/labels/%s", q.links.web, o.repository.fullName(), o.name), nil
	}
	return nil, errUnknownField
}
