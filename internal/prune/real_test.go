package prune_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// registries starts those that the tests run on, by name.
var registries = map[string]struct {
	start    func(t *testing.T) registrytest.Host
	collects bool // has a garbage collector
}{
	"memory":           {func(t *testing.T) registrytest.Host { return registrytest.StartMemory(t) }, false},
	"distribution":     {func(t *testing.T) registrytest.Host { return registrytest.StartV3(t) }, true},
	"distribution 2.8": {func(t *testing.T) registrytest.Host { return registrytest.StartV2(t) }, true},
}

// real is a repository in a real registry.
type real struct {
	t      *testing.T
	client *registry.Client
	ref    image.Reference

	mu       sync.Mutex
	requests []string
}

// RoundTrip notes what is asked.
func (r *real) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.requests = append(r.requests, req.Method+" "+strings.TrimPrefix(req.URL.Path, "/v2/acme/app/"))
	r.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// asked returns how many requests there were since the last time.
func (r *real) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.requests)
	r.requests = nil
	return n
}

func openReal(t *testing.T, host registrytest.Host) *real {
	r := &real{t: t, ref: image.Reference{Registry: host.Addr, Repository: "acme/app"}}
	base, err := registry.New(registry.Options{Transport: r, Retries: -1, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	require.NoError(t, err)
	t.Cleanup(base.Close)
	r.client = base.With(registry.Delete)
	return r
}

func (r *real) flow() prune.Flow {
	return prune.Flow{Lister: r.client, Deleter: r.client, Content: r.client, Store: artifact.Store{Registry: r.client}, Now: now}
}

func (r *real) blob(content string) object {
	digest, err := r.client.PutBlob(r.t.Context(), r.ref, []byte(content))
	require.NoError(r.t, err)
	return object{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": len(content)}
}

func (r *real) push(tag, mediaType string, content object) image.Descriptor {
	content["mediaType"], content["schemaVersion"] = mediaType, 2
	body, err := json.Marshal(content)
	require.NoError(r.t, err)
	ref := r.ref.Tagged(tag)
	if tag == "" {
		ref = r.ref.Pinned(image.FromBytes(body))
	}
	digest, err := r.client.PutManifest(r.t.Context(), ref, mediaType, body)
	require.NoError(r.t, err)
	return image.Descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(body))}
}

func (r *real) image(tag, name string, layers ...string) image.Descriptor {
	config := r.blob(`{"architecture":"amd64","os":"linux","author":"` + name + `"}`)
	config["mediaType"] = "application/vnd.oci.image.config.v1+json"
	all := []object{r.blob("layer of " + name)}
	for _, l := range layers {
		all = append(all, r.blob(l))
	}
	return r.push(tag, image.MediaTypeOCIManifest, object{"config": config, "layers": all})
}

func (r *real) index(tag string, children ...image.Descriptor) image.Descriptor {
	return r.push(tag, image.MediaTypeOCIIndex, object{"manifests": children})
}

func (r *real) retag(tag string, d image.Descriptor) {
	body, _, err := r.client.Manifest(r.t.Context(), r.ref.Pinned(d.Digest))
	require.NoError(r.t, err)
	_, err = r.client.PutManifest(r.t.Context(), r.ref.Tagged(tag), d.MediaType, body)
	require.NoError(r.t, err)
}

// pulls reads everything that a tag has: configuration, layers, children.
func (r *real) pulls(tag string, want image.Digest) {
	d, err := r.client.Resolve(r.t.Context(), r.ref.Tagged(tag))
	require.NoError(r.t, err, tag)
	require.Equal(r.t, want, d.Digest, tag)
	r.whole(d.Digest)
}

func (r *real) whole(digest image.Digest) {
	body, _, err := r.client.Manifest(r.t.Context(), r.ref.Pinned(digest))
	require.NoError(r.t, err)
	content, err := image.ParseContent(body)
	require.NoError(r.t, err)
	for _, b := range content.Blobs() {
		_, err := r.client.Blob(r.t.Context(), r.ref.Pinned(b.Digest))
		require.NoError(r.t, err, "blob of %s", digest)
	}
	for _, child := range content.Manifests {
		r.whole(child.Digest)
	}
}

// tags returns the tags that are not basekeeper's own.
func (r *real) tags() []string {
	all, err := r.client.Tags(r.t.Context(), r.ref)
	require.NoError(r.t, err)
	return slices.DeleteFunc(all, ledger.IsOwn)
}

func TestRealRegistries(t *testing.T) {
	for name, reg := range registries {
		t.Run(name, func(t *testing.T) {
			host := reg.start(t)
			r := openReal(t, host)
			collect := func() {
				if reg.collects {
					registrytest.GarbageCollect(t, host)
				}
			}
			shared, old := r.image("", "shared", "base"), r.image("", "old arm", "base")
			had := map[string]image.Digest{
				"v1": r.index("v1", shared, old).Digest, "v3": r.index("v3", shared).Digest, "latest": r.image("latest", "latest", "base").Digest,
			}
			v2 := r.image("v2", "v2", "base")
			r.retag("also-v2", v2)
			had["v2"], had["also-v2"] = v2.Digest, v2.Digest
			had[companion(had["v1"])] = r.image(companion(had["v1"]), "signature").Digest
			store := artifact.Store{Registry: r.client}
			_, err := store.UpdateLedger(t.Context(), r.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
				for tag, n := range map[string]int{"v1": 41, "v2": 40, "v3": 2} {
					l = l.With(ledger.Record{Tag: tag, From: "latest", Digest: had[tag], At: now.Add(-time.Duration(n) * day)})
				}
				return l, nil
			})
			require.NoError(t, err)
			collect()

			to := target()
			to.Image = r.ref
			p, err := r.flow().Plan(t.Context(), []prune.Target{to})
			require.NoError(t, err)
			require.Empty(t, p.Repositories[0].Problem)
			tagDelete := name != "distribution 2.8"
			assert.Equal(t, tagDelete, p.Repositories[0].TagDelete)
			out := r.flow().Apply(t.Context(), p)[0]
			require.NoError(t, out.Err)
			assert.Empty(t, out.Skipped)
			collect()
			kept := []string{"also-v2", "latest", "v3"}
			if !tagDelete {
				kept = []string{"also-v2", "latest", "v2", "v3"}
			}
			assert.Equal(t, kept, r.tags())
			for _, tag := range kept {
				r.pulls(tag, had[tag])
			}
			there, err := r.client.Exists(t.Context(), r.ref.Pinned(old.Digest))
			require.NoError(t, err)
			assert.False(t, there, "a child of nothing that is kept")

			again, err := r.flow().Plan(t.Context(), []prune.Target{to})
			require.NoError(t, err)
			assert.True(t, again.Empty())

			for again := range 2 {
				r.asked()
				restored, err := r.flow().Restore(t.Context(), r.ref, prune.Selection{All: true})
				require.NoError(t, err)
				for _, one := range restored {
					require.NoError(t, one.Err)
				}
				puts := slices.ContainsFunc(r.requests, func(what string) bool { return strings.HasPrefix(what, "PUT ") })
				assert.Equal(t, again == 0, puts, "the second time there is nothing to do")
				collect()
				assert.Len(t, r.tags(), len(had))
				for tag, digest := range had {
					r.pulls(tag, digest)
				}
			}
		})
	}
}

