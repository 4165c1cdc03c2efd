package cache_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func TestRelations(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	of := func(c string) image.Digest { return image.Digest("sha256:" + strings.Repeat(c, 64)) }
	index := retention.Manifest{MediaType: image.MediaTypeOCIIndex, Size: 7, Children: []image.Digest{of("b"), of("c")}}
	signature := retention.Manifest{MediaType: image.MediaTypeOCIManifest, Subject: of("a")}

	one, err := cache.Open(file, start)
	require.NoError(t, err)
	one.PutRelations(of("a"), index)
	other, err := cache.Open(file, start)
	require.NoError(t, err)
	other.PutRelations(of("d"), signature)
	require.NoError(t, one.Save())
	require.NoError(t, other.Save())

	both, err := cache.Open(file, start.AddDate(0, 6, 0))
	require.NoError(t, err)
	got, ok := both.Relations(of("a"))
	require.True(t, ok)
	assert.Equal(t, index, got)
	got.Children[0] = of("e")
	again, _ := both.Relations(of("a"))
	assert.Equal(t, index, again, "a copy of its own")
	_, ok = both.Relations(of("e"))
	assert.False(t, ok)
	require.NoError(t, both.Save())

	later, err := cache.Open(file, start.AddDate(1, 3, 0))
	require.NoError(t, err)
	require.NoError(t, later.Save())
	_, ok = later.Relations(of("a"))
	assert.True(t, ok, "used half a year after the start")
	_, ok = later.Relations(of("d"))
	assert.False(t, ok, "not used for a year")
}

func TestRelationsThatAreNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	d := "sha256:" + strings.Repeat("a", 64)
	for name, entry := range map[string]string{
		"null": `null`, "no type": `{}`, "child": `{"mediaType":"x","children":["sha256:1"]}`, "subject": `{"mediaType":"x","subject":"y"}`,
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, []byte(`{"version":1,"tags":{},"manifests":{},"relations":{"`+d+`":`+entry+`}}`), 0o600))
			c, err := cache.Open(file, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			require.NoError(t, err)
			assert.Empty(t, c.Lost())
			_, ok := c.Relations(image.Digest(d))
			assert.False(t, ok)
		})
	}
}

func TestSights(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b := image.Digest("sha256:"+strings.Repeat("a", 64)), image.Digest("sha256:"+strings.Repeat("b", 64))
	app, err := image.ParseReference("ghcr.io/acme/app:latest")
	require.NoError(t, err)

	one, err := cache.Open(file, start)
	require.NoError(t, err)
	one.PutSight(app, a)
	one.PutSight(app.Tagged("next"), b)
	other, err := cache.Open(file, start)
	require.NoError(t, err)
	other.PutSight(app, b)
	other.PutSight(app.Tagged("next"), b)
	require.NoError(t, one.Save())
	require.NoError(t, other.Save())

	both, err := cache.Open(file, start)
	require.NoError(t, err)
	_, ok := both.Sight(app)
	assert.False(t, ok, "two runs do not agree: the ledger has to be asked")
	got, ok := both.Sight(app.Tagged("next").Pinned(a))
	assert.True(t, ok)
	assert.Equal(t, b, got, "of the tag, whatever the reference's digest")
	require.NoError(t, both.Save())

	for _, tt := range []struct {
		after time.Duration
		knows bool
	}{{day, true}, {day + time.Second, false}, {-time.Second, false}} {
		soon, err := cache.Open(file, start.Add(tt.after))
		require.NoError(t, err)
		_, ok = soon.Sight(app.Tagged("next"))
		assert.Equal(t, tt.knows, ok, "after %s", tt.after)
	}

	later, err := cache.Open(file, start.AddDate(1, 1, 0))
	require.NoError(t, err)
	require.NoError(t, later.Save())
	_, ok = later.Sight(app.Tagged("next"))
	assert.False(t, ok)
}
