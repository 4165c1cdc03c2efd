package hosted

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// quay speaks Quay's API v1 with an OAuth token.
//
// Its list is of tags and their history, of which the present is asked for. A
// manifest without a tag is the time machine's, and then the garbage
// collector's; until then a deleted tag can be put back in Quay's interface.
type quay struct{ api *api }

// List implements [Registry].
func (q *quay) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := q.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	c := q.api.collect()
	err := c.pages(func(page int) (bool, error) {
		query := url.Values{"page": {strconv.Itoa(page)}, "limit": {strconv.Itoa(pageSize)}, "onlyActiveTags": {"true"}}
		var found struct {
			Tags []struct {
				Name   string `json:"name"`
				Digest string `json:"manifest_digest"`
				Start  int64  `json:"start_ts"` // seconds
			} `json:"tags"`
			Additional bool `json:"has_additional"`
		}
		if _, err := q.api.get(ctx, call{path: q.path(ref) + "/tag/", query: query, authorize: q.token()}, &found); err != nil {
			return false, err
		}
		for _, t := range found.Tags {
			if err := c.tag(t.Name, t.Digest, fromUnix(t.Start, time.Second)); err != nil {
				return false, err
			}
		}
		return found.Additional, nil
	})
	if err != nil {
		return retention.Listing{}, err
	}
	if err := c.complete(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// DeleteTag implements [Registry]. Quay's rules answer 400; its 403 is about the
// token, whatever the tag.
func (q *quay) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := q.api.checkTag(ref); err != nil {
		return err
	}
	at := q.path(ref) + "/tag/" + url.PathEscape(ref.Tag)
	return q.api.delete(ctx, ref, call{path: at, authorize: q.token()}, func(got answer) string {
		if got.status == http.StatusBadRequest {
			return "Quay answers HTTP 400: the tag is immutable, or the repository is a mirror or read-only"
		}
		return ""
	})
}

// DeleteManifest implements [Registry], by the OCI API.
func (q *quay) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return q.api.ociDelete(ctx, ref)
}

func (q *quay) path(ref image.Reference) string {
	return "/api/v1/repository/" + escapePath(ref.Repository)
}

func (q *quay) token() func(*http.Request) { return bearer(q.api.opts.token()) }

// fromUnix returns the time n units after 1970; the zero time for none.
func fromUnix(n int64, unit time.Duration) time.Time {
	if n <= 0 || n > int64(1<<62)/int64(unit) {
		return time.Time{}
	}
	return time.Unix(0, n*int64(unit)).UTC()
}
