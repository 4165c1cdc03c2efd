package registry

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// List returns what the plain OCI API says about ref's repository: its tags with
// their digests, by one HEAD each. It has no times and no untagged manifests. A
// tag that is gone when it is asked for is left out; any other failure is an
// error, since what is not known whole must not be decided about. A mirror is
// passed by.
//
// TagDelete is found out by one DELETE of a tag that does not exist, once for
// each host, and only if c is With(Delete); otherwise it is false.
//
// The errors are those of [Client.Tags] and [Client.Resolve]; [image.ErrDenied]
// is also for credentials that may not delete.
func (c *Client) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	r, err := c.origin(ref)
	if err != nil {
		return retention.Listing{}, err
	}
	tags, err := r.tags(ctx)
	if err != nil {
		return retention.Listing{}, err
	}
	listing := retention.Listing{}
	if listing.Tags, err = r.resolveAll(ctx, tags); err != nil {
		return retention.Listing{}, err
	}
	if c.access == Delete {
		if listing.TagDelete, err = r.tagDelete(ctx, tags); err != nil {
			return retention.Listing{}, fmt.Errorf("find out whether a tag can be deleted alone: %w", err)
		}
	}
	return listing, nil
}

// resolveAll asks what each tag points at, many at a time; the peer bounds how
// many requests are in flight.
func (r *repository) resolveAll(ctx context.Context, tags []string) ([]retention.Tag, error) {
	digests := make([]image.Digest, len(tags)) // empty for a tag that is gone
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(r.session.peer.slots))
	for i, tag := range tags {
		group.Go(func() error {
			d, err := r.resolve(ctx, tag)
			if err != nil && !errors.Is(err, image.ErrNotFound) {
				return fmt.Errorf("resolve tag %s: %w", tag, err)
			}
			digests[i] = d.Digest
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []retention.Tag
	for i, tag := range tags {
		if digests[i] != "" {
			all = append(all, retention.Tag{Name: tag, Digest: digests[i]})
		}
	}
	return all, nil
}
