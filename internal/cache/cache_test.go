package cache_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/image"
)

const day = 24 * time.Hour

var (
	now    = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	debian = image.Reference{Registry: "docker.io", Repository: "library/debian", Tag: "12"}
)

// d returns a digest that is told from others by n.
func d(n int) image.Digest { return image.FromBytes([]byte(fmt.Sprint(n))) }

func open(t testing.TB, path string, now time.Time) *cache.Cache {
	t.Helper()
	c, err := cache.Open(path, now)
	require.NoError(t, err)
	return c
}

func file(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "made", "cache.json")
}

func TestCacheRemembersAcrossRuns(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	assert.True(t, c.New())
	assert.Empty(t, c.Lost())
	index := cache.Manifest{MediaType: image.MediaTypeOCIIndex, Platforms: []image.Descriptor{{
		MediaType: image.MediaTypeOCIManifest, Digest: d(9), Size: 7,
		Platform: &image.Platform{OS: "linux", Architecture: "arm64"}, Annotations: map[string]string{"a": "b"},
	}}}
	c.PutManifest(d(1), index)
	c.PutManifest(d(2), cache.Manifest{MediaType: image.MediaTypeOCIManifest, Platform: &image.Platform{OS: "linux", Architecture: "amd64"}})
	c.Observe(debian.Pinned(d(7)), d(1), now)
	c.Observe(debian, d(2), now.Add(time.Hour))
	c.Observe(debian, d(1), now.Add(2*time.Hour))
	require.NoError(t, c.Save())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode())

	c = open(t, path, now.Add(day))
	assert.False(t, c.New())
	assert.Equal(t, []cache.Sighting{{Digest: d(1), FirstSeen: now}, {Digest: d(2), FirstSeen: now.Add(time.Hour)}}, c.History(debian))
	seen, ok := c.FirstSeen(debian, d(2))
	assert.True(t, ok)
	assert.Equal(t, now.Add(time.Hour), seen)
	_, ok = c.FirstSeen(debian, d(3))
	assert.False(t, ok)
	_, ok = c.FirstSeen(debian.Tagged("13"), d(1))
	assert.False(t, ok, "another tag has a clock of its own")
	got, ok := c.Manifest(d(1))
	assert.True(t, ok)
	index.Platforms[0].Annotations = nil
	assert.Equal(t, index, got)
	got.Platforms[0].Platform.OS = "changed"
	again, _ := c.Manifest(d(1))
	assert.Equal(t, index, again, "what it gives away is no part of it")
	_, ok = c.Manifest(d(3))
	assert.False(t, ok)
}

func TestObserve(t *testing.T) {
	tests := map[string]struct {
		observe func(c *cache.Cache)
		want    []cache.Sighting
	}{
		"the earlier sight counts": {func(c *cache.Cache) {
			c.Observe(debian, d(1), now)
			c.Observe(debian, d(1), now.Add(day))
		}, []cache.Sighting{{Digest: d(1), FirstSeen: now}}},
		"a future sight becomes now": {func(c *cache.Cache) {
			c.Observe(debian, d(1), now.Add(day))
			c.Observe(debian, d(1), now)
		}, []cache.Sighting{{Digest: d(1), FirstSeen: now}}},
		"oldest first, whatever the order": {func(c *cache.Cache) {
			c.Observe(debian, d(1), now.Add(day))
			c.Observe(debian, d(2), now)
		}, []cache.Sighting{{Digest: d(2), FirstSeen: now}, {Digest: d(1), FirstSeen: now.Add(day)}}},
		"no tag is latest": {func(c *cache.Cache) { c.Observe(debian.Tagged(""), d(1), now) }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := open(t, file(t), now)
			tt.observe(c)
			assert.Equal(t, tt.want, c.History(debian))
		})
	}
	c := open(t, file(t), now)
	c.Observe(debian.Tagged(""), d(1), now)
	assert.Len(t, c.History(debian.Tagged("latest")), 1)
}

func TestHistoryIsBounded(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	for i := range 80 {
		c.Observe(debian, d(i), now.Add(time.Duration(i)*time.Hour))
	}
	require.NoError(t, c.Save())

	c = open(t, path, now.Add(100*time.Hour))
	history := c.History(debian)
	require.Len(t, history, 50)
	assert.Equal(t, cache.Sighting{Digest: d(30), FirstSeen: now.Add(30 * time.Hour)}, history[0])
	assert.Equal(t, d(79), history[49].Digest)

	c.Observe(debian, d(30), now.Add(100*time.Hour)) // back to the oldest one: its clock must not start again
	c.Observe(debian, d(99), now.Add(101*time.Hour))
	require.NoError(t, c.Save())
	seen, ok := open(t, path, now).FirstSeen(debian, d(30))
	assert.True(t, ok)
	assert.Equal(t, now.Add(30*time.Hour), seen)
}

func TestSaveMergesWithAnotherRun(t *testing.T) {
	path := file(t)
	one, two := open(t, path, now), open(t, path, now)
	one.Observe(debian, d(1), now)
	one.PutManifest(d(1), cache.Manifest{MediaType: "one"})
	two.Observe(debian, d(1), now.Add(-day))
	two.Observe(debian.Tagged("13"), d(2), now)
	two.PutManifest(d(2), cache.Manifest{MediaType: "two"})
	require.NoError(t, one.Save())
	require.NoError(t, two.Save())
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, one.Save())
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))

	c := open(t, path, now)
	assert.Equal(t, []cache.Sighting{{Digest: d(1), FirstSeen: now.Add(-day)}}, c.History(debian))
	assert.Len(t, c.History(debian.Tagged("13")), 1)
	for _, digest := range []image.Digest{d(1), d(2)} {
		_, ok := c.Manifest(digest)
		assert.True(t, ok)
	}
}

