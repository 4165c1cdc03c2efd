package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// config writes a run's configuration and returns the flags that name it.
func (o *org) config(text string) []string {
	o.t.Helper()
	path := filepath.Join(o.dir, "run.yaml")
	require.NoError(o.t, os.WriteFile(path, []byte(text), 0o644))
	return []string{"--config", path}
}

func TestARepositorysOwnConfiguration(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		tests := map[string]struct {
			own  string
			want func(*testing.T, *org, ran)
			exit int
		}{
			"says no": {own: "enabled: false\n", want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"))
				assert.Contains(t, got.out, "enabled: false")
			}},
			"is wrong": {own: "colour: red\n", exit: 4, want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"))
				assert.Contains(t, got.out, ".github/basekeeper.yaml:1:1: unknown key `colour`")
			}},
			"excludes the file": {own: "exclude: [Dockerfile]\n", want: func(t *testing.T, o *org, _ ran) { assert.Empty(t, o.open("acme/app")) }},
			"waits": {own: "cooldown: 3d\n", want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"))
				assert.Contains(t, got.out, "cooldown")
			}},
			"has wishes": {own: "labels: [deps, base image]\nreviewers: [ada, acme/platform]\nassignees: [ada]\ndraft: true\ncommit-message: |\n  build: {{.Summary}}\n", want: func(t *testing.T, o *org, got ran) {
				p := o.only("acme/app")
				assert.ElementsMatch(t, []string{"deps", "base image"}, p.Labels)
				if on == forge.GitLab {
					assert.Equal(t, []string{"ada"}, p.Reviewers)
					assert.Contains(t, got.out, "acme/platform is a group, and GitLab asks users only")
				} else {
					assert.ElementsMatch(t, []string{"ada", "acme/platform"}, p.Reviewers)
				}
				assert.Equal(t, []string{"ada"}, p.Assignees)
				assert.True(t, p.Draft)
				assert.True(t, strings.HasPrefix(p.Title, "build: bump "), p.Title)
			}},
			"wants it merged, which the run does not": {own: "automerge: squash\n", want: func(t *testing.T, o *org, _ ran) {
				assert.Empty(t, o.only("acme/app").AutoMerge)
			}},
			"wants none at a time": {own: "open-limit: 0\n", want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"))
				assert.Contains(t, got.out, "open-limit")
			}},
			"is at home in another zone": {own: "schedule: {days: [mon], from: \"14:00\", to: \"15:00\", timezone: Asia/Kolkata}\n", want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"), "13:00 UTC is 18:30 there")
				assert.Contains(t, got.out, "outside of the schedule")
			}},
			"is at home in another zone, and up": {own: "schedule: {days: [mon], from: \"18:00\", to: \"19:00\", timezone: Asia/Kolkata}\n", want: func(t *testing.T, o *org, _ ran) {
				assert.Len(t, o.open("acme/app"), 1, "13:00 UTC is 18:30 there")
			}},
			"is at home in no zone that there is": {own: "schedule: {timezone: Europe/Belrin}\n", exit: 4, want: func(t *testing.T, o *org, got ran) {
				assert.Empty(t, o.open("acme/app"))
				assert.Contains(t, got.out, ".github/basekeeper.yaml:1:22: the IANA database has no such time zone")
			}},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				o, _, _ := app(t, on, ".github/basekeeper.yaml", tt.own)
				o.people.AddUser("ada")
				flags := o.config("version: 1\n")
				var got ran
				writes := o.writes(func() { got = o.bump(tt.exit, flags...) })
				assert.LessOrEqual(t, writes, 4)
				tt.want(t, o, got)
				o.people.ResetRequests()
				assert.Equal(t, tt.exit, o.run(append([]string{"bump", "--organization", "acme"}, flags...)...).status)
				_, writes = o.people.Counts()
				assert.Zero(t, writes)
			})
		}
	})
}

func TestAutomergeMergesByItself(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, next := app(t, on)
		o.bump(0, o.config("automerge: squash\n")...)
		p := o.only("acme/app")
		assert.Equal(t, "SQUASH", p.AutoMerge)
		require.NoError(t, o.people.ChecksPassed("acme/app", p.Number))
		assert.Empty(t, o.open("acme/app"))
		assert.Contains(t, o.file("acme/app", "main", "Dockerfile"), string(next))
	})
}

func TestReleaseLinesHavePullRequestsOfTheirOwn(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, _ := app(t, on, ".basekeeper.yaml", "base-branches: [$default, \"release/*\"]\n")
		o.push("acme/app", "release/1", "old/Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
		o.bump(0)
		open := o.open("acme/app")
		require.Len(t, open, 2)
		assert.True(t, strings.HasPrefix(open[0], "main <- basekeeper/"), open)
		assert.True(t, strings.HasPrefix(open[1], "release/1 <- basekeeper/"), open)
		o.quiet()
		o.publish("base", "1", "three")
		o.bump(0)
		assert.Len(t, o.open("acme/app"), 2)
		o.quiet()
	})
}

func TestGroupedInOnePullRequest(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, old, _ := app(t, on)
		second := o.publish("other", "2", "one")
		o.push("acme/app", "main", "x/Dockerfile", "FROM "+o.pin("other", "2", second)+"\nCOPY --from="+o.pin("base", "1", old)+" / /\n")
		third := o.publish("other", "2", "two")
		flags := o.config("group: repository\n")
		o.bump(0, flags...)
		p := o.only("acme/app")
		assert.Equal(t, "basekeeper/all", p.Head)
		assert.Equal(t, []string{"Dockerfile", "x/Dockerfile"}, p.Files)
		assert.Contains(t, o.file("acme/app", p.Head, "x/Dockerfile"), string(third))
		o.quiet(flags...)
		o.publish("other", "2", "one") // back: that half is not wanted any more
		o.bump(0, flags...)
		after := o.only("acme/app")
		assert.Equal(t, p.Number, after.Number)
		assert.NotContains(t, o.file("acme/app", after.Head, "x/Dockerfile"), string(third))
		o.quiet(flags...)
	})
}

func TestAWindowOpens(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		flags := o.config("schedule: {days: [tue], from: \"08:00\", to: \"10:00\"}\n")
		o.bump(0, flags...)
		require.Empty(t, o.open("acme/app"))
		o.wait(20 * time.Hour) // Tuesday, 09:00
		o.bump(0, flags...)
		assert.Len(t, o.open("acme/app"), 1)
	})
}
