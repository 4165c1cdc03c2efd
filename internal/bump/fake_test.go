package bump_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func digest(s string) image.Digest { return image.FromBytes([]byte(s)) }

// fakeRegistry is maps: what tags point at, what digests hold.
type fakeRegistry struct {
	tags     map[string]image.Descriptor // by repository:tag
	content  map[image.Digest][]byte
	platform map[image.Digest]image.Platform
	errs     map[string]error // by repository:tag or repository@digest

	mu    sync.Mutex
	asked map[string]int // requests, as "resolve app:1"
}

func newFake() *fakeRegistry {
	return &fakeRegistry{
		tags: map[string]image.Descriptor{}, content: map[image.Digest][]byte{}, platform: map[image.Digest]image.Platform{},
		errs: map[string]error{}, asked: map[string]int{},
	}
}

// push makes ref's tag point at an index with one image for each platform, or
// at a single image where none is given.
func (f *fakeRegistry) push(ref, layer string, platforms ...string) image.Digest {
	body, mediaType := fmt.Sprintf(`{"layer":%q}`, layer), image.MediaTypeOCIManifest
	if len(platforms) > 0 {
		mediaType = image.MediaTypeOCIIndex
		entries := make([]string, len(platforms))
		for i, name := range platforms {
			p, err := image.ParsePlatform(name)
			if err != nil {
				panic(err)
			}
			child := digest(layer + name)
			f.content[child] = []byte(layer + name)
			f.platform[child] = p
			entries[i] = fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":1,"platform":{"os":%q,"architecture":%q}}`,
				image.MediaTypeOCIManifest, child, p.OS, p.Architecture)
		}
		body = `{"manifests":[` + strings.Join(entries, ",") + `]}`
	}
	d := image.FromBytes([]byte(body))
	f.content[d] = []byte(body)
	f.tags[ref] = image.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(body))}
	return d
}

func (f *fakeRegistry) note(verb, what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[verb+" "+what]++
	return f.errs[what]
}

// count returns how many requests of a kind there were, and how many different.
func (f *fakeRegistry) count(verb string) (all, different int) {
	for what, n := range f.asked {
		if strings.HasPrefix(what, verb+" ") {
			all += n
			different++
		}
	}
	return all, different
}

func (f *fakeRegistry) Resolve(_ context.Context, ref image.Reference) (image.Descriptor, error) {
	name := ref.Repository + ":" + ref.Tag
	if err := f.note("resolve", name); err != nil {
		return image.Descriptor{}, err
	}
	if d, ok := f.tags[name]; ok {
		return d, nil
	}
	return image.Descriptor{}, image.ErrNotFound
}

func (f *fakeRegistry) Manifest(_ context.Context, ref image.Reference) ([]byte, image.Descriptor, error) {
	name := ref.Repository + "@" + string(ref.Digest)
	if err := f.note("manifest", name); err != nil {
		return nil, image.Descriptor{}, err
	}
	body, ok := f.content[ref.Digest]
	if !ok {
		return nil, image.Descriptor{}, image.ErrNotFound
	}
	mediaType := image.MediaTypeOCIManifest
	if strings.HasPrefix(string(body), `{"manifests"`) {
		mediaType = image.MediaTypeOCIIndex
	}
	return body, image.Descriptor{MediaType: mediaType, Digest: ref.Digest, Size: int64(len(body))}, nil
}

func (f *fakeRegistry) Exists(_ context.Context, ref image.Reference) (bool, error) {
	if err := f.note("exists", ref.Repository+"@"+string(ref.Digest)); err != nil {
		return false, err
	}
	_, ok := f.content[ref.Digest]
	return ok, nil
}

func (f *fakeRegistry) Platform(_ context.Context, _ []byte, ref image.Reference) (image.Platform, error) {
	if err := f.note("platform", ref.Repository+"@"+string(ref.Digest)); err != nil {
		return image.Platform{}, err
	}
	if p, ok := f.platform[ref.Digest]; ok {
		return p, nil
	}
	return image.Platform{}, image.ErrNotFound
}

// fakeTree is a repository's files.
type fakeTree struct {
	files  map[string]string
	broken map[string]error // files that cannot be read
	fail   error            // of writing
	writes []string
}

func (f *fakeTree) Files(_ context.Context, fn func(forge.File) error) error {
	for _, path := range slices.Sorted(maps.Keys(f.files)) {
		file := forge.File{Path: path, Content: []byte(f.files[path]), Blob: forge.BlobID([]byte(f.files[path]))}
		if err := f.broken[path]; err != nil {
			file = forge.File{Path: path, Err: err}
		}
		if err := fn(file); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeTree) Read(path string) ([]byte, error) {
	if err := f.broken[path]; err != nil {
		return nil, err
	}
	content, ok := f.files[path]
	if !ok {
		return nil, fmt.Errorf("read %s: %w", path, fs.ErrNotExist)
	}
	return []byte(content), nil
}

func (f *fakeTree) Write(_ context.Context, changes []forge.Change) error {
	if f.fail != nil {
		return f.fail
	}
	for _, c := range changes {
		if forge.BlobID([]byte(f.files[c.Path])) != c.Blob {
			return fmt.Errorf("%s is not what the change expects", c.Path)
		}
		f.files[c.Path] = string(c.Content)
		f.writes = append(f.writes, c.Path)
	}
	return nil
}

// repository is a repository with files, given as path and content in turn.
func repository(name string, pairs ...string) (bump.Repository, *fakeTree) {
	tree := &fakeTree{files: map[string]string{}, broken: map[string]error{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		tree.files[pairs[i]] = pairs[i+1]
	}
	return bump.Repository{Name: name, Tree: tree, Policy: func(image.Reference) config.Policy {
		return config.Policy{Untagged: config.UntaggedHold}
	}}, tree
}

// memory is a cache that is never saved.
func memory(t require.TestingT) *cache.Cache {
	c, err := cache.Open("", now)
	require.NoError(t, err)
	return c
}

func flow(t testing.TB, registry bump.Registries) bump.Flow {
	t.Helper()
	return bump.Flow{Registry: registry, Cache: memory(t), Now: now}
}
