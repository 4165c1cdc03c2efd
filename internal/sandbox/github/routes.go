package github

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// route is a REST operation.
type route struct {
	pattern string // as [http.ServeMux] has it
	// needs is the permission and level on the repository, as in
	// contents:write; issues|pull_requests:read for either of two. Without one
	// anybody may ask.
	needs   string
	content bool // what a secondary limit may refuse
	serve   func(c *call) (status int, body any, err error)
}

// routes are REST's.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { callOf(w).fail(notFound()) })
	for _, table := range [][]route{appRoutes, accountRoutes, gitRoutes, contentRoutes, pullRoutes, issueRoutes} {
		for _, r := range table {
			mux.HandleFunc(r.pattern, func(w http.ResponseWriter, request *http.Request) {
				c := callOf(w)
				c.request = request // with the path's values
				c.route(r)
			})
		}
	}
	return mux
}

// callOf is the call that a handler of ours writes to.
func callOf(w http.ResponseWriter) *call { return w.(*call) } //nolint:forcetypeassert // nothing else serves by this mux

// route answers by one of the routes.
func (c *call) route(r route) {
	if err := c.admit(r); err != nil {
		c.fail(err)
		return
	}
	if r.content {
		if refusal := c.refuse(); refusal != nil {
			c.fail(refusal.error())
			return
		}
	}
	status, body, err := r.serve(c)
	if err != nil {
		c.fail(err)
		return
	}
	if raw, ok := body.(rawBody); ok {
		c.header.Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
		c.WriteHeader(status)
		c.answer.Write(raw)
		return
	}
	c.json(status, body)
}

// rawBody is an answer that is no JSON.
type rawBody []byte

// admit finds the repository of the path and says why the token may not.
func (c *call) admit(r route) error {
	if !strings.Contains(r.pattern, "{repo}") {
		return nil
	}
	c.repo = c.repository(c.request.PathValue("owner") + "/" + c.request.PathValue("repo"))
	if c.repo == nil || !c.token.sees(c.repo) && (c.token == nil || !c.token.isApp()) {
		return notFound()
	}
	names, level, _ := strings.Cut(r.needs, ":")
	if names == "" {
		return nil
	}
	var accepted []string
	allowed := false
	for name := range strings.SplitSeq(names, "|") {
		accepted = append(accepted, name+"="+level)
		allowed = allowed || c.token.may(c.repo, name, level)
	}
	c.header.Set("X-Accepted-GitHub-Permissions", strings.Join(accepted, "; "))
	switch {
	case !allowed && c.token == nil:
		return &apiError{Status: http.StatusUnauthorized, Message: "Requires authentication"}
	case !allowed:
		return &apiError{Status: http.StatusForbidden, Message: c.token.refusal()}
	case level == "write" && c.repo.options.Archived:
		return &apiError{Status: http.StatusForbidden, Message: "Repository was archived so is read-only."}
	case level == "write" && c.repo.readOnly():
		return &apiError{Status: http.StatusForbidden, Message: "Repository access blocked"}
	}
	return nil
}

// decode reads the request's body; an empty one is an empty object.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return &apiError{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}
	}
	return nil
}

// pull is the pull request of the path.
func (c *call) pull() (*pull, error) {
	number, err := strconv.Atoi(c.request.PathValue("number"))
	if err != nil || c.repo.pull(number) == nil {
		return nil, notFound()
	}
	return c.repo.pull(number), nil
}

// paged returns the page of a list that the query asks for, and says in Link
// where the others are.
func paged[T any](c *call, list []T, shape func(T) any) []any {
	query := c.request.URL.Query()
	size, err := strconv.Atoi(query.Get("per_page"))
	if err != nil || size < 1 {
		size = 30
	}
	size = min(size, 100)
	page, err := strconv.Atoi(query.Get("page"))
	last := max(1, (len(list)+size-1)/size)
	if err != nil || page < 1 {
		page = 1
	}
	page = min(page, last+1)
	var links []string
	link := func(rel string, n int) {
		query.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel="%s"`, c.links.api, c.request.URL.EscapedPath(), query.Encode(), rel))
	}
	if page > 1 {
		link("prev", page-1)
		link("first", 1)
	}
	if page < last {
		link("next", page+1)
		link("last", last)
	}
	if len(links) > 0 {
		c.header.Set("Link", strings.Join(links, ", "))
	}
	from := min((page-1)*size, len(list))
	found := make([]any, 0, size)
	for _, v := range list[from:min(from+size, len(list))] {
		found = append(found, shape(v))
	}
	return found
}
