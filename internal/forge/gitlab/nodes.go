package gitlab

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	pullCommits = 5 // of a merge request are looked at; ours has one
	pullLabels  = 30
)

const (
	commitFields = `sha authorEmail committerEmail committerName`

	// projectFields are what a listing shows of a project. The tree without a
	// name is the default branch's.
	projectFields = `id fullPath visibility archived isForked topics markedForDeletionOn languages{name share} statistics{repositorySize} repository{rootRef tree{lastCommit{sha}}}`
)

var pullFields = fmt.Sprintf(`id iid webUrl state title description draft sourceBranch targetBranch diffHeadSha conflicts autoMergeEnabled sourceProjectId projectId
author{username} labels(first:%d){nodes{title}} commitCount diffRefs{baseSha} commits(first:%d){nodes{`+commitFields+`}}`, pullLabels, pullCommits)

type pageInfo struct {
	HasNextPage bool
	EndCursor   string
}

type projectNode struct {
	ID                  string
	FullPath            string
	Visibility          string
	Archived            bool
	IsForked            bool
	Topics              []string
	MarkedForDeletionOn *string
	Languages           []struct {
		Name  string
		Share float64
	}
	Statistics *struct{ RepositorySize float64 } // bytes
	Repository *struct {
		RootRef string
		Tree    *treeTop
	}
	MergeRequests *pullPage
}

// treeTop is the commit of a tree.
type treeTop struct{ LastCommit *commitNode }

// commit returns it; nil for none.
func (t *treeTop) commit() *commitNode {
	if t == nil || t.LastCommit == nil || t.LastCommit.SHA == "" {
		return nil
	}
	return t.LastCommit
}

type commitNode struct {
	SHA            string
	AuthorEmail    string
	CommitterEmail string
	CommitterName  string
}

type pullPage struct {
	PageInfo pageInfo
	Nodes    []*pullNode
}

type pullNode struct {
	ID               string
	IID              string
	WebURL           string
	State            string
	Title            string
	Description      string
	Draft            bool
	SourceBranch     string
	TargetBranch     string
	DiffHeadSHA      string
	Conflicts        bool
	AutoMergeEnabled bool
	SourceProjectID  int64
	ProjectID        int64
	Author           *struct{ Username string }
	Labels           struct{ Nodes []struct{ Title string } }
	CommitCount      int
	DiffRefs         *struct{ BaseSHA string }
	Commits          struct{ Nodes []*commitNode }
	MergedAt         time.Time
	MergeCommitSHA   string
	Squash           bool
}

// lock says why a project cannot be written to; empty where it can.
func lock(deleting, off bool) string {
	switch {
	case deleting:
		return "it is marked for deletion"
	case off: // GraphQL says the same of code that the token may not see
		return "its repository is switched off, or hidden from the token"
	}
	return ""
}

// value returns the repository without its branches. One that the token may
// see and not read, or that is on its way out, is locked.
func (n *projectNode) value() forge.Repository {
	r := forge.Repository{
		ID: strconv.FormatInt(number(n.ID), 10), Name: n.FullPath, Archived: n.Archived, Fork: n.IsForked,
		Private: n.Visibility != "public", Topics: n.Topics, Lock: lock(n.MarkedForDeletionOn != nil, n.Repository == nil),
	}
	r.Locked = r.Lock != ""
	if len(n.Topics) == 0 {
		r.Topics = nil
	}
	most := -1.0
	for _, l := range n.Languages {
		if l.Share > most {
			r.Language, most = l.Name, l.Share
		}
	}
	if n.Statistics != nil {
		r.Size = int64(n.Statistics.RepositorySize) / 1024
	}
	if n.Repository != nil {
		if c := n.Repository.Tree.commit(); c != nil {
			r.DefaultBranch, r.Head = n.Repository.RootRef, c.SHA
		}
	}
	return r
}

func (n *pullNode) foreign() bool { return n.SourceProjectID != n.ProjectID }

func (n *pullNode) number() int {
	i, _ := strconv.Atoi(n.IID)
	return i
}

func (n *pullNode) author() string {
	if n.Author == nil {
		return ""
	}
	return n.Author.Username
}

func (n *pullNode) value(a account) forge.PullRequest {
	p := forge.PullRequest{
		ID: strconv.FormatInt(number(n.ID), 10), Number: n.number(), URL: n.WebURL, State: stateOf(n.State),
		Title: untitled(n.Title), Body: n.Description, Base: n.TargetBranch, Head: n.SourceBranch, HeadID: n.DiffHeadSHA,
		Mine: a.is(n.author()), Foreign: n.foreign(), Commits: max(n.CommitCount, len(n.Commits.Nodes)),
		Conflicting: n.Conflicts, Draft: n.Draft, AutoMerge: n.AutoMergeEnabled,
	}
	for _, l := range n.Labels.Nodes {
		p.Labels = append(p.Labels, l.Title)
	}
	slices.Sort(p.Labels)
	p.OthersTouch = p.Commits > len(n.Commits.Nodes)
	for _, commit := range n.Commits.Nodes {
		if commit == nil || !commit.mine(a) {
			p.OthersTouch = true
		}
	}
	return p
}

func (n *commitNode) mine(a account) bool {
	return a.made(n.AuthorEmail, n.CommitterEmail, n.CommitterName)
}

// branch returns the branch that an open merge request is from. The parent of
// its head is its commit before, or, of a single one, where it left the base.
func (n *pullNode) branch(a account) forge.Branch {
	pull := n.value(a)
	b := forge.Branch{Name: n.SourceBranch, Head: forge.Commit{ID: n.DiffHeadSHA}, Pull: &pull}
	commits := n.Commits.Nodes
	if len(commits) > 0 && commits[0] != nil && commits[0].SHA == n.DiffHeadSHA {
		b.Head.Mine = commits[0].mine(a)
	}
	switch {
	case len(commits) > 1 && commits[1] != nil:
		b.Head.Parents = []string{commits[1].SHA}
	case pull.Commits == 1 && n.DiffRefs != nil && n.DiffRefs.BaseSHA != "":
		b.Head.Parents = []string{n.DiffRefs.BaseSHA}
	}
	return b
}

func stateOf(s string) forge.State {
	switch s {
	case "merged":
		return forge.Merged
	case "opened", "locked":
		return forge.Open
	}
	return forge.Closed
}

// draftPrefix is before the title of a draft; GitLab knows it by this.
//
// Spec: GitLab's "Draft merge requests".
const draftPrefix = "Draft: "

var draftWords = regexp.MustCompile(`^(?i:\s*(\[draft\]|\(draft\)|draft:))+\s*`)

// untitled takes off what makes a title one of a draft.
func untitled(title string) string { return draftWords.ReplaceAllString(title, "") }

func titled(title string, draft bool) string {
	title = strings.TrimSpace(untitled(title))
	if draft {
		return draftPrefix + title
	}
	return title
}
