package config_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
)

const aDay = 24 * time.Hour

func TestPublished(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/full.yaml")
	require.NoError(t, err)
	c := parse(t, string(src))
	require.Len(t, c.Images, 2)
	app, base := c.Images[0], c.Images[1]
	assert.Equal(t, "ghcr.io/acme/app:latest", app.Image.String())
	assert.Equal(t, "registry.corp/acme/base:12", base.Image.String())
	assert.Equal(t, []string{"v{{.Next}}", "oldest"}, []string{app.Retire, base.Retire})
	assert.True(t, base.Moves)

	assert.Equal(t, config.Retention{
		KeepFor: 56 * aDay, KeepLast: 5, Expire: []config.Glob{glob(t, "pr-*")}, Protect: []config.Glob{glob(t, "1.*")},
		Untagged: 7 * aDay, MinimumAge: 2 * aDay, MaxDeleted: 10, Undo: 14 * aDay,
	}, c.Retention(app))
	assert.Equal(t, config.Retention{
		KeepFor: 12 * time.Hour, Expire: []config.Glob{}, Protect: []config.Glob{glob(t, "stable")},
		Untagged: 2 * aDay, MinimumAge: time.Hour, MaxDeleted: 100, Undo: time.Hour,
	}, c.Retention(base))

	assert.True(t, c.Roots.Declared())
	assert.Equal(t, forge.Scope{Organizations: []string{"acme"}, Users: []string{"octocat"}, Names: []string{"other/app"}, Installation: true}, c.Roots.Scope())
}

func TestRetentionDefaults(t *testing.T) {
	c := parse(t, "images: [{image: acme/app}]")
	require.Len(t, c.Images, 1)
	assert.Equal(t, config.Published{Image: ref(t, "acme/app:latest"), Retire: "v{{.Next}}"}, c.Images[0])
	r := c.Retention(c.Images[0])
	assert.Equal(t, config.Retention{KeepFor: 30 * aDay, KeepLast: 3, MinimumAge: aDay, MaxDeleted: 50, Undo: 7 * aDay}, r)
	assert.False(t, r.MayExpire("pr-1"))
	assert.False(t, c.Roots.Declared())
}

func TestTagGlobsAreAnchored(t *testing.T) {
	c := parse(t, `retention: {protect: ["1.*", "v?"]}`)
	r := c.Retention(config.Published{})
	for tag, want := range map[string]bool{"1.2": true, "11.2": false, "x1.2": false, "v1": true, "v11": false, "": false} {
		assert.Equal(t, want, r.Protected(tag), tag)
	}
}

func TestBuiltFrom(t *testing.T) {
	c := parse(t, "images: [{image: a/b, repository: Acme/App, dockerfile: x/Dockerfile}, {image: a/c}]")
	with, any := c.Images[0], c.Images[1]
	assert.True(t, with.BuiltFrom("acme/app", nil))
	assert.True(t, with.BuiltFrom("acme/app", []string{"y", "x/Dockerfile"}))
	assert.False(t, with.BuiltFrom("acme/app", []string{"Dockerfile"}))
	assert.False(t, with.BuiltFrom("acme/app2", nil))
	assert.True(t, any.BuiltFrom("who/ever", []string{"Dockerfile"}))
}

func TestARepositoryCannotClaimImages(t *testing.T) {
	own := parse(t, "images: [{image: a/b}]\nretention: {keep-for: 1h}\nroots: {self-only: true}")
	for name, c := range map[string]config.Config{"narrowed": config.Config{}.Narrow(own), "own": own.Own()} {
		assert.Empty(t, c.Images, name)
		assert.False(t, c.Roots.Declared(), name)
		assert.Equal(t, 30*aDay, c.Retention(config.Published{}).KeepFor, name)
	}
}
