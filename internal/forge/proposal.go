package forge

import "errors"

// Errors that callers branch on; adapters wrap them.
var (
	ErrNotFound = errors.New("not found") // or hidden from the token
	ErrDenied   = errors.New("permission denied")
	ErrMoved    = errors.New("changed by somebody else meanwhile") // a branch or pull request is not what was seen
	ErrLimited  = errors.New("rate limit")                         // and waiting for it would take longer than the run may
	ErrContent  = errors.New("not read")                           // too large, or a Git LFS pointer: it will be so the next time
)

// Proposal is a pull request as it should be: made where there is none, moved
// on where there is one. Where there is one and no Files, only what Begun
// speaks of is added.
type Proposal struct {
	Repository Repository
	Base       string       // branch that it is to be merged into
	BaseID     string       // commit that the new content is based on
	Branch     string       // that it comes from
	BranchID   string       // commit seen at Branch; empty where there was no such branch
	Pull       *PullRequest // the open one; nil to make one
	Files      []NewFile
	Message    string // of the commit: a headline, an empty line, a body
	Title      string
	Body       string // Markdown
	Begun      string // the body until labels, reviewers, assignees and automerge are there; empty where none are to be added
	Labels     []string
	Reviewers  []string // users, or owner/team
	Assignees  []string
	Draft      bool
	AutoMerge  string // merge, squash or rebase, by the forge once it may; empty to leave that as it is
	TakeBack   bool   // automerge, where it is on: a person is to merge it
}

// NewFile is the new content of a file that exists.
type NewFile struct {
	Path    string // slash-separated, from the repository's root
	Mode    string // as git writes it; it stays
	Content []byte
}

// Proposed is what became of a proposal.
type Proposed struct {
	Pull     PullRequest
	Commit   string   // at the branch now
	Signed   bool     // the forge signed the commit
	Warnings []string // what could not be done besides: a label, a reviewer, automerge
}
