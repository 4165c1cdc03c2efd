package github_test

import (
	"encoding/base64"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// TestPullLife lets something happen to an open pull request and looks at it.
func TestPullLife(t *testing.T) {
	tests := map[string]struct {
		do       func(t *testing.T, w *world)
		state    string
		closedBy string
		action   string // of the last event
	}{
		"left alone":     {func(*testing.T, *world) {}, "OPEN", "", "opened"},
		"closed":         {func(t *testing.T, w *world) { require.NoError(t, w.ClosePull("acme/app", 1, "bob")) }, "CLOSED", "bob", "closed"},
		"merged":         {func(t *testing.T, w *world) { require.NoError(t, w.Merge("acme/app", 1, "bob")) }, "MERGED", "bob", "closed"},
		"branch deleted": {func(t *testing.T, w *world) { require.NoError(t, w.DeleteBranch("acme/app", "topic", "bob")) }, "CLOSED", "bob", "closed"},
		"head moved onto its base": {func(t *testing.T, w *world) {
			require.NoError(t, w.ForcePush("acme/app", "topic", "bob", w.main))
		}, "CLOSED", "bob", "closed"},
		"head moved on": {func(t *testing.T, w *world) {
			_, err := w.Push("acme/app", "topic", "bob", "more", github.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
		}, "OPEN", "", "synchronize"},
		"head replaced": {func(t *testing.T, w *world) {
			_, err := w.Push("acme/app", "tmp", "bob", "else", github.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
			id, err := w.Branch("acme/app", "tmp")
			require.NoError(t, err)
			require.NoError(t, w.ForcePush("acme/app", "topic", "bob", id))
		}, "OPEN", "", "synchronize"},
		"base moved": {func(t *testing.T, w *world) {
			_, err := w.Push("acme/app", "main", "bob", "else", github.File{Path: "x", Content: []byte("x")})
			require.NoError(t, err)
		}, "OPEN", "", "opened"},
		"merged by hand": {func(t *testing.T, w *world) {
			id, err := w.Branch("acme/app", "topic")
			require.NoError(t, err)
			require.NoError(t, w.ForcePush("acme/app", "main", "bob", id))
		}, "MERGED", "bob", "closed"},
		"closed and opened again": {func(t *testing.T, w *world) {
			require.NoError(t, w.ClosePull("acme/app", 1, "bob"))
			require.NoError(t, w.Reopen("acme/app", 1, "bob"))
		}, "OPEN", "", "reopened"},
		"branch deleted and opened again": {func(t *testing.T, w *world) {
			require.NoError(t, w.DeleteBranch("acme/app", "topic", "bob"))
			require.ErrorContains(t, w.Reopen("acme/app", 1, "bob"), "branch has been deleted")
		}, "CLOSED", "bob", "closed"},
		"merged and opened again": {func(t *testing.T, w *world) {
			require.NoError(t, w.Merge("acme/app", 1, "bob"))
			require.ErrorContains(t, w.Reopen("acme/app", 1, "bob"), "cannot be reopened")
		}, "MERGED", "bob", "closed"},
		"replaced while closed": {func(t *testing.T, w *world) {
			require.NoError(t, w.ClosePull("acme/app", 1, "bob"))
			require.NoError(t, w.ForcePush("acme/app", "topic", "bob", w.main))
			require.ErrorContains(t, w.Reopen("acme/app", 1, "bob"), "force-pushed")
		}, "CLOSED", "bob", "closed"},
		"edited": {func(t *testing.T, w *world) {
			require.NoError(t, w.EditPull("acme/app", 1, "bob", "mine", "- [ ] refresh this\n- [ ] other"))
			require.NoError(t, w.CheckBox("acme/app", 1, "bob", "refresh"))
			assert.Equal(t, "- [x] refresh this\n- [ ] other", w.PullRequests("acme/app")[0].Body)
			require.ErrorIs(t, w.CheckBox("acme/app", 1, "bob", "refresh"), git.ErrNotFound)
		}, "OPEN", "", "edited"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.RepositoryOptions{})
			w.propose("topic", "Dockerfile", "FROM debian:13\n")
			tt.do(t, w)
			p := w.PullRequests("acme/app")[0]
			assert.Equal(t, tt.state, p.State)
			assert.Equal(t, tt.closedBy, p.ClosedBy)
			var last string
			for _, e := range w.Events() {
				if e.Name == "pull_request" {
					last = e.Action
				}
			}
			assert.Equal(t, tt.action, last)
		})
	}
}

func TestCreatePullRefuses(t *testing.T) {
	tests := map[string]struct {
		head, base, title, body string
		graphql, rest           string
	}{
		"no commits":   {"same", "main", "t", "b", "No commits between main and same", "No commits between main and same"},
		"there is one": {"topic", "main", "t", "b", "A pull request already exists for acme:topic.", "A pull request already exists for acme:topic."},
		"no head":      {"none", "main", "t", "b", "Head ref must be a branch", `"field":"head"`},
		"no base":      {"topic", "none", "t", "b", "Base ref must be a branch", `"field":"base"`},
		"no title":     {"topic", "same", " ", "b", "Title can't be blank", `"field":"title"`},
		"long body":    {"topic", "same", "t", strings.Repeat("ü", 65537), "body is too long (maximum is 65536 characters)", "body is too long"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, github.RepositoryOptions{})
			w.propose("topic", "Dockerfile", "FROM debian:13\n")
			require.NoError(t, w.ForcePush("acme/app", "same", "ann", w.main))
			a := w.as("app's").graphql(`mutation($i: CreatePullRequestInput!) { createPullRequest(input: $i) { pullRequest { number } } }`,
				map[string]any{"i": map[string]any{"repositoryId": w.repo, "headRefName": tt.head, "baseRefName": tt.base, "title": tt.title, "body": tt.body}})
			assert.Contains(t, a.text("errors", 0, "message"), tt.graphql)
			assert.Equal(t, "UNPROCESSABLE", a.text("errors", 0, "type"))
			r := w.as("app's").rest(http.MethodPost, "/repos/acme/app/pulls", map[string]any{"head": tt.head, "base": tt.base, "title": tt.title, "body": tt.body})
			assert.Equal(t, http.StatusUnprocessableEntity, r.Status)
			assert.Contains(t, string(r.Body), tt.rest)
			assert.Len(t, w.PullRequests("acme/app"), 1)
		})
	}
}

