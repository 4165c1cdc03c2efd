package cli_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	lab "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// TestFiltersOnGitLab chooses among what GitLab lists.
func TestFiltersOnGitLab(t *testing.T) {
	o := newOrgOn(t, forge.GitLab)
	file := git.File{Path: "Dockerfile", Content: []byte("FROM " + o.pin("base", "1", o.publish("base", "1", "one")) + "\n")}
	for name, as := range map[string]lab.ProjectOptions{
		"acme/app": {}, "acme/team/api": {}, "acme/topic": {Topics: []string{"docker"}}, "acme/secret": {Visibility: lab.Private},
		"acme/inner": {Visibility: lab.Internal}, "acme/old": {Archived: true}, "ada/own": {}, "other/tool": {SharedWith: []string{"acme"}},
	} {
		require.NoError(t, o.gitlab.CreateProject(name, as, file))
	}
	require.NoError(t, o.gitlab.CreateProject("acme/fork", lab.ProjectOptions{ForkOf: "other/tool"}))
	o.publish("base", "1", "two")
	all := []string{"acme/app", "acme/team/api", "acme/topic", "acme/secret", "acme/inner", "acme/old", "acme/fork", "ada/own", "other/tool"}
	tests := map[string][]string{
		"organizations: [acme]":                                     {"acme/app", "acme/team/api", "acme/topic", "acme/secret", "acme/inner"},
		"organizations: [acme], topics: [docker]":                   {"acme/topic"},
		"organizations: [acme/team]":                                {"acme/team/api"},
		"organizations: [acme], include: ['acme/team/**']":          {"acme/team/api"},
		"organizations: [acme], exclude: ['acme/*']":                {"acme/team/api"},
		"organizations: [acme], visibility: private":                {"acme/secret", "acme/inner"},
		"organizations: [acme], visibility: public":                 {"acme/app", "acme/team/api", "acme/topic"},
		"organizations: [acme], include: ['*/old', '*/fork']":       nil,
		"organizations: [acme], include: ['*/old'], archived: true": {"acme/old"},
		"organizations: [acme], include: ['*/fork'], forks: true":   {"acme/fork"},
		"organizations: [acme/team], shared: true":                  {"acme/team/api"},
		"organizations: [acme], include: ['other/*'], shared: true": {"other/tool"},
		"users: [ada]": {"ada/own"},
	}
	for filter, want := range tests {
		t.Run(filter, func(t *testing.T) {
			got := o.run(append([]string{"bump", "--dry-run"}, o.config("repositories: {"+filter+"}\n")...)...)
			require.Equal(t, 0, got.status, "%s\n%s", got.out, got.errors)
			for _, name := range all {
				assert.Equal(t, slices.Contains(want, name), strings.Contains(got.out, " "+name+"/Dockerfile:1"), "%s: %s", name, got.out)
			}
		})
	}
	o.run(append([]string{"bump"}, o.config("repositories: {organizations: [acme], include: ['other/*'], shared: true}\n")...)...)
	o.only("other/tool")
	assert.Empty(t, o.open("acme/app"))
}

// TestBumpBelowAPath opens a merge request on an installation below a path, and
// moves it on.
func TestBumpBelowAPath(t *testing.T) {
	o := newOrgOn(t, forge.GitLab)
	o.gitlab = lab.New(lab.Options{Now: o.time, Root: "/gitlab"})
	o.gitlab.AddGroup("acme")
	o.gitlab.AddToken(secret, lab.Token{Login: "keeper", Kind: lab.PersonalToken})
	o.people = gitlabPeople{o.gitlab}
	server := httptest.NewServer(spectest.WrapGitLab(t, o.gitlab.Handler()))
	t.Cleanup(server.Close)
	o.url = server.URL + "/gitlab"
	o.repository("acme/team/app", kind{Checks: true}, "Dockerfile", "FROM "+o.pin("base", "1", o.publish("base", "1", "one"))+"\n")
	flags := o.config("automerge: merge\n")
	for _, layer := range []string{"two", "three"} {
		next := o.publish("base", "1", layer)
		assert.LessOrEqual(t, o.writes(func() { o.bump(0, flags...) }), 3)
		p := o.only("acme/team/app")
		assert.Equal(t, "MERGE", p.AutoMerge)
		assert.Contains(t, o.file("acme/team/app", p.Head, "Dockerfile"), string(next))
		o.quiet(flags...)
	}
}
