package hosted

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// harbor speaks Harbor's API v2.0.
//
// A tag's push_time is renewed when the tag moves. Children of indexes and
// signatures that Harbor keeps as accessories are not in its list.
type harbor struct{ api *api }

// List implements [Registry].
func (h *harbor) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := h.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	at, err := h.artifacts(ref)
	if err != nil {
		return retention.Listing{}, err
	}
	c := h.api.collect()
	err = c.pages(func(page int) (bool, error) {
		query := url.Values{"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(pageSize)}, "with_tag": {"true"}}
		var found []struct {
			Digest   string    `json:"digest"`
			PushTime time.Time `json:"push_time"`
			Tags     []struct {
				Name     string    `json:"name"`
				PushTime time.Time `json:"push_time"`
			} `json:"tags"`
		}
		header, err := h.api.get(ctx, call{path: at, query: query, authorize: h.api.basic}, &found)
		if err != nil {
			return false, err
		}
		for _, artifact := range found {
			if len(artifact.Tags) == 0 {
				err = c.manifest(artifact.Digest, artifact.PushTime, nil)
			}
			for _, t := range artifact.Tags {
				err = firstError(err, c.tag(t.Name, artifact.Digest, t.PushTime))
			}
			if err != nil {
				return false, err
			}
		}
		return hasNext(header, len(found)), nil
	})
	if err != nil {
		return retention.Listing{}, err
	}
	if err := c.complete(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// DeleteTag implements [Registry]. With a digest in ref, a tag that has moved
// off it is refused.
func (h *harbor) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := h.api.checkTag(ref); err != nil {
		return err
	}
	at, err := h.artifacts(ref)
	if err != nil {
		return err
	}
	artifact := ref.Tag
	if ref.Digest != "" {
		artifact = string(ref.Digest)
	}
	return h.delete(ctx, ref, at+"/"+url.PathEscape(artifact)+"/tags/"+url.PathEscape(ref.Tag))
}

// DeleteManifest implements [Registry].
func (h *harbor) DeleteManifest(ctx context.Context, ref image.Reference) error {
	if err := h.api.checkDigest(ref); err != nil {
		return err
	}
	at, err := h.artifacts(ref)
	if err != nil {
		return err
	}
	return h.delete(ctx, ref, at+"/"+url.PathEscape(string(ref.Digest)))
}

func (h *harbor) delete(ctx context.Context, ref image.Reference, path string) error {
	return h.api.delete(ctx, ref, call{path: path, authorize: h.api.basic}, func(got answer) string {
		if got.status == http.StatusPreconditionFailed {
			return "Harbor answers HTTP 412: an immutability rule of the project keeps the tag, or a tag of the artifact; change the rule to delete it"
		}
		return ""
	})
}

// artifacts is the path of a repository's artifacts. A slash in a repository's
// name is escaped twice, as Harbor wants it.
func (h *harbor) artifacts(ref image.Reference) (string, error) {
	project, repository, ok := strings.Cut(ref.Repository, "/")
	if !ok {
		return "", fmt.Errorf("%s is no repository of a Harbor project: want %s/PROJECT/REPOSITORY", ref.Name(), ref.Registry)
	}
	return "/api/v2.0/projects/" + url.PathEscape(project) + "/repositories/" + url.PathEscape(url.PathEscape(repository)) + "/artifacts", nil
}

// hasNext reports whether another page follows one of n entries: by its Link,
// and where there is none, by being full.
func hasNext(header http.Header, n int) bool {
	links := strings.Join(header.Values("Link"), ",")
	if links == "" {
		return n >= pageSize
	}
	return strings.Contains(strings.ReplaceAll(links, `"`, ""), "rel=next")
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
