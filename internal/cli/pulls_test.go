package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// app is a repository with one stale pin, before its first bump; old and next
// are the digests.
func app(t *testing.T, on forge.Flavor, more ...string) (o *org, old, next image.Digest) {
	t.Helper()
	o = newOrgOn(t, on)
	old = o.publish("base", "1", "one")
	files := append([]string{"Dockerfile", "FROM " + o.pin("base", "1", old) + "\nRUN one\nRUN two\nRUN three\nRUN four\n"}, more...)
	o.repository("acme/app", kind{Checks: true}, files...)
	o.wait(time.Hour)
	return o, old, o.publish("base", "1", "two")
}

func TestAPullRequestIsOpenedOnceAndMovedOn(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, next := app(t, on)
		writes := o.writes(func() { assert.Contains(t, strings.ToLower(o.bump(0).out), on.Noun()+"s: 1 opened") })
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
		writes = o.writes(func() {
			assert.Equal(t, on == forge.GitHub, strings.Contains(o.bump(0).out, "did not sign the commit"), "a person's token")
		})
		assert.LessOrEqual(t, writes, 3)
		second := o.only("acme/app")
		assert.Equal(t, first.Number, second.Number, "the same pull request")
		assert.Len(t, second.Commits, 1, "its branch is replaced, not added to")
		assert.Contains(t, second.Title, third.Encoded()[:7])
		assert.Contains(t, second.Body, string(third))
		assert.Contains(t, o.file("acme/app", second.Head, "Dockerfile"), string(third))
		o.quiet()
	})
}

func TestTheCacheIsNoPartOfTheTruth(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		o.cache += ".lost"
		o.quiet()
	})
}

func TestAPersonsCommitIsRespected(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		o.push("acme/app", pull.Head, "fix", "x")
		o.wait(time.Hour)
		o.publish("base", "1", "three")
		got := o.bump(0)
		assert.Contains(t, got.out, "has commits that are not basekeeper's")
		require.Len(t, o.people.Comments("acme/app", pull.Number), 1, "it is said once")
		assert.Equal(t, "x", o.file("acme/app", pull.Head, "fix"))
		o.quiet()
		o.publish("base", "1", "four")
		o.quiet()
		assert.Len(t, o.people.Comments("acme/app", pull.Number), 1)
	})
}

func TestAClosedPullRequestDeclinesItsDigest(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		for name, end := range map[string]func(*testing.T, *org, pull){
			"closed": func(t *testing.T, o *org, p pull) {
				require.NoError(t, o.people.ClosePull("acme/app", p.Number, "ada"))
			},
			"closed and branch deleted": func(t *testing.T, o *org, p pull) {
				require.NoError(t, o.people.ClosePull("acme/app", p.Number, "ada"))
				require.NoError(t, o.people.DeleteBranch("acme/app", p.Head, "ada"))
			},
			"branch deleted": func(t *testing.T, o *org, p pull) {
				require.NoError(t, o.people.DeleteBranch("acme/app", p.Head, "ada"))
			},
		} {
			t.Run(name, func(t *testing.T) {
				o, _, _ := app(t, on)
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
	})
}

func TestAReopenedPullRequestLivesOn(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		require.NoError(t, o.people.ClosePull("acme/app", pull.Number, "ada"))
		o.quiet()
		require.NoError(t, o.people.Reopen("acme/app", pull.Number, "ada"))
		o.quiet()
		third := o.publish("base", "1", "three")
		o.bump(0)
		assert.Equal(t, pull.Number, o.only("acme/app").Number)
		assert.Contains(t, o.file("acme/app", pull.Head, "Dockerfile"), string(third))
	})
}

func TestAMergeIsTheEnd(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		require.NoError(t, o.people.ChecksPassed("acme/app", pull.Number))
		require.NoError(t, o.people.Merge("acme/app", pull.Number, "ada"))
		o.quiet()
		o.publish("base", "1", "three")
		o.bump(0)
		assert.NotEqual(t, pull.Number, o.only("acme/app").Number)
		o.quiet()
	})
}

func TestNothingLeftClosesAndMayComeAgain(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, next := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		o.publish("base", "1", "one") // the tag goes back
		o.bump(0)
		require.Empty(t, o.open("acme/app"))
		assert.Equal(t, "keeper", o.people.Pulls("acme/app")[0].ClosedBy)
		_, err := o.people.Branch("acme/app", pull.Head)
		require.Error(t, err, "its branch is deleted")
		comments := o.people.Comments("acme/app", pull.Number)
		require.Len(t, comments, 1)
		assert.Contains(t, comments[0], "up to date")
		o.quiet()

		assert.NotEqual(t, old, o.publish("base", "1", "two"))
		o.bump(0)
		again := o.only("acme/app")
		assert.Contains(t, o.file("acme/app", again.Head, "Dockerfile"), string(next), "what basekeeper closed is not declined")
	})
}

func TestTheDefaultBranchMoves(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, next := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		o.push("acme/app", "main", "README", "x")
		o.quiet()
		text := "FROM " + o.pin("base", "1", old) + "\nRUN changed\n"
		o.push("acme/app", "main", "Dockerfile", text)
		require.True(t, o.only("acme/app").Conflicts)
		o.bump(0)
		after := o.only("acme/app")
		assert.Equal(t, pull.Number, after.Number)
		assert.False(t, after.Conflicts)
		assert.Equal(t, strings.Replace(text, string(old), string(next), 1), o.file("acme/app", after.Head, "Dockerfile"))
		o.quiet()
	})
}

func TestAPersonAsksForTheBranchToBeMadeAnew(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		require.NoError(t, o.people.CheckBox("acme/app", pull.Number, "ada", "basekeeper: refresh"))
		o.push("acme/app", "main", "README", "x")
		o.bump(0)
		after := o.only("acme/app")
		assert.NotEqual(t, pull.HeadID, after.HeadID)
		assert.Equal(t, "x", o.file("acme/app", after.Head, "README"))
		assert.NotContains(t, after.Body, "[x]")
		o.quiet()
	})
}

func TestSomebodyElsesBranch(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		pull := o.only("acme/app")
		require.NoError(t, o.people.ClosePull("acme/app", pull.Number, "ada"))
		require.NoError(t, o.people.DeleteBranch("acme/app", pull.Head, "ada"))
		o.publish("base", "1", "three")
		o.push("acme/app", pull.Head, "mine", "x")
		assert.Contains(t, o.quiet().out, "has commits that are not basekeeper's")
		_, err := o.people.OpenPull("acme/app", "ada", pull.Head, "main", "mine", "")
		require.NoError(t, err)
		assert.Contains(t, o.quiet().out, "is not basekeeper's")
	})
}
