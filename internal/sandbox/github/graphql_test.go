package github_test

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

const everything = `
query($owner: String!, $name: String!, $n: Int = 10) {
  viewer { __typename login databaseId id }
  rateLimit { limit cost remaining used resetAt nodeCount }
  organization(login: $owner) {
    id login
    repositories(first: $n, isArchived: false, isFork: false, visibility: PUBLIC, orderBy: {field: NAME, direction: ASC}) {
      totalCount nodes { ...repo } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
  user(login: "ann") { login repositories(first: 1, ownerAffiliations: OWNER) { totalCount nodes { id } } }
  repositoryOwner(login: $owner) { __typename login ... on Organization { databaseId } }
  repository(owner: $owner, name: $name) {
    ...repo
    byOid: object(expression: "main:tools/build.sh") { __typename oid ... on Blob { text isBinary isTruncated byteSize } }
    dir: object(expression: "HEAD:tools") { ... on Tree { oid entries { name path mode type oid size object { __typename oid } } } }
    nothing: object(expression: "HEAD:none") { oid }
    ref(qualifiedName: "topic") { ...ref }
    refs(refPrefix: "refs/heads/", first: 10, query: "to", orderBy: {field: ALPHABETICAL, direction: ASC}) {
      totalCount edges { cursor node { ...ref } }
    }
    pullRequests(first: 5, states: [OPEN, CLOSED, MERGED], headRefName: "topic", baseRefName: "main", orderBy: {field: CREATED_AT, direction: DESC}) {
      totalCount nodes { ...pull }
    }
    pullRequest(number: 1) { ...pull }
    label(name: "docker") { id name color }
    labels(first: 5) { nodes { name } }
  }
}
fragment repo on Repository {
  id databaseId name nameWithOwner isArchived isFork isPrivate isEmpty isDisabled isLocked visibility diskUsage url
  primaryLanguage { name } repositoryTopics(first: 20) { nodes { topic { name } } }
  viewerPermission autoMergeAllowed createdAt pushedAt owner { __typename login }
  defaultBranchRef { id name prefix target { __typename oid ... on Commit { ...commit } } }
}
fragment ref on Ref {
  id name prefix target { oid }
  associatedPullRequests(last: 1, states: [OPEN], orderBy: {field: CREATED_AT, direction: ASC}) { nodes { number } }
}
fragment commit on Commit {
  id oid abbreviatedOid message messageHeadline messageBody parents(first: 2) { totalCount nodes { oid } } url
  tree { oid entries { name path mode type oid } } author { name email date user { login } } committer { name email date }
  authoredDate committedDate signature { __typename isValid wasSignedByGitHub state } changedFilesIfAvailable
  file(path: "Dockerfile") { oid object { ... on Blob { text } } }
  associatedPullRequests(first: 1) { nodes { number } }
}
fragment pull on PullRequest {
  __typename id databaseId number url state title body isDraft baseRefName headRefName headRefOid baseRefOid isCrossRepository
  headRepository { nameWithOwner } headRepositoryOwner { login } mergeable mergeStateStatus merged mergedAt closed closedAt createdAt updatedAt
  author { __typename login } viewerDidAuthor viewerCanUpdate additions deletions changedFiles reviewDecision
  commits(last: 10) { totalCount nodes { commit { ...commit } } }
  labels(first: 10) { nodes { id name } } assignees(first: 10) { nodes { login } }
  reviewRequests(first: 10) { nodes { requestedReviewer { __typename ... on User { login } ... on Team { combinedSlug } } } }
  autoMergeRequest { enabledAt mergeMethod enabledBy { login } }
  files(first: 10) { nodes { path additions deletions changeType } }
  comments(first: 10) { nodes { body author { login } viewerDidAuthor } }
  timelineItems(itemTypes: [CLOSED_EVENT], last: 1) { nodes { __typename ... on ClosedEvent { createdAt actor { login } } } }
  mergeCommit { oid } mergedBy { login } headRef { name } baseRef { name }
}`

// TestGraphQLAnswers asks for every field, so that each is held against
// GitHub's schema.
func TestGraphQLAnswers(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{Language: "Go", Topics: []string{"docker", "web"}, AutoMerge: true, RequireApproval: true})
	w.propose("topic", "Dockerfile", "FROM debian:12@sha256:bbbb\n")
	require.NoError(t, w.Label("acme/app", 1, "docker"))
	require.NoError(t, w.Comment("acme/app", 1, "ann", "hello"))
	c := w.as("app's")
	require.Equal(t, http.StatusCreated, c.rest(http.MethodPost, "/repos/acme/app/pulls/1/requested_reviewers", map[string]any{"team_reviewers": []string{"ops"}}).Status)
	variables := map[string]any{"owner": "acme", "name": "app"}
	for _, prefix := range []string{"", "/api"} {
		c.prefix = prefix
		a := c.graphql(everything, variables)
		assert.Nil(t, a.at("errors"), "%s", a.Body)
		assert.Equal(t, "keeper[bot]", a.text("data", "viewer", "login"))
		assert.Equal(t, "#!/bin/sh\n", a.text("data", "repository", "byOid", "text"))
		assert.InDelta(t, 0o100755, a.at("data", "repository", "dir", "entries", 0, "mode"), 0)
		assert.Equal(t, "topic", a.text("data", "repository", "ref", "name"))
		assert.Equal(t, "acme/ops", a.text("data", "repository", "pullRequest", "reviewRequests", "nodes", 0, "requestedReviewer", "combinedSlug"))
		assert.Equal(t, "BLOCKED", a.text("data", "repository", "pullRequest", "mergeStateStatus"))
	}
	require.NoError(t, w.ClosePull("acme/app", 1, "ann"))
	a := w.as("ann's").graphql(everything, variables)
	assert.Equal(t, "ann", a.text("data", "repository", "pullRequest", "timelineItems", "nodes", 0, "actor", "login"))
	assert.Equal(t, "ADMIN", a.text("data", "repository", "viewerPermission"))
	assert.Equal(t, true, a.at("data", "repository", "pullRequest", "viewerDidAuthor"))
	require.NoError(t, w.Reopen("acme/app", 1, "ann"))
	require.NoError(t, w.Approve("acme/app", 1, "bob"))
	require.NoError(t, w.Merge("acme/app", 1, "ann"))
	a = w.as("reader's").graphql(everything, variables)
	assert.Equal(t, "MERGED", a.text("data", "repository", "pullRequest", "state"))
	assert.Equal(t, "READ", a.text("data", "repository", "viewerPermission"))
}

