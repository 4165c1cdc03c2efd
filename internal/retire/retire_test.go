package retire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retire"
)

func TestRetireKeepsTheSameBytesAndRecordsIt(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	got, err := w.flow().Retire(t.Context(), retire.Request{Ref: app, By: "acme/app#12"})
	require.NoError(t, err)
	assert.Equal(t, retire.Outcome{Ref: app, Tag: "v1", Digest: one, Done: true}, got)
	assert.Equal(t, one, w.tags["v1"])
	want := ledger.Record{Tag: "v1", From: "latest", Digest: one, At: now, By: "acme/app#12"}
	assert.Equal(t, []ledger.Record{want}, w.memory(t).Records)
	assert.Equal(t, []ledger.Sight{{Digest: one, At: now}}, w.memory(t).Sights["latest"])
	assert.Equal(t, []string{"GET latest", "READ ledger", "TAGS", "HEAD ledger", "WRITE ledger", "HEAD v1", "PUT v1", "HEAD ledger"}, w.requests)

	w.requests = nil
	got, err = w.flow().Retire(t.Context(), retire.Request{Ref: app})
	require.NoError(t, err)
	assert.Equal(t, retire.Outcome{Ref: app, Tag: "v1", Digest: one, Already: true}, got)
	assert.Zero(t, w.writes(), w.requests)

	two := w.push("two", "latest")
	got, err = w.flow().Retire(t.Context(), retire.Request{Ref: app.Tagged("")})
	require.NoError(t, err)
	assert.Equal(t, retire.Outcome{Ref: app, Tag: "v2", Digest: two, Done: true}, got)
}

func TestRetireNumbersAreNeverReused(t *testing.T) {
	w := newWorld()
	w.push("one", "latest", "v3", "v03x", "version9")
	w.remember(t, func(l ledger.Ledger) ledger.Ledger { return l.UseNumber(ledger.DefaultTemplate, 7) })
	w.push("two", "latest")
	got, err := w.flow().Retire(t.Context(), retire.Request{Ref: app})
	require.NoError(t, err)
	assert.Equal(t, "v8", got.Tag)
	assert.Equal(t, 8, w.memory(t).Numbers[ledger.DefaultTemplate])
}

func TestRetireADigestThatTheTagHasLeft(t *testing.T) {
	w := newWorld()
	one, two := w.push("one", "latest"), w.push("two", "latest")
	got, err := w.flow().Retire(t.Context(), retire.Request{Ref: app, Digest: one, ReplacedBy: two})
	require.NoError(t, err)
	assert.Equal(t, one, w.tags[got.Tag])
	r, _ := w.memory(t).Record(got.Tag)
	assert.Equal(t, two, r.ReplacedBy)

	_, err = w.flow().Retire(t.Context(), retire.Request{Ref: app, Digest: other})
	require.ErrorIs(t, err, image.ErrNotFound)
	assert.ErrorContains(t, err, "the registry no longer has "+other.String())
	assert.Len(t, w.memory(t).Records, 1, "nothing is recorded of what is gone")
}

func TestRetireDoesNotOverwrite(t *testing.T) {
	w := newWorld()
	one := w.push("one", "latest")
	w.push("somebody else's", "oldest")
	_, err := w.flow().Retire(t.Context(), retire.Request{Ref: app, Template: template(t, "oldest")})
	require.ErrorIs(t, err, image.ErrRefused)
	assert.ErrorContains(t, err, "retire registry.test/acme/app:latest: tag oldest is already "+other.String()+", not "+one.String()+", and is not overwritten")
	assert.NotContains(t, err.Error(), "by the registry")
	assert.Equal(t, other, w.tags["oldest"])
	assert.Zero(t, w.writes(), w.requests)
}

func TestRetireMovesAFixedName(t *testing.T) {
	w := newWorld()
	req := retire.Request{Ref: app, Template: template(t, "oldest"), Moves: true}
	one := w.push("one", "latest")
	got, err := w.flow().Retire(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, retire.Outcome{Ref: app, Tag: "oldest", Digest: one, Done: true}, got)

	two := w.push("two", "latest")
	got, err = w.flow().Retire(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, retire.Outcome{Ref: app, Tag: "oldest", Digest: two, Done: true, Moved: &retire.Moved{Tag: "oldest", Digest: one, Kept: "v1"}}, got)
	assert.Equal(t, one, w.tags["v1"])
	assert.Equal(t, two, w.tags["oldest"])
	r, _ := w.memory(t).Record("v1")
	assert.Equal(t, ledger.Record{Tag: "v1", From: "latest", Digest: one, At: now}, r, "it stays an image that was retired from latest")

	w.requests = nil
	got, err = w.flow().Retire(t.Context(), retire.Request{Ref: app, Digest: one, Template: req.Template, Moves: true})
	require.NoError(t, err)
	assert.Equal(t, "v1", got.Tag, "what moved on does not move back")
	assert.Zero(t, w.writes(), w.requests)
}

