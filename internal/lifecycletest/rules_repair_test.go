package lifecycletest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// A repaired ledger uses no number of a version that is in the trash, so that
// each of them can still be restored.
func TestRepairKeepsNumbers(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"all": func(t *testing.T, s *stock) {
		s.five()
		before := s.pulled("v1", "v5")
		s.prune(0)
		require.Equal(t, []string{"latest"}, s.tags())
		s.ruin()
		stdout, _ := s.do(0, "ledger", "repair", s.image(), "--yes")
		assert.Contains(t, stdout, "v{{.Next}}  5 was used")
		assert.Contains(t, stdout, "from 1 of trash")
		s.tag("latest", s.made("new"))
		assert.Equal(t, "v6", s.release(s.made("new")))
		s.do(0, "restore", s.image(), "v1", "v5")
		assert.Equal(t, before, s.pulled("v1", "v5"))
	}})
}

// ruin damages the ledger.
func (s *stock) ruin() { s.tag(ledger.Tag, s.artifact(ledger.MediaType, "{garbage")) }

// twoImages is a configuration of two images in the repository.
func (s *stock) twoImages(first, second string) string {
	file := filepath.Join(s.Env["HOME"], "two.yaml")
	clitest.WriteFile(s.t, s.Env["HOME"], "two.yaml", fmt.Sprintf(
		"images:\n  - {image: %q, retire: %q}\n  - {image: %q, retire: %q}\n", s.image()+":latest", first, s.image()+":edge", second))
	return file
}

// stockOfTwo is a repository with two published tags.
func stockOfTwo(t *testing.T) *stock {
	t.Helper()
	s := newStock(t, houses[clitest.V3](t), "acme/app")
	s.tag("latest", s.made("latest"))
	s.tag("edge", s.made("edge"))
	return s
}

// A tag that looks retired by the template is recorded as found now, whatever
// the template is made of; what may be somebody's own tag never expires.
func TestLooksRetired(t *testing.T) {
	t.Parallel()
	s := stockOfTwo(t)
	ours, theirs := []string{"d20250101", "old-0123456789ab"}, []string{"1.2.3", "20250101", "0123456789ab", "stable", "d20251350"}
	for _, tag := range append(theirs, ours...) {
		s.tag(tag, s.made(tag))
	}
	config := s.twoImages("d{{.Date}}", "old-{{.Digest}}")
	assert.Empty(t, s.prune(0, "--config", config).gone())
	s.pass(31 * day)
	got := s.prune(0, "--config", config)
	assert.Equal(t, ours, got.gone())
	for _, tag := range theirs {
		assert.Equal(t, retention.NotRetired, got.of(t, tag).Reason, tag)
	}

	config = s.twoImages("{{.Version}}", "{{.Date}}")
	for range 2 {
		s.pass(90 * day)
		assert.Empty(t, s.prune(0, "--config", config).gone())
	}
}

// Both templates of two images in one repository count: for what looks retired,
// for numbers, and for what a repair finds.
func TestTwoTemplates(t *testing.T) {
	t.Parallel()
	s := stockOfTwo(t)
	config := s.twoImages("v{{.Next}}", "e{{.Next}}")
	for _, tag := range []string{"v3", "e7"} {
		s.tag(tag, s.made(tag))
	}
	s.ruin()
	stdout, _ := s.do(0, "ledger", "repair", s.image(), "--yes", "--config", config)
	for _, want := range []string{"v3", "e7", "v{{.Next}}  3 was used", "e{{.Next}}  7 was used", "2 records."} {
		assert.Contains(t, stdout, want)
	}
	s.pass(31 * day)
	assert.Equal(t, []string{"e7", "v3"}, s.prune(0, "--config", config).gone())
	s.do(0, "retire", s.image()+":edge", "--config", config)
	assert.Equal(t, []string{"e8", "edge", "latest"}, s.tags())
}

// What has no record yet, and is deleted by the time that the registry or a run
// before gave it, leaves its number used, whichever template made it.
func TestTwoTemplatesWithoutLedger(t *testing.T) {
	t.Parallel()
	s := stockOfTwo(t)
	config := s.twoImages("v{{.Next}}", "e{{.Next}}")
	s.tag("e7", s.made("e7"))
	assert.Empty(t, s.prune(0, "--config", config).gone())
	s.pass(31 * day)
	assert.Equal(t, []string{"e7"}, s.prune(0, "--config", config).gone())
	s.do(0, "retire", s.image()+":edge", "--config", config)
	assert.Equal(t, []string{"e8", "edge", "latest"}, s.tags())
}
