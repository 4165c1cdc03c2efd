package ledger_test

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
)

var update = flag.Bool("update", false, "write the golden files")

func example() ledger.Ledger {
	l := ledger.Ledger{}.
		With(ledger.Record{Tag: "v2", From: "latest", Digest: digestB, At: noon, By: "acme/app#12 <&>\u2028", ReplacedBy: digestC}).
		With(ledger.Record{Tag: "v1", Digest: digestA, At: noon.Add(-time.Hour).In(time.FixedZone("", 7200))}).
		UseNumber("v{{.Next}}", 2).Finish("basekeeper.trash-20260301T120000Z-aaaaaaaaaaaa", nil)
	return see(l, sight{digestA, -90}, sight{digestB, -5}, sight{digestC, 5})
}

// What is in a registry has to be read for ever: the golden file may get
// company, but may not change.
func TestEncodeGolden(t *testing.T) {
	const golden = "testdata/ledger.v1.json"
	got, err := ledger.Encode(example())
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	l, err := ledger.Decode(want)
	require.NoError(t, err)
	assert.Equal(t, example(), l)
}

func TestEncodeIsCanonical(t *testing.T) {
	empty, err := ledger.Encode(ledger.Ledger{})
	require.NoError(t, err)
	assert.Equal(t, `{"version":1}`, string(empty))
	same, err := ledger.Encode(ledger.Ledger{Records: []ledger.Record{}, Sights: map[string][]ledger.Sight{"latest": {}}, Numbers: map[string]int{"v": 0}, Finished: []string{}})
	require.NoError(t, err)
	assert.Equal(t, string(empty), string(same))

	want, err := ledger.Encode(example())
	require.NoError(t, err)
	mixed := example()
	mixed.Records[0], mixed.Records[1] = mixed.Records[1], mixed.Records[0]
	seen := mixed.Sights["latest"]
	seen[0], seen[2] = seen[2], seen[0]
	mixed.Finished = append(mixed.Finished, mixed.Finished...)
	before := fmt.Sprint(mixed)
	got, err := ledger.Encode(mixed)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	assert.Equal(t, before, fmt.Sprint(mixed), "what is encoded stays as it is")
}

func TestEncodeErrors(t *testing.T) {
	bad := func(change func(r *ledger.Record)) ledger.Ledger {
		r := record("v1")
		change(&r)
		return ledger.Ledger{Records: []ledger.Record{r}}
	}
	tests := map[string]struct {
		l    ledger.Ledger
		want string
	}{
		"no tag":      {bad(func(r *ledger.Record) { r.Tag = "" }), `record of "": it is no tag`},
		"bad tag":     {bad(func(r *ledger.Record) { r.Tag = "a/" + strings.Repeat("x", 200) }), `record of "a/` + strings.Repeat("x", 48) + `": it is no tag`},
		"bad from":    {bad(func(r *ledger.Record) { r.From = " " }), `record of tag v1: from " " is no tag`},
		"no digest":   {bad(func(r *ledger.Record) { r.Digest = "" }), `record of tag v1: parse digest ""`},
		"no time":     {bad(func(r *ledger.Record) { r.At = time.Time{} }), `record of tag v1: the time is missing`},
		"far time":    {bad(func(r *ledger.Record) { r.At = r.At.AddDate(9000, 0, 0) }), `record of tag v1: the time is missing, or none`},
		"replaced by": {bad(func(r *ledger.Record) { r.ReplacedBy = "x" }), `record of tag v1: replaced by: parse digest "x"`},
		"twice":       {ledger.Ledger{Records: []ledger.Record{record("v1"), record("v2"), record("v1")}}, "there are two records of tag v1"},
		"sight":       {ledger.Ledger{}.See("latest", "", noon), `sights of tag latest: parse digest ""`},
		"sight of":    {ledger.Ledger{}.See("", digestA, noon), `sights of "": it is no tag`},
		"template":    {ledger.Ledger{}.UseNumber("", 1), `number 1 of template "" is none`},
		"number":      {ledger.Ledger{}.UseNumber("v", 1<<31), `number 2147483648 of template "v" is none`},
		"finished":    {ledger.Ledger{Finished: []string{"/"}}, `finished "/" is no tag`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ledger.Encode(tt.l)
			require.ErrorContains(t, err, "encode ledger: "+tt.want)
		})
	}
}

func many(n int) ledger.Ledger {
	l := ledger.Ledger{Records: make([]ledger.Record, n)}
	for i := range l.Records {
		digest := image.FromBytes(fmt.Append(nil, i))
		l.Records[i] = ledger.Record{Tag: fmt.Sprintf("v%d", i+1), From: "latest", Digest: digest, At: noon, By: "organization/repository#12345", ReplacedBy: digest}
	}
	return l
}

