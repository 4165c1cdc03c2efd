package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
)

func TestImagePatterns(t *testing.T) {
	const digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	tests := map[string]struct{ match, differ []string }{
		"debian":                  {[]string{"debian", "debian:12", "docker.io/library/debian:12", "debian" + digest}, []string{"debian2", "ghcr.io/x/debian", "acme/debian"}},
		"library/debian":          {[]string{"debian"}, []string{"acme/debian"}},
		"index.docker.io/acme/*":  {[]string{"acme/a"}, []string{"acme/a/b", "ghcr.io/acme/a"}},
		"docker.io/library/*":     {[]string{"debian:12"}, []string{"acme/app", "ghcr.io/library/debian"}},
		"ghcr.io/acme/**":         {[]string{"ghcr.io/acme/a", "ghcr.io/acme/a/b:1"}, []string{"ghcr.io/acme", "ghcr.io/acme2/a"}},
		"ghcr.io/acme/*":          {[]string{"ghcr.io/acme/a"}, []string{"ghcr.io/acme/a/b"}},
		"team/app":                {[]string{"team/app:1"}, []string{"team/app2", "my/team/app", "team/app/x"}},
		"python:3.*":              {[]string{"python:3.12", "python:3."}, []string{"python:3", "python:13.1", "python", "python" + digest}},
		"python:latest":           {[]string{"python", "python:latest"}, []string{"python:3", "python" + digest}},
		"*:?":                     {[]string{"python:3"}, []string{"python:33", "python", "acme/python:3"}},
		"localhost:5000/img":      {[]string{"localhost:5000/img", "localhost:5000/img:1"}, []string{"localhost:5001/img", "localhost:5000/img2"}},
		"localhost:5000/img:1":    {[]string{"localhost:5000/img:1"}, []string{"localhost:5000/img", "localhost:5000/img:11"}},
		"localhost:*/img":         {[]string{"localhost:5000/img"}, []string{"localhost/img"}},
		"**":                      {[]string{"debian", "ghcr.io/a/b/c:1", "debian" + digest}, nil},
		"**/app":                  {[]string{"ghcr.io/a/b/app", "app"}, []string{"ghcr.io/a/myapp", "ghcr.io/app/x"}},
		"**:*-alpine":             {[]string{"node:22-alpine", "ghcr.io/a/b:1-alpine"}, []string{"node:22", "node:22-alpine3"}},
		"registry.corp:8443/**:v": {[]string{"registry.corp:8443/a/b:v"}, []string{"registry.corp:8443/a/b:vv"}},
	}
	for pattern, tt := range tests {
		t.Run(pattern, func(t *testing.T) {
			c := parse(t, `policies: [{images: ["`+pattern+`"], ignore: true}]`)
			for _, s := range tt.match {
				assert.True(t, c.Policy(ref(t, s)).Ignore, s)
			}
			for _, s := range tt.differ {
				assert.False(t, c.Policy(ref(t, s)).Ignore, s)
			}
		})
	}
}

func TestLaterPoliciesOverrideWhatTheySet(t *testing.T) {
	c := parse(t, `
policies:
  - {images: ["**"], pin: true, cooldown: 3d, platforms: [linux/amd64]}
  - {images: ["debian"], cooldown: 0}
  - {images: ["debian:sid"], pin: false, platforms: []}
untagged: latest # as the first policy, wherever it stands
cooldown: 1w
`)
	amd64 := []image.Platform{{OS: "linux", Architecture: "amd64"}}
	assert.Equal(t, config.Policy{Pin: true, Untagged: "latest", Cooldown: 72 * time.Hour, Platforms: amd64, Group: "image"}, c.Policy(ref(t, "alpine")))
	assert.Equal(t, config.Policy{Pin: true, Untagged: "latest", Platforms: amd64, Group: "image"}, c.Policy(ref(t, "debian:12")))
	assert.Equal(t, config.Policy{Untagged: "latest", Group: "image"}, c.Policy(ref(t, "debian:sid")))
	assert.Equal(t, config.Policy{Untagged: "hold", Group: "image"}, config.Config{}.Policy(ref(t, "debian")))
}

