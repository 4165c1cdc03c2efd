package cli_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestASavedPlanIsCarriedOut(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, next := app(t, on)
		plan := filepath.Join(o.dir, "plan.json")
		got := o.run("plan", "--organization", "acme", "-o", plan)
		require.Equal(t, 0, got.status, got.errors)
		require.Empty(t, o.open("acme/app"), "a plan changes nothing")
		o.push("acme/app", "main", "README", "x")
		got = o.run("apply", plan)
		require.Equal(t, 0, got.status, got.errors)
		p := o.only("acme/app")
		assert.Contains(t, o.file("acme/app", p.Head, "Dockerfile"), string(next))
		assert.Equal(t, "x", o.file("acme/app", p.Head, "README"), "on top of what main is now")
		assert.Equal(t, []string{"Dockerfile"}, p.Files)

		writes := o.writes(func() { got = o.run("apply", plan) })
		assert.Zero(t, writes)
		assert.Contains(t, got.out, "has changed since the plan; run basekeeper plan again")
	})
}

func TestASavedPlanRefusesAStaleFile(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		plan := filepath.Join(o.dir, "plan.json")
		require.Equal(t, 0, o.run("plan", "--organization", "acme", "-o", plan).status)
		o.push("acme/app", "main", "Dockerfile", "FROM scratch\n")
		writes := o.writes(func() {
			got := o.run("apply", plan)
			assert.Equal(t, 1, got.status)
			assert.Contains(t, got.errors, "run basekeeper plan again")
		})
		assert.Zero(t, writes)
	})
}

func TestTheResultForPrograms(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		got := o.bump(0, "--format", "json")
		var result struct {
			Version  int
			Outcomes []struct {
				Pull struct {
					Repository, Step, URL string
					Number                int
				}
				Done, Signed bool
			}
		}
		require.NoError(t, json.Unmarshal([]byte(got.out), &result))
		require.Len(t, result.Outcomes, 1)
		assert.Equal(t, "create", result.Outcomes[0].Pull.Step)
		page := map[forge.Flavor]string{forge.GitHub: "/acme/app/pull/1", forge.GitLab: "/acme/app/-/merge_requests/1"}[on]
		assert.True(t, strings.HasSuffix(result.Outcomes[0].Pull.URL, page), result.Outcomes[0].Pull.URL)
		assert.True(t, result.Outcomes[0].Done)
		assert.Equal(t, on == forge.GitHub, result.Outcomes[0].Signed, "GitLab says nothing of it")
	})
}

func TestCheckAndPlanWriteNothing(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		writes := o.writes(func() {
			assert.Equal(t, 3, o.run("check", "--exit-code", "--organization", "acme").status)
			got := o.run("bump", "--organization", "acme", "--dry-run")
			assert.Equal(t, 0, got.status)
			assert.Contains(t, got.out, "to open")
		})
		assert.Zero(t, writes)
	})
}

func TestWrongUsage(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o, _, _ := app(t, on)
		flag, variable := "--github-url", "GITHUB_TOKEN"
		if on == forge.GitLab {
			flag, variable = "--gitlab-url", "GITLAB_TOKEN"
		}
		for want, args := range map[string][]string{
			"folders and repositories on a forge cannot be given together": {"bump", "--organization", "acme", "."},
			"want OWNER/NAME":    {"bump", "--repository", "app"},
			"--image":            {"bump", "--repository", "acme/app", "--image", "NOT an image"},
			"only https is safe": {"bump", "--repository", "acme/app", flag, "http://example.org"},
		} {
			got := o.run(args...)
			assert.Equal(t, 2, got.status, args)
			assert.Contains(t, got.errors, want)
		}
		o.extra[variable] = ""
		got := o.run("bump", "--organization", "acme")
		assert.Equal(t, 2, got.status)
		assert.Contains(t, got.errors, variable)
	})
}
