package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// A step whose job has checked nothing out does not know what the repository
// itself uses, though it alone counts.
func TestActionPruneWithoutCheckout(t *testing.T) {
	o, w := imagesWorkflow(t)
	w.step(0)
	o.publish("apps/app", "latest", "app 2")
	w.now = w.now.Add(40 * day)
	content, err := json.Marshal(merged(t, o, w.now))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(w.env["GITHUB_EVENT_PATH"], []byte(strings.Replace(string(content), `"number":7`, `"number":8`, 1)), 0o600))
	w.now = w.now.Add(time.Minute)
	w.env["INPUT_PRUNE"] = "true"
	require.NoError(t, os.Remove(filepath.Join(w.dir, "Dockerfile")))
	_, log := w.step(5)
	assert.Contains(t, log, "there is no file in it that can name images: check the repository out first")
	assert.NotEmpty(t, o.at("apps/app", "v1"))
}

// shelfOrg is an organisation that publishes apps/shop: v1 to v3, to be deleted,
// and a newer one.
func shelfOrg(t *testing.T) (o *org, retired []image.Digest) {
	o = newOrg(t)
	shop := o.registry.Host() + "/apps/shop"
	for _, version := range []string{"1", "2", "3"} {
		d, err := o.registry.Publish(t.Context(), sandbox.Image{Repository: "apps/shop", Tag: "latest", Layer: version, Created: o.time()})
		require.NoError(t, err)
		retired = append(retired, d)
		o.ok("retire", shop)
	}
	o.publish("apps/shop", "latest", "shop 4")
	o.repository("acme/a", kind{}, "Dockerfile", "FROM scratch\n")
	o.wait(40 * day)
	return o, retired
}

// What a repository names by the time that a plan is applied is kept, though
// the plan is older.
func TestApplyAsksTheOrganisationAgain(t *testing.T) {
	o, retired := shelfOrg(t)
	config := o.configured(appImages)
	plan := filepath.Join(o.dir, "plan.json")
	got := o.ok(append([]string{"prune", "-o", plan}, config...)...)
	assert.Contains(t, got.out, "3 of 4 tags to delete")
	content, err := os.ReadFile(plan)
	require.NoError(t, err)
	p, err := prune.Decode(content)
	require.NoError(t, err)
	assert.Equal(t, prune.Scope{Forge: "github", Organizations: []string{"acme"}, Configured: true}, p.Scope)

	o.wait(90 * day)
	o.repository("acme/b", kind{}, "Dockerfile", "FROM "+o.registry.Host()+"/apps/shop:v1\nFROM quay.corp/other/name@"+string(retired[1])+"\n")
	t.Chdir(t.TempDir())
	writes := o.registryWrites(func() { got = o.run("apply", plan) })
	assert.Equal(t, 5, got.status, got.errors)
	assert.Contains(t, got.errors, "a configuration said which files and branches of the roots count")
	assert.Empty(t, writes)

	got = o.ok(append([]string{"apply", plan}, config...)...)
	assert.Regexp(t, `left +v1 .*kept since the plan: in use: acme/b/Dockerfile:1 \(main\)`, got.out)
	assert.Regexp(t, `left +v2 .*kept since the plan: in use: acme/b/Dockerfile:2 \(main\)`, got.out)
	assert.Regexp(t, `deleted +v3`, got.out)
	assert.NotEmpty(t, o.at("apps/shop", "v1"))
	assert.NotEmpty(t, o.at("apps/shop", "v2"))
	assert.Empty(t, o.at("apps/shop", "v3"))
}

// By flags alone, a plan needs no configuration; roots that cannot be read any
// more refuse it.
func TestApplyNeedsThePlansRoots(t *testing.T) {
	o, _ := shelfOrg(t)
	o.github.AddOrganization("empty")
	t.Chdir(t.TempDir())
	plan := filepath.Join(o.dir, "plan.json")
	flags := []string{"prune", o.registry.Host() + "/apps/shop", "--keep-last", "0", "--max-deleted", "100"}
	o.ok(append(flags, "--repository", "acme/a", "-o", plan)...)
	content, err := os.ReadFile(plan)
	require.NoError(t, err)
	for want, edit := range map[string][2]string{
		"acme/nowhere":                             {`"acme/a"`, `"acme/nowhere"`},
		"it is not known what uses the images":     {`"repositories": [` + "\n      \"acme/a\"\n    ]", `"users": []`},
		"GitHub shows no repository with a commit": {`"repositories": [` + "\n      \"acme/a\"", `"organizations": [` + "\n      \"empty\""},
	} {
		other := strings.Replace(string(content), edit[0], edit[1], 1)
		require.NotEqual(t, string(content), other)
		writeTo(o.dir, "other.json", other)
		var got ran
		writes := o.registryWrites(func() { got = o.run("apply", filepath.Join(o.dir, "other.json")) })
		assert.Equal(t, 5, got.status, got.errors)
		assert.Contains(t, got.errors, want)
		assert.Empty(t, writes)
	}
	got := o.ok("apply", plan)
	assert.Contains(t, got.out, "3 of 4 tags deleted")
}

// A plan that asked a group of GitLab knows that it was one.
func TestApplyAsksTheGroupAgain(t *testing.T) {
	r := newGitLabRun(t, "push", "Dockerfile", "FROM scratch\n")
	t.Chdir(t.TempDir())
	app := r.registry.Host() + "/apps/app"
	ok := func(args ...string) string {
		code, out, errs := r.run(t.Context(), args...)
		require.Equal(t, 0, code, errs)
		return out
	}
	r.publish("apps/app", "latest", "app 1")
	ok("retire", app)
	r.publish("apps/app", "latest", "app 2")
	r.now = r.now.Add(40 * day)
	r.env["GITLAB_CI"] = ""
	ok("prune", app, "--group", "acme", "--keep-last", "0", "--max-deleted", "100", "-o", "plan.json")
	_, err := r.gitlab.Push("acme/team/app", "main", "ada", "Pin", lab.File{Path: "Dockerfile", Content: []byte("FROM " + app + ":v1\n")})
	require.NoError(t, err)
	out := ok("apply", "plan.json")
	assert.Contains(t, out, "kept since the plan: in use: acme/team/app/Dockerfile:1 (main)")
	assert.NotEmpty(t, r.kept())
}