func TestMergeable(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	_, err := w.Push("acme/app", "main", "bob", "elsewhere", github.File{Path: "README.md", Content: []byte("x")})
	require.NoError(t, err)
	assert.Equal(t, "MERGEABLE", w.PullRequests("acme/app")[0].Mergeable)
	_, err = w.Push("acme/app", "main", "bob", "same file", github.File{Path: "Dockerfile", Content: []byte("FROM debian:14\n")})
	require.NoError(t, err)
	assert.Equal(t, "CONFLICTING", w.PullRequests("acme/app")[0].Mergeable)
	a := w.as("ann's").rest(http.MethodPut, "/repos/acme/app/pulls/1/merge", map[string]any{})
	assert.Equal(t, http.StatusMethodNotAllowed, a.Status)
	assert.Equal(t, "Pull Request is not mergeable", a.text("message"))
	a = w.as("ann's").rest(http.MethodGet, "/repos/acme/app/pulls/1", nil)
	assert.Equal(t, false, a.at("mergeable"))
	assert.Equal(t, "dirty", a.text("mergeable_state"))
}

func TestMergeableIsUnknownFirst(t *testing.T) {
	s := github.New(github.Options{UnknownFirst: true})
	require.NoError(t, s.CreateRepository("o/r", github.RepositoryOptions{}, github.File{Path: "a"}))
	_, err := s.Push("o/r", "topic", "ann", "x", github.File{Path: "a", Content: []byte("x")})
	require.NoError(t, err)
	_, err = s.OpenPull("o/r", "ann", "topic", "main", "t", "")
	require.NoError(t, err)
	assert.Equal(t, "UNKNOWN", s.PullRequests("o/r")[0].Mergeable)
	assert.Equal(t, "MERGEABLE", s.PullRequests("o/r")[0].Mergeable)
}

