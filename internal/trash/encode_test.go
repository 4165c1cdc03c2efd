package trash_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/trash"
)

var (
	update = flag.Bool("update", false, "write the golden files")

	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	digestA = image.Digest("sha256:" + strings.Repeat("a", 64))
	digestB = image.Digest("sha256:" + strings.Repeat("b", 64))
	digestC = image.Digest("sha512:" + strings.Repeat("c", 128))
)

func example() trash.Journal {
	return trash.Journal{At: noon, Expires: noon.Add(7 * 24 * time.Hour), Entries: []trash.Entry{
		{Digest: digestA, MediaType: image.MediaTypeOCIManifest, Size: 12, Tags: []string{"v1", "v2"}, Saved: digestB, Reason: "retired 41 days ago <by> acme/app#12",
			Records: []ledger.Record{{Tag: "v1", From: "latest", Digest: digestA, At: noon.Add(-time.Hour), By: "acme/app#12"}}},
		{Digest: digestB, MediaType: image.MediaTypeOCIManifest, Size: 12, Tags: []string{"v3"}, Kept: true},
		{Digest: digestC, MediaType: image.MediaTypeOCIIndex, Size: 12, Saved: digestA, Missing: []image.Digest{digestB}},
	}}
}

// What is in a registry has to be read for ever: the golden file may get
// company, but may not change.
func TestEncodeGolden(t *testing.T) {
	const golden = "testdata/journal.v1.json"
	got, err := trash.Encode(example())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	j, err := trash.Decode(want)
	require.NoError(t, err)
	assert.Equal(t, example(), j)
}

func TestEncodeIsCanonical(t *testing.T) {
	want, err := trash.Encode(example())
	require.NoError(t, err)
	other := example()
	other.At = other.At.Add(time.Millisecond).In(time.FixedZone("", 3600))
	other.Entries[0].Tags = []string{"v2", "v1", "v2"}
	other.Entries[0].Missing = []image.Digest{}
	other.Entries[1].Records = []ledger.Record{}
	before := fmt.Sprint(other)
	got, err := trash.Encode(other)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	assert.Equal(t, before, fmt.Sprint(other), "what is encoded stays as it is")
}

func TestEncodeErrors(t *testing.T) {
	tests := map[string]struct {
		change func(j *trash.Journal)
		want   string
	}{
		"no time":      {func(j *trash.Journal) { j.At = time.Time{} }, "the times of deletion and of expiry are not there"},
		"no expiry":    {func(j *trash.Journal) { j.Expires = time.Time{} }, "the times of deletion and of expiry are not there"},
		"expired":      {func(j *trash.Journal) { j.Expires = j.At.Add(-time.Second) }, "not in this order"},
		"no entry":     {func(j *trash.Journal) { j.Entries = nil }, "there is no entry"},
		"no digest":    {func(j *trash.Journal) { j.Entries[1].Digest = "" }, `entry 2: parse digest ""`},
		"saved":        {func(j *trash.Journal) { j.Entries[1].Saved = "x" }, `entry 2: parse digest "x"`},
		"not saved":    {func(j *trash.Journal) { j.Entries[0].Saved = "" }, `entry 1: parse digest ""`},
		"missing":      {func(j *trash.Journal) { j.Entries[1].Missing = []image.Digest{"x"} }, `entry 2: parse digest "x"`},
		"no type":      {func(j *trash.Journal) { j.Entries[0].MediaType = "" }, "entry 1: the manifest's media type or size is missing"},
		"size":         {func(j *trash.Journal) { j.Entries[0].Size = -1 }, "entry 1: the manifest's media type or size is missing"},
		"tag":          {func(j *trash.Journal) { j.Entries[0].Tags[1] = "../v1" }, `entry 1: "../v1" is no tag`},
		"record":       {func(j *trash.Journal) { j.Entries[0].Records[0].At = time.Time{} }, "entry 1: record of tag v1: the time is missing"},
		"too long":     {func(j *trash.Journal) { j.Entries[0].Reason = strings.Repeat("x", ledger.MaxSize) }, "its 3 entries make "},
		"no UTF-8, so": {func(j *trash.Journal) { j.Entries[0].Reason, j.Entries[0].Tags = "\xff", []string{"\xff"} }, "is no tag"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := example()
			tt.change(&j)
			_, err := trash.Encode(j)
			require.ErrorContains(t, err, "encode journal of trash: ")
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	good, err := trash.Encode(example())
	require.NoError(t, err)
	replace := func(old, with string) string {
		require.Contains(t, string(good), old)
		return strings.Replace(string(good), old, with, 1)
	}
	tests := map[string]struct {
		content string
		want    error
	}{
		"empty":         {"", ledger.ErrDamaged},
		"cut":           {string(good[:len(good)-9]), ledger.ErrDamaged},
		"no entries":    {`{"version":1,"at":"2026-03-01T12:00:00Z","expires":"2026-03-01T12:00:00Z","entries":[]}`, ledger.ErrDamaged},
		"a ledger":      {`{"version":1,"numbers":{"v":1}}`, ledger.ErrLater},
		"later":         {replace(`"version":1`, `"version":2`), ledger.ErrLater},
		"unknown field": {replace(`"size":12`, `"size":12,"more":true`), ledger.ErrLater},
		"tag":           {replace(`"v3"`, `"/"`), ledger.ErrDamaged},
		"order of tags": {replace(`"v1","v2"`, `"v2","v1"`), ledger.ErrDamaged},
		"spaces":        {string(good) + "\n", ledger.ErrDamaged},
		"behind it":     {string(good) + "{", ledger.ErrDamaged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j, err := trash.Decode([]byte(tt.content))
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, trash.Journal{}, j)
		})
	}
}

func FuzzDecode(f *testing.F) {
	content, err := trash.Encode(example())
	require.NoError(f, err)
	f.Add(content)
	f.Add([]byte(`{"version":1,"at":"2026-03-01T12:00:00Z","expires":"2026-03-01T12:00:00Z","entries":[{}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		j, err := trash.Decode(content)
		if err != nil {
			require.Equal(t, trash.Journal{}, j)
			return
		}
		again, err := trash.Encode(j)
		require.NoError(t, err)
		require.Equal(t, string(content), string(again))
		at, ok := trash.ParseTag(j.Tag(image.FromBytes(again)))
		require.True(t, ok)
		require.True(t, at.Equal(j.At))
	})
}

func TestTag(t *testing.T) {
	tag := example().Tag(digestA)
	assert.Equal(t, "basekeeper.trash-20260301T120000Z-aaaaaaaaaaaa", tag)
	assert.True(t, ledger.IsTag(tag))
	at, ok := trash.ParseTag(tag)
	assert.True(t, ok)
	assert.Equal(t, noon, at)
	for _, other := range []string{
		"", "latest", "basekeeper.ledger", "basekeeper.trash-", "basekeeper.trash-20260301T120000Z", tag + "a", "x" + tag,
		"basekeeper.trash-20261301T120000Z-aaaaaaaaaaaa", "basekeeper.trash-20260301T120000Z-aaaaaaaaaaaA", tag + "\n",
	} {
		at, ok := trash.ParseTag(other)
		assert.False(t, ok, "%q", other)
		assert.Zero(t, at)
	}
}
