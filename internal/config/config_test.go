package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
)

func parse(t *testing.T, src string) config.Config {
	t.Helper()
	c, err := config.Parse("test.yaml", []byte(src))
	require.NoError(t, err)
	return c
}

func ref(t *testing.T, s string) image.Reference {
	t.Helper()
	r, err := image.ParseReference(s)
	require.NoError(t, err)
	return r
}

func glob(t *testing.T, pattern string) config.Glob {
	t.Helper()
	g, err := config.CompileGlob(pattern)
	require.NoError(t, err)
	return g
}

func message(t *testing.T, source string) config.Message {
	t.Helper()
	m, err := config.ParseMessage(source)
	require.NoError(t, err)
	return m
}

func TestNothingIsTheZeroConfig(t *testing.T) {
	for name, src := range map[string]string{
		"empty": "", "comment": "# nothing\n", "document start": "---\n", "null": "null\n", "BOM": "\uFEFF",
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, config.Config{}, parse(t, src))
		})
	}
}

func TestValidExamples(t *testing.T) {
	for _, file := range examples(t, "valid") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			_, err = config.Parse(file, src)
			assert.NoError(t, err)
		})
	}
}

func TestFull(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/full.yaml")
	require.NoError(t, err)
	c := parse(t, string(src))
	amd64, arm64 := image.Platform{OS: "linux", Architecture: "amd64"}, image.Platform{OS: "linux", Architecture: "arm64"}

	assert.True(t, c.Verify)
	assert.False(t, c.Enabled())
	assert.Equal(t, []int{0, 7}, []int{c.OpenLimit(), c.NewLimit()})
	assert.Equal(t, config.GitHub{URL: "https://github.corp:8443", Registry: "containers.github.corp"}, c.GitHub)
	assert.Equal(t, config.GitLab{URL: "https://corp.example/gitlab", Registry: "registry.corp.example:5050"}, c.GitLab)
	assert.Equal(t, config.ForgeGitLab, c.Forge)
	assert.Equal(t, config.Repositories{
		Organizations: []string{"acme"}, Users: []string{"octo-cat"}, Names: []string{"acme/.github"}, Installation: true,
		Include: []config.Glob{glob(t, "acme/*"), glob(t, "**/app")}, Exclude: []config.Glob{glob(t, "acme/legacy-?")},
		Topics: []string{"docker"}, Languages: []string{"C++", "Go"}, Archived: true, Forks: true, Shared: true,
		Visibility: config.VisibilityPrivate, MaxSize: 1024,
	}, c.Repositories)
	assert.Equal(t, map[string]config.Registry{
		"docker.io": {
			Mirror: "mirror.corp/dockerhub", CAFile: "/etc/ssl/corp.pem", TokenService: "auth.corp",
			UserEnv: "HUB_USER", PasswordEnv: "HUB_TOKEN",
		},
		"localhost:5000": {PlainHTTP: true},
		"[::1]:5000":     {},
		"harbor.corp":    {API: "harbor"},
	}, c.Registries)
	assert.Equal(t, config.Policy{
		Pin: true, Superseded: true, Untagged: config.UntaggedLatest, Cooldown: 36 * time.Hour,
		Platforms: []image.Platform{amd64, arm64},
		Group:     config.GroupRepository, Labels: []string{"dependencies", "größe: M"}, Reviewers: []string{"octocat", "acme/platform"},
		Assignees: []string{"dependabot[bot]"}, Draft: true, AutoMerge: config.MergeSquash,
		Schedules: []config.Schedule{{
			Days: []time.Weekday{time.Monday, time.Sunday}, From: 22 * 60, To: 6*60 + 30, Timezone: "America/Argentina/Buenos_Aires",
		}},
		CommitMessage: message(t, "build(docker): {{.Summary}}\n\n{{range .Changes}}{{.Image}}\n{{end}}"),
	}, c.Policy(ref(t, "quay.io/other/image:1")))
	assert.Equal(t, config.Policy{
		Ignore: true, Pin: true, EveryDigest: true, Untagged: config.UntaggedHold,
		Platforms: []image.Platform{amd64},
		Group:     config.GroupImage, AutoMerge: config.MergeCommit, CommitMessage: message(t, "{{.Summary}}"),
	}, c.Policy(ref(t, "debian:12")))
}

func TestPaths(t *testing.T) {
	c := parse(t, `
exclude: ["test/fixtures/**", vendor, "**/*.bak", "a?/Dockerfile"]
include: ["*.tmpl", "docker/*"]
`)
	for path, want := range map[string]bool{
		"test/fixtures/a/Dockerfile": true, "test/fixtures": false, "x/test/fixtures/a": false,
		"vendor": true, "vendor/a/Dockerfile": true, "vendor2/Dockerfile": false, "x/vendor/Dockerfile": false,
		"Dockerfile.bak": true, "a/b/x.bak": true, "a/b/x.bak2": false, "ab/Dockerfile": true, "a/Dockerfile": false,
		"": false,
	} {
		assert.Equal(t, want, c.Excluded(path), "excluded: %q", path)
	}
	for path, want := range map[string]bool{
		"x.tmpl": true, "deep/in/x.tmpl": true, "x.tmpl2": false,
		"docker/base": true, "docker/a/base": false, "x/docker/base": false,
	} {
		assert.Equal(t, want, c.Included(path), "included: %q", path)
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/anchors.yaml")
	require.NoError(t, err)
	c := parse(t, string(src))
	assert.True(t, c.Included("a"))
	got := c.Policy(ref(t, "ghcr.io/acme/x"))
	assert.Equal(t, config.Policy{Untagged: config.UntaggedHold, Cooldown: 3 * 24 * time.Hour, Group: config.GroupImage}, got)
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	good := map[string]time.Duration{
		"0": 0, "0d": 0, "30m": 30 * time.Minute, "12h": 12 * time.Hour, "3d": 3 * day, "1w": 7 * day, "1w2d3h": 9*day + 3*time.Hour,
	}
	for s, want := range good {
		got, err := config.ParseDuration(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "3", "d", "3s", "3D", "-3d", "3 d", "1.5d", "3d ", "9999999d", "999999w", "10y", "999999w999999w"} {
		_, err := config.ParseDuration(s)
		assert.Error(t, err, s)
	}
}

func TestTemplate(t *testing.T) {
	src := config.Template()
	assert.Equal(t, config.Config{}, parse(t, string(src)), "as written, it changes nothing")

	// "#key" and "#  key" are settings, "# text" is explanation.
	all := regexp.MustCompile(`(?m)^#(  |[a-z])`).ReplaceAll(src, []byte("$1"))
	c := parse(t, string(all))
	assert.True(t, c.Policy(ref(t, "scratch")).Ignore)
	assert.NotEmpty(t, c.Registries)
	for _, key := range regexp.MustCompile(`"([a-z-]+)": \{\n\s+"(type|const|anyOf|enum|description|items)`).FindAllSubmatch(config.Schema(), -1) {
		if string(key[1]) != "items" {
			assert.Contains(t, string(all), string(key[1])+":", "the template must show every key")
		}
	}
}
