package gitlab

import (
	"net/http"
	"strconv"
	"strings"
)

// route is a REST operation.
type route struct {
	pattern string // as [http.ServeMux] has it, under /api/v4
	// role is what one must at least be in the path's project, to do more than
	// see it.
	role int
	// feature is what of the project must be switched on: code, merge_requests.
	feature string
	job     bool // a job's token will do, for its own project
	open    bool // no token is needed; of a project, where it is public
	serve   func(c *call, a args) (status int, body any, err error)
}

// routes are REST's.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		callOf(w).fail(&apiError{Status: http.StatusNotFound, Fields: jsonObject{"error": "404 Not Found"}})
	})
	for _, table := range [][]route{accountRoutes, projectRoutes, refRoutes, contentRoutes, commitRoutes, mergeRoutes, pipelineRoutes, registryRoutes} {
		for _, r := range table {
			method, path, _ := strings.Cut(r.pattern, " ")
			mux.HandleFunc(method+" "+apiPath+path, func(w http.ResponseWriter, request *http.Request) {
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
	a, err := c.args()
	if err == nil {
		err = c.admit(r)
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.finish(r.serve(c, a))
}

// finish answers with what a route returned.
func (c *call) finish(status int, body any, err error) {
	switch raw, isRaw := body.(rawBody); {
	case err != nil:
		c.fail(err)
	case isRaw:
		c.header.Set("Content-Type", "text/plain")
		c.WriteHeader(status)
		c.answer.Write(raw)
	default:
		c.json(status, body)
	}
}

// rawBody is an answer that is no JSON.
type rawBody []byte

// admit finds the project of the path and says why the token may not.
//
// Spec: GitLab's "CI/CD job token" and "Personal access tokens", scopes.
func (c *call) admit(r route) error {
	reads := c.request.Method == http.MethodGet || c.request.Method == http.MethodHead
	if c.token != nil && c.token.Kind == JobToken && !r.job {
		c.token = nil // as if none had been sent
		if !r.open {
			return unauthorized()
		}
	}
	if c.token == nil && (!r.open || !reads) && !strings.Contains(r.pattern, "/trigger/") {
		return unauthorized()
	}
	if c.token != nil && c.token.Kind != JobToken && !c.token.has("api") && (!reads || !c.token.has("read_api")) {
		return insufficient()
	}
	if !strings.Contains(r.pattern, "/projects/{id}") {
		return nil
	}
	if err := c.findProject(reads); err != nil {
		return err
	}
	return c.admitTo(c.project, r, reads)
}

// findProject finds the project of the path. One that has moved is led to.
func (c *call) findProject(reads bool) error {
	id := c.request.PathValue("id")
	p := c.named(id)
	if moved := c.moved[fold(id)]; p == nil && moved != nil && c.token.sees(moved) {
		if !reads {
			return &apiError{Status: http.StatusMethodNotAllowed, Message: "405 Non GET methods are not allowed for moved projects"}
		}
		_, rest, _ := strings.Cut(strings.TrimPrefix(c.request.URL.EscapedPath(), apiPath+"/projects/"), "/")
		to := c.web + apiPath + "/projects/" + strconv.FormatInt(moved.id, 10)
		if rest != "" {
			to += "/" + rest
		}
		if c.request.URL.RawQuery != "" {
			to += "?" + c.request.URL.RawQuery
		}
		return &apiError{Status: http.StatusMovedPermanently, Header: http.Header{"Location": {to}}, Message: "This resource has been moved permanently to " + to}
	}
	if p == nil || !c.token.sees(p) {
		return notFound("Project")
	}
	c.project = p
	return nil
}

// named finds a project by its number or full path; nil for none.
func (c *call) named(id string) *project {
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		return c.byID[number]
	}
	return c.projects[fold(id)]
}

// admitTo says why the token may not do that in a project that it sees.
func (c *call) admitTo(p *project, r route, reads bool) error {
	role := c.token.role(p)
	switch {
	case c.token != nil && c.token.Kind == JobToken && role == 0:
		return forbidden()
	case c.token == nil && r.role > 0:
		return unauthorized()
	case r.feature == "code" && p.options.Disabled, r.feature == "merge_requests" && (p.options.NoMergeRequests || p.options.Disabled):
		return forbidden()
	case !reads && (p.options.Archived || p.options.Deleting), role < r.role:
		return forbidden()
	}
	return nil
}
