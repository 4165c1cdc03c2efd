package cache

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

const (
	version = 1
	maxSize = 64 << 20 // bytes of the file
)

// document is the file, version 1. Maps are written in the order of their
// keys, so that equal caches are equal files.
type document struct {
	Version   int                         `json:"version"`
	Tags      map[string]*tag             `json:"tags"`
	Manifests map[image.Digest]*manifest  `json:"manifests"`
	Relations map[image.Digest]*relations `json:"relations,omitempty"`
	Sights    map[string]*sight           `json:"sights,omitempty"`
	Followed  map[string]time.Time        `json:"followed,omitempty"`
	Heads     map[string]*head            `json:"heads,omitempty"`
}

// contents is what a file holds after its entries have been checked.
type contents struct {
	tags      map[string]*tag
	manifests map[image.Digest]*manifest
	relations map[image.Digest]*relations
	sights    map[string]*sight
	followed  map[string]time.Time
	heads     map[string]*head
	refs      *references // of the heads
}

// damageError reports a file that is there but of no use.
type damageError struct{ cause error }

func (e *damageError) Error() string { return e.cause.Error() }
func (e *damageError) Unwrap() error { return e.cause }

// decode reads a file's bytes. Entries that are not well-formed are dropped.
// Every error is a [*damageError]; a later version is errLater.
func decode(content []byte) (contents, error) {
	var doc document
	if err := json.Unmarshal(content, &doc); err != nil || doc.Version != version {
		return contents{}, &damageError{damage(content, err)}
	}
	return checked(doc), nil
}

// damage says why a file is of no use; err is what its parser said, if anything.
// A later version counts before that: what is in it need not be as ours.
func damage(content []byte, err error) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return fmt.Errorf("parse cache: %w", err)
	}
	switch {
	case head.Version > version:
		return fmt.Errorf("version %d: %w", head.Version, errLater)
	case head.Version < version:
		return errors.New("parse cache: no version in it")
	}
	return fmt.Errorf("parse cache: %w", err)
}

// checked keeps the entries that are well-formed.
func checked(doc document) contents {
	c := contents{
		tags: map[string]*tag{}, manifests: map[image.Digest]*manifest{}, heads: map[string]*head{}, refs: newReferences(),
		relations: checkedRelations(doc.Relations), sights: checkedSights(doc.Sights), followed: doc.Followed,
	}
	if c.followed == nil {
		c.followed = map[string]time.Time{}
	}
	for key, t := range doc.Tags {
		if t == nil || !validKey(key) {
			continue
		}
		good := &tag{Used: t.Used}
		for _, s := range t.Seen {
			if valid(s.Digest) && !s.FirstSeen.IsZero() {
				good.add(Sighting{Digest: s.Digest, FirstSeen: s.FirstSeen.UTC()})
			}
		}
		good.bound(maxHistory)
		if len(good.Seen) > 0 {
			c.tags[key] = good
		}
	}
	for digest, m := range doc.Manifests {
		if m == nil || !valid(digest) || m.MediaType == "" {
			continue
		}
		if !slices.ContainsFunc(m.Platforms, func(d image.Descriptor) bool { return !valid(d.Digest) }) {
			c.manifests[digest] = m
		}
	}
	for key, h := range doc.Heads {
		if h == nil || h.Commit == "" {
			continue
		}
		if h.tidy(c.refs) {
			c.heads[key] = h
		}
	}
	return c
}

func valid(d image.Digest) bool {
	_, err := image.ParseDigest(string(d))
	return err == nil
}

func validKey(key string) bool {
	ref, err := image.ParseReference(key)
	return err == nil && ref.Tag != "" && ref.Digest == "" && ref.String() == key
}

// document returns what is to be written, and the hash of its bytes. Where they
// would be too many to be read again, what is easiest to learn again goes first.
func (c *Cache) document() (document, sum, error) {
	doc := document{Version: version, Tags: c.tags, Manifests: c.manifests, Relations: c.relations, Sights: c.sights, Followed: c.followed, Heads: c.heads}
	shorten := []func(){
		func() {},
		func() { doc.Heads = nil },
		func() { doc.Relations = nil },
		func() { doc.Manifests, doc.Tags = nil, bounded(c.tags, maxHistory) },
		func() { doc.Tags = bounded(c.tags, 10) },
		func() { doc.Tags = bounded(c.tags, 1) },
	}
	var of sum
	for _, next := range shorten {
		next()
		m := &meter{hash: sha256.New()}
		if err := doc.write(m); err != nil {
			return doc, of, err
		}
		of = sum(m.hash.Sum(nil))
		if m.size <= maxSize {
			break
		}
	}
	return doc, of, nil
}

// meter is a writer that keeps only how much was written, and its hash.
type meter struct {
	hash hash.Hash
	size int
}

func (m *meter) Write(p []byte) (int, error) {
	m.size += len(p)
	return m.hash.Write(p)
}

// write writes the file entry by entry: in one piece, it would be the largest
// thing in memory.
func (d document) write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `{"version":%d,"tags":`, d.Version)
	err := writeMap(out, d.Tags)
	fmt.Fprint(out, `,"manifests":`)
	err = errors.Join(err, writeMap(out, d.Manifests))
	if len(d.Relations) > 0 {
		fmt.Fprint(out, `,"relations":`)
		err = errors.Join(err, writeMap(out, d.Relations))
	}
	if len(d.Sights) > 0 {
		fmt.Fprint(out, `,"sights":`)
		err = errors.Join(err, writeMap(out, d.Sights))
	}
	if len(d.Followed) > 0 {
		fmt.Fprint(out, `,"followed":`)
		err = errors.Join(err, writeMap(out, d.Followed))
	}
	if len(d.Heads) > 0 {
		fmt.Fprint(out, `,"heads":`)
		err = errors.Join(err, writeMap(out, d.Heads))
	}
	fmt.Fprintln(out, "}")
	return errors.Join(err, out.Flush())
}

// writeMap writes a map in the order of its keys; what becomes of out is known
// when it is flushed.
func writeMap[K ~string, V any](out *bufio.Writer, m map[K]V) error {
	sep := ""
	fmt.Fprint(out, "{")
	for _, key := range slices.Sorted(maps.Keys(m)) {
		name, err := json.Marshal(string(key))
		if err != nil {
			return err
		}
		value, err := json.Marshal(m[key])
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s%s:%s", sep, name, value)
		sep = ","
	}
	fmt.Fprint(out, "}")
	return nil
}

// bounded returns tags with at most limit digests each.
func bounded(tags map[string]*tag, limit int) map[string]*tag {
	short := maps.Clone(tags)
	for key, t := range short {
		other := *t
		other.Seen = slices.Clone(t.Seen)
		other.bound(limit)
		short[key] = &other
	}
	return short
}
