package artifact_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

func TestReadLedgerWhereThereIsNone(t *testing.T) {
	f := newFake()
	l, err := artifact.Store{Registry: f}.ReadLedger(t.Context(), app)
	require.NoError(t, err)
	assert.Equal(t, ledger.Ledger{}, l)
	assert.Equal(t, []string{"fetch basekeeper.ledger"}, f.requests)
}

func TestWriteLedger(t *testing.T) {
	f := newFake()
	s := artifact.Store{Registry: f}
	l := ledger.Ledger{}.With(record("v1", digestA)).UseNumber("v{{.Next}}", 1).See("latest", digestB, noon)
	ref := app.Tagged("v1").Pinned(digestB) // which do not matter
	require.NoError(t, s.WriteLedger(t.Context(), ref, l))
	assert.Equal(t, []string{"put blob", "put basekeeper.ledger"}, f.requests)
	f.requests = nil

	got, err := s.ReadLedger(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, l, got)
	assert.Equal(t, []string{"fetch basekeeper.ledger", "blob"}, f.requests)

	content, err := ledger.Encode(l)
	require.NoError(t, err)
	digest := image.FromBytes(content)
	one := fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, ledger.MediaType, digest, len(content))
	assert.JSONEq(t, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.basekeeper.ledger.v1+json","config":`+one+`,"layers":[`+one+`]}`,
		string(f.manifests[f.tags[ledger.Tag]]))
}

func TestReadLedgerErrors(t *testing.T) {
	const own = `{"artifactType":"` + ledger.MediaType + `","config":{"mediaType":"` + ledger.MediaType + `","digest":"%s","size":%d}}`
	f := newFake()
	tests := map[string]struct {
		body string
		want error
		text string
	}{
		"no manifest":     {"{}", ledger.ErrDamaged, "neither a manifest nor an index"},
		"an image":        {fmt.Sprintf(`{"config":{"digest":"%s"},"layers":[]}`, digestA), ledger.ErrDamaged, `the tag is on something else, of type ""`},
		"an index":        {`{"artifactType":"` + ledger.MediaType + `","manifests":[]}`, ledger.ErrDamaged, "configuration is of another type"},
		"another type":    {strings.Replace(fmt.Sprintf(own, digestA, 3), ledger.MediaType, "a/b", 1), ledger.ErrDamaged, `of type "a/b"`},
		"trash":           {strings.Replace(fmt.Sprintf(own, digestA, 3), "ledger.v1", "trash.v2", 1), ledger.ErrDamaged, "the tag is on something else"},
		"a later type":    {strings.ReplaceAll(fmt.Sprintf(own, digestA, 3), "ledger.v1", "ledger.v2"), ledger.ErrLater, "update it (type application/vnd.basekeeper.ledger.v2+json)"},
		"large":           {fmt.Sprintf(own, digestA, 1<<30), ledger.ErrDamaged, "it has 1073741824 bytes"},
		"content missing": {fmt.Sprintf(own, digestA, 3), ledger.ErrDamaged, "its content " + digestA.String() + " is not there any more"},
		"content":         {fmt.Sprintf(own, f.blob("x"), 1), ledger.ErrDamaged, "invalid character"},
		"later content":   {fmt.Sprintf(own, f.blob(`{"version":2}`), 1), ledger.ErrLater, "update it (version 2)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := f.copy()
			s := artifact.Store{Registry: f}
			f.tag(ledger.Tag, tt.body)
			_, err := s.ReadLedger(t.Context(), app)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, "read ledger of registry.test/acme/app: ")
			require.ErrorContains(t, err, tt.text)
			assert.Equal(t, errors.Is(err, ledger.ErrDamaged), strings.Contains(err.Error(), "run basekeeper ledger repair registry.test/acme/app"))

			_, err = s.UpdateLedger(t.Context(), app, adds("v1"))
			require.ErrorIs(t, err, tt.want)
			assert.Zero(t, f.writes(), "it is never written over")
		})
	}
}

