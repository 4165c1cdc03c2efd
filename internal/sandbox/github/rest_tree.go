package github

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxTree is how many entries GitHub shows of a recursive tree.
const maxTree = 100_000

func getTree(c *call) (int, any, error) {
	id := git.ID(c.request.PathValue("sha"))
	if commit, ok := c.repo.resolve(string(id)); ok {
		id = c.treeOf(c.repo, commit)
	}
	entries, err := c.repo.git.Tree(id)
	if err != nil {
		return 0, nil, notFound()
	}
	truncated := false
	if c.request.URL.Query().Get("recursive") != "" {
		if entries, err = c.repo.git.Walk(id); err != nil {
			return 0, nil, err
		}
		limit := c.repo.options.TreeLimit
		if limit == 0 {
			limit = maxTree
		}
		truncated = len(entries) > limit
		entries = entries[:min(limit, len(entries))]
	}
	return http.StatusOK, c.tree(id, entries, truncated), nil
}

func (c *call) tree(id git.ID, entries []git.Entry, truncated bool) jsonObject {
	at := c.links.api + "/repos/" + c.repo.fullName() + "/git"
	list := make([]any, 0, len(entries))
	for _, e := range entries {
		kind, _ := e.Mode.Kind()
		j := jsonObject{"path": e.Path, "mode": e.Mode, "type": kind, "sha": e.ID}
		if kind != git.KindCommit { // a submodule's commit is elsewhere
			j["url"] = fmt.Sprintf("%s/%ss/%s", at, kind, e.ID)
		}
		if content, err := c.repo.git.Blob(e.ID); err == nil {
			j["size"] = len(content)
		}
		list = append(list, j)
	}
	return jsonObject{"sha": id, "url": fmt.Sprintf("%s/trees/%s", at, id), "tree": list, "truncated": truncated}
}

// entryIn is a tree's entry as a client gives it: a null sha takes it away.
type entryIn struct {
	Path, Mode, Type string
	SHA              *git.ID
	Content          *string
}

func postTree(c *call) (int, any, error) {
	var in struct {
		BaseTree git.ID `json:"base_tree"`
		Tree     []entryIn
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	var set []git.Entry
	for _, e := range in.Tree {
		entry, err := c.entry(e)
		if err != nil {
			return 0, nil, err
		}
		set = append(set, entry)
	}
	base := in.BaseTree
	if commit, err := c.repo.git.Commit(base); err == nil {
		base = commit.Tree
	}
	if _, err := c.repo.git.Tree(base); err != nil && base != "" {
		return 0, nil, unprocessable("base_tree is not a valid tree oid")
	}
	if slices.ContainsFunc(set, func(e git.Entry) bool { return isWorkflow(e.Path) }) && !c.token.may(c.repo, "workflows", "write") {
		c.header.Set("X-Accepted-GitHub-Permissions", "contents=write,workflows=write")
		return 0, nil, &apiError{Status: http.StatusForbidden, Message: c.token.refusal()}
	}
	id, err := c.repo.git.Edit(base, set)
	if err != nil {
		return 0, nil, unprocessable("GitRPC::BadObjectState")
	}
	entries, err := c.repo.git.Tree(id)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.tree(id, entries, false), nil
}

func (c *call) entry(in entryIn) (git.Entry, error) {
	e := git.Entry{Path: in.Path, Mode: git.Mode(in.Mode)}
	want, known := e.Mode.Kind()
	switch {
	case !known:
		return e, unprocessable("Must supply a valid tree.mode")
	case in.Content != nil && in.SHA != nil:
		return e, unprocessable("Must supply either tree.sha or tree.content, not both")
	case in.Content != nil:
		e.ID = c.repo.git.PutBlob([]byte(*in.Content))
		return e, nil
	case in.SHA == nil:
		return e, nil
	}
	e.ID = *in.SHA
	if kind, ok := c.repo.git.Kind(e.ID); want != git.KindCommit && (!ok || kind != want) {
		return e, unprocessable(fmt.Sprintf("tree.sha %s is not a valid %s", e.ID, want))
	}
	return e, nil
}
