package cli_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// A group's listing shows no branch without a merge request. One that a run
// left behind is found all the same, and used, or replaced.
func TestALeftoverBranchIsUsedAgain(t *testing.T) {
	for name, scope := range map[string]string{"group": "--group=acme", "project": "--repository=acme/app"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _, _ := app(t, forge.GitLab)
			o.fault = func(w http.ResponseWriter, r *http.Request) bool {
				lost := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/merge_requests")
				if lost {
					cut(w, "")
				}
				return lost
			}
			leave := func() (branch, commit string) {
				t.Helper()
				require.NotEqual(t, 0, o.run("bump", scope).status)
				require.Empty(t, o.open("acme/app"))
				left, err := o.people.Branches("acme/app", "basekeeper/")
				require.NoError(t, err)
				require.Len(t, left, 1)
				commit, err = o.people.Branch("acme/app", left[0])
				require.NoError(t, err)
				return left[0], commit
			}
			_, first := leave()
			o.wait(time.Hour)
			third := o.publish("base", "1", "three")
			branch, second := leave()
			require.NotEqual(t, first, second, "it is made anew")
			o.fault = nil
			assert.LessOrEqual(t, o.writes(func() { require.Equal(t, 0, o.run("bump", scope).status) }), 2)
			p := o.only("acme/app")
			assert.Equal(t, branch, p.Head)
			assert.Len(t, p.Commits, 1)
			assert.Contains(t, o.file("acme/app", branch, "Dockerfile"), string(third))
			o.quiet()
		})
	}
}

// What images and repositories say of themselves is text, and no order.
func TestNoQuickActionIsExecuted(t *testing.T) {
	o := newOrgOn(t, forge.GitLab)
	const orders = "12\n/close\n/label ~bad\n/title bad\n/approve\n"
	publish := func(layer string) string {
		d, err := o.registry.Publish(t.Context(), sandbox.Image{Repository: "base", Tag: "1", Layer: layer, Created: o.time(), Labels: map[string]string{
			"org.opencontainers.image.version": orders + layer, "org.opencontainers.image.source": "https://example.com/a\n/close\n",
			"org.opencontainers.image.revision": "/close", "org.opencontainers.image.created": orders,
		}})
		require.NoError(t, err)
		return o.pin("base", "1", d)
	}
	old := publish("one")
	const branch = "x`/close"
	require.NoError(t, o.gitlab.CreateProject("acme/app", lab.ProjectOptions{DefaultBranch: branch},
		git.File{Path: "Dockerfile", Content: []byte("FROM " + old + "\n")}, git.File{Path: "a\n/close\nb/Dockerfile", Content: []byte("FROM " + old + "\n")},
		git.File{Path: ".basekeeper.yaml", Content: []byte("commit-message: |\n  /close {{.Summary}}\n\n  /close\n")}))
	publish("two")
	o.bump(0)
	for _, layer := range []string{"three", "four"} {
		p := o.only("acme/app")
		assert.Empty(t, p.Labels)
		assert.NotEqual(t, "bad", p.Title)
		assert.Len(t, p.Files, 2)
		assert.Empty(t, o.gitlab.MergeRequests("acme/app")[0].Approved)
		o.quiet()
		publish(layer)
		o.bump(0)
	}
	p := o.only("acme/app")
	o.push("acme/app", p.Head, "x", "x")
	publish("five")
	o.bump(0)
	require.Len(t, o.people.Comments("acme/app", p.Number), 1)
	o.only("acme/app")

	require.NoError(t, o.people.EditPull("acme/app", p.Number, "ada", "a", "x\n/close"))
	assert.Empty(t, o.open("acme/app"), "a person's order is one")
}

