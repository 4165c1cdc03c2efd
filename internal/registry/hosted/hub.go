package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// hub speaks Docker Hub's API v2.
//
// It deletes tags; what becomes of a digest without one is its own matter, and
// nothing can be done about it but in its interface.
type hub struct {
	api    *api
	logins logins

	mu   sync.Mutex
	tags map[string]map[string]image.Digest // by repository and tag, as they were listed last
}

// List implements [Registry].
func (h *hub) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := h.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	c := h.api.collect()
	err := c.pages(func(page int) (bool, error) {
		query := url.Values{"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(pageSize)}}
		var found struct {
			Next    string `json:"next"`
			Results []struct {
				Name   string    `json:"name"`
				Digest string    `json:"digest"`
				Pushed time.Time `json:"tag_last_pushed"`
			} `json:"results"`
		}
		request := call{path: h.path(ref), query: query}
		h.authorize(&request)
		_, err := h.api.get(ctx, request, &found)
		if page > 1 && errors.Is(err, image.ErrNotFound) {
			return false, nil // tags went since the page before
		}
		if err != nil {
			return false, err
		}
		for _, t := range found.Results {
			if err := c.tag(t.Name, t.Digest, t.Pushed); err != nil {
				return false, err
			}
		}
		return found.Next != "", nil
	})
	if err != nil {
		return retention.Listing{}, err
	}
	if err := c.complete(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	listing := c.listing()
	tags := map[string]image.Digest{}
	for _, t := range listing.Tags {
		tags[t.Name] = t.Digest
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tags == nil {
		h.tags = map[string]map[string]image.Digest{}
	}
	h.tags[ref.Repository] = tags
	return listing, nil
}

// DeleteTag implements [Registry].
func (h *hub) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := h.api.checkTag(ref); err != nil {
		return err
	}
	request := call{path: h.path(ref) + url.PathEscape(ref.Tag) + "/"}
	h.authorize(&request)
	err := h.api.delete(ctx, ref, request, func(got answer) string {
		switch got.status {
		case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusConflict:
			return fmt.Sprintf("Docker Hub answers HTTP %d: the repository has immutable tags, or is archived", got.status)
		}
		return ""
	})
	if err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.tags[ref.Repository], ref.Tag)
	}
	return err
}

// DeleteManifest implements [Registry]. Docker Hub deletes no digest: one that
// has a tag, as far as was listed, is refused, and of one without there is
// nothing left to delete.
func (h *hub) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if err := h.api.checkDigest(ref); err != nil {
		return err
	}
	h.mu.Lock()
	listed := h.tags[ref.Repository] != nil
	h.mu.Unlock()
	if !listed {
		if _, err := h.List(ctx, ref.Tagged("")); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, digest := range h.tags[ref.Repository] {
		if digest == ref.Digest {
			return fmt.Errorf("%w: Docker Hub deletes tags, not digests, and this one has a tag; its image management page can", image.ErrRefused)
		}
	}
	return nil
}

func (h *hub) path(ref image.Reference) string {
	return "/v2/repositories/" + escapePath(ref.Repository) + "/tags/"
}

// authorize signs a call: with the token, or one in exchange for user and
// password; public repositories are listed without.
func (h *hub) authorize(c *call) {
	o := h.api.opts
	if o.Token != "" || o.User == "" {
		c.authorize = bearer(o.Token)
		return
	}
	c.login = h.logins.get("", func(ctx context.Context) (answer, error) {
		return h.api.send(ctx, call{
			method: http.MethodPost, path: "/v2/auth/token",
			body: map[string]string{"identifier": o.User, "secret": o.Password},
		})
	})
}
