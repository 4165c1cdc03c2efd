package hosted_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// stub is a server of one family, and how a client talks to it.
type stub struct {
	family  hosted.Family
	ref     image.Reference
	prefix  string // of the API's address
	options func(*hosted.Options)
	serve   func(*world) http.HandlerFunc
	watch   func(testing.TB, http.Handler) http.Handler
	oci     bool // the list is made by the OCI API
}

func withToken(o *hosted.Options)    { o.Token = secret }
func withPassword(o *hosted.Options) { o.User, o.Password = user, secret }

func stubs() []stub {
	at := func(registry, repository string) image.Reference {
		return image.Reference{Registry: registry, Repository: repository}
	}
	return []stub{
		{family: hosted.GHCR, ref: at("ghcr.io", "acme/team/app"), options: withToken, serve: ghcrStub, watch: watchGitHub},
		{family: hosted.GitLab, ref: at("registry.gitlab.com", "acme/shop/app"), options: withToken, serve: gitlabStub, watch: spectest.WrapGitLab, oci: true},
		{family: hosted.DockerHub, ref: at("docker.io", "acme/app"), options: withPassword, serve: hubStub},
		{family: hosted.ECR, ref: at("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "team/app"), options: func(*hosted.Options) {}, serve: ecrStub},
		{family: hosted.GAR, ref: at("europe-docker.pkg.dev", "acme/images/app"), options: withPassword, serve: garStub},
		{family: hosted.ACR, ref: at("acme.azurecr.io", "team/app"), options: withPassword, serve: acrStub},
		{family: hosted.Quay, ref: at("quay.io", "acme/app"), options: withToken, serve: quayStub},
		{family: hosted.Harbor, ref: at("harbor.corp", "shop/team/app"), options: withPassword, serve: harborStub},
	}
}

func stubOf(t *testing.T, family hosted.Family) stub {
	t.Helper()
	for _, s := range stubs() {
		if s.family == family {
			return s
		}
	}
	t.Fatalf("no stub of %s", family)
	return stub{}
}

func isBasic(r *http.Request) bool {
	u, p, ok := r.BasicAuth()
	return ok && u == user && p == secret
}

func gitlabStub(w *world) http.HandlerFunc {
	const tags = "/api/v4/projects/acme%2Fshop/registry/repositories/42/tags/"
	return func(rw http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case r.Header.Get("Private-Token") != secret && r.Header.Get("Job-Token") != secret:
			refuse(rw, http.StatusUnauthorized, "401 Unauthorized")
		case path == "/api/v4/projects/acme%2Fshop/registry/repositories":
			var all []map[string]any
			for i := range 130 { // ours is on the second page
				all = append(all, map[string]any{"id": 1000 + i, "path": fmt.Sprintf("acme/shop/other%d", i)})
			}
			page, _, _ := window(append(all, map[string]any{"id": 42, "path": "acme/shop/app"}), r, "per_page")
			answerJSON(rw, http.StatusOK, page)
		case r.Method == http.MethodDelete && strings.HasPrefix(path, tags):
			switch {
			case w.refusal == "protected":
				refuse(rw, http.StatusForbidden, "403 Forbidden - the tag is Protected")
			case strings.HasPrefix(w.refusal, "400 "):
				refuse(rw, http.StatusBadRequest, w.refusal)
			case w.refusal != "":
				refuse(rw, http.StatusForbidden, "403 Forbidden")
			case w.removeTag(strings.TrimPrefix(path, tags), false):
				rw.WriteHeader(http.StatusOK)
			default:
				refuse(rw, http.StatusNotFound, "404 Tag Not Found")
			}
		default:
			refuse(rw, http.StatusNotFound, "404 Project Not Found")
		}
	}
}

func hubStub(w *world) http.HandlerFunc {
	const tags = "/v2/repositories/acme/app/tags/"
	return func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/v2/auth/token":
			answerLogin(rw, r, `{"identifier":"robot","secret":"s3cr3t-t0ken"}`, "access_token")
		case r.Header.Get("Authorization") != "Bearer a-jwt":
			refuse(rw, http.StatusUnauthorized, "no")
		case r.Method == http.MethodGet && r.URL.Path == tags:
			page, n, more := window(w.names(), r, "page_size")
			if len(page) == 0 && n > 1 {
				refuse(rw, http.StatusNotFound, "no such page")
				return
			}
			results := []map[string]any{}
			for _, name := range page {
				results = append(results, map[string]any{
					"name": name, "digest": w.tags[name].digest, "tag_last_pushed": w.tags[name].since, "tag_last_pulled": nil, "last_updated": epoch,
				})
			}
			answer := map[string]any{"count": len(w.tags), "next": nil, "previous": nil, "results": results}
			if more {
				answer["next"] = "https://hub.docker.com" + tags + "?page=" + strconv.Itoa(n+1)
			}
			answerJSON(rw, http.StatusOK, answer)
		case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, tags):
			name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, tags), "/")
			switch {
			case w.refusal != "":
				refuse(rw, http.StatusBadRequest, "immutable")
			case strings.HasSuffix(r.URL.Path, "/") && w.removeTag(name, false):
				rw.WriteHeader(http.StatusNoContent)
			default:
				refuse(rw, http.StatusNotFound, "no such tag")
			}
		default:
			refuse(rw, http.StatusNotFound, "no such thing")
		}
	}
}

