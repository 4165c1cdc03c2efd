package prune_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// model is a repository in a registry of one's choice.
type model struct {
	tagDelete, lastTagDeletes, listsUntagged, hasReferrers, datesTags bool

	now time.Time
	// refuse says that a request is not carried out: "delete v1", "put
	// basekeeper.trash-…"; nil refuses none.
	refuse func(what string) error
	// before is called before each request is carried out.
	before func(what string)
	// dangling are children that were deleted by hand: an index that names them
	// is taken all the same.
	dangling map[image.Digest]bool

	mu        sync.Mutex
	manifests map[image.Digest]stored
	tags      map[string]tagged
	blobs     map[image.Digest][]byte

	requests []string // what was asked
	dieAt    int      // the number of the request from which on nothing is answered; 0 for never
	dieLate  bool     // that one is still carried out
}

type stored struct {
	mediaType string
	body      []byte
	pushed    time.Time
}

type tagged struct {
	digest image.Digest
	since  time.Time
}

var errDead = errors.New("the process is dead")

func newModel(now time.Time) *model {
	return &model{
		tagDelete: true, hasReferrers: true, now: now,
		manifests: map[image.Digest]stored{}, tags: map[string]tagged{}, blobs: map[image.Digest][]byte{}, dangling: map[image.Digest]bool{},
	}
}

// copy returns a model with the same content, of which nothing was asked.
func (m *model) copy() *model {
	return &model{
		tagDelete: m.tagDelete, lastTagDeletes: m.lastTagDeletes, listsUntagged: m.listsUntagged,
		hasReferrers: m.hasReferrers, datesTags: m.datesTags, now: m.now, refuse: m.refuse, dangling: maps.Clone(m.dangling),
		manifests: maps.Clone(m.manifests), tags: maps.Clone(m.tags), blobs: maps.Clone(m.blobs),
	}
}

// ask is one request. What do does is the registry's side of it.
func (m *model) ask(ctx context.Context, what string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.before != nil {
		m.before(what)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, what)
	n := len(m.requests)
	dead := m.dieAt > 0 && n >= m.dieAt
	if dead && (!m.dieLate || n > m.dieAt) {
		return errDead
	}
	var err error
	if m.refuse != nil {
		err = m.refuse(what)
	}
	if err == nil {
		err = do()
	}
	if dead {
		return errDead
	}
	return err
}

func (m *model) List(ctx context.Context, _ image.Reference) (retention.Listing, error) {
	l := retention.Listing{TagDelete: m.tagDelete, LastTagDeletes: m.lastTagDeletes}
	err := m.ask(ctx, "list", func() error {
		used := map[image.Digest]bool{}
		for _, name := range slices.Sorted(maps.Keys(m.tags)) {
			t := retention.Tag{Name: name, Digest: m.tags[name].digest}
			if m.datesTags {
				t.Since = m.tags[name].since
			}
			used[t.Digest] = true
			l.Tags = append(l.Tags, t)
		}
		for _, digest := range slices.Sorted(maps.Keys(m.manifests)) {
			if m.listsUntagged && !used[digest] {
				l.Untagged = append(l.Untagged, retention.Untagged{Digest: digest, Pushed: m.manifests[digest].pushed})
			}
		}
		return nil
	})
	return l, err
}

func (m *model) Tags(ctx context.Context, _ image.Reference) (tags []string, err error) {
	err = m.ask(ctx, "tags", func() error {
		tags = slices.Sorted(maps.Keys(m.tags))
		return nil
	})
	return tags, err
}

func (m *model) DeleteTag(ctx context.Context, ref image.Reference) error {
	return m.ask(ctx, "delete "+ref.Tag, func() error {
		t, ok := m.tags[ref.Tag]
		if !m.tagDelete {
			return fmt.Errorf("%w: no such operation", image.ErrRefused)
		}
		if !ok {
			return nil
		}
		if m.lastTagDeletes && m.tagsOf(t.digest) == 1 {
			return m.remove(t.digest)
		}
		delete(m.tags, ref.Tag)
		return nil
	})
}

func (m *model) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return m.ask(ctx, "delete "+ref.Digest.String(), func() error { return m.remove(ref.Digest) })
}

func (m *model) tagsOf(digest image.Digest) int {
	n := 0
	for _, t := range m.tags {
		if t.digest == digest {
			n++
		}
	}
	return n
}

// remove deletes a manifest and all of its tags. One with lastTagDeletes
// behaves like ECR and refuses what an index names.
func (m *model) remove(digest image.Digest) error {
	if m.lastTagDeletes {
		for _, other := range m.manifests {
			c, _ := image.ParseContent(other.body)
			if slices.ContainsFunc(c.Manifests, func(d image.Descriptor) bool { return d.Digest == digest }) {
				return fmt.Errorf("%w: an index names it", image.ErrRefused)
			}
		}
	}
	delete(m.manifests, digest)
	maps.DeleteFunc(m.tags, func(_ string, t tagged) bool { return t.digest == digest })
	return nil
}

func (m *model) Manifest(ctx context.Context, ref image.Reference) (body []byte, d image.Descriptor, err error) {
	err = m.ask(ctx, "get "+ref.Digest.String(), func() error {
		body, d, err = m.get(ref.Digest)
		return err
	})
	return body, d, err
}

