package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/ledger"
)

func record(tag string) ledger.Record { return ledger.Record{Tag: tag, Digest: digestA, At: noon} }

func TestRecords(t *testing.T) {
	one := ledger.Ledger{}.With(record("v2"))
	two := one.With(record("v10")).With(ledger.Record{Tag: "v1", From: "latest", Digest: digestB, At: noon.Add(time.Minute + time.Nanosecond)})
	assert.Len(t, one.Records, 1, "a change changes a copy")

	var tags []string
	for _, r := range two.Records {
		tags = append(tags, r.Tag)
	}
	assert.Equal(t, []string{"v1", "v10", "v2"}, tags)
	r, ok := two.Record("v1")
	assert.True(t, ok)
	assert.Equal(t, noon.Add(time.Minute), r.At, "whole seconds")
	assert.Equal(t, []ledger.Record{r}, two.Retired(digestB, "latest"))
	assert.Empty(t, two.Retired(digestB, "stable"))
	assert.Empty(t, two.Retired(digestA, "latest"))

	changed := two.With(ledger.Record{Tag: "v1", Digest: digestC, At: noon})
	r, _ = two.Record("v1")
	assert.Equal(t, digestB, r.Digest, "a change changes a copy")
	r, _ = changed.Record("v1")
	assert.Equal(t, digestC, r.Digest)
	assert.Len(t, changed.Records, 3)

	fewer := two.Without("v1", "v2", "v3")
	assert.Equal(t, []ledger.Record{record("v10")}, fewer.Records)
	assert.Len(t, two.Records, 3)
	_, ok = fewer.Record("v1")
	assert.False(t, ok)
	assert.Equal(t, ledger.Ledger{}, fewer.Without("v10"))
}

func TestForget(t *testing.T) {
	r := ledger.Record{Tag: "v2", From: "latest", Digest: digestB, At: noon, By: "acme/app#1"}
	l := ledger.Ledger{}.With(record("v1")).With(r)
	assert.Equal(t, ledger.Ledger{Past: []ledger.Record{r}}, l.Forget("v1").Forget("v2").Forget("v3"), "what was retired from no tag is nobody's past")
	assert.Empty(t, l.Past, "a change changes a copy")
	content, err := ledger.Encode(l.Forget("v2"))
	require.NoError(t, err)
	again, err := ledger.Decode(content)
	require.NoError(t, err)
	assert.Equal(t, l.Forget("v2"), again)

	for i := range 2 * ledger.MaxPast {
		r.At = noon.Add(time.Duration(i) * time.Second)
		l = l.With(r).Forget("v2")
	}
	assert.Len(t, l.Past, ledger.MaxPast)
	assert.Equal(t, r, l.Past[ledger.MaxPast-1], "the newest stay")

	_, err = ledger.Encode(ledger.Ledger{Past: []ledger.Record{{Tag: "v1"}}})
	assert.ErrorContains(t, err, "encode ledger: past: record of tag v1: parse digest")
}

func TestByIsBounded(t *testing.T) {
	for name, tt := range map[string]struct{ by, want string }{
		"short":     {"acme/app#12", "acme/app#12"},
		"long":      {strings.Repeat("x", 300), strings.Repeat("x", ledger.MaxBy)},
		"in a sign": {"x" + strings.Repeat("€", 100), "x" + strings.Repeat("€", 85)},
		"no UTF-8":  {"a\xffb", "a�b"},
	} {
		t.Run(name, func(t *testing.T) {
			r := record("v1")
			r.By = tt.by
			got, _ := ledger.Ledger{}.With(r).Record("v1")
			assert.Equal(t, tt.want, got.By)
		})
	}
}

func TestUseNumber(t *testing.T) {
	one := ledger.Ledger{}.UseNumber("v{{.Next}}", 3)
	two := one.UseNumber("v{{.Next}}", 5).UseNumber("v{{.Next}}", 4).UseNumber("w{{.Next}}", 1)
	assert.Equal(t, map[string]int{"v{{.Next}}": 3}, one.Numbers)
	assert.Equal(t, map[string]int{"v{{.Next}}": 5, "w{{.Next}}": 1}, two.Numbers)
}

func TestFinish(t *testing.T) {
	one := ledger.Ledger{}.Finish("b", nil)
	two := one.Finish("a", []string{"a", "b"})
	assert.Equal(t, []string{"b"}, one.Finished)
	assert.Equal(t, []string{"a", "b"}, two.Finished)
	assert.Equal(t, []string{"a", "b"}, two.Finish("a", []string{"a", "b"}).Finished)
	assert.Equal(t, []string{"a"}, two.Finish("", []string{"a"}).Finished)
	assert.Equal(t, ledger.Ledger{}, two.Finish("", nil))
}

func TestIsOwn(t *testing.T) {
	assert.True(t, ledger.IsOwn(ledger.Tag))
	assert.False(t, ledger.IsOwn("basekeeper"))
}

func TestIsTag(t *testing.T) {
	for tag, want := range map[string]bool{
		"v1": true, "_": true, "A.b-c_9": true, strings.Repeat("a", 128): true,
		"": false, ".a": false, "-a": false, "a/b": false, "a b": false, "a\n": false, "ä": false, strings.Repeat("a", 129): false,
	} {
		assert.Equal(t, want, ledger.IsTag(tag), "%q", tag)
	}
}
