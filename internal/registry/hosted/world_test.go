package hosted_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

const (
	user   = "robot"
	secret = "s3cr3t-t0ken"
)

var epoch = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func digest(i int) image.Digest { return image.FromBytes([]byte(strconv.Itoa(i))) }

// tagged is what a tag of the world is on, since when.
type tagged struct {
	digest image.Digest
	since  time.Time
}

// world is one repository, which the stub servers show in their own ways.
type world struct {
	mu       sync.Mutex
	tags     map[string]tagged
	digests  map[image.Digest]time.Time // pushed
	hidden   map[string]bool            // tags that the lists leave out
	fault    func(w http.ResponseWriter, r *http.Request) bool
	tagsErr  error  // of the OCI API's list
	onTags   func() // called before it
	refusal  string // why deletes are refused; each stub has its own
	requests []string
	deleted  []string // by the OCI API
	slept    []time.Duration
}

func newWorld() *world {
	return &world{tags: map[string]tagged{}, digests: map[image.Digest]time.Time{}, hidden: map[string]bool{}}
}

// fill makes tags, two to a digest, and digests without a tag.
func (w *world) fill(tags, untagged int) {
	for i := range tags {
		w.tag(fmt.Sprintf("v%04d", i), i/2)
	}
	for i := range untagged {
		w.digests[digest(-1-i)] = epoch.Add(-time.Duration(i) * time.Hour)
	}
}

func (w *world) tag(name string, i int) {
	w.digests[digest(i)] = epoch.Add(-time.Duration(i) * time.Hour)
	w.tags[name] = tagged{digest(i), epoch.Add(time.Duration(len(w.tags)) * time.Minute)}
}

// names are the tags that the lists show, in order.
func (w *world) names() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.tags)) {
		if !w.hidden[name] {
			names = append(names, name)
		}
	}
	return names
}

// tagsOf are the names of a digest's tags.
func (w *world) tagsOf(d image.Digest) []string {
	names := []string{}
	for name, t := range w.tags {
		if t.digest == d && !w.hidden[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (w *world) sortedDigests() []image.Digest { return slices.Sorted(maps.Keys(w.digests)) }

func (w *world) remove(d image.Digest) bool {
	_, there := w.digests[d]
	delete(w.digests, d)
	maps.DeleteFunc(w.tags, func(_ string, t tagged) bool { return t.digest == d })
	return there
}

// removeTag takes a tag away, and its digest with the last one if last says so.
func (w *world) removeTag(name string, last bool) bool {
	t, there := w.tags[name]
	delete(w.tags, name)
	if there && last && len(w.tagsOf(t.digest)) == 0 {
		delete(w.digests, t.digest)
	}
	return there
}

// handler is a stub server with the world's faults and records before it.
func (w *world) handler(stub http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, r.Method+" "+r.URL.RequestURI())
		if w.fault != nil && w.fault(rw, r) {
			return
		}
		stub(rw, r)
	})
}

// asked counts the requests.
func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

// Tags and its like are the OCI API, on the same world.
func (w *world) Tags(_ context.Context, ref image.Reference) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ref.Tag != "" || ref.Digest != "" {
		return nil, fmt.Errorf("tags of %s", ref)
	}
	if w.onTags != nil {
		w.onTags()
	}
	if w.tagsErr != nil {
		return nil, w.tagsErr
	}
	if len(w.tags) == 0 {
		return nil, image.ErrNotFound
	}
	return slices.Sorted(maps.Keys(w.tags)), nil
}

func (w *world) Resolve(_ context.Context, ref image.Reference) (image.Descriptor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, there := w.tags[ref.Tag]
	if !there {
		return image.Descriptor{}, image.ErrNotFound
	}
	return image.Descriptor{Digest: t.digest}, nil
}

func (w *world) Exists(_ context.Context, ref image.Reference) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, there := w.digests[ref.Digest]
	return there, nil
}

func (w *world) DeleteTag(_ context.Context, ref image.Reference) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted = append(w.deleted, ref.Tag)
	w.removeTag(ref.Tag, false)
	return nil
}

func (w *world) DeleteManifest(_ context.Context, ref image.Reference) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusal != "" {
		return fmt.Errorf("delete: it answers HTTP 400 %s", w.refusal)
	}
	w.deleted = append(w.deleted, string(ref.Digest))
	w.remove(ref.Digest)
	return nil
}

// sleep is a clock that does not wait.
func (w *world) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slept = append(w.slept, d)
	return ctx.Err()
}

// client starts a stub server, and a client that talks to it.
func (w *world) client(t *testing.T, s stub) hosted.Registry {
	t.Helper()
	h := w.handler(s.serve(w))
	if s.watch != nil {
		h = s.watch(t, h)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	opts := hosted.Options{
		Registry: s.ref.Registry, Host: server.URL + s.prefix, OCI: w,
		Sleep: w.sleep, Now: func() time.Time { return epoch },
	}
	s.options(&opts)
	if s.family == hosted.ECR {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		t.Setenv("AWS_CONFIG_FILE", "/dev/null")
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	}
	r, err := hosted.New(s.family, opts)
	require.NoError(t, err)
	return r
}

// answerJSON answers a value.
func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// refuse answers an error, with words that must not be repeated.
func refuse(w http.ResponseWriter, status int, message string) {
	answerJSON(w, status, map[string]string{"message": message + " <script> " + secret})
}

// window returns a page of a list, by number, and whether there is another.
func window[T any](all []T, r *http.Request, size string) (page []T, n int, more bool) {
	n, _ = strconv.Atoi(r.URL.Query().Get("page"))
	per, _ := strconv.Atoi(r.URL.Query().Get(size))
	if n < 1 {
		n = 1
	}
	if per < 1 || per > 100 {
		per = 10
	}
	from, to := min((n-1)*per, len(all)), min(n*per, len(all))
	return all[from:to], n, to < len(all)
}