func TestNarrow(t *testing.T) {
	const run = "{pin: true, superseded: true, every-digest: true, untagged: latest, cooldown: 3d, platforms: [linux/amd64, linux/arm64]}"
	tests := map[string]struct {
		run, repo string
		want      string // a configuration that says the same
	}{
		"nothing said":          {run, "{}", run},
		"asked for less":        {run, "{pin: false, superseded: false, every-digest: false, untagged: hold, cooldown: 1w, platforms: [linux/arm64/v8]}", "{cooldown: 1w, platforms: [linux/arm64]}"},
		"asked for more":        {"{cooldown: 3d, platforms: [linux/amd64]}", "{pin: true, superseded: true, every-digest: true, untagged: latest, cooldown: 0, platforms: [linux/s390x]}", "{cooldown: 3d, platforms: [linux/amd64]}"},
		"ignored by repository": {run, "{policies: [{images: [debian], ignore: true}]}", "{pin: true, superseded: true, every-digest: true, untagged: latest, cooldown: 3d, platforms: [linux/amd64, linux/arm64], policies: [{images: [debian], ignore: true}]}"},
		"ignored by run":        {"{policies: [{images: [debian], ignore: true}]}", "{policies: [{images: [debian], ignore: false}]}", "{policies: [{images: [debian], ignore: true}]}"},
		"own platforms":         {"{}", "{platforms: [linux/amd64]}", "{platforms: [linux/amd64]}"},
		"looks are its own":     {"{labels: [a, b], reviewers: [x], assignees: [y], group: image, commit-message: run}", "{labels: [c], reviewers: [], assignees: [z], group: repository, commit-message: own}", "{labels: [c], assignees: [z], group: repository, commit-message: own}"},
		"looks are the run's":   {"{labels: [a, b], reviewers: [x], assignees: [y], group: repository, commit-message: run}", "{}", "{labels: [a, b], reviewers: [x], assignees: [y], group: repository, commit-message: run}"},
		"a draft":               {"{}", "{draft: true}", "{draft: true}"},
		"no draft":              {"{draft: true}", "{draft: false}", "{draft: true}"},
		"automerge, own way":    {"{automerge: squash}", "{automerge: rebase}", "{automerge: rebase}"},
		"automerge, not asked":  {"{automerge: squash}", "{}", "{automerge: squash}"},
		"automerge taken away":  {"{automerge: squash}", "{automerge: false}", "{}"},
		"automerge not allowed": {"{automerge: false}", "{automerge: squash}", "{}"},
		"automerge not set":     {"{}", "{automerge: true}", "{}"},
		"own schedule":          {"{}", "{schedule: {to: '8:00'}}", "{schedule: {to: '8:00'}}"},
		"no schedule":           {"{schedule: {to: '8:00'}}", "{schedule: {}}", "{schedule: {to: '8:00'}}"},
		"other image":           {run, "{policies: [{images: [alpine], ignore: true, pin: false}]}", run},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			debian := ref(t, "debian:12")
			got := parse(t, tt.run).Narrow(parse(t, tt.repo))
			assert.Equal(t, parse(t, tt.want).Policy(debian), got.Policy(debian))
			again := got.Narrow(parse(t, tt.repo))
			assert.Equal(t, got.Policy(debian), again.Policy(debian), "twice is as once")
		})
	}
}

func TestNarrowDropsWhatWouldWiden(t *testing.T) {
	run := parse(t, "{exclude: [a], registries: {ghcr.io: {}}}")
	repo := parse(t, "{exclude: [b], include: [c], verify: true, registries: {evil.example: {}}}")
	got := run.Narrow(repo)
	assert.True(t, got.Excluded("a"))
	assert.True(t, got.Excluded("b"))
	assert.False(t, got.Included("c"))
	assert.False(t, got.Verify)
	assert.Equal(t, map[string]config.Registry{"ghcr.io": {}}, got.Registries)
	assert.False(t, run.Excluded("b"), "the run's own stays as it is")
}