func TestMergeRefuses(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	a := w.as("ann's").rest(http.MethodPut, "/repos/acme/app/pulls/1/merge", map[string]any{"sha": w.main})
	assert.Equal(t, http.StatusConflict, a.Status)
	assert.Equal(t, "Head branch was modified. Review and try the merge again.", a.text("message"))
	a = w.as("ann's").graphql(`mutation($i: MergePullRequestInput!) { mergePullRequest(input: $i) { pullRequest { state } } }`,
		map[string]any{"i": map[string]any{"pullRequestId": w.PullRequests("acme/app")[0].ID, "expectedHeadOid": w.main}})
	assert.Equal(t, "Head branch was modified. Review and try the merge again.", a.text("errors", 0, "message"))
}

func TestAutoMerge(t *testing.T) {
	const enable = `mutation($i: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $i) { pullRequest { autoMergeRequest { enabledAt mergeMethod } } } }`
	open := func(t *testing.T, options github.RepositoryOptions) (*world, answer) {
		w := newWorld(t, options)
		w.propose("topic", "Dockerfile", "FROM debian:13\n")
		return w, w.as("app's").graphql(enable, map[string]any{"i": map[string]any{"pullRequestId": w.PullRequests("acme/app")[0].ID, "mergeMethod": "SQUASH"}})
	}
	t.Run("not allowed", func(t *testing.T) {
		_, a := open(t, github.RepositoryOptions{RequireApproval: true})
		assert.Equal(t, "Auto merge is not allowed for this repository", a.text("errors", 0, "message"))
	})
	t.Run("nothing to wait for", func(t *testing.T) {
		_, a := open(t, github.RepositoryOptions{AutoMerge: true})
		assert.Equal(t, "Pull request Pull request is in clean status", a.text("errors", 0, "message"))
	})
	t.Run("merges when a person approves", func(t *testing.T) {
		w, a := open(t, github.RepositoryOptions{AutoMerge: true, RequireApproval: true})
		assert.Equal(t, "SQUASH", a.text("data", "enablePullRequestAutoMerge", "pullRequest", "autoMergeRequest", "mergeMethod"))
		assert.Equal(t, "SQUASH", w.PullRequests("acme/app")[0].AutoMerge)
		require.NoError(t, w.ChecksPassed("acme/app", 1))
		assert.Equal(t, "OPEN", w.PullRequests("acme/app")[0].State)
		require.NoError(t, w.Approve("acme/app", 1, "bob"))
		assert.Equal(t, "MERGED", w.PullRequests("acme/app")[0].State)
		assert.Equal(t, "keeper[bot]", w.PullRequests("acme/app")[0].ClosedBy)
	})
	t.Run("merges when checks pass on the last head", func(t *testing.T) {
		w, _ := open(t, github.RepositoryOptions{AutoMerge: true, RequireChecks: true})
		require.NoError(t, w.Approve("acme/app", 1, "bob"))
		assert.Equal(t, "OPEN", w.PullRequests("acme/app")[0].State)
		require.NoError(t, w.ChecksPassed("acme/app", 1))
		assert.Equal(t, "MERGED", w.PullRequests("acme/app")[0].State)
	})
	t.Run("waits with a conflict", func(t *testing.T) {
		w, _ := open(t, github.RepositoryOptions{AutoMerge: true, RequireApproval: true})
		_, err := w.Push("acme/app", "main", "bob", "same file", github.File{Path: "Dockerfile", Content: []byte("FROM x\n")})
		require.NoError(t, err)
		require.NoError(t, w.Approve("acme/app", 1, "bob"))
		assert.Equal(t, "OPEN", w.PullRequests("acme/app")[0].State)
	})
	t.Run("is turned off", func(t *testing.T) {
		w, _ := open(t, github.RepositoryOptions{AutoMerge: true, RequireApproval: true})
		a := w.as("app's").graphql(`mutation($i: DisablePullRequestAutoMergeInput!) { disablePullRequestAutoMerge(input: $i) { pullRequest { autoMergeRequest { enabledAt } } } }`,
			map[string]any{"i": map[string]any{"pullRequestId": w.PullRequests("acme/app")[0].ID}})
		require.Nil(t, a.at("errors"))
		require.NoError(t, w.Approve("acme/app", 1, "bob"))
		assert.Equal(t, "OPEN", w.PullRequests("acme/app")[0].State)
	})
}

