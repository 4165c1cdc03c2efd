package cli_test

import (
	"net/http"
	"testing"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// people are the hands of those who work on a sandbox forge, and what they see
// there. States and whether two changes clash are in GitHub's words.
type people interface {
	Handler() http.Handler
	AddUser(login string)
	Create(name string, as kind, files ...git.File) error
	Push(name, branch, author, message string, files ...git.File) (id string, err error)
	DeleteBranch(name, branch, by string) error
	Branch(name, branch string) (id string, err error)
	Branches(name, prefix string) (names []string, err error)
	File(name, ref, path string) (content []byte, err error)
	WriteBare(name, dir string) error

	Pulls(name string) []pull
	OpenPull(name, by, head, base, title, body string) (number int, err error)
	EditPull(name string, number int, by, title, body string) error
	CheckBox(name string, number int, by, text string) error
	Comments(name string, number int) []string
	ClosePull(name string, number int, by string) error
	Reopen(name string, number int, by string) error
	ChecksPassed(name string, number int) error
	Merge(name string, number int, by string) error

	Asked() []string // the requests until now, in order
	Counts() (reads, writes int)
	ResetRequests()
}

// kind is what a repository is made as.
type kind struct {
	Archived, Fork, Private, Empty bool
	Checks                         bool // are to pass before a merge, which may wait for them
	Topics                         []string
	TreeLimit                      int // of GitHub's trees, before they are truncated; 0 for what it is there
}

// pull is a pull request as people see it.
type pull struct {
	Number      int
	State       string // OPEN, CLOSED, MERGED
	Title, Body string
	Author      string
	Base, Head  string
	HeadID      string
	Draft       bool
	Conflicts   bool
	AutoMerge   string // MERGE, SQUASH, REBASE; empty for off
	Labels      []string
	Assignees   []string
	Reviewers   []string
	Commits     []string
	Files       []string // that it changes
	ClosedBy    string
}

// eachForge runs a test on every forge.
func eachForge(t *testing.T, test func(t *testing.T, on forge.Flavor)) {
	t.Helper()
	for _, on := range []forge.Flavor{forge.GitHub, forge.GitLab} {
		t.Run(on.String(), func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}
