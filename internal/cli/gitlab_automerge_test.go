package cli_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// merging answers requests for automerge in GitLab's place, as long as it says.
func (o *org) merging(answer func(w http.ResponseWriter)) (asked *atomic.Int32) {
	asked = &atomic.Int32{}
	o.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/merge") {
			return false
		}
		asked.Add(1)
		answer(w)
		return true
	}
	return asked
}

func notAllowed(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = w.Write([]byte(`{"message":"405 Method Not Allowed"}`))
}

// What GitLab refused at first, or was not asked before the run ended, is asked
// for by the next run, and by no other after that.
func TestAutomergeIsAskedForAgain(t *testing.T) {
	tests := map[string]struct {
		first func(*org) // what becomes of the first run's request
		again bool       // a second run is refused too
		auto  string
	}{
		"refused once":            {func(o *org) { o.merging(notAllowed) }, false, "SQUASH"},
		"refused twice":           {func(o *org) { o.merging(notAllowed) }, true, ""},
		"cut off before":          {func(o *org) { o.merging(func(w http.ResponseWriter) { cut(w, "") }) }, false, "SQUASH"},
		"GitLab fails right then": {func(o *org) { o.merging(func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }) }, false, "SQUASH"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _, _ := app(t, forge.GitLab)
			flags := o.config("automerge: squash\n")
			tt.first(o)
			got := o.bump(0, flags...)
			assert.Contains(t, got.out, "automerge: ")
			assert.Empty(t, o.only("acme/app").AutoMerge)
			if !tt.again {
				o.fault = nil
			}
			writes := o.writes(func() { got = o.bump(0, flags...) })
			assert.LessOrEqual(t, writes, 3)
			if tt.again {
				assert.Contains(t, got.out, "automerge: GitLab refuses it now: there is no pipeline, or it is a draft, conflicts, or lacks approvals; set it by hand")
			}
			o.fault = nil
			assert.Equal(t, tt.auto, o.only("acme/app").AutoMerge)
			o.quiet(flags...)
			o.quiet(flags...)
			assert.Equal(t, tt.auto, o.only("acme/app").AutoMerge)
		})
	}
}

// GitLab is asked again by the next run also for a branch that was moved on.
func TestAutomergeOfTheNextDigestIsAskedForAgain(t *testing.T) {
	o, _, _ := app(t, forge.GitLab)
	flags := o.config("automerge: merge\n")
	assert.Equal(t, 3, o.writes(func() { o.bump(0, flags...) }))
	assert.Equal(t, "MERGE", o.only("acme/app").AutoMerge)
	o.quiet(flags...)
	o.wait(time.Hour)
	o.publish("base", "1", "three")
	asked := o.merging(notAllowed)
	assert.Contains(t, o.bump(0, flags...).out, "the next bump asks once more")
	assert.NotZero(t, asked.Load())
	o.fault = nil
	assert.Empty(t, o.only("acme/app").AutoMerge)
	o.bump(0, flags...)
	assert.Equal(t, "MERGE", o.only("acme/app").AutoMerge)
	o.quiet(flags...)
}

// What a person has cancelled stays so, for the next digest too.
func TestAutomergeThatAPersonCancelled(t *testing.T) {
	o, _, _ := app(t, forge.GitLab)
	flags := o.config("automerge: merge\n")
	o.bump(0, flags...)
	p := o.only("acme/app")
	require.Equal(t, "MERGE", p.AutoMerge)
	require.NoError(t, o.gitlab.CancelAutoMerge("acme/app", p.Number, "ada"))
	asked := o.merging(notAllowed)
	assert.Contains(t, o.bump(0, flags...).out, "automerge: it was cancelled, and is not set again")
	o.quiet(flags...)
	o.publish("base", "1", "three")
	o.bump(0, flags...)
	o.quiet(flags...)
	assert.Zero(t, asked.Load())
	assert.Empty(t, o.only("acme/app").AutoMerge)
}

// A draft cannot have it; it is asked for when a person says that it is none.
func TestAutomergeOfADraft(t *testing.T) {
	o, _, _ := app(t, forge.GitLab)
	flags := o.config("automerge: merge\ndraft: true\n")
	o.bump(0, flags...)
	o.quiet(flags...)
	p := o.only("acme/app")
	require.True(t, p.Draft)
	require.NoError(t, o.people.EditPull("acme/app", p.Number, "ada", p.Title, p.Body))
	o.bump(0, flags...)
	p = o.only("acme/app")
	assert.False(t, p.Draft)
	assert.Equal(t, "MERGE", p.AutoMerge)
	o.quiet(flags...)
}
