package benchtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// script is what people write: it asks crane for every image that is pinned,
// and edits with sed.
const script = `set -euo pipefail
grep -rhoE --include=Dockerfile '[a-z0-9./:_-]+@sha256:[0-9a-f]{64}' . | sort -u | while read -r ref; do
  image=${ref%@*}
  digest=$(crane digest "$image")
  [ "$image@$digest" = "$ref" ] ||
    grep -rlF --include=Dockerfile -- "$ref" . | xargs sed -i "s|$ref|$image@$digest|g"
done
`

// BenchmarkSideBySide brings the same 1,000 files up to date in several ways,
// each with nothing remembered from before. "right-files" are those that are,
// byte for byte, what they should be. What is not in PATH is left out.
func BenchmarkSideBySide(b *testing.B) {
	w := memory(b)
	tr := newTree(b, w.host, files, w.before)
	side := func(name string, environ []string, command ...string) {
		b.Run(name, func(b *testing.B) {
			require.NotEmpty(b, command)
			compare(b, w, tr, environ, command...)
			b.ReportMetric(float64(tr.right(b, w.before, w.now)), "right-files")
		})
	}
	side("basekeeper", nil, build(b), "bump")
	if _, err := exec.LookPath("crane"); err == nil {
		side("crane-sed", nil, "bash", "-c", script)
	}
	if _, err := exec.LookPath("renovate"); err == nil {
		b.Run("renovate-lookup", func(b *testing.B) { renovate(b, w, tr) })
	}
}

// compare runs a command on the tree, as it was before each time.
func compare(b *testing.B, w *world, tr tree, environ []string, command ...string) (last usage) {
	b.Helper()
	var all []usage
	for b.Loop() {
		tr.write(b, w.before)
		w.forget()
		all = append(all, execute(b, tr.dir, environ, command...))
	}
	reportUsage(b, all)
	reportRequests(b, w)
	b.ReportMetric(float64(w.asked().total()), "requests")
	return all[len(all)-1]
}

// renovate only looks up: on local files it can do no more. "right-pins" are
// the references for which it names the digest that the tag points at now;
// "wrong-pins" are those that are no image of the build.
func renovate(b *testing.B, w *world, tr tree) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "config.json")
	config, err := json.Marshal(map[string]any{
		"enabledManagers": []string{"dockerfile"}, "onboarding": false, "requireConfig": "optional",
		"hostRules": []map[string]any{{"hostType": "docker", "matchHost": w.host, "insecureRegistry": true}},
	})
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(path, config, 0o600))
	got := compare(b, w, tr, []string{
		"RENOVATE_CONFIG_FILE=" + path, "RENOVATE_BASE_DIR=" + b.TempDir(), "LOG_LEVEL=debug", "LOG_FORMAT=json",
	}, "renovate", "--platform=local", "--dry-run=lookup")
	found := lookedUp(b, got.Output)
	right, wrong := 0, 0
	for i := range files {
		seen := map[string]bool{} // an ARG that serves two stages is looked up for each
		for _, dep := range found[relative(b, tr, i)] {
			switch {
			case len(dep.Updates) != 1 || !dep.points(w):
			case seen[dep.key()] && i%10 == 1:
				wrong++ // the copy in the script
			case !seen[dep.key()]:
				right++
			}
			seen[dep.key()] = true
		}
	}
	b.ReportMetric(float64(right), "right-pins")
	b.ReportMetric(float64(wrong), "wrong-pins")
}

// dependency is what Renovate says of a reference.
type dependency struct {
	DepName, CurrentValue string
	Updates               []struct{ NewDigest image.Digest }
}

func (d dependency) key() string { return d.DepName + ":" + d.CurrentValue }

// points reports whether the new digest is the one that the tag points at.
func (d dependency) points(w *world) bool {
	for i, digest := range w.now {
		repository, tag := place(i)
		if d.key() == fmt.Sprintf("%s/%s:%s", w.host, repository, tag) {
			return d.Updates[0].NewDigest == digest
		}
	}
	return false
}

// lookedUp reads Renovate's log.
func lookedUp(b *testing.B, log []byte) map[string][]dependency {
	b.Helper()
	found := map[string][]dependency{}
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, len(log)+1)
	for lines.Scan() {
		var line struct {
			Msg    string
			Config struct {
				Dockerfile []struct {
					PackageFile string
					Deps        []dependency
				}
			}
		}
		if !bytes.Contains(lines.Bytes(), []byte(`"packageFiles with updates"`)) {
			continue
		}
		require.NoError(b, json.Unmarshal(lines.Bytes(), &line))
		for _, f := range line.Config.Dockerfile {
			found[f.PackageFile] = f.Deps
		}
	}
	require.NotEmpty(b, found, "Renovate's log says nothing about Dockerfiles: %.2000s", log)
	return found
}

func relative(b *testing.B, tr tree, i int) string {
	b.Helper()
	rel, err := filepath.Rel(tr.dir, tr.path(i))
	require.NoError(b, err)
	return rel
}