func TestSaveWritesNothingWhereNothingChanged(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	c.Observe(debian, d(1), now)
	c.PutManifest(d(1), cache.Manifest{MediaType: "x"})
	require.NoError(t, c.Save())
	before, err := os.Stat(path)
	require.NoError(t, err)

	c = open(t, path, now.Add(20*day))
	c.Observe(debian, d(1), now.Add(20*day))
	c.PutManifest(d(1), cache.Manifest{MediaType: "x"})
	c.Manifest(d(1))
	require.NoError(t, c.Save())
	after, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "the file was replaced")
}

func TestEntriesThatNobodyUsesGo(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	for _, tag := range []string{"12", "13"} {
		c.Observe(debian.Tagged(tag), d(1), now)
	}
	c.PutManifest(d(1), cache.Manifest{MediaType: "x"})
	c.PutManifest(d(2), cache.Manifest{MediaType: "x"})
	require.NoError(t, c.Save())

	later := now.Add(200 * day)
	c = open(t, path, later)
	c.Observe(debian, d(1), later)
	c.Manifest(d(1))
	require.NoError(t, c.Save())

	c = open(t, path, now.Add(400*day))
	require.NoError(t, c.Save())
	assert.Len(t, c.History(debian), 1)
	assert.Empty(t, c.History(debian.Tagged("13")))
	_, ok := c.Manifest(d(1))
	assert.True(t, ok)
	_, ok = c.Manifest(d(2))
	assert.False(t, ok)
}

func TestOpenOfWhatIsOfNoUse(t *testing.T) {
	tests := map[string]struct {
		content string
		lost    string
		kept    bool
	}{
		"damaged":       {`{"version":1,"tags":{`, "unexpected end of JSON input", false},
		"empty":         {"", "unexpected end of JSON input", false},
		"no cache":      {`{"name":"x"}`, "no version in it", false},
		"other types":   {`{"version":1,"tags":[]}`, "cannot unmarshal array", false},
		"later version": {`{"version":2,"tags":[]}`, "later version of basekeeper", true},
		"too large":     {`{"version":1` + strings.Repeat(" ", 64<<20) + "}", "larger than 64 MiB", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cache.json")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			c := open(t, path, now)
			assert.True(t, c.New())
			assert.Contains(t, c.Lost(), tt.lost)
			c.Observe(debian, d(1), now)
			assert.Len(t, c.History(debian), 1)
			require.NoError(t, c.Save())

			c = open(t, path, now)
			assert.Equal(t, tt.kept, c.New())
			if tt.kept {
				content, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, tt.content, string(content))
			}
		})
	}
}

func TestSaveOverAFileThatChangedMeanwhile(t *testing.T) {
	for content, want := range map[string]bool{"damaged": false, `{"version":9}`: true} {
		path := filepath.Join(t.TempDir(), "cache.json")
		c := open(t, path, now)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		require.NoError(t, c.Save())
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, want, string(got) == content)
	}
}

func TestOpenDropsBadEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.json")
	good := string(d(1))
	content := `{"version":1,"tags":{
		"docker.io/library/debian:12":{"used":"9999-01-01","seen":[
			{"digest":"` + string(d(2)) + `","firstSeen":"2026-02-02T00:00:00Z"},
			{"digest":"` + good + `","firstSeen":"2026-02-01T00:00:00+01:00"},
			{"digest":"sha256:zz","firstSeen":"2026-02-01T00:00:00Z"},{"digest":"` + string(d(3)) + `"}]},
		"debian:12":{"used":"2026-02-01","seen":[{"digest":"` + good + `","firstSeen":"2026-02-01T00:00:00Z"}]},
		"docker.io/library/none:1":null, "../x":{}},
		"manifests":{"` + good + `":{"used":"2026-02-01","mediaType":"m","platforms":[{"mediaType":"m","digest":"bad","size":1}]},
		"` + string(d(2)) + `":{"used":"2026-02-01","mediaType":""},"x":{"used":"2026-02-01","mediaType":"m"},
		"` + string(d(3)) + `":null,"` + string(d(4)) + `":{"used":"2026-02-01","mediaType":"m"}},"unknown":1}`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	c := open(t, path, now)
	assert.False(t, c.New())
	require.NoError(t, c.Save())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, `{"version":1,"tags":{"docker.io/library/debian:12":{"used":"2026-03-01","seen":[`+
		`{"digest":"`+good+`","firstSeen":"2026-01-31T23:00:00Z"},{"digest":"`+string(d(2))+`","firstSeen":"2026-02-02T00:00:00Z"}]}},`+
		`"manifests":{"`+string(d(4))+`":{"used":"2026-02-01","mediaType":"m"}}}`+"\n", string(got))
}

func TestOpenNamesAFileThatItCannotRead(t *testing.T) {
	_, err := cache.Open(t.TempDir(), now)
	assert.ErrorContains(t, err, "not a regular file")
}

func TestSaveKeepsALinkToTheFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real"), []byte(`{"version":1}`), 0o600))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	c := open(t, filepath.Join(dir, "link"), now)
	c.Observe(debian, d(1), now)
	require.NoError(t, c.Save())
	assert.Len(t, open(t, filepath.Join(dir, "real"), now).History(debian), 1)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "no temporary file stays")
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	path := file(t)
	c := open(t, path, now)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 20 {
				c.Observe(debian.Tagged(fmt.Sprint(j)), d(i), now)
				c.PutManifest(d(j), cache.Manifest{MediaType: "x"})
				c.Manifest(d(i))
				c.History(debian)
			}
			assert.NoError(t, c.Save())
		})
	}
	group.Wait()
	c = open(t, path, now)
	assert.Len(t, c.History(debian.Tagged("3")), 8)
}
