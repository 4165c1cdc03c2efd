package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/basekeeper/basekeeper/internal/image"
)

const (
	tagsPerPage = 1000
	mostTags    = 1_000_000
	mostPages   = 10_000
)

// tagRegexp is the grammar of tags.
//
// Spec: OCI distribution-spec v1.1, "Pulling manifests".
var tagRegexp = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

func isTag(s string) bool { return tagRegexp.MatchString(s) }

// Tags returns all tags of ref's repository, in order, each once. They are the
// registry's own, even where a mirror is configured. It is an error if they
// cannot be had to the last, if there are more than a million, or if one of them
// is no tag.
//
// The error wraps [image.ErrNotFound] for 404 and [image.ErrDenied] for 401 or
// 403.
//
// Spec: OCI distribution-spec v1.1, "Listing Tags".
func (c *Client) Tags(ctx context.Context, ref image.Reference) ([]string, error) {
	r, err := c.origin(ref)
	if err != nil {
		return nil, err
	}
	return r.tags(ctx)
}

// tags follows the links from page to page. Of the registries that give none,
// some want to be asked for what comes after the last tag of a full page; others
// ignore that and give the same again, which is then the end.
func (r *repository) tags(ctx context.Context) ([]string, error) {
	all := tagSet{}
	next, linked := r.tagsAfter("", tagsPerPage), false
	for range mostPages {
		got, link, err := r.page(ctx, next)
		if err != nil {
			return nil, err
		}
		page, fresh, err := all.add(got.body)
		switch {
		case err != nil:
			return nil, err
		case link != nil && fresh == 0:
			return nil, errors.New("list tags: the registry's pages lead in a circle")
		case link != nil:
			next, linked = request{method: http.MethodGet, at: link, accept: acceptJSON, list: true}, true
		case linked || len(page) < tagsPerPage || next.query.Get("n") == "":
			return all.sorted(), nil
		case fresh > 0:
			next = r.tagsAfter(page[len(page)-1], tagsPerPage)
		case len(page) > tagsPerPage: // it ignores n, and gave all
			return all.sorted(), nil
		default: // it gave as many as it was asked for: are there more?
			next = r.tagsAfter("", 0)
		}
	}
	return nil, fmt.Errorf("list tags: more than %d pages", mostPages)
}

const acceptJSON = "application/json"

// tagsAfter asks for a page; an empty last is for the first one, and 0 for as
// many tags as the registry likes to give.
func (r *repository) tagsAfter(last string, n int) request {
	query := url.Values{}
	if n > 0 {
		query.Set("n", strconv.Itoa(n))
	}
	if last != "" {
		query.Set("last", last)
	}
	return request{method: http.MethodGet, endpoint: "tags/list", query: query, accept: acceptJSON, list: true}
}

// tagSet is the tags that were seen.
type tagSet map[string]struct{}

// add reads a page and returns its tags, and how many of them are new.
func (s tagSet) add(body []byte) (page []string, fresh int, err error) {
	if bytes.Count(body, []byte{','}) > mostTags+1 { // no tag has one: it is not even read
		return nil, 0, errTooManyTags
	}
	var said struct {
		Tags json.RawMessage `json:"tags"` // null for none, but it has to be there
	}
	if json.Unmarshal(body, &said) != nil || json.Unmarshal(said.Tags, &page) != nil {
		return nil, 0, errors.New("list tags: the answer is no list of tags")
	}
	before := len(s)
	for _, tag := range page {
		if !isTag(tag) {
			return nil, 0, fmt.Errorf("list tags: %.200q is no tag", tag)
		}
		s[tag] = struct{}{}
	}
	if len(s) > mostTags {
		return nil, 0, errTooManyTags
	}
	return page, len(s) - before, nil
}

var errTooManyTags = fmt.Errorf("list tags: more than %d", mostTags)

func (s tagSet) sorted() []string { return slices.Sorted(maps.Keys(s)) }

// has reports whether sorted tags have one.
func has(tags []string, tag string) bool {
	_, found := slices.BinarySearch(tags, tag)
	return found
}
