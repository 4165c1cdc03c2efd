package github

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// How much of a repository is asked for in the listing itself. Each repository
// costs about (branches × 4 + 1)/100 points of GraphQL's hourly 5,000, and
// branches × (4 + pullCommits + pullLabels) + topics of its 500,000 nodes a
// request, whether it has them or not.
const (
	listedBranches  = 10 // as many as open pull requests may be there at once, by default; more are asked for where there are more
	furtherBranches = 25 // of each that has more, in a request
	pullCommits     = 10
	pullLabels      = 20
	topics          = 20
)

var (
	commitFields = `oid parents(first:2){nodes{oid}} author{name email user{login}} committer{name email user{login}}`

	pullFields = fmt.Sprintf(`id number url state title body baseRefName headRefName headRefOid isCrossRepository isDraft mergeable
author{login __typename} baseRepository{id} autoMergeRequest{enabledAt} labels(first:%d){nodes{name}}
commits(first:%d){totalCount nodes{commit{oid author{name email user{login}} committer{name email user{login}}}}}`, pullLabels, pullCommits)

	branchFields = `name prefix target{__typename oid ...on Commit{` + commitFields + `}}
associatedPullRequests(first:1,states:[OPEN],orderBy:{field:CREATED_AT,direction:DESC}){nodes{` + pullFields + `}}`

	headFields = fmt.Sprintf(`id nameWithOwner isArchived isFork isPrivate isLocked isDisabled autoMergeAllowed diskUsage primaryLanguage{name}
repositoryTopics(first:%d){nodes{topic{name}}} defaultBranchRef{name target{oid}}`, topics)
)

// repositoryFields returns what a listing asks about a repository; with a
// prefix, its branches under it too.
func repositoryFields(prefix string) string {
	if prefix == "" {
		return headFields
	}
	return headFields + fmt.Sprintf(` refs(refPrefix:$refPrefix,query:$refQuery,first:%d,orderBy:{field:ALPHABETICAL,direction:ASC}){pageInfo{hasNextPage endCursor} nodes{%s}}`,
		listedBranches, branchFields)
}

// prefixVariables declares and gives the variables of repositoryFields: GitHub
// lists refs by directory, and within it by a part of the name.
func prefixVariables(prefix string, variables map[string]any) string {
	if prefix == "" {
		return ""
	}
	dir, query := "", prefix
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		dir, query = prefix[:i+1], prefix[i+1:]
	}
	variables["refPrefix"] = heads + dir
	variables["refQuery"] = nil
	if query != "" {
		variables["refQuery"] = query
	}
	return ",$refPrefix:String!,$refQuery:String"
}

// heads is where git keeps branches.
const heads = "refs/heads/"

type pageInfo struct {
	HasNextPage bool
	EndCursor   string
}

type named struct{ Name string }

type repositoryNode struct {
	ID               string
	NameWithOwner    string
	IsArchived       bool
	IsFork           bool
	IsPrivate        bool
	IsLocked         bool
	IsDisabled       bool
	AutoMergeAllowed bool
	DiskUsage        int64
	PrimaryLanguage  named
	RepositoryTopics struct {
		Nodes []struct{ Topic named }
	}
	DefaultBranchRef *struct {
		Name   string
		Target struct{ OID string }
	}
	Refs refPage
}

type refPage struct {
	PageInfo pageInfo
	Nodes    []*branchNode
}

type branchNode struct {
	Name   string
	Prefix string
	Target *struct {
		Typename string `json:"__typename"`
		commitNode
	}
	AssociatedPullRequests struct{ Nodes []*pullNode }
}

type commitNode struct {
	OID     string
	Parents struct {
		Nodes []struct{ OID string }
	}
	Author    *signer
	Committer *signer
}