func quayStub(w *world) http.HandlerFunc {
	const tags = "/api/v1/repository/acme/app/tag/"
	return func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+secret:
			refuse(rw, http.StatusUnauthorized, "invalid_token")
		case r.Method == http.MethodGet && r.URL.Path == tags && r.URL.Query().Get("onlyActiveTags") == "true":
			page, n, more := window(w.names(), r, "limit")
			found := []map[string]any{}
			for _, name := range page {
				found = append(found, map[string]any{
					"name": name, "manifest_digest": w.tags[name].digest, "start_ts": w.tags[name].since.Unix(), "reversion": false, "is_manifest_list": false,
				})
			}
			answerJSON(rw, http.StatusOK, map[string]any{"tags": found, "page": n, "has_additional": more})
		case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, tags):
			switch {
			case w.refusal != "":
				refuse(rw, http.StatusBadRequest, "no")
			case w.removeTag(strings.TrimPrefix(r.URL.Path, tags), true):
				rw.WriteHeader(http.StatusNoContent)
			default:
				refuse(rw, http.StatusNotFound, "no")
			}
		default:
			refuse(rw, http.StatusNotFound, "no")
		}
	}
}

func harborStub(w *world) http.HandlerFunc {
	const artifacts = "/api/v2.0/projects/shop/repositories/team%252Fapp/artifacts"
	return func(rw http.ResponseWriter, r *http.Request) {
		path, ours := strings.CutPrefix(r.URL.EscapedPath(), artifacts)
		artifact, tag, _ := strings.Cut(strings.Trim(path, "/"), "/tags/")
		artifact, _ = url.PathUnescape(artifact)
		switch {
		case !isBasic(r):
			refuse(rw, http.StatusUnauthorized, "UNAUTHORIZED")
		case !ours:
			refuse(rw, http.StatusNotFound, "NOT_FOUND")
		case r.Method == http.MethodGet && path == "":
			page, n, more := window(w.sortedDigests(), r, "page_size")
			found := []map[string]any{}
			for _, d := range page {
				var tags []map[string]any
				for _, name := range w.tagsOf(d) {
					tags = append(tags, map[string]any{"name": name, "push_time": w.tags[name].since, "immutable": false})
				}
				found = append(found, map[string]any{"digest": d, "push_time": w.digests[d], "tags": tags, "type": "IMAGE"})
			}
			if more {
				rw.Header().Add("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, artifacts, n+1))
			}
			if n > 1 {
				rw.Header().Add("Link", fmt.Sprintf(`<%s?page=%d>; rel="prev"`, artifacts, n-1))
			}
			answerJSON(rw, http.StatusOK, found)
		case r.Method == http.MethodDelete && w.refusal != "":
			refuse(rw, http.StatusPreconditionFailed, "immutable")
		case r.Method == http.MethodDelete && tag != "":
			at := w.tags[tag]
			if at.digest == "" || artifact != tag && artifact != string(at.digest) {
				refuse(rw, http.StatusNotFound, "NOT_FOUND")
				return
			}
			w.removeTag(tag, false)
		case r.Method == http.MethodDelete && w.remove(image.Digest(artifact)):
		default:
			refuse(rw, http.StatusNotFound, "NOT_FOUND")
		}
	}
}
