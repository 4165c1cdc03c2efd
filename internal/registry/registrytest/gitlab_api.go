package registrytest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	listPath = regexp.MustCompile(`^/api/v4/projects/([^/]+)/registry/repositories$`)
	bulkPath = regexp.MustCompile(`^/api/v4/projects/([^/]+)/registry/repositories/(\d+)/tags$`)
)

// serveAPI answers what GitLab's REST API says about image repositories.
func (g *GitLab) serveAPI(w http.ResponseWriter, r *http.Request) {
	header := "Private-Token"
	if g.User == "gitlab-ci-token" {
		header = "Job-Token"
	}
	if r.Header.Get(header) != g.Token {
		refuseAPI(w, http.StatusUnauthorized, "401 Unauthorized")
		return
	}
	path := r.URL.EscapedPath()
	if m := listPath.FindStringSubmatch(path); m != nil && r.Method == http.MethodGet {
		g.list(w, r, unescaped(m[1]))
		return
	}
	m := tagPath.FindStringSubmatch(path)
	bulk := bulkPath.FindStringSubmatch(path)
	switch {
	case m != nil && !g.has(unescaped(m[1]), m[2]), bulk != nil && !g.has(unescaped(bulk[1]), bulk[2]):
		refuseAPI(w, http.StatusNotFound, "404 Not Found")
	case m != nil && r.Method == http.MethodDelete:
		g.deleteTag(w, r, g.named(m[2]), m[3])
	case bulk != nil && r.Method == http.MethodDelete:
		g.deleteMany(w, bulk[2])
	default:
		refuseAPI(w, http.StatusNotFound, "404 Not Found")
	}
}

func unescaped(part string) string {
	name, err := url.PathUnescape(part)
	if err != nil {
		return ""
	}
	return name
}

// project is the one that an image repository belongs to.
func project(repository string) string {
	parts := strings.SplitN(repository, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func (g *GitLab) has(of, number string) bool {
	name := g.named(number)
	return name != "" && project(name) == of
}

// list lists a project's image repositories, a page of them.
func (g *GitLab) list(w http.ResponseWriter, r *http.Request, of string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := []map[string]any{}
	exists := false
	for name, n := range g.numbers {
		if project(name) == of {
			exists = true
			all = append(all, map[string]any{
				"id": n, "path": name, "name": strings.TrimPrefix(strings.TrimPrefix(name, of), "/"), "project_id": 1,
				"location": g.Addr + "/" + name, "created_at": "2026-01-01T00:00:00.000Z", "cleanup_policy_started_at": nil, "status": nil,
			})
		}
	}
	switch {
	case !exists:
		refuseAPI(w, http.StatusNotFound, "404 Project Not Found")
	case r.URL.Query().Get("page") != "1" && r.URL.Query().Get("page") != "":
		answerJSON(w, http.StatusOK, []any{})
	default:
		answerJSON(w, http.StatusOK, all)
	}
}

// deleteTag deletes a tag, and nothing else: a manifest without tags is the
// garbage collector's.
func (g *GitLab) deleteTag(w http.ResponseWriter, r *http.Request, repository, tag string) {
	g.mu.Lock()
	protected := g.protect != nil && g.protect.MatchString(tag)
	frozen := g.freeze != nil && g.freeze.MatchString(tag)
	looks := g.promises
	g.mu.Unlock()
	switch {
	case frozen:
		refuseAPI(w, http.StatusBadRequest, "400 Bad request - tag is immutable")
	case protected:
		refuseAPI(w, http.StatusForbidden, "403 Forbidden - tag is protected")
	case looks > 0:
		g.mu.Lock()
		g.owed = append(g.owed, owed{repository, tag, looks})
		g.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	case g.remove(r, repository, tag) == http.StatusAccepted:
		w.WriteHeader(http.StatusOK)
	default:
		refuseAPI(w, http.StatusNotFound, "404 Tag Not Found")
	}
}

// deleteMany promises to delete tags by a pattern, once an hour; nobody should
// ask for that here.
func (g *GitLab) deleteMany(w http.ResponseWriter, number string) {
	n, _ := strconv.Atoi(number)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cleaned[n] {
		refuseAPI(w, http.StatusBadRequest, "This request has already been made. You can run this at most once an hour for a given container repository")
		return
	}
	g.cleaned[n] = true
	w.WriteHeader(http.StatusAccepted)
}

// remove deletes a tag of the registry behind.
func (g *GitLab) remove(r *http.Request, repository, tag string) (status int) {
	req := httptest.NewRequestWithContext(r.Context(), http.MethodDelete, "http://"+g.Addr+"/v2/"+repository+"/manifests/"+tag, nil)
	answer := httptest.NewRecorder()
	g.registry.ServeHTTP(answer, req)
	return answer.Code
}

// settle keeps the promises whose time has come, before a request looks.
func (g *GitLab) settle(r *http.Request) {
	g.mu.Lock()
	var due, later []owed
	for _, o := range g.owed {
		if r.URL.Path == "/v2/"+o.repository+"/manifests/"+o.tag {
			o.looks--
		}
		if o.looks <= 0 {
			due = append(due, o)
		} else {
			later = append(later, o)
		}
	}
	g.owed = later
	g.mu.Unlock()
	for _, o := range due {
		g.remove(r, o.repository, o.tag)
	}
}

func refuseAPI(w http.ResponseWriter, status int, message string) {
	answerJSON(w, status, map[string]string{"message": message})
}
