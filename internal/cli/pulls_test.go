package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// app is a repository with one stale pin, before its first bump; old and next
// are the digests.
func app(t *testing.T, more ...string) (o *org, old, next image.Digest) {
	t.Helper()
	o = newOrg(t)
	old = o.publish("base", "1", "one")
	files := append([]string{"Dockerfile", "FROM " + o.pin("base", "1", old) + "\nRUN one\nRUN two\nRUN three\nRUN four\n"}, more...)
	o.repository("acme/app", hub.RepositoryOptions{AutoMerge: true, RequireChecks: true}, files...)
	o.wait(time.Hour)
	return o, old, o.publish("base", "1", "two")
}

func TestAPullRequestIsOpenedOnceAndMovedOn(t *testing.T) {
	o, old, next := app(t)
	writes := o.writes(func() { o.bump(0) })
	assert.LessOrEqual(t, writes, 3)
	first := o.only("acme/app")
	assert.Equal(t, "chore(deps): bump "+o.registry.Host()+"/base:1 to "+next.Encoded()[:7], first.Title)
	assert.Equal(t, "keeper", first.Author)
	assert.Equal(t, []string{"Dockerfile"}, first.Files)
	assert.Contains(t, o.file("acme/app", first.Head, "Dockerfile"), string(next))
	assert.Contains(t, o.file("acme/app", "main", "Dockerfile"), string(old), "only a merge changes main")
	o.quiet()

	o.wait(time.Hour)
	third := o.publish("base", "1", "three")
	writes = o.writes(func() { assert.Contains(t, o.bump(0).out, "did not sign the commit", "a person's token") })
	assert.LessOrEqual(t, writes, 3)
	second := o.only("acme/app")
	assert.Equal(t, first.Number, second.Number, "the same pull request")
	assert.Len(t, second.Commits, 1, "its branch is replaced, not added to")
	assert.Contains(t, second.Title, third.Encoded()[:7])
	assert.Contains(t, second.Body, string(third))
	assert.Contains(t, o.file("acme/app", second.Head, "Dockerfile"), string(third))
	o.quiet()
}

func TestTheCacheIsNoPartOfTheTruth(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	o.cache += ".lost"
	o.quiet()
}

func TestAPersonsCommitIsRespected(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	_, err := o.github.Push("acme/app", pull.Head, "ada", "fix the build", hub.File{Path: "fix", Content: []byte("x")})
	require.NoError(t, err)
	o.wait(time.Hour)
	o.publish("base", "1", "three")
	got := o.bump(0)
	assert.Contains(t, got.out, "has commits that are not basekeeper's")
	require.Len(t, o.github.Comments("acme/app", pull.Number), 1, "it is said once")
	assert.Equal(t, "x", o.file("acme/app", pull.Head, "fix"))
	o.quiet()
	o.publish("base", "1", "four")
	o.quiet()
	assert.Len(t, o.github.Comments("acme/app", pull.Number), 1)
}

func TestAClosedPullRequestDeclinesItsDigest(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *org, hub.PullRequest){
		"closed": func(t *testing.T, o *org, p hub.PullRequest) {
			require.NoError(t, o.github.ClosePull("acme/app", p.Number, "ada"))
		},
		"closed and branch deleted": func(t *testing.T, o *org, p hub.PullRequest) {
			require.NoError(t, o.github.ClosePull("acme/app", p.Number, "ada"))
			require.NoError(t, o.github.DeleteBranch("acme/app", p.Head, "ada"))
		},
		"branch deleted": func(t *testing.T, o *org, p hub.PullRequest) {
			require.NoError(t, o.github.DeleteBranch("acme/app", p.Head, "ada"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, _, _ := app(t)
			o.bump(0)
			first := o.only("acme/app")
			end(t, o, first)
			assert.Contains(t, o.quiet().out, "was closed unmerged")
			o.cache += ".lost"
			o.quiet()
			o.publish("base", "1", "three")
			o.bump(0)
			second := o.only("acme/app")
			assert.NotEqual(t, first.Number, second.Number)
			assert.Len(t, second.Commits, 1)
			o.quiet()
		})
	}
}