func TestNarrowBoth(t *testing.T) {
	run := parse(t, "{schedule: {to: '8:00'}, open-limit: 5, new-limit: 9, base-branches: [a], github: {url: 'https://github.corp'}, forge: github, gitlab: {url: 'https://gitlab.corp'}, repositories: {names: [acme/app]}}")
	repo := parse(t, "{schedule: {days: [sun]}, open-limit: 3, new-limit: 10, base-branches: [b], github: {url: 'https://evil.example'}, forge: gitlab, gitlab: {url: 'https://evil.example'}, repositories: {names: [evil/app]}, enabled: false}")
	got := run.Narrow(repo)
	assert.Equal(t, []config.Schedule{{To: 480}, {Days: []time.Weekday{time.Sunday}, To: 1440}}, got.Policy(ref(t, "debian")).Schedules)
	assert.Equal(t, run.GitHub, got.GitHub)
	assert.Equal(t, run.GitLab, got.GitLab)
	assert.Equal(t, run.Forge, got.Forge)
	assert.Equal(t, run.Repositories, got.Repositories)
	assert.Equal(t, []int{3, 9}, []int{got.OpenLimit(), got.NewLimit()})
	assert.False(t, got.Enabled())
	assert.False(t, got.OnBranch("a", true))
	assert.True(t, got.OnBranch("b", false))

	assert.True(t, run.Enabled(), "the run's own stays as it is")
	assert.True(t, run.OnBranch("a", false))
	assert.Len(t, run.Policy(ref(t, "debian")).Schedules, 1)
	assert.Equal(t, []int{5, 9}, []int{run.OpenLimit(), run.NewLimit()})

	assert.Equal(t, 3, got.Narrow(parse(t, "{open-limit: 4, enabled: true}")).OpenLimit())
	assert.False(t, got.Narrow(parse(t, "{open-limit: 4, enabled: true}")).Enabled())
	assert.Equal(t, 10, config.Config{}.Narrow(parse(t, "open-limit: 11")).OpenLimit(), "not above the default")
	assert.Equal(t, 9, config.Config{}.Narrow(parse(t, "open-limit: 9")).OpenLimit())
}

func TestOwn(t *testing.T) {
	repo := parse(t, "{verify: true, registries: {ghcr.io: {}}, github: {url: 'https://github.corp'}, forge: gitlab, gitlab: {url: 'https://gitlab.corp'}, repositories: {names: [a/b]}, new-limit: 999, open-limit: 99, pin: true, base-branches: [x]}")
	assert.Equal(t, parse(t, "{pin: true, base-branches: [x]}"), repo.Own())
	assert.True(t, repo.Verify, "it stays as it is")
}

func TestOnBranch(t *testing.T) {
	tests := map[string]struct{ yes, no []string }{
		"{}":                         {yes: []string{"main!"}, no: []string{"main", "release/1"}},
		"base-branches: []":          {yes: []string{"main!"}, no: []string{"release/1"}},
		"base-branches: [release/*]": {yes: []string{"release/1"}, no: []string{"main!", "release/1/2"}},
		"base-branches: ['$default', '**/stable']": {yes: []string{"main!", "a/b/stable"}, no: []string{"main", "stables"}},
		"base-branches: [main, 'v?.x']":            {yes: []string{"main", "main!", "v1.x"}, no: []string{"v10.x", "Main"}},
	}
	for src, tt := range tests {
		t.Run(src, func(t *testing.T) {
			c := parse(t, src)
			for _, want := range []bool{true, false} {
				for _, name := range map[bool][]string{true: tt.yes, false: tt.no}[want] {
					name, isDefault := strings.CutSuffix(name, "!")
					assert.Equal(t, want, c.OnBranch(name, isDefault), name)
				}
			}
		})
	}
}

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"a/**/b", "a/b", true}, {"a/**/b", "a/x/y/b", true}, {"a/**/b", "a/xb", false}, {"a/**/b", "ab", false},
		{"**/b", "b", true}, {"**/b", "ab", false}, {"a**b", "a/x/b", true}, {"a**/b", "a/b", true}, {"a**/b", "ab", false},
		{"a***", "a/b", true}, {"*", "", true}, {"?", "", false}, {"?", "é", true}, {"?", "/", false}, {"*a*", "bab", true},
		{"a.b", "axb", false}, {"v1|v2", "v1", false}, {"a+", "aa", false}, {"", "", true},
	}
	for _, tt := range tests {
		g, err := config.CompileGlob(tt.pattern)
		if tt.pattern == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, tt.want, g.Match(tt.s), "%s on %s", tt.pattern, tt.s)
		assert.Equal(t, tt.pattern, g.String())
	}
	assert.True(t, config.Glob{}.Match(""))
	assert.False(t, config.Glob{}.Match("a"))
}

func TestGlobDoesNotBacktrack(t *testing.T) {
	g, err := config.CompileGlob(strings.Repeat("*a", 100) + strings.Repeat("**/*b", 50) + "c")
	require.NoError(t, err)
	assert.False(t, g.Match(strings.Repeat("a", 5000)+strings.Repeat("/b", 5000))) // it would not end
}