// The figures: tag pages and one HEAD a tag, and cold one GET a digest.
func TestRequests(t *testing.T) {
	r := openReal(t, registrytest.StartMemory(t))
	const digests, tagsEach = 30, 2
	records := map[string]image.Digest{}
	for i := range digests {
		d := r.image(fmt.Sprint("v", i), fmt.Sprint("image ", i))
		r.retag(fmt.Sprint("other-", i), d)
		records[fmt.Sprint("v", i)] = d.Digest
	}
	_, err := artifact.Store{Registry: r.client}.UpdateLedger(t.Context(), r.ref, func(l ledger.Ledger) (ledger.Ledger, error) {
		for tag, digest := range records {
			l = l.With(ledger.Record{Tag: tag, From: "latest", Digest: digest, At: now.Add(-40 * day)})
		}
		return l, nil
	})
	require.NoError(t, err)
	to := target()
	to.Image = r.ref
	flow := r.flow()
	_, err = r.client.List(t.Context(), r.ref) // finds out once how tags are deleted
	require.NoError(t, err)
	flow.Memory = &memory{known: map[image.Digest]retention.Manifest{}}
	const pages, ledgers, heads = 1, 2, digests*tagsEach + 1
	for i, most := range []int{pages + ledgers + heads + digests, pages + ledgers + heads} {
		r.asked()
		p, err := flow.Plan(t.Context(), []prune.Target{to})
		require.NoError(t, err)
		assert.Len(t, p.Repositories[0].Tags, digests)
		assert.LessOrEqual(t, r.asked(), most, "run %d", i)
	}
}