func TestRetireNames(t *testing.T) {
	base := digestOf("base")
	tests := map[string]struct {
		template string
		said     image.Details
		base     image.Details
		want     string
		err      string
	}{
		"date":             {template: "d{{.Date}}", want: "d20260301"},
		"digest":           {template: "old-{{.Digest}}", want: "old-" + digestOf("one").Short()},
		"created":          {template: "{{.Created}}", said: image.Details{Created: now.AddDate(0, -1, 0)}, want: "20260201"},
		"created unknown":  {template: "{{.Created}}", err: "does not say when it was made"},
		"version":          {template: "{{.Version}}", said: image.Details{Version: "1.2", BaseName: "registry.test/base", BaseDigest: base}, base: image.Details{Version: "9"}, want: "1.2"},
		"version, numbers": {template: "{{.Version}}-{{.Next}}", said: image.Details{Version: "1.2", BaseName: "registry.test/base", BaseDigest: base}, want: "1.2-1"},
		"inherited":        {template: "{{.Version}}", said: image.Details{Version: "9", BaseName: "registry.test/base", BaseDigest: base}, base: image.Details{Version: "9"}, err: "no version label of its own"},
		"unknown base":     {template: "{{.Version}}", said: image.Details{Version: "9"}, err: "which base it has is not known"},
		"foreign base":     {template: "{{.Version}}", said: image.Details{Version: "9", BaseName: "evil.test/base", BaseDigest: base}, err: "which base it has is not known"},
		"none":             {template: "{{.Version}}", err: "no version label of its own"},
		"the tag itself":   {template: "{{.Version}}", said: image.Details{Version: "latest", BaseName: "registry.test/base", BaseDigest: base}, err: "the published tag itself"},
		"ours":             {template: "{{.Version}}", said: image.Details{Version: "basekeeper.x", BaseName: "registry.test/base", BaseDigest: base}, err: "basekeeper's own"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			one := w.push("one", "latest")
			w.details[one], w.details[base] = tt.said, tt.base
			got, err := w.flow().Retire(t.Context(), retire.Request{Ref: app, Template: template(t, tt.template)})
			if tt.err != "" {
				require.ErrorIs(t, err, image.ErrRefused)
				require.ErrorContains(t, err, tt.err)
				assert.ErrorContains(t, err, "choose another template")
				assert.Zero(t, w.writes(), w.requests)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Tag)
			assert.Equal(t, one, w.tags[tt.want])
		})
	}
}

func TestRetireAsksOfABaseWhereItMay(t *testing.T) {
	w := newWorld()
	one, base := w.push("one", "latest"), digestOf("base")
	w.details[one] = image.Details{Version: "9", BaseName: "debian", BaseDigest: base}
	w.details[base] = image.Details{Version: "8"}
	f := w.flow()
	f.MayAsk = func(registry string) bool { return registry == "docker.io" }
	got, err := f.Retire(t.Context(), retire.Request{Ref: app, Template: template(t, "{{.Version}}")})
	require.NoError(t, err)
	assert.Equal(t, "9", got.Tag)
	assert.Contains(t, w.requests, "DETAILS docker.io/library/debian")
}

func TestRetireDryRunWritesNothing(t *testing.T) {
	for name, req := range map[string]retire.Request{
		"number": {Ref: app},
		"moves":  {Ref: app, Template: template(t, "oldest"), Moves: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			one := w.push("one", "latest")
			w.push("somebody else's", "oldest")
			f := w.flow()
			f.DryRun = true
			got, err := f.Retire(t.Context(), req)
			require.NoError(t, err)
			assert.Equal(t, one, got.Digest)
			assert.False(t, got.Done)
			assert.False(t, got.Already)
			assert.Equal(t, name == "moves", got.Moved != nil)
			assert.Zero(t, w.writes(), w.requests)
		})
	}
}