// TestPullMutations does to a pull request what GraphQL can do to it.
func TestPullMutations(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	_, err := w.Push("acme/app", "release", "ann", "x", github.File{Path: "y", Content: []byte("y")})
	require.NoError(t, err)
	pull := w.PullRequests("acme/app")[0].ID
	c := w.as("app's")
	ids := c.graphql(`query($r: ID!) { node(id: $r) { ... on Repository { id } } user(login: "ann") { id } repositoryOwner(login: "bob") { id } }`, map[string]any{"r": w.repo})
	w.AddUser("bob")
	bob := c.graphql(`{ user(login: "bob") { id } }`, nil).text("data", "user", "id")
	assert.Nil(t, ids.at("data", "repositoryOwner"))
	label := c.graphql(`mutation($r: ID!) { createLabel(input: {repositoryId: $r, name: "docker", color: "ededed"}) { label { id name } } }`, map[string]any{"r": w.repo}).
		text("data", "createLabel", "label", "id")
	a := c.graphql(`mutation($p: ID!, $l: [ID!]!, $u: [ID!]!) {
		updatePullRequest(input: {pullRequestId: $p, title: "New", body: "Body", baseRefName: "release"}) { pullRequest { title body baseRefName } }
		addLabelsToLabelable(input: {labelableId: $p, labelIds: $l}) { labelable { __typename ... on PullRequest { labels(first: 5) { nodes { name } } } } }
		addAssigneesToAssignable(input: {assignableId: $p, assigneeIds: $u}) { clientMutationId }
		requestReviews(input: {pullRequestId: $p, userIds: $u, union: true}) { pullRequest { reviewRequests(first: 5) { totalCount } } }
		addComment(input: {subjectId: $p, body: "Hello"}) { commentEdge { node { id body author { login } } } subject { id } }
		convertPullRequestToDraft(input: {pullRequestId: $p}) { pullRequest { isDraft } }
		closePullRequest(input: {pullRequestId: $p}) { pullRequest { state } }
		reopenPullRequest(input: {pullRequestId: $p}) { pullRequest { state } }
	}`, map[string]any{"p": pull, "l": []string{label}, "u": []string{bob}})
	require.Nil(t, a.at("errors"), "%s", a.Body)
	p := w.PullRequests("acme/app")[0]
	assert.Equal(t, []string{"New", "Body", "release", "OPEN"}, []string{p.Title, p.Body, p.Base, p.State})
	assert.Equal(t, []string{"docker"}, p.Labels)
	assert.Equal(t, []string{"bob"}, p.Assignees)
	assert.Equal(t, []string{"bob"}, p.Reviewers)
	assert.True(t, p.Draft)
	assert.Equal(t, []github.Comment{{Author: "keeper[bot]", Body: "Hello"}}, w.Comments("acme/app", 1))
	a = c.graphql(`mutation($p: ID!, $l: [ID!]!) {
		markPullRequestReadyForReview(input: {pullRequestId: $p}) { pullRequest { isDraft } }
		removeLabelsFromLabelable(input: {labelableId: $p, labelIds: $l}) { clientMutationId }
		updatePullRequest(input: {pullRequestId: $p, state: CLOSED}) { pullRequest { state closed } }
	}`, map[string]any{"p": pull, "l": []string{label}})
	require.Nil(t, a.at("errors"), "%s", a.Body)
	assert.Equal(t, "CLOSED", w.PullRequests("acme/app")[0].State)
	assert.Empty(t, w.PullRequests("acme/app")[0].Labels)
	a = c.graphql(`mutation($p: ID!, $u: [ID!]!) { requestReviews(input: {pullRequestId: $p, userIds: $u}) { pullRequest { id } } }`,
		map[string]any{"p": pull, "u": []string{ids.text("data", "user", "id")}})
	assert.Equal(t, "Review cannot be requested from pull request author.", a.text("errors", 0, "message"))
}

