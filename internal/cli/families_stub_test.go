package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// internet is what a run reaches: one registry, whatever its host is called,
// and the API of its vendor, which knows the repository acme/app.
type internet struct {
	t        testing.TB
	registry registrytest.Host
	api      func(in *internet, rw http.ResponseWriter, r *http.Request)

	mu    sync.Mutex
	asked []string // METHOD HOST/PATH
}

// RoundTrip brings the registry's own paths to the registry, and all others to
// the API.
func (in *internet) RoundTrip(req *http.Request) (*http.Response, error) {
	in.mu.Lock()
	in.asked = append(in.asked, req.Method+" "+req.URL.Host+req.URL.EscapedPath()+strings.TrimPrefix(req.Header.Get("X-Amz-Target"), "AmazonEC2ContainerRegistry_V20150921"))
	in.mu.Unlock()
	path := req.URL.Path
	if path == "/v2/" || strings.HasPrefix(path, "/v2/acme/app/") && !in.lists(req) {
		there := req.Clone(req.Context())
		there.URL.Scheme, there.URL.Host, there.Host = "http", in.registry.Addr, in.registry.Addr
		resp, err := http.DefaultTransport.RoundTrip(there)
		if err == nil {
			resp.Request = req
		}
		return resp, err
	}
	answer := httptest.NewRecorder()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	in.api(in, answer, req)
	resp := answer.Result()
	resp.Request = req
	return resp, nil
}

// lists reports whether Google is asked for its own kind of list.
func (in *internet) lists(req *http.Request) bool {
	return strings.HasSuffix(req.URL.Host, "pkg.dev") && req.URL.Path == "/v2/acme/app/tags/list"
}

// tags are what the registry has: tags by digest.
func (in *internet) tags() map[string][]string {
	resp, err := http.Get("http://" + in.registry.Addr + "/v2/acme/app/tags/list")
	require.NoError(in.t, err)
	defer resp.Body.Close()
	var list struct{ Tags []string }
	require.NoError(in.t, json.NewDecoder(resp.Body).Decode(&list))
	slices.Sort(list.Tags)
	all := map[string][]string{}
	for _, tag := range list.Tags {
		resp, err := http.Head("http://" + in.registry.Addr + "/v2/acme/app/manifests/" + tag)
		require.NoError(in.t, err)
		_ = resp.Body.Close()
		digest := resp.Header.Get("Docker-Content-Digest")
		all[digest] = append(all[digest], tag)
	}
	return all
}

// remove deletes a tag or digest in the registry itself.
func (in *internet) remove(name string) {
	req, err := http.NewRequest(http.MethodDelete, "http://"+in.registry.Addr+"/v2/acme/app/manifests/"+name, http.NoBody)
	require.NoError(in.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(in.t, err)
	_ = resp.Body.Close()
}

// answer writes JSON.
func answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(v) // into memory
}

// longAgo is when all was pushed.
var longAgo = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// each makes a list of what there is, one for each tag.
func (in *internet) each(entry func(digest, tag string) map[string]any) []any {
	all := []any{}
	for digest, tags := range in.tags() {
		for _, tag := range tags {
			all = append(all, entry(digest, tag))
		}
	}
	return all
}

// last is the end of a path.
func last(r *http.Request) string {
	path := strings.Trim(r.URL.Path, "/")
	return path[strings.LastIndex(path, "/")+1:]
}

// removing answers a delete of the tag at the end of the path.
func (in *internet) removing(rw http.ResponseWriter, r *http.Request, status int) {
	in.remove(last(r))
	rw.WriteHeader(status)
}

func hubAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		answer(rw, map[string]string{"access_token": "jwt"})
	case http.MethodDelete:
		in.removing(rw, r, http.StatusNoContent)
	default:
		answer(rw, map[string]any{"results": in.each(func(digest, tag string) map[string]any {
			return map[string]any{"name": tag, "digest": digest, "tag_last_pushed": longAgo}
		})})
	}
}

func quayAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		in.removing(rw, r, http.StatusNoContent)
		return
	}
	answer(rw, map[string]any{"tags": in.each(func(digest, tag string) map[string]any {
		return map[string]any{"name": tag, "manifest_digest": digest, "start_ts": longAgo.Unix()}
	})})
}

func acrAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodDelete:
		in.removing(rw, r, http.StatusAccepted)
	case r.URL.Query().Get("last") != "" || last(r) == "_manifests":
		answer(rw, map[string]any{})
	default:
		answer(rw, map[string]any{"tags": in.each(func(digest, tag string) map[string]any {
			return map[string]any{"name": tag, "digest": digest, "lastUpdateTime": longAgo}
		})})
	}
}

func garAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/token" {
		answer(rw, map[string]string{"token": "jwt"})
		return
	}
	manifests, names := map[string]any{}, []string{}
	for digest, tags := range in.tags() {
		names = append(names, tags...)
		manifests[digest] = map[string]any{"tag": tags, "timeUploadedMs": fmt.Sprint(longAgo.UnixMilli())}
	}
	answer(rw, map[string]any{"tags": names, "manifest": manifests})
}

func ecrAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	var ask struct {
		ImageIDs []struct{ ImageTag, ImageDigest string }
	}
	require.NoError(in.t, json.NewDecoder(r.Body).Decode(&ask))
	for _, id := range ask.ImageIDs {
		in.remove(id.ImageTag + id.ImageDigest)
	}
	details := []any{}
	for digest, tags := range in.tags() {
		details = append(details, map[string]any{"imageDigest": digest, "imageTags": tags, "imagePushedAt": longAgo.Unix()})
	}
	answer(rw, map[string]any{"imageDetails": details, "imageIds": []any{}, "failures": []any{}})
}

// ghcrAPI numbers the versions by their digests.
func ghcrAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	versions := []map[string]any{}
	for digest, tags := range in.tags() {
		var id int64
		_, err := fmt.Sscanf(digest, "sha256:%12x", &id)
		require.NoError(in.t, err)
		one := map[string]any{"id": id, "name": digest, "created_at": longAgo, "updated_at": longAgo, "metadata": map[string]any{"container": map[string]any{"tags": tags}}}
		versions = append(versions, one)
		switch {
		case last(r) != fmt.Sprint(id):
		case r.Method == http.MethodDelete:
			for _, name := range append(tags, digest) {
				in.remove(name)
			}
			rw.WriteHeader(http.StatusNoContent)
			return
		default:
			answer(rw, one)
			return
		}
	}
	answer(rw, versions)
}

func harborAPI(in *internet, rw http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/api/v2.0/ping":
		fmt.Fprint(rw, "Pong")
	case r.URL.Path == "/api/v2.0/systeminfo":
		answer(rw, map[string]string{"harbor_version": "v2.11.0"})
	case r.Method == http.MethodDelete:
		in.removing(rw, r, http.StatusOK)
	default:
		answer(rw, in.each(func(digest, tag string) map[string]any {
			return map[string]any{"digest": digest, "push_time": longAgo, "tags": []any{map[string]any{"name": tag, "push_time": longAgo}}}
		}))
	}
}
