package gitlab

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxOffset is how far a list of projects can be paged by offset.
const maxOffset = 50_000

// page returns the page of a list that the parameters ask for, and says in the
// headers where the others are.
//
// Spec: GitLab's "REST API", offset-based pagination.
func page[T any](c *call, a args, list []T, shape func(T) any) []any {
	size, n := pageSize(a), max(1, a.number("page", 1))
	last := max(1, (len(list)+size-1)/size)
	h := c.header
	h.Set("X-Page", strconv.Itoa(n))
	h.Set("X-Per-Page", strconv.Itoa(size))
	h.Set("X-Prev-Page", "")
	h.Set("X-Next-Page", "")
	h.Set("X-Total", strconv.Itoa(len(list)))
	h.Set("X-Total-Pages", strconv.Itoa(last))
	var links []string
	link := func(rel string, n int) {
		links = append(links, c.link(rel, map[string]string{"page": strconv.Itoa(n), "per_page": strconv.Itoa(size)}))
	}
	if n > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(n-1))
		link("prev", n-1)
	}
	if n < last {
		h.Set("X-Next-Page", strconv.Itoa(n+1))
		link("next", n+1)
	}
	link("first", 1)
	link("last", last)
	h.Set("Link", strings.Join(links, ", "))
	from := min((n-1)*size, len(list))
	return shaped(list[from:min(from+size, len(list))], shape)
}

// keyset returns the beginning of a list and says in the headers how to go on
// after its last element.
//
// Spec: GitLab's "REST API", keyset-based pagination.
func keyset[T any](c *call, a args, list []T, next func(last T) map[string]string, shape func(T) any) []any {
	size := pageSize(a)
	if len(list) > size {
		list = list[:size]
		c.header.Set("Link", c.link("next", next(list[size-1])))
	}
	return shaped(list, shape)
}

func shaped[T any](list []T, shape func(T) any) []any {
	found := make([]any, 0, len(list))
	for _, v := range list {
		found = append(found, shape(v))
	}
	return found
}

func pageSize(a args) int { return min(max(1, a.number("per_page", 20)), 100) }

// link is the address of the request with other parameters.
func (c *call) link(rel string, set map[string]string) string {
	query := url.Values{}
	for name, values := range c.request.URL.Query() {
		query[name] = values
	}
	for name, value := range set {
		query.Set(name, value)
	}
	return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.web, c.request.URL.EscapedPath(), query.Encode(), rel)
}

// tooFar refuses a page of projects that is too far off.
func tooFar(a args) error {
	if (max(1, a.number("page", 1))-1)*pageSize(a) < maxOffset {
		return nil
	}
	return &apiError{Status: http.StatusMethodNotAllowed, Fields: jsonObject{"error": fmt.Sprintf(
		"Offset pagination has a maximum allowed offset of %d for requests that return objects of type Project. Remaining records can be retrieved using keyset pagination.", maxOffset)}}
}