func TestReadLedgerPassesOtherErrors(t *testing.T) {
	for n := range 2 {
		f := newFake()
		s := artifact.Store{Registry: f}
		require.NoError(t, s.WriteLedger(t.Context(), app, ledger.Ledger{}.With(record("v1", digestA))))
		f.requests = nil
		f.failAt(n, false)
		_, err := s.ReadLedger(t.Context(), app)
		require.ErrorIs(t, err, errFault)
		require.NotErrorIs(t, err, ledger.ErrDamaged)
	}
}

func TestHolds(t *testing.T) {
	f := newFake()
	s := artifact.Store{Registry: f}
	one := ledger.Ledger{}.With(record("v1", digestA))
	holds := func(l ledger.Ledger) bool {
		t.Helper()
		f.requests = nil
		got, err := s.Holds(t.Context(), app, l)
		require.NoError(t, err)
		assert.Equal(t, []string{"resolve basekeeper.ledger"}, f.requests)
		return got
	}
	assert.True(t, holds(ledger.Ledger{}), "none is the zero Ledger")
	assert.False(t, holds(one))
	require.NoError(t, s.WriteLedger(t.Context(), app, one))
	assert.True(t, holds(one))
	assert.False(t, holds(ledger.Ledger{}))
	assert.False(t, holds(one.With(record("v2", digestA))))

	_, err := s.Holds(t.Context(), app, ledger.Ledger{}.With(ledger.Record{Tag: "v1"}))
	require.Error(t, err, "what is no ledger")
	f.failAt(len(f.requests), false)
	_, err = s.Holds(t.Context(), app, one)
	assert.ErrorIs(t, err, errFault)
}

func TestUpdateLedger(t *testing.T) {
	f := newFake()
	s := artifact.Store{Registry: f}
	l, err := s.UpdateLedger(t.Context(), app, adds("v1"))
	require.NoError(t, err)
	assert.Equal(t, []string{"v1"}, tags(t, l))
	assert.Equal(t, []string{"fetch basekeeper.ledger", "put blob", "resolve basekeeper.ledger", "put basekeeper.ledger", "resolve basekeeper.ledger"}, f.requests)

	f.requests = nil
	again, err := s.UpdateLedger(t.Context(), app, adds("v1"))
	require.NoError(t, err)
	assert.Equal(t, l, again)
	assert.Zero(t, f.writes(), "nothing changed")

	f.requests = nil
	mine := errors.New("mine")
	_, err = s.UpdateLedger(t.Context(), app, func(ledger.Ledger) (ledger.Ledger, error) { return ledger.Ledger{}, mine })
	require.Equal(t, mine, err)
	_, err = s.UpdateLedger(t.Context(), app, func(l ledger.Ledger) (ledger.Ledger, error) { return l.With(ledger.Record{}), nil })
	require.ErrorContains(t, err, "write ledger of registry.test/acme/app: encode ledger: ")
	assert.Zero(t, f.writes())
}

// Another writer comes in before each of the requests, or after it: both
// changes are there in the end.
func TestUpdateLedgerBesideAnotherWriter(t *testing.T) {
	for n := range 6 {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(n, after), func(t *testing.T) {
				f := newFake()
				s := artifact.Store{Registry: f}
				require.NoError(t, s.WriteLedger(t.Context(), app, ledger.Ledger{}.With(record("v1", digestA))))
				f.requests = nil
				other := func(at int, _ string) error {
					if at != n {
						return nil
					}
					f.before, f.after = nil, nil
					_, err := s.UpdateLedger(context.Background(), app, adds("v2"))
					return err
				}
				if after {
					f.after = other
				} else {
					f.before = other
				}
				_, err := s.UpdateLedger(t.Context(), app, adds("v3"))
				require.NoError(t, err)
				l, err := s.ReadLedger(t.Context(), app)
				require.NoError(t, err)
				if n == 3 && after || n == 4 && !after { // between the look and the write, which nothing can help
					assert.Subset(t, tags(t, l), []string{"v1", "v3"})
					return
				}
				assert.Equal(t, []string{"v1", "v2", "v3"}, tags(t, l))
			})
		}
	}
}

