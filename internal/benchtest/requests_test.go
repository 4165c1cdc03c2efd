package benchtest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

// How often the registry may be asked. The two others are what it takes to
// learn whether it speaks TLS, and how it wants to be asked.
const (
	maxOther = 2
	maxMoved = 400 // for what the pins were, and for what they become
)

func TestRequests(t *testing.T) {
	w := memory(t)
	t.Run("nothing moved", func(t *testing.T) { nothingMoved(t, w) })
	t.Run("all moved", func(t *testing.T) { allMoved(t, w) })
}

func nothingMoved(t *testing.T, w *world) {
	t.Helper()
	dir := newTree(t, w.host, files, w.now).dir
	cache := filepath.Join(t.TempDir(), "cache.json")
	for _, state := range []string{"cold", "warm"} {
		w.forget()
		run(t, "check", "--exit-code", "--cache", cache, dir)
		got := w.asked()
		assert.Equal(t, tags, got.head, state)
		assert.Zero(t, got.get, state)
		assert.LessOrEqual(t, got.other, maxOther, state)
	}
}

func allMoved(t *testing.T, w *world) {
	t.Helper()
	tr := newTree(t, w.host, files, w.before)
	cache := filepath.Join(t.TempDir(), "cache.json")

	w.forget()
	run(t, "check", "--cache", cache, tr.dir)
	cold := w.asked()
	assert.Equal(t, tags, cold.head)
	assert.LessOrEqual(t, cold.get+cold.other, maxMoved+maxOther)

	w.forget()
	run(t, "bump", "--cache", cache, tr.dir)
	warm := w.asked()
	assert.Equal(t, tags, warm.head)
	assert.Zero(t, warm.get, "content does not change, so it is read once")
	assert.LessOrEqual(t, warm.other, maxOther)
	assert.Equal(t, files, tr.right(t, w.before, w.now), "files that are as they should be")
}
