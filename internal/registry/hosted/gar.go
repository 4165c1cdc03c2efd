package hosted

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// gar speaks the OCI API with Google's additions: the list of tags has all
// manifests of the repository, each with its tags and times, in one answer.
//
// The times are those of the digests.
type gar struct {
	api    *api
	logins logins
}

// List implements [Registry].
func (g *gar) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := g.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	c := g.api.collect()
	query := url.Values{}
	err := c.pages(func(int) (bool, error) {
		next, err := g.page(ctx, ref, query, c)
		query = next
		return err == nil && next != nil, err
	})
	if err != nil {
		return retention.Listing{}, err
	}
	if err := c.resolve(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// page reads an answer, and returns the query for the next if there is one.
func (g *gar) page(ctx context.Context, ref image.Reference, query url.Values, c *collector) (url.Values, error) {
	var found struct {
		Tags      []string `json:"tags"`
		Manifests map[string]struct {
			Tags     []string     `json:"tag"`
			Uploaded milliseconds `json:"timeUploadedMs"`
		} `json:"manifest"`
	}
	request := call{path: "/v2/" + escapePath(ref.Repository) + "/tags/list", query: query}
	g.authorize(&request, ref)
	header, err := g.api.get(ctx, request, &found)
	if err != nil {
		return nil, err
	}
	c.blind = c.blind || found.Manifests == nil
	for digest, m := range found.Manifests {
		if err := c.manifest(digest, time.Time(m.Uploaded), m.Tags); err != nil {
			return nil, err
		}
	}
	for _, name := range found.Tags {
		if _, known := c.tags[name]; known {
			continue
		}
		if err := c.tag(name, "", time.Time{}); err != nil {
			return nil, err
		}
	}
	return nextQuery(header), nil
}

// nextQuery returns the query of the next page by the Link header, of which the
// host and path are not taken.
func nextQuery(header http.Header) url.Values {
	for link := range strings.SplitSeq(strings.Join(header.Values("Link"), ","), ",") {
		target, parameters, ok := strings.Cut(link, ">")
		if !ok || !strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
			continue
		}
		next, err := url.Parse(strings.TrimPrefix(strings.TrimSpace(target), "<"))
		if err == nil && len(next.Query()) > 0 {
			return next.Query()
		}
	}
	return nil
}

// DeleteTag implements [Registry], by the OCI API.
func (g *gar) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := g.api.checkTag(ref); err != nil {
		return err
	}
	return dangling(g.api.opts.OCI.DeleteTag(ctx, ref.Tagged(ref.Tag)))
}

// DeleteManifest implements [Registry], by the OCI API. Google refuses it while
// the digest has a tag, or an index has it.
func (g *gar) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return dangling(g.api.ociDelete(ctx, ref))
}

// dangling makes a refusal of Google's own codes, which the OCI client repeats.
func dangling(err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "DANGLING_TAG"):
		return fmt.Errorf("%w: Google answers DANGLING_TAG: the digest still has a tag; that has to go first", image.ErrRefused)
	case strings.Contains(err.Error(), "DANGLING_PARENT_IMAGE"):
		return fmt.Errorf("%w: Google answers DANGLING_PARENT_IMAGE: an index has this manifest; that has to go first", image.ErrRefused)
	}
	return err
}

// authorize signs a call: with the token, or with one in exchange for user and
// password, or for nothing.
func (g *gar) authorize(c *call, ref image.Reference) {
	if g.api.opts.Token != "" {
		c.authorize = bearer(g.api.opts.Token)
		return
	}
	scope := "repository:" + ref.Repository + ":pull"
	query := url.Values{"service": {g.api.opts.Registry}, "scope": {scope}}
	c.login = g.logins.get(scope, func(ctx context.Context) (answer, error) {
		return g.api.send(ctx, call{method: http.MethodGet, path: "/v2/token", query: query, authorize: g.api.basic})
	})
}

// milliseconds is a time that Google writes as a number in a string.
type milliseconds time.Time

// UnmarshalJSON implements [json.Unmarshaler].
func (m *milliseconds) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "time"}
	}
	*m = milliseconds(fromUnix(n, time.Millisecond))
	return nil
}