type pullNode struct {
	ID                string
	Number            int
	URL               string
	State             string
	Title             string
	Body              string
	BaseRefName       string
	HeadRefName       string
	HeadRefOID        string
	IsCrossRepository bool
	IsDraft           bool
	Mergeable         string
	Author            *actor
	BaseRepository    *struct{ ID string }
	AutoMergeRequest  *struct{ EnabledAt string }
	Labels            struct{ Nodes []named }
	Commits           struct {
		TotalCount int
		Nodes      []struct{ Commit commitNode }
	}
}

func (n *repositoryNode) value(account forge.Account) forge.Repository {
	r := forge.Repository{
		ID: n.ID, Name: n.NameWithOwner,
		Archived: n.IsArchived, Fork: n.IsFork, Private: n.IsPrivate, Locked: n.IsLocked || n.IsDisabled,
		Language: n.PrimaryLanguage.Name, Size: n.DiskUsage,
		Branches: n.Refs.values(n.ID, account),
	}
	switch {
	case account.Kind == forge.Pipeline:
		r.NoAutoMerge = startsNothing
	case !n.AutoMergeAllowed:
		r.NoAutoMerge = "this repository does not allow auto-merge; that is a setting of it, under General, Pull Requests"
	}
	for _, t := range n.RepositoryTopics.Nodes {
		r.Topics = append(r.Topics, t.Topic.Name)
	}
	if n.DefaultBranchRef != nil {
		r.DefaultBranch, r.Head = n.DefaultBranchRef.Name, n.DefaultBranchRef.Target.OID
	}
	return r
}

// values returns the branches of a page, by name.
func (p refPage) values(repositoryID string, account forge.Account) []forge.Branch {
	var all []forge.Branch
	for _, n := range p.Nodes {
		if n == nil || n.Target == nil || n.Target.Typename != "Commit" {
			continue
		}
		b := forge.Branch{Name: n.name(), Head: n.Target.value(account)}
		for _, p := range n.AssociatedPullRequests.Nodes {
			if p != nil && (p.BaseRepository == nil || p.BaseRepository.ID == repositoryID) {
				pull := p.value(account)
				b.Pull = &pull
				break
			}
		}
		all = append(all, b)
	}
	return all
}

// name returns the branch's name: GitHub cuts it after the prefix that was
// asked for, or after refs/heads/, and says which.
func (n *branchNode) name() string {
	full := n.Prefix + n.Name
	if !strings.HasPrefix(full, heads) {
		full = heads + n.Name
	}
	return strings.TrimPrefix(full, heads)
}

func (n commitNode) value(account forge.Account) forge.Commit {
	c := forge.Commit{ID: n.OID, Mine: n.mine(account)}
	for _, p := range n.Parents.Nodes {
		c.Parents = append(c.Parents, p.OID)
	}
	return c
}

// mine reports whether account made the commit, and nobody has amended it.
func (n commitNode) mine(account forge.Account) bool {
	return n.Author.is(account) && (n.Committer.is(account) || n.Committer.isForge())
}

func (n *pullNode) value(account forge.Account) forge.PullRequest {
	p := forge.PullRequest{
		ID: n.ID, Number: n.Number, URL: n.URL, State: states[n.State], Title: n.Title, Body: n.Body,
		Base: n.BaseRefName, Head: n.HeadRefName, HeadID: n.HeadRefOID,
		Mine: n.Author.is(account), Foreign: n.IsCrossRepository,
		Commits: n.Commits.TotalCount, Conflicting: n.Mergeable == "CONFLICTING",
		Draft: n.IsDraft, AutoMerge: n.AutoMergeRequest != nil,
	}
	for _, l := range n.Labels.Nodes {
		p.Labels = append(p.Labels, l.Name)
	}
	// What was not listed is not known to be ours; we bring one commit only.
	p.OthersTouch = n.Commits.TotalCount > len(n.Commits.Nodes)
	for _, c := range n.Commits.Nodes {
		p.OthersTouch = p.OthersTouch || !c.Commit.mine(account)
	}
	slices.Sort(p.Labels)
	return p
}

var states = map[string]forge.State{"OPEN": forge.Open, "CLOSED": forge.Closed, "MERGED": forge.Merged}
