package benchtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// The shelf of the comparison: 200 tags, the ledger's included, of which 50 are
// to go.
const (
	fewVersions = 198
	fewOld      = 50
)

// What people write to find the tags of images that were built long ago, and to
// delete them: $1 is the repository, $2 a time, $3 how many are asked about at
// once. The ledger is no image, so they skip it.
const (
	craneFinds = `crane ls "$1" | grep -v '^basekeeper\.' | xargs -P "$3" -I{} bash -c '
  digest=$(crane digest "$1:{}")
  created=$(crane config "$1@$digest" | sed -E "s/.*\"created\":\"([^\"]*)\".*/\1/")
  [[ $created > $2 ]] || echo "{}"
' - "$1" "$2"`
	regctlFinds = `regctl tag ls "$1" | grep -v '^basekeeper\.' | xargs -P "$3" -I{} bash -c '
  digest=$(regctl image digest "$1:{}")
  created=$(regctl image config --format "{{.Created.Format \"2006-01-02T15:04:05Z\"}}" "$1@$digest")
  [[ $created > $2 ]] || echo "{}"
' - "$1" "$2"`
	craneDeletes  = `xargs -P "$2" -I{} crane delete "$1:{}" < tags`
	regctlDeletes = `xargs -P "$2" -I{} regctl tag rm "$1:{}" < tags`
)

// rivals is the comparison: one repository of distribution v3, and a copy of it
// for each way to delete.
type rivals struct {
	gate    *gate
	host    registrytest.Host
	front   registrytest.Host
	shelf   *shelf
	program string
	dir     string
	environ []string
	copies  int
}

// BenchmarkPruneSideBySide finds the same 50 of 200 tags, and deletes them, in
// several ways; each is a process of its own with nothing remembered, and goes
// through the gate. What is not in PATH is left out.
func BenchmarkPruneSideBySide(b *testing.B) {
	r := &rivals{host: registrytest.StartV3(b), program: build(b), dir: b.TempDir()}
	r.gate, r.front = through(b, r.host)
	r.shelf = onDisk(b, r.host, r.front, fewVersions, fewOld)
	r.configure(b)
	b.Run("find", r.find)
	b.Run("delete", r.delete)
}

// configure lets regctl speak plain HTTP.
func (r *rivals) configure(b *testing.B) {
	b.Helper()
	path := filepath.Join(r.dir, "regctl.json")
	content := fmt.Sprintf(`{"hosts":{%q:{"tls":"disabled","hostname":%q}}}`, r.front.Addr, r.front.Addr)
	require.NoError(b, os.WriteFile(path, []byte(content), 0o600))
	r.environ = []string{"REGCTL_CONFIG=" + path}
	require.NoError(b, os.WriteFile(filepath.Join(r.dir, "tags"), []byte(strings.Join(r.old(), "\n")+"\n"), 0o600))
}

// old returns the tags that are to go.
func (r *rivals) old() []string {
	all := make([]string, r.shelf.old)
	for i := range all {
		all[i] = version(i)
	}
	return all
}

func (r *rivals) find(b *testing.B) {
	warm := filepath.Join(r.dir, "warm.json")
	run(b, r.shelf.prune(warm)...)
	for _, way := range []struct{ name, cache string }{{"basekeeper", "none"}, {"basekeeper-warm", warm}} {
		b.Run(way.name, func(b *testing.B) {
			got := r.measure(b, func() {}, append([]string{r.program}, r.shelf.prune(way.cache)...)...)
			assert.Contains(b, string(got.Output), r.shelf.verdict())
		})
	}
	cutoff := time.Now().Add(-30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	r.tools(b, map[string]string{"crane": craneFinds, "regctl": regctlFinds}, func(b *testing.B, script, atOnce string) {
		b.Helper()
		got := r.measure(b, func() {}, "bash", "-c", "set -euo pipefail\n"+script, "-", r.shelf.name, cutoff, atOnce)
		assert.ElementsMatch(b, r.old(), strings.Fields(string(got.Output)))
	})
}

func (r *rivals) delete(b *testing.B) {
	b.Run("basekeeper", func(b *testing.B) {
		var name string
		r.measure(b, func() { name = r.copy(b) }, r.program, "prune", "COPY", "--uses", r.shelf.uses,
			"--keep-for", "30d", "--max-deleted", "60", "--cache", "none", "--yes")
		r.deleted(b, name)
	})
	r.tools(b, map[string]string{"crane": craneDeletes, "regctl": regctlDeletes}, func(b *testing.B, script, atOnce string) {
		b.Helper()
		var name string
		r.measure(b, func() { name = r.copy(b) }, "bash", "-c", "set -euo pipefail\n"+script, "-", "COPY", atOnce)
		r.deleted(b, name)
	})
}

// tools runs the scripts of those that are in PATH, one request after the other
// as they are mostly written, and eight at once.
func (r *rivals) tools(b *testing.B, scripts map[string]string, do func(b *testing.B, script, atOnce string)) {
	b.Helper()
	for _, tool := range []string{"crane", "regctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			continue
		}
		b.Run(tool, func(b *testing.B) { do(b, scripts[tool], "1") })
		b.Run(tool+"-8-at-once", func(b *testing.B) { do(b, scripts[tool], fmt.Sprint(concurrency)) })
	}
}

// measure runs a command; the word COPY in it is the copy of the repository
// that before made.
func (r *rivals) measure(b *testing.B, before func(), command ...string) (last usage) {
	b.Helper()
	var all []usage
	var n traffic
	for b.Loop() {
		before()
		program := slices.Clone(command)
		for i, word := range program {
			if word == "COPY" {
				program[i] = r.copied()
			}
		}
		n = r.gate.during(func() { last = execute(b, r.dir, r.environ, program...) })
		all = append(all, last)
	}
	reportUsage(b, all)
	reportTraffic(b, n)
	return last
}

func (r *rivals) copied() string { return fmt.Sprintf("%s/bench/copy%d", r.front.Addr, r.copies) }

// copy makes a repository to delete from.
func (r *rivals) copy(b *testing.B) string {
	b.Helper()
	r.copies++
	registrytest.Copy(b, r.host, onShelf, fmt.Sprint("bench/copy", r.copies))
	return r.copied()
}

// deleted makes sure that the old tags are gone, and the others are not.
func (r *rivals) deleted(b *testing.B, name string) {
	b.Helper()
	left := slices.DeleteFunc(list(b, name), ledger.IsOwn)
	assert.Len(b, left, fewVersions+1-fewOld)
	for _, tag := range r.old() {
		assert.NotContains(b, left, tag)
	}
}
