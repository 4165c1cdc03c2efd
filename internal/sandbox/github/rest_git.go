package github

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var gitRoutes = []route{
	{pattern: "GET /repos/{owner}/{repo}/git/blobs/{sha}", needs: "contents:read", serve: getBlob},
	{pattern: "POST /repos/{owner}/{repo}/git/blobs", needs: "contents:write", content: true, serve: postBlob},
	{pattern: "GET /repos/{owner}/{repo}/git/trees/{sha...}", needs: "contents:read", serve: getTree},
	{pattern: "POST /repos/{owner}/{repo}/git/trees", needs: "contents:write", content: true, serve: postTree},
	{pattern: "GET /repos/{owner}/{repo}/git/commits/{sha}", needs: "contents:read", serve: getGitCommit},
	{pattern: "POST /repos/{owner}/{repo}/git/commits", needs: "contents:write", content: true, serve: postCommit},
	{pattern: "GET /repos/{owner}/{repo}/git/ref/{ref...}", needs: "contents:read", serve: getRef},
	{pattern: "GET /repos/{owner}/{repo}/git/matching-refs/{ref...}", needs: "contents:read", serve: matchingRefs},
	{pattern: "POST /repos/{owner}/{repo}/git/refs", needs: "contents:write", content: true, serve: postRef},
	{pattern: "PATCH /repos/{owner}/{repo}/git/refs/{ref...}", needs: "contents:write", content: true, serve: patchRef},
	{pattern: "DELETE /repos/{owner}/{repo}/git/refs/{ref...}", needs: "contents:write", serve: removeRef},
}

// base64Lines is Base64 in lines of 60, as GitHub writes it.
func base64Lines(content []byte) string {
	var b strings.Builder
	for text := base64.StdEncoding.EncodeToString(content); text != ""; {
		n := min(60, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return b.String()
}

// wantsRaw reports whether the content itself is asked for.
func (c *call) wantsRaw() bool { return strings.Contains(c.request.Header.Get("Accept"), "raw") }

func getBlob(c *call) (int, any, error) {
	id := git.ID(c.request.PathValue("sha"))
	content, err := c.repo.git.Blob(id)
	if err != nil {
		return 0, nil, notFound()
	}
	if c.wantsRaw() {
		return http.StatusOK, rawBody(content), nil
	}
	return http.StatusOK, jsonObject{
		"sha": id, "node_id": nodeID("B", c.repo.id, id), "size": len(content), "encoding": "base64", "content": base64Lines(content),
		"url": fmt.Sprintf("%s/repos/%s/git/blobs/%s", c.links.api, c.repo.fullName(), id),
	}, nil
}

func postBlob(c *call) (int, any, error) {
	var in struct{ Content, Encoding string }
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	content := []byte(in.Content)
	if in.Encoding == "base64" {
		var err error
		if content, err = base64.StdEncoding.DecodeString(in.Content); err != nil {
			return 0, nil, unprocessable("content is not valid Base64")
		}
	}
	id := c.repo.git.PutBlob(content)
	return http.StatusCreated, jsonObject{
		"sha": id, "url": fmt.Sprintf("%s/repos/%s/git/blobs/%s", c.links.api, c.repo.fullName(), id),
	}, nil
}

func getGitCommit(c *call) (int, any, error) {
	commit, err := c.repo.git.Commit(git.ID(c.request.PathValue("sha")))
	if err != nil {
		return 0, nil, notFound()
	}
	return http.StatusOK, c.links.gitCommit(c.repo, commit), nil
}

// personIn is an author or committer as a client gives it.
type personIn struct {
	Name, Email string
	Date        *time.Time
}

// postCommit makes a commit: signed where a bot leaves its author to GitHub.
func postCommit(c *call) (int, any, error) {
	var in struct {
		Message, Tree, Signature string
		Parents                  []git.ID
		Author, Committer        *personIn
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if _, err := c.repo.git.Tree(git.ID(in.Tree)); err != nil {
		return 0, nil, unprocessable("Tree SHA does not exist")
	}
	commit := git.Commit{Tree: git.ID(in.Tree), Parents: in.Parents, Message: in.Message, Author: c.author(in.Author)}
	commit.Committer = commit.Author
	if in.Committer != nil {
		commit.Committer = c.author(in.Committer)
	}
	commit.Signature = in.Signature
	if c.token.signs() && in.Author == nil && in.Committer == nil && in.Signature == "" {
		commit.Committer, commit.Signature = c.webFlow(), signature
	}
	for _, p := range in.Parents {
		if _, err := c.repo.git.Commit(p); err != nil {
			return 0, nil, unprocessable("Parent SHA does not exist or is not a commit object")
		}
	}
	made, err := c.repo.git.PutCommit(commit)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.links.gitCommit(c.repo, made), nil
}

// author is who a commit is by: whom the client names, else the token's owner.
func (c *call) author(in *personIn) git.Person {
	by := c.account(c.token)
	p := git.Person{Name: by.login, Email: by.email(), When: c.now()}
	if in == nil {
		return p
	}
	p.Name, p.Email = in.Name, in.Email
	if in.Date != nil {
		p.When = *in.Date
	}
	return p
}
