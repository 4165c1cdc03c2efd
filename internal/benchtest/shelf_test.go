package benchtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// shelf is a repository of versions that were retired from latest: v1, v2 and
// so on, two of them on one digest each. The older ones are old enough to go.
// One digest in ten is an index of two images that have no tag. Some of the old
// ones are pinned by Dockerfiles.
type shelf struct {
	name     string         // with the host
	digests  []image.Digest // of versions; the last is latest's
	versions int            // their tags
	old      int            // of these, the first ones
	uses     string         // the folder of the Dockerfiles
}

const (
	onShelf = "bench/app" // the repository

	each     = 2  // tags on a digest
	indexed  = 10 // one digest in so many is an index
	pinned   = 20 // digests that Dockerfiles name
	longAgo  = 40 * 24 * time.Hour
	recently = 5 * 24 * time.Hour
)

// onDisk is a shelf in a registry that is a process, asked through front.
func onDisk(t testing.TB, host, front registrytest.Host, versions, old int) *shelf {
	t.Helper()
	return newShelf(t, front.Addr+"/"+onShelf, registrytest.FilesOf(t, host, onShelf), versions, old)
}

// inMemory is a shelf in any registry.
func inMemory(t testing.TB, host registrytest.Host, versions, old int) *shelf {
	t.Helper()
	return newShelf(t, host.Addr+"/"+onShelf, newPusher(t, host), versions, old)
}

// newShelf fills a repository with so many versions, and a ledger that knows
// them.
func newShelf(t testing.TB, name string, into store, versions, old int) *shelf {
	t.Helper()
	require.Zero(t, versions%each+old%each)
	s := &shelf{name: name, versions: versions, old: old, uses: t.TempDir()}
	s.digests = make([]image.Digest, versions/each+1)
	p := &packer{into: into}
	require.NoError(t, p.configs(s))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i := range s.digests {
		group.Go(func() error { return s.push(p, i) })
	}
	require.NoError(t, group.Wait())
	s.writeLedger(t)
	s.pin(t)
	return s
}

// tagsOf returns the tags of a digest.
func (s *shelf) tagsOf(i int) []string {
	if i == len(s.digests)-1 {
		return []string{image.LatestTag}
	}
	var all []string
	for n := range each {
		all = append(all, version(each*i+n))
	}
	return all
}

func version(i int) string { return fmt.Sprint("v", i+1) }

func (s *shelf) push(p *packer, i int) error {
	body := p.image(i, "")
	if i%indexed == 0 {
		var children []string
		for _, platform := range []string{"amd64", "arm64"} {
			child := p.image(i, platform)
			if err := p.into.Manifest(child); err != nil {
				return err
			}
			children = append(children, fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d,"platform":{"os":"linux","architecture":%q}}`,
				image.MediaTypeOCIManifest, image.FromBytes(child), len(child), platform))
		}
		body = fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, image.MediaTypeOCIIndex, strings.Join(children, ","))
	}
	s.digests[i] = image.FromBytes(body)
	return p.into.Manifest(body, s.tagsOf(i)...)
}

// writeLedger writes when the versions were retired.
func (s *shelf) writeLedger(t testing.TB) {
	t.Helper()
	template, err := ledger.ParseTemplate(ledger.DefaultTemplate)
	require.NoError(t, err)
	l := ledger.Ledger{}.UseNumber(template.String(), s.versions)
	for i := range s.versions {
		l.Records = append(l.Records, ledger.Record{
			Tag: version(i), From: image.LatestTag, Digest: s.digests[i/each], At: s.retired(i), By: fmt.Sprintf("acme/app#%d", i),
		})
	}
	slices.SortFunc(l.Records, func(a, b ledger.Record) int { return cmp.Compare(a.Tag, b.Tag) })
	client, err := registry.New(registry.Options{})
	require.NoError(t, err)
	defer client.Close()
	ref, err := image.ParseReference(s.name)
	require.NoError(t, err)
	require.NoError(t, artifact.Store{Registry: client.With(registry.Push)}.WriteLedger(t.Context(), ref, l))
}

// retired says since when a version is; it was built then too.
func (s *shelf) retired(i int) time.Time {
	age := recently
	if i < s.old {
		age = longAgo
	}
	return time.Now().UTC().Add(time.Duration(i)*time.Second - age).Truncate(time.Second)
}

// pin writes Dockerfiles that name old versions.
func (s *shelf) pin(t testing.TB) {
	t.Helper()
	for i := range s.pins() {
		content := fmt.Sprintf("FROM %s@%s\n", s.name, s.digests[i])
		dir := filepath.Join(s.uses, fmt.Sprint("app", i))
		require.NoError(t, os.Mkdir(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(s.uses, "Dockerfile"), []byte("FROM scratch\n"), 0o600))
}

// pins are how many digests are in use. A small shelf has none: what it is
// compared with does not ask.
func (s *shelf) pins() int {
	if s.large() {
		return pinned
	}
	return 0
}

func (s *shelf) large() bool { return s.versions >= 1000 }

// due is how many tags may go.
func (s *shelf) due() int { return s.old - each*s.pins() }

// verdict is how the program sums up what it would do. It does not show its own
// tag.
func (s *shelf) verdict() string {
	return fmt.Sprintf("%d of %d tags to delete in 1 repository.", s.due(), s.all()-1)
}

// all is how many tags there are, the ledger's included.
func (s *shelf) all() int { return s.versions + 2 }

// prune returns the command that decides.
func (s *shelf) prune(cache string) []string {
	return []string{"prune", s.name, "--uses", s.uses, "--keep-for", "30d", "--keep-last", "3", "--max-deleted", "60", "--cache", cache}
}

// list returns the tags that a repository has now, at most a page of them.
func list(t testing.TB, name string) []string {
	t.Helper()
	host, repository, _ := strings.Cut(name, "/")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v2/"+repository+"/tags/list?n=1000", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var said struct{ Tags []string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&said))
	return said.Tags
}