func TestAReopenedPullRequestLivesOn(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	require.NoError(t, o.github.ClosePull("acme/app", pull.Number, "ada"))
	o.quiet()
	require.NoError(t, o.github.Reopen("acme/app", pull.Number, "ada"))
	o.quiet()
	third := o.publish("base", "1", "three")
	o.bump(0)
	assert.Equal(t, pull.Number, o.only("acme/app").Number)
	assert.Contains(t, o.file("acme/app", pull.Head, "Dockerfile"), string(third))
}

func TestAMergeIsTheEnd(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	require.NoError(t, o.github.ChecksPassed("acme/app", pull.Number))
	require.NoError(t, o.github.Merge("acme/app", pull.Number, "ada"))
	o.quiet()
	o.publish("base", "1", "three")
	o.bump(0)
	assert.NotEqual(t, pull.Number, o.only("acme/app").Number)
	o.quiet()
}

func TestNothingLeftClosesAndMayComeAgain(t *testing.T) {
	o, old, next := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	o.publish("base", "1", "one") // the tag goes back
	o.bump(0)
	require.Empty(t, o.open("acme/app"))
	assert.Equal(t, "keeper", o.github.PullRequests("acme/app")[0].ClosedBy)
	_, err := o.github.Branch("acme/app", pull.Head)
	require.Error(t, err, "its branch is deleted")
	comments := o.github.Comments("acme/app", pull.Number)
	require.Len(t, comments, 1)
	assert.Contains(t, comments[0].Body, "up to date")
	o.quiet()

	assert.NotEqual(t, old, o.publish("base", "1", "two"))
	o.bump(0)
	again := o.only("acme/app")
	assert.Contains(t, o.file("acme/app", again.Head, "Dockerfile"), string(next), "what basekeeper closed is not declined")
}

func TestTheDefaultBranchMoves(t *testing.T) {
	o, old, next := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	_, err := o.github.Push("acme/app", "main", "ada", "unrelated", hub.File{Path: "README", Content: []byte("x")})
	require.NoError(t, err)
	o.quiet()
	text := "FROM " + o.pin("base", "1", old) + "\nRUN changed\n"
	_, err = o.github.Push("acme/app", "main", "ada", "the same file", hub.File{Path: "Dockerfile", Content: []byte(text)})
	require.NoError(t, err)
	require.Equal(t, "CONFLICTING", o.only("acme/app").Mergeable)
	o.bump(0)
	after := o.only("acme/app")
	assert.Equal(t, pull.Number, after.Number)
	assert.Equal(t, "MERGEABLE", after.Mergeable)
	assert.Equal(t, strings.Replace(text, string(old), string(next), 1), o.file("acme/app", after.Head, "Dockerfile"))
	o.quiet()
}

func TestAPersonAsksForTheBranchToBeMadeAnew(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	require.NoError(t, o.github.CheckBox("acme/app", pull.Number, "ada", "basekeeper: refresh"))
	_, err := o.github.Push("acme/app", "main", "ada", "unrelated", hub.File{Path: "README", Content: []byte("x")})
	require.NoError(t, err)
	o.bump(0)
	after := o.only("acme/app")
	assert.NotEqual(t, pull.HeadID, after.HeadID)
	assert.Equal(t, "x", o.file("acme/app", after.Head, "README"))
	assert.NotContains(t, after.Body, "[x]")
	o.quiet()
}

func TestSomebodyElsesBranch(t *testing.T) {
	o, _, _ := app(t)
	o.bump(0)
	pull := o.only("acme/app")
	require.NoError(t, o.github.ClosePull("acme/app", pull.Number, "ada"))
	require.NoError(t, o.github.DeleteBranch("acme/app", pull.Head, "ada"))
	o.publish("base", "1", "three")
	_, err := o.github.Push("acme/app", pull.Head, "ada", "mine", hub.File{Path: "mine", Content: []byte("x")})
	require.NoError(t, err)
	assert.Contains(t, o.quiet().out, "has commits that are not basekeeper's")
	_, err = o.github.OpenPull("acme/app", "ada", pull.Head, "main", "mine", "")
	require.NoError(t, err)
	assert.Contains(t, o.quiet().out, "is not basekeeper's")
}
