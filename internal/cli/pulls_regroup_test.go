package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// said returns the last comment on a pull request.
func (o *org) said(name string, number int) string {
	o.t.Helper()
	all := o.people.Comments(name, number)
	require.NotEmpty(o.t, all)
	return strings.ReplaceAll(all[len(all)-1], "&#8203;", "") // which keeps numbers from becoming links
}

// Where another pull request has the change now, that is why one is closed.
func TestRegrouped(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, next := app(t, on)
		o.bump(0)
		one := o.only("acme/app")
		grouped := o.config("group: repository\n")
		assert.Contains(t, o.bump(0, grouped...).out, "1 closed")
		all := o.only("acme/app")
		assert.Equal(t, "basekeeper/all", all.Head)
		assert.Contains(t, o.file("acme/app", all.Head, "Dockerfile"), string(next))
		assert.Contains(t, o.said("acme/app", one.Number), "it is part of the "+on.Noun()+" from basekeeper/all now")
		o.quiet(grouped...)

		o.bump(0)
		assert.Equal(t, one.Head, o.only("acme/app").Head, "what basekeeper closed is not declined")
		assert.Contains(t, o.said("acme/app", all.Number), "it is part of the "+on.Noun()+" from "+one.Head)
		o.quiet()
	})
}

// A release line that is not kept fresh any more has no pull request left.
func TestABranchLeavesTheBaseBranches(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, _ := app(t, on, ".basekeeper.yaml", "base-branches: [$default, \"release/*\"]\n")
		o.push("acme/app", "release/1", "Dockerfile", "FROM "+o.pin("base", "1", old)+"\nRUN one\n")
		o.bump(0)
		require.Len(t, o.open("acme/app"), 2)
		o.push("acme/app", "main", ".basekeeper.yaml", "base-branches: [$default]\n")
		o.bump(0)
		left := o.only("acme/app")
		assert.Equal(t, "main", left.Base)
		closed := o.people.Pulls("acme/app")
		for _, p := range closed {
			if p.Base == "release/1" {
				assert.Contains(t, o.said("acme/app", p.Number), "release/1 is not among the base-branches any more")
			}
		}
		o.quiet()
		o.push("acme/app", "main", ".basekeeper.yaml", "base-branches: [$default, \"release/*\"]\n")
		o.bump(0)
		assert.Len(t, o.open("acme/app"), 2, "what basekeeper closed is not declined")
	})
}

// A repository that is left alone keeps what is open, and the run names it.
func TestARepositoryOptsOut(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		o.bump(0)
		p := o.only("acme/app")
		o.push("acme/app", "main", ".basekeeper.yaml", "enabled: false\n")
		o.wait(time.Hour)
		o.publish("base", "1", "three")
		got := o.quiet()
		assert.Contains(t, got.out, fmt.Sprintf("enabled: false; left open: %s %s", on.Noun(), on.Number(p.Number)))
		assert.True(t, strings.HasPrefix(o.open("acme/app")[0], "main <- basekeeper/"))
	})
}
