package github

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// regular is the mode of a file that GitHub's own commits can hold.
const regular = "100644"

// Propose makes the pull request, or moves the open one on to the new content.
//
// Where none is open and all files are of the plain kind, one request makes
// branch, commit and pull request, and GitHub signs the commit. Else the commit
// is made from its parts, two requests and one for each file that is no text,
// and a third moves the branch to it and writes the pull request: from the old
// content to the new in one step, and only if the branch still is at BranchID.
// Labels, assignees, reviewers and automerge of a new one are one more request;
// what of these cannot be done is a warning.
//
// The error wraps [forge.ErrMoved] where somebody was faster,
// [forge.ErrDenied], [forge.ErrNotFound] or [forge.ErrLimited]. What a failed
// attempt leaves behind, another one takes up.
func (c *Client) Propose(ctx context.Context, p forge.Proposal) (forge.Proposed, error) {
	if err := checkProposal(p); err != nil {
		return forge.Proposed{}, err
	}
	if _, err := c.Account(ctx); err != nil {
		return forge.Proposed{}, err
	}
	if len(p.Files) == 0 { // it has its content
		done := forge.Proposed{Pull: *p.Pull, Commit: p.BranchID}
		c.decorate(ctx, p, &done)
		return done, nil
	}
	write := c.replace
	if p.Pull == nil && isPlainAll(p.Files) {
		write = c.create
	}
	done, err := write(ctx, p)
	if err != nil {
		return forge.Proposed{}, err
	}
	c.decorate(ctx, p, &done)
	return done, nil
}

func checkProposal(p forge.Proposal) error {
	if _, _, err := split(p.Repository.Name); err != nil {
		return err
	}
	if err := checkID(p.BaseID); err != nil {
		return err
	}
	if p.BranchID != "" {
		if err := checkID(p.BranchID); err != nil {
			return err
		}
	}
	switch {
	case p.Repository.ID == "" || p.Base == "" || p.Branch == "":
		return errors.New("propose: the repository's id, the base and the branch are needed")
	case p.Branch == p.Base || p.Branch == p.Repository.DefaultBranch:
		return fmt.Errorf("propose: %s cannot be merged into itself", p.Branch)
	case len(p.Files) == 0 && (p.Pull == nil || p.Begun == ""):
		return errors.New("propose: no files: an empty change closes a pull request")
	case p.Pull != nil && (p.Pull.ID == "" || p.BranchID == ""):
		return errors.New("propose: a pull request that is open has an id, and a branch")
	}
	return nil
}

func isPlainAll(files []forge.NewFile) bool {
	for _, f := range files {
		if f.Mode != regular {
			return false
		}
	}
	return true
}

// message is a commit's message as GraphQL takes it.
func message(text string) map[string]any {
	headline, body, _ := strings.Cut(text, "\n")
	m := map[string]any{"headline": strings.TrimSpace(headline)}
	if body = strings.TrimSpace(body); body != "" {
		m["body"] = body
	}
	return m
}

// written is the answer to a document that writes a pull request.
type written struct {
	Branch *struct{ ClientMutationID string }
	Commit *struct {
		Commit struct {
			OID       string
			Signature *struct{ IsValid, WasSignedByGitHub bool }
		}
	}
	Pull *struct{ PullRequest *pullNode }
}

// steps are the faults of a document, each by its alias.
type steps map[string]fault

func byStep(faults []fault) steps {
	s := steps{}
	for _, f := range faults {
		if _, ok := s[f.at()]; !ok {
			s[f.at()] = f
		}
	}
	return s
}

// step is a mutation of a document: its alias, its name, and what it is called
// in an error.
type step struct{ alias, mutation, verb string }

// first returns the error of the first step that failed, and of a document
// that was refused as a whole.
func (c *Client) first(s steps, order ...step) error {
	if f, ok := s[""]; ok {
		return fmt.Errorf("%s: %w", order[0].verb, c.fault(order[0].mutation, f))
	}
	for _, one := range order {
		if f, ok := s[one.alias]; ok {
			return fmt.Errorf("%s: %w", one.verb, c.fault(one.mutation, f))
		}
	}
	return nil
}

// pull returns the pull request that was written; nil for none.
func (w written) pull() *pullNode {
	if w.Pull == nil {
		return nil
	}
	return w.Pull.PullRequest
}

// ours returns the value of a pull request that holds our one commit, whatever
// the answer, which may be from a moment before, says of its head.
func ours(n *pullNode, account forge.Account, commit string) forge.PullRequest {
	p := n.value(account)
	p.HeadID, p.Commits, p.Mine, p.OthersTouch = commit, 1, true, false
	return p
}

// pullInput is what createPullRequest is told.
func pullInput(p forge.Proposal) map[string]any {
	return map[string]any{
		"repositoryId": p.Repository.ID, "baseRefName": p.Base, "headRefName": p.Branch,
		"title": p.Title, "body": firstBody(p), "draft": p.Draft,
	}
}

// firstBody is the body until the pull request has all that belongs to it.
func firstBody(p forge.Proposal) string {
	if p.Begun != "" {
		return p.Begun
	}
	return p.Body
}