func TestEncodeSize(t *testing.T) {
	content, err := ledger.Encode(many(4000))
	require.NoError(t, err)
	assert.Less(t, len(content), 2<<20, "a few thousand records are well below what registries take")
	_, err = ledger.Decode(content)
	require.NoError(t, err)

	_, err = ledger.Encode(many(20_000))
	assert.ErrorContains(t, err, "its 20000 records make ")
	assert.ErrorContains(t, err, "delete retired tags that are no longer needed, with basekeeper prune")
}

func TestDecodeErrors(t *testing.T) {
	good, err := ledger.Encode(example())
	require.NoError(t, err)
	replace := func(old, with string) string {
		require.Contains(t, string(good), old)
		return strings.Replace(string(good), old, with, 1)
	}
	tests := map[string]struct {
		content string
		want    error
		text    string
	}{
		"empty":            {"", ledger.ErrDamaged, "unexpected end"},
		"cut":              {string(good[:len(good)-5]), ledger.ErrDamaged, "unexpected end"},
		"a page":           {"<html>", ledger.ErrDamaged, "invalid character"},
		"null":             {"null", ledger.ErrDamaged, "no version"},
		"a list":           {"[]", ledger.ErrDamaged, ""},
		"no version":       {`{"records":[]}`, ledger.ErrDamaged, "no version"},
		"version 0":        {`{"version":0}`, ledger.ErrDamaged, "no version"},
		"version 2":        {`{"version":2,"records":{"new":"shape"}}`, ledger.ErrLater, "written by a later version of basekeeper; update it (version 2)"},
		"text version":     {`{"version":"1"}`, ledger.ErrDamaged, ""},
		"unknown field":    {replace(`"numbers"`, `"more":1,"numbers"`), ledger.ErrLater, "a field that is not known here"},
		"in a record":      {replace(`"tag":"v1"`, `"tag":"v1","more":1`), ledger.ErrLater, "a field that is not known here"},
		"behind it":        {string(good) + "x", ledger.ErrDamaged, ""},
		"a second one":     {string(good) + string(good), ledger.ErrDamaged, ""},
		"spaces":           {" " + string(good), ledger.ErrDamaged, "not as basekeeper writes it"},
		"spelling":         {replace(`"numbers"`, `"Numbers"`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"key twice":        {replace(`"numbers"`, `"records":[],"numbers"`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"empty list":       {`{"version":1,"records":[]}`, ledger.ErrDamaged, "not as basekeeper writes it"},
		"order":            {replace(`"tag":"v1"`, `"tag":"v3"`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"duplicate":        {replace(`"tag":"v1"`, `"tag":"v2"`), ledger.ErrDamaged, "two records of tag v2"},
		"bad tag":          {replace(`"tag":"v1"`, `"tag":"../v1"`), ledger.ErrDamaged, `"../v1": it is no tag`},
		"bad digest":       {replace(digestA.String(), "sha256:1"), ledger.ErrDamaged, "parse digest"},
		"no time":          {replace(`"at":"2026-03-01T11:00:00Z"`, `"at":"0001-01-01T00:00:00Z"`), ledger.ErrDamaged, "time is missing"},
		"time absent":      {replace(`,"at":"2026-03-01T11:00:00Z"`, ""), ledger.ErrDamaged, "time is missing"},
		"time with zone":   {replace(`"at":"2026-03-01T11:00:00Z"`, `"at":"2026-03-01T13:00:00+02:00"`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"time as a number": {replace(`"at":"2026-03-01T11:00:00Z"`, `"at":1`), ledger.ErrDamaged, ""},
		"part of a second": {replace(`11:00:00Z`, `11:00:00.5Z`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"number 0":         {replace(`"v{{.Next}}":2`, `"v{{.Next}}":0`), ledger.ErrDamaged, "not as basekeeper writes it"},
		"number":           {replace(`"v{{.Next}}":2`, `"v{{.Next}}":9999999999`), ledger.ErrDamaged, "number 9999999999"},
		"too large":        {string(good) + strings.Repeat(" ", ledger.MaxSize), ledger.ErrDamaged, "more than 3145728"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := ledger.Decode([]byte(tt.content))
			require.ErrorIs(t, err, tt.want)
			assert.ErrorContains(t, err, tt.text)
			assert.Equal(t, ledger.Ledger{}, l)
		})
	}
}

func FuzzDecode(f *testing.F) {
	for seed := range uint64(20) {
		content, err := ledger.Encode(random(seed))
		require.NoError(f, err)
		f.Add(content)
	}
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"records":[{"tag":"v1"}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, err := ledger.Decode(content)
		if err != nil {
			require.Equal(t, ledger.Ledger{}, l)
			return
		}
		again, err := ledger.Encode(l)
		require.NoError(t, err)
		require.Equal(t, string(content), string(again))
	})
}

func FuzzRoundTrip(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		l := random(seed)
		content, err := ledger.Encode(l)
		require.NoError(t, err)
		again, err := ledger.Decode(content)
		require.NoError(t, err)
		require.Equal(t, l, again)
	})
}