func (m *model) Fetch(ctx context.Context, ref image.Reference) (body []byte, d image.Descriptor, err error) {
	err = m.ask(ctx, "get "+ref.Tag, func() error {
		body, d, err = m.get(m.tags[ref.Tag].digest)
		return err
	})
	return body, d, err
}

func (m *model) get(digest image.Digest) ([]byte, image.Descriptor, error) {
	s, ok := m.manifests[digest]
	if !ok {
		return nil, image.Descriptor{}, image.ErrNotFound
	}
	return s.body, image.Descriptor{MediaType: s.mediaType, Digest: digest, Size: int64(len(s.body))}, nil
}

func (m *model) Resolve(ctx context.Context, ref image.Reference) (d image.Descriptor, err error) {
	err = m.ask(ctx, "head "+ref.Tag, func() error {
		_, d, err = m.get(m.tags[ref.Tag].digest)
		return err
	})
	return d, err
}

func (m *model) Exists(ctx context.Context, ref image.Reference) (is bool, err error) {
	err = m.ask(ctx, "head "+ref.Digest.String(), func() error {
		_, is = m.manifests[ref.Digest]
		return nil
	})
	return is, err
}

func (m *model) Referrers(ctx context.Context, ref image.Reference) (all []image.Descriptor, supported bool, err error) {
	err = m.ask(ctx, "referrers "+ref.Digest.String(), func() error {
		for _, digest := range slices.Sorted(maps.Keys(m.manifests)) {
			c, _ := image.ParseContent(m.manifests[digest].body)
			if m.hasReferrers && c.Subject != nil && c.Subject.Digest == ref.Digest {
				all = append(all, image.Descriptor{Digest: digest})
			}
		}
		return nil
	})
	return all, m.hasReferrers, err
}

func (m *model) Blob(ctx context.Context, ref image.Reference) (content []byte, err error) {
	err = m.ask(ctx, "blob "+ref.Digest.String(), func() error {
		var ok bool
		if content, ok = m.blobs[ref.Digest]; !ok {
			return image.ErrNotFound
		}
		return nil
	})
	return content, err
}

func (m *model) HasBlob(ctx context.Context, ref image.Reference) (is bool, err error) {
	err = m.ask(ctx, "head blob "+ref.Digest.String(), func() error {
		_, is = m.blobs[ref.Digest]
		return nil
	})
	return is, err
}

func (m *model) PutBlob(ctx context.Context, _ image.Reference, content []byte) (image.Digest, error) {
	digest := image.FromBytes(content)
	return digest, m.ask(ctx, "put blob "+digest.String(), func() error {
		m.blobs[digest] = bytes.Clone(content)
		return nil
	})
}

// PutManifest takes what is whole only, as distribution does.
func (m *model) PutManifest(ctx context.Context, ref image.Reference, mediaType string, body []byte) (image.Digest, error) {
	digest := image.FromBytes(body)
	what := ref.Tag
	if what == "" {
		what = digest.String()
	}
	return digest, m.ask(ctx, "put "+what, func() error {
		c, err := image.ParseContent(body)
		if err != nil {
			return err
		}
		for _, b := range c.Blobs() {
			if m.blobs[b.Digest] == nil {
				return fmt.Errorf("%w: blob %s is unknown", image.ErrRefused, b.Digest)
			}
		}
		for _, child := range c.Manifests {
			if _, ok := m.manifests[child.Digest]; !ok && !m.dangling[child.Digest] {
				return fmt.Errorf("%w: manifest %s is unknown", image.ErrRefused, child.Digest)
			}
		}
		m.put(ref.Tag, stored{mediaType, bytes.Clone(body), m.now})
		return nil
	})
}

func (m *model) put(tag string, s stored) {
	digest := image.FromBytes(s.body)
	if _, ok := m.manifests[digest]; !ok {
		m.manifests[digest] = s
	}
	if tag != "" {
		m.tags[tag] = tagged{digest, m.now}
	}
}

// collect removes the blobs that no manifest names, as a registry's garbage
// collection does.
func (m *model) collect() {
	named := map[image.Digest]bool{}
	for _, s := range m.manifests {
		c, _ := image.ParseContent(s.body)
		for _, b := range c.Blobs() {
			named[b.Digest] = true
		}
	}
	maps.DeleteFunc(m.blobs, func(digest image.Digest, _ []byte) bool { return !named[digest] })
}

// state is what people have in a repository, without what basekeeper keeps.
type state struct {
	Tags      map[string]image.Digest
	Manifests map[image.Digest]string // media types
	Blobs     []image.Digest          // that those name and that are there
}

func (m *model) state() state {
	s := state{Tags: map[string]image.Digest{}, Manifests: map[image.Digest]string{}}
	for name, t := range m.tags {
		if !ledger.IsOwn(name) {
			s.Tags[name] = t.digest
		}
	}
	blobs := map[image.Digest]bool{}
	for digest, one := range m.manifests {
		c, _ := image.ParseContent(one.body)
		if len(c.ArtifactType) > 0 && bytes.Contains([]byte(c.ArtifactType), []byte("basekeeper")) {
			continue
		}
		s.Manifests[digest] = one.mediaType
		for _, b := range c.Blobs() {
			if m.blobs[b.Digest] != nil {
				blobs[b.Digest] = true
			}
		}
	}
	s.Blobs = slices.Sorted(maps.Keys(blobs))
	return s
}
