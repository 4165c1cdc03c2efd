package forgetest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Forge is what the flows ask of a forge.
type Forge interface {
	Account(ctx context.Context) (forge.Account, error)
	Repositories(ctx context.Context, scope forge.Scope) ([]forge.Repository, []forge.Skipped, error)
	Tree(ctx context.Context, at forge.Commitish) ([]forge.Entry, error)
	Trees(ctx context.Context, at []forge.Commitish) []forge.Tree
	Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error)
	Heads(ctx context.Context, refs []forge.Ref) ([]string, error)
	Matching(ctx context.Context, repository forge.Repository, glob func(string) bool) ([]string, error)
	Closed(ctx context.Context, refs []forge.Ref) ([]*forge.PullRequest, error)
	OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error)
	ChangedFiles(ctx context.Context, repository forge.Repository, number int) ([]string, error)
	MergedPulls(ctx context.Context, repositories []forge.Repository, prefix string, since time.Time) ([][]forge.Merge, error)
	Propose(ctx context.Context, p forge.Proposal) (forge.Proposed, error)
	Close(ctx context.Context, repository forge.Repository, pull forge.PullRequest, branchID, body, comment string) error
	Note(ctx context.Context, repository forge.Repository, pull forge.PullRequest, body, comment string) error
	DeleteBranch(ctx context.Context, repository forge.Repository, branch, commit string) error
}

// Harness is one server of a forge, empty at first, and the hands of a person
// there. Names of repositories are owner/name. What it cannot do ends the test.
type Harness interface {
	// Client returns a client of its own with the account's token; around wraps
	// its transport where it is not nil.
	Client(t *testing.T, around func(http.RoundTripper) http.RoundTripper) Forge
	// Owner is an organization or group that the token sees whole.
	Owner() string
	// Writes returns how many requests so far were to change something.
	Writes() int
	// Swaps reports whether the forge moves a branch only if it still is where
	// it was seen. Without that, two who write the same at the same moment may
	// both believe that they did.
	Swaps() bool
	// Sizes reports whether its trees tell the sizes of files.
	Sizes() bool

	// Create makes a repository with a first commit on main; without files it
	// has no commit.
	Create(t *testing.T, name string, as Kind, files ...forge.NewFile)
	// Push commits to a branch, made from main where there is none, as a person
	// who is not the account.
	Push(t *testing.T, name, branch string, files ...forge.NewFile) (commit string)
	// Remove is a Push of a branch without a file.
	Remove(t *testing.T, name, branch, path string) (commit string)
	// Move has a branch, made where there is none, point at a commit.
	Move(t *testing.T, name, branch, commit string)
	// OpenPull opens a pull request as that person; Merge and Reject, which
	// closes one unmerged, are a maintainer's.
	OpenPull(t *testing.T, name, head, base, title string) (number int)
	// OpenForeign opens one from a branch of a fork of that person's, made for
	// it, and returns the commit there too.
	OpenForeign(t *testing.T, name, head, base, title string, files ...forge.NewFile) (number int, commit string)
	Merge(t *testing.T, name string, number int)
	Reject(t *testing.T, name string, number int)

	// Head returns the commit at a branch, empty where there is none.
	Head(t *testing.T, name, branch string) string
	// Read returns a file at a branch, or a commit.
	Read(t *testing.T, name, at, path string) []byte
	// Pulls returns all pull requests by number.
	Pulls(t *testing.T, name string) []Pull
}

// Kind is what a repository is made as.
type Kind struct {
	Archived, Fork, Private bool
	Topics                  []string
}

// Pull is a pull request as a person sees it.
type Pull struct {
	Number      int
	State       forge.State
	Title, Body string
	Base, Head  string
	HeadID      string
	Commits     int
	Draft       bool
	Labels      []string
	Assignees   []string
	Reviewers   []string
	Comments    []string
}

// Run holds a forge to what all of them do; start makes an empty server for
// each test.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	tests := map[string]func(*testing.T, Harness){
		"repositories in order":            testRepositories,
		"repositories by name":             testNames,
		"branches with their pull request": testBranches,
		"whose commits":                    testWhoseCommits,
		"tree":                             testTree,
		"many trees":                       testTrees,
		"files byte by byte":               testFiles,
		"files that cannot be read":        testUnreadable,
		"many files":                       testManyFiles,
		"heads":                            testHeads,
		"matching branches":                testMatching,
		"closed pull requests":             testClosed,
		"open pull requests":               testOpenPulls,
		"many open pull requests":          testManyOpenPulls,
		"changed files":                    testChangedFiles,
		"many changed files":               testManyChangedFiles,
		"merged pull requests":             testMergedPulls,
		"many merged pull requests":        testManyMergedPulls,
		"propose":                          testPropose,
		"propose bytes and modes":          testProposeBytes,
		"propose hostile names":            testHostileNames,
		"propose over a leftover":          testLeftover,
		"move on":                          testMoveOn,
		"move on, too late":                testTooLate,
		"propose twice":                    testTwice,
		"two at once":                      testTwoAtOnce,
		"killed at any request":            testKilled,
		"close":                            testClose,
		"close, too late":                  testCloseTooLate,
		"note":                             testNote,
		"delete branch":                    testDeleteBranch,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}