// Projects in subgroups are found from above, and by their path in full.
func TestProjectsInSubgroups(t *testing.T) {
	for name, scope := range map[string]string{"from above": "--group=acme", "subgroup": "--group=acme/team", "path": "--repository=acme/team/sub/app"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, old, next := app(t, forge.GitLab)
			const deep = "acme/team/sub/app"
			o.repository(deep, kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
			o.repository("acme/team2/app", kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
			got := o.run("bump", scope)
			require.Equal(t, 0, got.status, got.errors)
			assert.Contains(t, got.out, deep+"/Dockerfile:1")
			assert.Contains(t, o.file(deep, o.only(deep).Head, "Dockerfile"), string(next))
			for _, other := range []string{"acme/app", "acme/team2/app"} {
				assert.Equal(t, name == "from above", len(o.open(other)) == 1, other)
			}
			assert.Zero(t, o.writes(func() { require.Equal(t, 0, o.run("bump", scope).status) }))
		})
	}
}

// A project that was moved keeps its merge request. Who names the path that it
// had is told the new one.
func TestAMovedProject(t *testing.T) {
	o, _, _ := app(t, forge.GitLab)
	o.bump(0)
	before := o.only("acme/app")
	require.NoError(t, o.gitlab.Move("acme/app", "acme/team/renamed"))
	o.quiet()
	third := o.publish("base", "1", "three")
	got := o.run("bump", "--repository", "acme/app")
	assert.Equal(t, 4, got.status)
	assert.Contains(t, got.out, "it was renamed or moved, and is acme/team/renamed now: put that path into the configuration")
	o.bump(0)
	after := o.only("acme/team/renamed")
	assert.Equal(t, before.Number, after.Number)
	assert.Contains(t, o.file("acme/team/renamed", after.Head, "Dockerfile"), string(third))
	o.quiet()
}

// One project of many that may not be written to, or not be read, is said to be
// so, and all others are done.
func TestOneProjectIsDenied(t *testing.T) {
	tests := map[string]struct {
		change func(*lab.ProjectOptions)
		status int
		want   string
	}{
		"only forks are pushed to":      {func(o *lab.ProjectOptions) { o.Role = lab.Reporter }, 4, "its account needs the role Developer in the project"},
		"branches are protected":        {func(o *lab.ProjectOptions) { o.Protected = []string{"basekeeper/*"} }, 4, "leave to push and force-push where the branch is protected"},
		"push rule":                     {func(o *lab.ProjectOptions) { o.PushRule = "^JIRA-" }, 4, "permission denied: a push rule of the project forbids it: "},
		"branch rule":                   {func(o *lab.ProjectOptions) { o.BranchRule = "^feature/" }, 4, "permission denied: a push rule of the project forbids it: "},
		"merge requests are off":        {func(o *lab.ProjectOptions) { o.NoMergeRequests = true }, 4, "with its repository and merge requests open to members"},
		"the repository is off":         {func(o *lab.ProjectOptions) { o.Disabled = true }, 0, "left out: 1 × its repository is switched off, or hidden from the token: it cannot be written to"},
		"archived":                      {func(o *lab.ProjectOptions) { o.Archived = true }, 0, "left out: 1 × it is archived: it cannot be written to"},
		"the project is on its way out": {func(o *lab.ProjectOptions) { o.Deleting = true }, 0, "left out: 1 × it is marked for deletion: it cannot be written to"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, old, _ := app(t, forge.GitLab)
			for _, other := range []string{"acme/aaa", "acme/zzz"} {
				o.repository(other, kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
			}
			require.NoError(t, o.gitlab.Configure("acme/app", tt.change))
			got := o.bump(tt.status)
			assert.Contains(t, got.errors, tt.want)
			if tt.status != 0 {
				assert.Contains(t, got.errors, "acme/app: create merge request")
			}
			assert.Empty(t, o.open("acme/app"))
			left, err := o.people.Branches("acme/app", "basekeeper/")
			require.NoError(t, err)
			assert.Empty(t, left, "nothing is left behind")
			o.only("acme/aaa")
			o.only("acme/zzz")
		})
	}
}
