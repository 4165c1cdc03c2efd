package forge

import "time"

// Repository is a repository of a forge, as its listing shows it.
type Repository struct {
	ID            string // the forge's own id; GitHub's node id
	Name          string // owner/name
	DefaultBranch string // empty where there is no commit
	Head          string // commit at the default branch; empty where there is none
	Archived      bool
	Fork          bool
	Private       bool   // or internal: not for everyone
	Locked        bool   // disabled, locked or being moved: it cannot be written to
	Lock          string // why it is Locked, where that is known: it is marked for deletion
	Language      string
	Topics        []string
	Size          int64    // KiB, by the forge's own count
	Branches      []Branch // those under the prefix that was asked for, by name
	NoAutoMerge   string   // why the forge will not merge a pull request of ours by itself; empty where that is not known
	Partial       bool     // Branches has only those with an open pull request; the forge is to be asked for others by name
}

// Branch is a branch with the open pull request from it.
type Branch struct {
	Name string
	Head Commit
	Pull *PullRequest // the newest one that is open; nil for none
}

// Commit is a commit, and what is known about who made it.
type Commit struct {
	ID      string
	Parents []string
	Mine    bool // made by the account of the token, and not amended since
}

// State is the state of a pull request.
type State string

// The states of a pull request.
const (
	Open   State = "open"
	Closed State = "closed" // unmerged
	Merged State = "merged"
)

// PullRequest is a pull request (GitHub) or merge request (GitLab).
type PullRequest struct {
	ID          string // the forge's own id; GitHub's node id
	Number      int
	URL         string
	State       State
	Title       string
	Body        string
	Base        string // branch that it is to be merged into
	Head        string // branch that it comes from
	HeadID      string // commit at Head, or what it was when the pull request ended
	Mine        bool   // opened by the account of the token
	Foreign     bool   // its head is in another repository
	Commits     int    // that it brings
	OthersTouch bool   // one of its commits is not ours; see [Commit.Mine]
	Conflicting bool   // the forge says that it cannot be merged as it is
	Draft       bool
	AutoMerge   bool
	Labels      []string
}

// Merge is a pull request that was merged.
type Merge struct {
	Number int
	URL    string
	Head   string // branch that it came from
	Base   string // branch that it went into
	Commit string // that it is on Base; empty where the forge knows of none
	Author string // login of who opened it, an App's ends in [bot]; empty for an account that is gone
	At     time.Time
}

// Scope is where a run looks for repositories.
type Scope struct {
	Organizations []string
	Users         []string
	Names         []string // owner/name
	Installation  bool     // all that the App's installations, or the token, may see
	Shared        bool     // also what is others' and shared with the Organizations; GitLab knows that
	BranchPrefix  string   // of the branches that are listed with each repository: basekeeper/
}

// Skipped is a repository, or an owner of some, that could not be listed or
// read, and why.
type Skipped struct {
	Name string // owner/name, or the owner
	Err  error
}

// Commitish names a commit of a repository.
type Commitish struct {
	Repository Repository
	Commit     string
}

// Entry is a file in a tree.
type Entry struct {
	Path string // slash-separated, from the repository's root
	Mode string // as git writes it: 100644, 100755, 120000 (symbolic link), 160000 (submodule)
	Blob string // see [BlobID]
	Size int64  // bytes; 0 where the forge does not tell
}

// Tree is the files of a commit by path, submodules and symbolic links
// included, or why they could not be read.
type Tree struct {
	Entries []Entry
	Err     error
}

// Wanted is a file to read.
type Wanted struct {
	Repository Repository
	Commit     string // the blob is looked up under Path in it, where Blob is empty
	Path       string
	Blob       string
	Size       int64 // bytes, as the tree says; 0 where that is not known
}

// Ref names a branch of a repository.
type Ref struct {
	Repository Repository
	Branch     string
}
