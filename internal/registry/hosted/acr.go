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

// acr speaks Azure's /acr/v1.
//
// A tag's lastUpdateTime is when it was moved, or locked or unlocked: later
// than the move at worst, so that it is kept longer.
type acr struct {
	api    *api
	logins logins
}

// azureTokenUser is the user whose password is a refresh token, as Azure's
// credential helper and az acr login have it.
const azureTokenUser = "00000000-0000-0000-0000-000000000000"

// List implements [Registry].
func (r *acr) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := r.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	c := r.api.collect()
	if err := r.tags(ctx, ref, c); err != nil {
		return retention.Listing{}, err
	}
	if err := r.manifests(ctx, ref, c); err != nil {
		return retention.Listing{}, err
	}
	if err := c.resolve(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// tags reads the tags. A page begins after the last name of the one before, so
// that none is missed when others come or go.
func (r *acr) tags(ctx context.Context, ref image.Reference, c *collector) error {
	last := ""
	return r.api.pages(func(int) (bool, error) {
		var found struct {
			Tags []struct {
				Name    string    `json:"name"`
				Digest  string    `json:"digest"`
				Updated time.Time `json:"lastUpdateTime"`
			} `json:"tags"`
		}
		if err := r.page(ctx, ref, "_tags", last, &found); err != nil {
			return false, err
		}
		before := len(c.tags)
		for _, t := range found.Tags {
			if err := c.tag(t.Name, t.Digest, t.Updated); err != nil {
				return false, err
			}
			last = t.Name
		}
		if len(found.Tags) > 0 && len(c.tags) == before {
			return false, r.api.endless()
		}
		return len(found.Tags) > 0, nil
	})
}

// manifests reads the manifests without a tag.
func (r *acr) manifests(ctx context.Context, ref image.Reference, c *collector) error {
	last := ""
	seen := map[string]bool{}
	return r.api.pages(func(int) (bool, error) {
		var found struct {
			Manifests []struct {
				Digest  string    `json:"digest"`
				Created time.Time `json:"createdTime"`
				Updated time.Time `json:"lastUpdateTime"`
				Tags    []string  `json:"tags"`
			} `json:"manifests"`
		}
		if err := r.page(ctx, ref, "_manifests", last, &found); err != nil {
			return false, err
		}
		before := len(seen)
		for _, m := range found.Manifests {
			seen[m.Digest], last = true, m.Digest
			if len(m.Tags) > 0 {
				continue // the tags say it with their times
			}
			if err := c.manifest(m.Digest, later(m.Created, m.Updated), nil); err != nil {
				return false, err
			}
		}
		if len(found.Manifests) > 0 && len(seen) == before {
			return false, r.api.endless()
		}
		return len(found.Manifests) > 0, nil
	})
}

func (r *acr) page(ctx context.Context, ref image.Reference, list, last string, into any) error {
	query := url.Values{"n": {strconv.Itoa(pageSize)}}
	if last != "" {
		query.Set("last", last)
	}
	c := call{path: r.path(ref) + "/" + list, query: query}
	r.authorize(&c, ref, "metadata_read")
	_, err := r.api.get(ctx, c, into)
	return err
}

// DeleteTag implements [Registry].
func (r *acr) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := r.api.checkTag(ref); err != nil {
		return err
	}
	c := call{path: r.path(ref) + "/_tags/" + url.PathEscape(ref.Tag)}
	r.authorize(&c, ref, "delete")
	return r.api.delete(ctx, ref, c, func(got answer) string {
		switch got.status {
		case http.StatusMethodNotAllowed, http.StatusConflict:
			return "Azure answers that the operation is not allowed: the tag is locked; az acr repository update --delete-enabled true unlocks it"
		}
		return ""
	})
}

// DeleteManifest implements [Registry], by the OCI API.
func (r *acr) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return r.api.ociDelete(ctx, ref)
}

func (r *acr) path(ref image.Reference) string { return "/acr/v1/" + escapePath(ref.Repository) }

// authorize signs a call for an action on a repository: with user and password,
// or with a token in exchange for a refresh token.
func (r *acr) authorize(c *call, ref image.Reference, action string) {
	if r.api.opts.User != azureTokenUser {
		c.authorize = r.api.basic
		return
	}
	scope := "repository:" + ref.Repository + ":" + action
	form := url.Values{
		"grant_type": {"refresh_token"}, "service": {r.api.opts.Registry},
		"scope": {scope}, "refresh_token": {r.api.opts.Password},
	}
	c.login = r.logins.get(scope, func(ctx context.Context) (answer, error) {
		return r.api.send(ctx, call{method: http.MethodPost, path: "/oauth2/token", body: form})
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