func TestUpdateLedgerGivesUp(t *testing.T) {
	f := newFake()
	var waits []time.Duration
	s := artifact.Store{Registry: f, Sleep: func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	}}
	round := 0
	f.before = func(_ int, request string) error {
		if request == "put basekeeper.ledger" {
			return nil
		}
		round++
		f.tag(ledger.Tag, ledgerBody(f, ledger.Ledger{}.UseNumber("v{{.Next}}", round)))
		return nil
	}
	_, err := s.UpdateLedger(t.Context(), app, adds("v1"))
	require.ErrorContains(t, err, "write ledger of registry.test/acme/app: other writers replaced it 8 times; run again when they are done")
	require.Len(t, waits, 7)
	assert.Equal(t, 100*time.Millisecond, waits[0])
	assert.Equal(t, 6400*time.Millisecond, waits[6])

	s.Sleep = func(context.Context, time.Duration) error { return context.Canceled }
	_, err = s.UpdateLedger(t.Context(), app, adds("v1"))
	assert.ErrorIs(t, err, context.Canceled)
}

// TestPointsAgain: distribution's files have a blob not quite while another
// writer sends it.
func TestPointsAgain(t *testing.T) {
	for _, refusals := range []int{1, 3, 4} {
		f := newFake()
		var waits []time.Duration
		s := artifact.Store{Registry: f, Sleep: func(_ context.Context, d time.Duration) error {
			waits = append(waits, d)
			return nil
		}}
		left := refusals
		f.before = func(_ int, request string) error {
			if request != "put "+ledger.Tag || left == 0 {
				return nil
			}
			left--
			return errIncomplete
		}
		err := s.WriteLedger(t.Context(), app, ledger.Ledger{}.With(record("v1", digestA)))
		assert.Equal(t, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}[:min(refusals, 3)], waits)
		if refusals == 4 {
			require.ErrorIs(t, err, errIncomplete)
			continue
		}
		require.NoError(t, err)
	}
}

// ledgerBody stores a ledger's content and returns the manifest about it.
func ledgerBody(f *fake, l ledger.Ledger) string {
	other := newFake()
	if err := (artifact.Store{Registry: other}).WriteLedger(context.Background(), app, l); err != nil {
		panic(err)
	}
	for digest, content := range other.blobs {
		f.blobs[digest] = content
	}
	return string(other.manifests[other.tags[ledger.Tag]])
}

// Whichever request is cut, before or after it was done: the ledger is one of
// the two, and the next run ends as if nothing had been.
func TestUpdateLedgerAfterAnyFault(t *testing.T) {
	before := ledger.Ledger{}.With(record("v1", digestA))
	for n := range 6 {
		for _, done := range []bool{false, true} {
			f := newFake()
			s := artifact.Store{Registry: f}
			require.NoError(t, s.WriteLedger(t.Context(), app, before))
			f.requests = nil
			f.failAt(n, done)
			_, err := s.UpdateLedger(t.Context(), app, adds("v2"))
			require.ErrorIs(t, err, errFault)
			f.before, f.after = nil, nil

			l, err := s.ReadLedger(t.Context(), app)
			require.NoError(t, err)
			assert.Contains(t, [][]string{{"v1"}, {"v1", "v2"}}, tags(t, l))
			l, err = s.UpdateLedger(t.Context(), app, adds("v2"))
			require.NoError(t, err)
			assert.Equal(t, []string{"v1", "v2"}, tags(t, l))
		}
	}
}

func TestConcurrentWriters(t *testing.T) {
	concurrentWriters(t, artifact.Store{Registry: newFake()}, app, 20)
}

// concurrentWriters lets two writers loose on one ledger. A registry without
// compare-and-swap may lose one of two changes, never both, and never the
// ledger.
func concurrentWriters(t *testing.T, s artifact.Store, ref image.Reference, rounds int) {
	t.Helper()
	for round := range rounds {
		mine := []string{fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)}
		var group sync.WaitGroup
		errs := make([]error, len(mine))
		for i, tag := range mine {
			group.Go(func() { _, errs[i] = s.UpdateLedger(t.Context(), ref, adds(tag)) })
		}
		group.Wait()
		l, err := s.ReadLedger(t.Context(), ref)
		require.NoError(t, err)
		there := 0
		for i, tag := range mine {
			require.NoError(t, errs[i])
			if _, ok := l.Record(tag); ok {
				there++
			}
		}
		require.Positive(t, there, "round %d lost both", round)
	}
}