func TestForeignPull(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	require.NoError(t, w.CreateRepository("eve/app", github.RepositoryOptions{Fork: true}, github.File{Path: "evil", Content: []byte("x")}))
	_, err := w.OpenPull("acme/app", "eve", "eve:main", "main", "Free money", "")
	require.NoError(t, err)
	a := w.as("ann's").graphql(`{ repository(owner: "acme", name: "app") {
		pullRequest(number: 1) { isCrossRepository headRepository { nameWithOwner } commits(first: 5) { nodes { commit { oid } } } }
		ref(qualifiedName: "refs/heads/main") { associatedPullRequests(first: 5) { totalCount } }
	} }`, nil)
	assert.Equal(t, true, a.at("data", "repository", "pullRequest", "isCrossRepository"))
	assert.Equal(t, "eve/app", a.text("data", "repository", "pullRequest", "headRepository", "nameWithOwner"))
	assert.InDelta(t, 0, a.at("data", "repository", "ref", "associatedPullRequests", "totalCount"), 0)
	_, err = w.Push("eve/app", "main", "eve", "more", github.File{Path: "evil", Content: []byte("y")})
	require.NoError(t, err)
	assert.Len(t, w.PullRequests("acme/app")[0].Commits, 2)
}

// TestStoreIsGits has the machine's git look at what all kinds of commits left.
func TestStoreIsGits(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	a := w.as("app's").graphql(`mutation($b: GitObjectID!, $c: Base64String!) { createCommitOnBranch(input: {
		branch: {repositoryNameWithOwner: "acme/app", branchName: "topic"}, expectedHeadOid: $b, message: {headline: "signed"},
		fileChanges: {additions: [{path: "a/b/c", contents: $c}], deletions: [{path: "tools/build.sh"}]} }) { commit { oid } } }`,
		map[string]any{"b": w.PullRequests("acme/app")[0].HeadID, "c": base64.StdEncoding.EncodeToString([]byte("x"))})
	require.Nil(t, a.at("errors"), "%s", a.Body)
	require.NoError(t, w.Merge("acme/app", 1, "bob"))
	dir := t.TempDir()
	require.NoError(t, w.WriteBare("acme/app", dir))
	for _, args := range [][]string{{"fsck", "--strict", "--full"}, {"log", "--format=%an <%ae> %s", "main"}} {
		out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		if args[0] == "log" {
			assert.Contains(t, string(out), "signed")
			assert.Contains(t, string(out), "Merge pull request #1 from acme/topic")
		}
	}
}

func TestTimes(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.propose("topic", "Dockerfile", "FROM debian:13\n")
	w.clock.now = w.clock.now.Add(time.Hour)
	require.NoError(t, w.ClosePull("acme/app", 1, "bob"))
	a := w.as("ann's").graphql(`{ repository(owner: "acme", name: "app") { pullRequest(number: 1) { createdAt closedAt updatedAt mergedAt } } }`, nil)
	assert.Equal(t, map[string]any{"createdAt": "2026-03-01T12:00:00Z", "closedAt": "2026-03-01T13:00:00Z", "updatedAt": "2026-03-01T13:00:00Z", "mergedAt": nil},
		a.at("data", "repository", "pullRequest"))
}
