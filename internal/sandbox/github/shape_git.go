package github

import (
	"fmt"
	"net/url"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func pathEscape(s string) string { return url.PathEscape(s) }

func (l links) person(p git.Person) jsonObject {
	return jsonObject{"name": p.Name, "email": p.Email, "date": stamp(p.When.UTC())}
}

func verification(c git.Commit) jsonObject {
	v := jsonObject{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	if c.Signature != "" {
		v["verified"], v["reason"], v["signature"] = true, "valid", c.Signature
		v["payload"], v["verified_at"] = "tree "+string(c.Tree)+"\n", stamp(c.Committer.When)
	}
	return v
}

// gitCommit is a commit as the git data API shows it.
func (l links) gitCommit(r *repository, c git.Commit) jsonObject {
	at := l.api + "/repos/" + r.fullName() + "/git"
	parents := make([]any, 0, len(c.Parents))
	for _, p := range c.Parents {
		parents = append(parents, jsonObject{
			"sha": p, "url": fmt.Sprintf("%s/commits/%s", at, p), "html_url": fmt.Sprintf("%s/%s/commit/%s", l.web, r.fullName(), p),
		})
	}
	return jsonObject{
		"sha": c.ID, "node_id": nodeID("C", r.id, c.ID), "url": fmt.Sprintf("%s/commits/%s", at, c.ID),
		"html_url": fmt.Sprintf("%s/%s/commit/%s", l.web, r.fullName(), c.ID),
		"author":   l.person(c.Author), "committer": l.person(c.Committer), "message": c.Message,
		"tree": jsonObject{"sha": c.Tree, "url": fmt.Sprintf("%s/trees/%s", at, c.Tree)}, "parents": parents, "verification": verification(c),
	}
}

// commit is a commit as everything else shows it.
func (s *Server) commitShape(l links, r *repository, c git.Commit) jsonObject {
	at := fmt.Sprintf("%s/repos/%s/commits/%s", l.api, r.fullName(), c.ID)
	inner := l.gitCommit(r, c)
	parents := inner["parents"].([]any) //nolint:forcetypeassert // as it was made
	for i, p := range c.Parents {
		parents[i].(jsonObject)["url"] = fmt.Sprintf("%s/repos/%s/commits/%s", l.api, r.fullName(), p) //nolint:forcetypeassert // as it was made
	}
	return jsonObject{
		"sha": c.ID, "node_id": inner["node_id"], "url": at, "html_url": inner["html_url"], "comments_url": at + "/comments",
		"commit": jsonObject{
			"url": inner["url"], "author": inner["author"], "committer": inner["committer"], "message": c.Message, "comment_count": 0,
			"tree": inner["tree"], "verification": inner["verification"],
		},
		"author": l.userOrNull(s.byEmail(c.Author.Email)), "committer": l.userOrNull(s.byEmail(c.Committer.Email)), "parents": parents,
	}
}

func (l links) ref(r *repository, name string, id git.ID) jsonObject {
	at := l.api + "/repos/" + r.fullName() + "/git"
	return jsonObject{
		"ref": name, "node_id": nodeID("REF", r.id, name), "url": at + "/" + name,
		"object": jsonObject{"type": "commit", "sha": id, "url": fmt.Sprintf("%s/commits/%s", at, id)},
	}
}

// diffEntry is a file that a pull request or commit changes.
func (l links) diffEntry(r *repository, commit git.ID, d change) jsonObject {
	n := r.git.Count(d.Difference)
	status, id := "modified", d.New.ID
	switch d.kind() {
	case "ADDED":
		status = "added"
	case "DELETED":
		status, id = "removed", d.Old.ID
	case "RENAMED":
		status = "renamed"
	}
	j := jsonObject{
		"sha": id, "filename": d.Path, "status": status, "additions": n.Added, "deletions": n.Deleted, "changes": n.Added + n.Deleted,
		"blob_url":     fmt.Sprintf("%s/%s/blob/%s/%s", l.web, r.fullName(), commit, d.Path),
		"raw_url":      fmt.Sprintf("%s/%s/raw/%s/%s", l.web, r.fullName(), commit, d.Path),
		"contents_url": fmt.Sprintf("%s/repos/%s/contents/%s?ref=%s", l.api, r.fullName(), d.Path, commit),
	}
	if d.previous != "" {
		j["previous_filename"] = d.previous
	}
	return j
}
