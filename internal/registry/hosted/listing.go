package hosted

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// collector gathers a listing from pages, in which a thing may come twice when
// somebody pushes between them.
type collector struct {
	api      *api
	tags     map[string]retention.Tag
	untagged map[image.Digest]time.Time
	blind    bool // the registry does not list manifests after all
}

func (a *api) collect() *collector {
	return &collector{api: a, tags: map[string]retention.Tag{}, untagged: map[image.Digest]time.Time{}}
}

// tag notes a tag; of the same tag twice, what is later in time. An unknown
// digest is empty, as is that of a tag that moved while the pages were read.
func (c *collector) tag(name, digest string, since time.Time) error {
	if !tagPattern.MatchString(name) {
		return c.malformed()
	}
	if digest != "" {
		if _, err := image.ParseDigest(digest); err != nil {
			return c.malformed()
		}
	}
	if known, twice := c.tags[name]; twice {
		switch {
		case since.Before(known.Since):
			return nil
		case since.Equal(known.Since) && digest != string(known.Digest):
			digest = ""
		}
	}
	c.tags[name] = retention.Tag{Name: name, Digest: image.Digest(digest), Since: since}
	return nil
}

// manifest notes a digest with its tags, which may be none.
func (c *collector) manifest(digest string, pushed time.Time, tags []string) error {
	if _, err := image.ParseDigest(digest); err != nil {
		return c.malformed()
	}
	if len(tags) == 0 {
		c.untagged[image.Digest(digest)] = pushed
	}
	for _, name := range tags {
		if err := c.tag(name, digest, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) malformed() error {
	return fmt.Errorf("ask %s: the answer is malformed: it names a tag or digest that is none", c.api.base.Host)
}

// complete adds the tags that pages may have missed, and the digests that they
// did not tell, by the OCI API. Pages that are counted shift when somebody
// deletes while they are read; a tag that is not known keeps nothing alive.
func (c *collector) complete(ctx context.Context, ref image.Reference) error {
	names, err := c.api.opts.OCI.Tags(ctx, ref.Tagged(""))
	empty := errors.Is(err, image.ErrNotFound) && len(c.tags) == 0 // which has no list on some
	if err != nil && !empty {
		return fmt.Errorf("list tags: %w", err)
	}
	for _, name := range names {
		if _, known := c.tags[name]; !known {
			if err := c.tag(name, "", time.Time{}); err != nil {
				return err
			}
		}
	}
	return c.resolve(ctx, ref)
}

// resolve asks for the digests that are not known. A tag that is gone is no
// tag any more.
func (c *collector) resolve(ctx context.Context, ref image.Reference) error {
	var names []string
	for name, t := range c.tags {
		if t.Digest == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	digests := make([]image.Digest, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(c.api.opts.Concurrency)
	for i, name := range names {
		g.Go(func() error {
			d, err := c.api.opts.OCI.Resolve(ctx, ref.Tagged(name))
			if err != nil && !errors.Is(err, image.ErrNotFound) {
				return fmt.Errorf("resolve tag %s: %w", name, err)
			}
			digests[i] = d.Digest
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, name := range names {
		t := c.tags[name]
		t.Digest = digests[i]
		c.tags[name] = t
	}
	return nil
}

// listing returns what was gathered, in order.
func (c *collector) listing() retention.Listing {
	l := retention.Listing{TagDelete: c.api.trait.TagDelete, LastTagDeletes: c.api.trait.LastTagDeletes}
	tagged := map[image.Digest]bool{}
	for _, t := range c.tags {
		if t.Digest != "" {
			l.Tags = append(l.Tags, t)
			tagged[t.Digest] = true
		}
	}
	for digest, pushed := range c.untagged {
		if !tagged[digest] {
			l.Untagged = append(l.Untagged, retention.Untagged{Digest: digest, Pushed: pushed})
		}
	}
	slices.SortFunc(l.Tags, func(a, b retention.Tag) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(l.Untagged, func(a, b retention.Untagged) int { return cmp.Compare(a.Digest, b.Digest) })
	switch {
	case c.blind:
		l.Untagged = nil
	case l.Untagged == nil && c.api.trait.ListsUntagged:
		l.Untagged = []retention.Untagged{}
	}
	return l
}

// pages reads page after page into c until read says that there is no other. A
// page that says nothing new means that they repeat.
func (c *collector) pages(read func(page int) (more bool, err error)) error {
	return c.api.pages(func(page int) (bool, error) {
		before := len(c.tags) + len(c.untagged)
		more, err := read(page)
		if err == nil && more && len(c.tags)+len(c.untagged) == before {
			err = c.api.endless()
		}
		return more, err
	})
}

// pages reads page after page until read says that there is no other.
func (a *api) pages(read func(page int) (more bool, err error)) error {
	for page := 1; page <= maxPages; page++ {
		more, err := read(page)
		if err != nil || !more {
			return err
		}
	}
	return a.endless()
}

func (a *api) endless() error {
	return fmt.Errorf("ask %s: its list does not end: it has more than %d pages, or they repeat", a.base.Host, maxPages)
}