// TestChain makes branch, commit and pull request in one request, as an App.
func TestChain(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	w.ResetRequests()
	content := "FROM debian:12@sha256:bbbb\r\nRUN true"
	a := w.as("app's").graphql(`mutation($repo: ID!, $base: GitObjectID!, $ref: String!, $branch: String!, $contents: Base64String!, $script: Base64String!) {
		createRef(input: {repositoryId: $repo, name: $ref, oid: $base}) { ref { id name target { oid } } }
		createCommitOnBranch(input: {
			branch: {repositoryNameWithOwner: "acme/app", branchName: $branch}, expectedHeadOid: $base, message: {headline: "bump", body: "why"},
			fileChanges: {additions: [{path: "Dockerfile", contents: $contents}, {path: "tools/build.sh", contents: $script}, {path: "new/file", contents: $script}]}
		}) { commit { oid message author { name user { login } } committer { name email user { login } } signature { isValid wasSignedByGitHub } tree { entries { name mode } } } ref { name } }
		createPullRequest(input: {repositoryId: $repo, baseRefName: "main", headRefName: $branch, title: "Bump", body: "why", draft: true}) {
			pullRequest { id number isDraft author { __typename login } viewerDidAuthor mergeable }
		}
	}`, map[string]any{
		"repo": w.repo, "base": w.main, "ref": "refs/heads/basekeeper/debian", "branch": "basekeeper/debian",
		"contents": base64.StdEncoding.EncodeToString([]byte(content)), "script": base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\necho\n")),
	})
	require.Nil(t, a.at("errors"), "%s", a.Body)
	commit := []any{"data", "createCommitOnBranch", "commit"}
	assert.Equal(t, "keeper[bot]", a.text(append(commit, "author", "user", "login")...))
	assert.Equal(t, "noreply@github.com", a.text(append(commit, "committer", "email")...))
	assert.Equal(t, "web-flow", a.text(append(commit, "committer", "user", "login")...))
	assert.Equal(t, true, a.at(append(commit, "signature", "wasSignedByGitHub")...))
	assert.Equal(t, "bump\n\nwhy", a.text(append(commit, "message")...))
	assert.Equal(t, "Bot", a.text("data", "createPullRequest", "pullRequest", "author", "__typename"))
	assert.Equal(t, "keeper", a.text("data", "createPullRequest", "pullRequest", "author", "login"))
	assert.Equal(t, "MERGEABLE", a.text("data", "createPullRequest", "pullRequest", "mergeable"))

	got, err := w.File("acme/app", "basekeeper/debian", "Dockerfile")
	require.NoError(t, err)
	assert.Equal(t, content, string(got))
	tree := w.as("ann's").rest(http.MethodGet, "/repos/acme/app/git/trees/basekeeper/debian?recursive=1", nil)
	modes := map[string]string{}
	for i := range tree.at("tree").([]any) {
		modes[tree.text("tree", i, "path")] = tree.text("tree", i, "mode")
	}
	assert.Equal(t, map[string]string{
		".github": "040000", ".github/workflows": "040000", ".github/workflows/ci.yml": "100644", "Dockerfile": "100644",
		"new": "040000", "new/file": "100644", "tools": "040000", "tools/build.sh": "100755",
	}, modes, "a mode stays; a new file has the usual one")

	requests := w.Requests()
	require.NotEmpty(t, requests)
	assert.Equal(t, "POST /graphql createRef createCommitOnBranch createPullRequest", requests[0].String())
	reads, writes := w.Counts()
	assert.Equal(t, []int{1, 1}, []int{reads, writes})
}

// TestMutationErrors goes on after a mutation that fails, as GitHub does.
func TestMutationErrors(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	a := w.as("app's").graphql(`mutation($repo: ID!, $oid: GitObjectID!) {
		first: createRef(input: {repositoryId: $repo, name: "refs/heads/main", oid: $oid}) { ref { name } }
		second: createRef(input: {repositoryId: $repo, name: "refs/heads/other", oid: $oid}) { ref { name } }
	}`, map[string]any{"repo": w.repo, "oid": w.main})
	assert.Equal(t, http.StatusOK, a.Status)
	assert.Nil(t, a.at("data", "first"))
	assert.Equal(t, "other", a.text("data", "second", "ref", "name"))
	assert.Equal(t, "UNPROCESSABLE", a.text("errors", 0, "type"))
	assert.Equal(t, []any{"first"}, a.at("errors", 0, "path"))
	assert.Equal(t, `A ref named "refs/heads/main" already exists in the repository.`, a.text("errors", 0, "message"))
}
