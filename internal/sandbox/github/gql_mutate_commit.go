package github

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// createCommitOnBranch makes a signed commit of the token's account.
func createCommitOnBranch(q *query, in args) (fields, error) {
	r, branch, err := q.committable(in.input("branch"))
	if err != nil {
		return nil, err
	}
	at, ok := r.git.Ref(git.BranchPrefix + branch)
	if !ok {
		return nil, missing("No ref with the name %q found in repository.", branch)
	}
	if want := in.id("expectedHeadOid"); want != at {
		return nil, &apiError{Kind: "STALE_DATA", Message: fmt.Sprintf("Expected branch to point to \"%s\" but it did not. Pull and try again.", want)}
	}
	tree, err := q.changed(r, at, in.input("fileChanges"))
	if err != nil {
		return nil, err
	}
	message := in.input("message")
	text := message.str("headline")
	if body := message.str("body"); body != "" {
		text += "\n\n" + body
	}
	by := q.account(q.token)
	c, err := r.git.PutCommit(git.Commit{
		Tree: tree, Parents: []git.ID{at}, Message: text, Signature: signature,
		Author: git.Person{Name: by.login, Email: by.email(), When: q.now()}, Committer: q.webFlow(),
	})
	if err != nil {
		return nil, err
	}
	q.moveRefs(r, q.actor(), refMove{name: git.BranchPrefix + branch, from: at, to: c.ID})
	return commitPayload(r, c.ID, branch), nil
}

// committable finds the branch that a commit is to go on.
func (q *query) committable(in args) (*repository, string, error) {
	if in.has("id") {
		ref, _, err := q.ref(in.str("id"))
		return ref.repository, strings.TrimPrefix(ref.name, git.BranchPrefix), err
	}
	name := in.str("repositoryNameWithOwner")
	r := q.repository(name)
	if r == nil || !q.token.sees(r) {
		return nil, "", missing("Could not resolve to a Repository with the name '%s'.", name)
	}
	return r, strings.TrimPrefix(in.str("branchName"), git.BranchPrefix), q.mayWrite(r, "contents")
}

// changed returns the tree of a commit with changes made to it.
func (q *query) changed(r *repository, at git.ID, in args) (git.ID, error) {
	var files []File
	var paths []string
	for _, a := range in.inputs("additions") {
		content, err := base64.StdEncoding.DecodeString(a.str("contents"))
		if err != nil {
			return "", unprocessable(fmt.Sprintf("Contents of %s are not valid Base64", a.str("path")))
		}
		files = append(files, File{Path: a.str("path"), Content: content})
		paths = append(paths, a.str("path"))
	}
	for _, d := range in.inputs("deletions") {
		files = append(files, File{Path: d.str("path"), Delete: true})
		paths = append(paths, d.str("path"))
	}
	if err := q.checkWorkflows(r, paths); err != nil {
		return "", err
	}
	tree, err := r.git.Apply(q.treeOf(r, at), files)
	if errors.Is(err, git.ErrNotFound) {
		return "", unprocessable(fmt.Sprintf("A path was requested for deletion which does not exist as of commit oid `%s`", at))
	}
	return tree, err
}