func TestRetireWhatTheLedgerKnows(t *testing.T) {
	day := 24 * time.Hour
	one := digestOf("one")
	record := ledger.Record{Tag: "v5", From: "latest", Digest: one, At: now.Add(-40 * day)}
	found := ledger.Record{Tag: "v5", Digest: one, At: now.Add(-day)}
	published := record
	published.At = now.Add(-time.Hour)
	tests := map[string]struct {
		record  ledger.Record
		at      string // what v5 points at: an image's text
		latest  string
		sight   time.Time // of one under latest; zero for none
		want    string
		at5     time.Time // of the record of v5 afterwards
		already bool
	}{
		"done":                    {record: published, at: "one", latest: "one", want: "v5", at5: published.At, already: true},
		"done, replaced long ago": {record: record, at: "one", latest: "two", want: "v5", at5: record.At, already: true},
		"still published":         {record: record, at: "one", latest: "one", want: "v5", at5: now},
		"published again since":   {record: record, at: "one", latest: "two", sight: now.Add(-day), want: "v5", at5: now},
		"cut off, or pruned":      {record: record, at: "", latest: "one", want: "v5", at5: now},
		"found without record":    {record: found, at: "one", latest: "two", want: "v5", at5: now},
		"the tag is another's":    {record: record, at: "x", latest: "one", want: "v6", at5: now},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.push("one", "latest")
			w.push(tt.latest, "latest")
			if tt.at != "" {
				w.push(tt.at, "v5")
			}
			w.remember(t, func(l ledger.Ledger) ledger.Ledger {
				if !tt.sight.IsZero() {
					l = l.See("latest", one, tt.sight).See("latest", digestOf("two"), tt.sight.Add(time.Hour))
				}
				return l.With(tt.record)
			})
			req := retire.Request{Ref: app}
			if tt.latest != "one" {
				req.Digest = one
			}
			got, err := w.flow().Retire(t.Context(), req)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Tag)
			assert.Equal(t, one, w.tags[tt.want])
			r, _ := w.memory(t).Record("v5")
			assert.Equal(t, tt.at5, r.At)
			assert.Equal(t, w.tags["v5"], r.Digest)
			assert.Equal(t, tt.already, got.Already)
			assert.Equal(t, tt.already, w.writes() == 0, w.requests)

			w.requests = nil
			got, err = w.flow().Retire(t.Context(), req)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Tag)
			assert.Zero(t, w.writes(), "a second run writes nothing: %v", w.requests)
		})
	}
}

func TestRetireRefusedLeavesNothingHalfDone(t *testing.T) {
	for name, forbidden := range map[string]error{"immutable": image.ErrRefused, "read only": image.ErrDenied} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			one := w.push("one", "latest", "oldest")
			two := w.push("two", "latest")
			before := ledger.Record{Tag: "oldest", From: "latest", Digest: one, At: now.Add(-time.Hour)}
			w.remember(t, func(l ledger.Ledger) ledger.Ledger { return l.With(before) })
			w.refuse["oldest"], w.refuse["v1"] = forbidden, forbidden
			_, err := w.flow().Retire(t.Context(), retire.Request{Ref: app})
			require.ErrorIs(t, err, forbidden)
			require.ErrorContains(t, err, "tag "+two.String()+" as v1")
			assert.Equal(t, []ledger.Record{before}, w.memory(t).Records)

			delete(w.refuse, "v1")
			_, err = w.flow().Retire(t.Context(), retire.Request{Ref: app, Template: template(t, "oldest"), Moves: true})
			require.ErrorIs(t, err, forbidden)
			r, _ := w.memory(t).Record("oldest")
			assert.Equal(t, before, r)
			assert.Equal(t, one, w.tags["oldest"])
		})
	}
	w := newWorld()
	w.push("one", "latest")
	w.refuse[ledger.Tag] = image.ErrRefused
	_, err := w.flow().Retire(t.Context(), retire.Request{Ref: app})
	require.ErrorIs(t, err, image.ErrRefused)
	assert.ErrorContains(t, err, "where tags are immutable, leave out those that begin with basekeeper.")
	assert.NotContains(t, w.tags, "v1")
}

func TestRetireRefusesItsOwnTags(t *testing.T) {
	_, err := newWorld().flow().Retire(t.Context(), retire.Request{Ref: app.Tagged(ledger.Tag)})
	require.ErrorIs(t, err, image.ErrRefused)
	_, err = newWorld().flow().Retire(t.Context(), retire.Request{})
	require.Error(t, err)
}
