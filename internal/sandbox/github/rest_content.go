package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxContent is the size from which on a file's content is left out.
const maxContent = 1 << 20

var contentRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/contents/{path...}", needs: "contents:read", serve: getContents},
	{pattern: "GET /repos/{owner}/{repo}/commits/{ref}", needs: "contents:read", serve: getCommit},
	{pattern: "GET /repos/{owner}/{repo}/commits/{ref}/pulls", needs: "pull_requests:read", serve: commitPulls},
	{pattern: "GET /repos/{owner}/{repo}/compare/{basehead...}", needs: "contents:read", serve: compare},
	{pattern: "POST /repos/{owner}/{repo}/dispatches", needs: "contents:write", serve: dispatch},
}

func getContents(c *call) (int, any, error) {
	commit, ok := c.repo.resolve(c.request.URL.Query().Get("ref"))
	if !ok {
		return 0, nil, &apiError{Status: http.StatusNotFound, Message: "No commit found for the ref " + c.request.URL.Query().Get("ref")}
	}
	p := strings.Trim(c.request.PathValue("path"), "/")
	e, err := c.repo.git.Find(c.treeOf(c.repo, commit), p)
	if err != nil {
		return 0, nil, notFound()
	}
	if e.Mode == git.ModeDirectory {
		return http.StatusOK, c.directory(e, p, commit), nil
	}
	content, _ := c.repo.git.Blob(e.ID) // a submodule has none
	if c.wantsRaw() {
		return http.StatusOK, rawBody(content), nil
	}
	j := c.content(e, p, commit)
	j["encoding"], j["content"] = "base64", base64Lines(content)
	if len(content) > maxContent {
		j["encoding"], j["content"] = "none", ""
	}
	switch e.Mode {
	case git.ModeSymlink:
		j = c.content(e, p, commit)
		j["target"] = string(content)
	case git.ModeSubmodule:
		j = c.content(e, p, commit)
		j["submodule_git_url"] = c.links.web + "/elsewhere.git"
	}
	return http.StatusOK, j, nil
}

func (c *call) directory(dir git.Entry, p string, commit git.ID) []any {
	entries, _ := c.repo.git.Tree(dir.ID) // it has just been found
	list := make([]any, 0, len(entries))
	for _, e := range entries {
		list = append(list, c.content(e, path.Join(p, e.Path), commit))
	}
	return list
}

func (c *call) content(e git.Entry, p string, commit git.ID) jsonObject {
	kind := map[git.Mode]string{git.ModeDirectory: "dir", git.ModeSymlink: "symlink", git.ModeSubmodule: "submodule"}[e.Mode]
	if kind == "" {
		kind = "file"
	}
	object, _ := e.Mode.Kind()
	content, _ := c.repo.git.Blob(e.ID) // nothing else has a size
	at := fmt.Sprintf("%s/repos/%s", c.links.api, c.repo.fullName())
	self := fmt.Sprintf("%s/contents/%s?ref=%s", at, p, commit)
	blob := fmt.Sprintf("%s/git/%ss/%s", at, object, e.ID)
	page := fmt.Sprintf("%s/%s/blob/%s/%s", c.links.web, c.repo.fullName(), commit, p)
	j := jsonObject{
		"type": kind, "name": path.Base(p), "path": p, "sha": e.ID, "size": len(content), "url": self, "git_url": blob, "html_url": page,
		"download_url": nil, "_links": jsonObject{"self": self, "git": blob, "html": page},
	}
	if kind == "file" || kind == "symlink" {
		j["download_url"] = fmt.Sprintf("%s/%s/raw/%s/%s", c.links.web, c.repo.fullName(), commit, p)
	}
	return j
}

func getCommit(c *call) (int, any, error) {
	id, ok := c.repo.resolve(c.request.PathValue("ref"))
	if !ok {
		return 0, nil, unprocessable("No commit found for SHA: " + c.request.PathValue("ref"))
	}
	commit, err := c.repo.git.Commit(id)
	if err != nil {
		return 0, nil, err
	}
	j := c.commitShape(c.links, c.repo, commit)
	var files []any
	var total git.Lines
	for _, d := range renames(c.repo.changes(commit)) {
		n := c.repo.git.Count(d.Difference)
		total = total.Plus(n)
		files = append(files, c.links.diffEntry(c.repo, id, d))
	}
	j["files"] = append([]any{}, files...)
	j["stats"] = jsonObject{"additions": total.Added, "deletions": total.Deleted, "total": total.Added + total.Deleted}
	return http.StatusOK, j, nil
}

func commitPulls(c *call) (int, any, error) {
	id, ok := c.repo.resolve(c.request.PathValue("ref"))
	if !ok {
		return 0, nil, unprocessable("No commit found for SHA: " + c.request.PathValue("ref"))
	}
	return http.StatusOK, paged(c, c.repo.pullsOf(id), func(p *pull) any { return c.links.pullSimple(p) }), nil
}

func compare(c *call) (int, any, error) {
	from, to, ok := strings.Cut(c.request.PathValue("basehead"), "...")
	base, okBase := c.repo.resolve(from)
	head, okHead := c.repo.resolve(to)
	ancestor, related := c.repo.git.MergeBase(base, head)
	if !ok || !okBase || !okHead || !related {
		return 0, nil, notFound()
	}
	shape := func(id git.ID) jsonObject {
		commit, _ := c.repo.git.Commit(id) // it has been resolved
		return c.commitShape(c.links, c.repo, commit)
	}
	ahead, behind := c.repo.git.Between(base, head), c.repo.git.Between(head, base)
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	files := []any{}
	for _, d := range renames(c.repo.git.Diff(c.treeOf(c.repo, ancestor), c.treeOf(c.repo, head))) {
		files = append(files, c.links.diffEntry(c.repo, head, d))
	}
	page := fmt.Sprintf("%s/%s/compare/%s...%s", c.links.web, c.repo.fullName(), from, to)
	return http.StatusOK, jsonObject{
		"url":      fmt.Sprintf("%s/repos/%s/compare/%s...%s", c.links.api, c.repo.fullName(), from, to),
		"html_url": page, "permalink_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"base_commit": shape(base), "merge_base_commit": shape(ancestor), "status": status, "ahead_by": len(ahead), "behind_by": len(behind),
		"total_commits": len(ahead), "files": files,
		"commits": paged(c, ahead, func(commit git.Commit) any { return c.commitShape(c.links, c.repo, commit) }),
	}, nil
}

// dispatch is repository_dispatch: the one thing that starts workflows even
// with a workflow's own token.
func dispatch(c *call) (int, any, error) {
	var in struct {
		EventType     string          `json:"event_type"`
		ClientPayload json.RawMessage `json:"client_payload"`
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if in.EventType == "" || len(in.EventType) > 100 {
		return 0, nil, unprocessable("Invalid request.\n\n\"event_type\" wasn't supplied.")
	}
	c.emit(Event{
		Name: "repository_dispatch", Action: in.EventType, Repository: c.repo.fullName(), Client: in.ClientPayload,
		By: c.account(c.token).login, Workflows: true,
	})
	return http.StatusNoContent, nil, nil
}
