package hosted_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox/spectest"
)

// answerLogin answers a token for the one body that is right.
func answerLogin(rw http.ResponseWriter, r *http.Request, want, field string) {
	body, _ := io.ReadAll(r.Body)
	if string(body) != want {
		refuse(rw, http.StatusUnauthorized, "who are you")
		return
	}
	answerJSON(rw, http.StatusOK, map[string]string{field: "a-jwt"})
}

func garStub(w *world) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch {
		case r.URL.Path == "/v2/token":
			if !isBasic(r) || query.Get("service") != "europe-docker.pkg.dev" || query.Get("scope") != "repository:acme/images/app:pull" {
				refuse(rw, http.StatusUnauthorized, "who are you")
				return
			}
			answerJSON(rw, http.StatusOK, map[string]any{"token": "a-jwt", "expires_in": 3600})
		case r.Header.Get("Authorization") != "Bearer a-jwt":
			refuse(rw, http.StatusUnauthorized, "UNAUTHORIZED")
		case r.URL.Path == "/v2/acme/images/app/tags/list":
			manifests := map[image.Digest]any{}
			for _, d := range w.sortedDigests() {
				manifests[d] = map[string]any{
					"imageSizeBytes": "12", "mediaType": image.MediaTypeOCIManifest, "tag": w.tagsOf(d),
					"timeCreatedMs": "0", "timeUploadedMs": strconv.FormatInt(w.digests[d].UnixMilli(), 10),
				}
			}
			answer := map[string]any{"child": []string{}, "name": "acme/images/app", "tags": w.names(), "manifest": manifests}
			if w.refusal == "no manifests" {
				delete(answer, "manifest")
			}
			answerJSON(rw, http.StatusOK, answer)
		default:
			refuse(rw, http.StatusNotFound, "NAME_UNKNOWN")
		}
	}
}

// after returns the page of a sorted list after last, as Azure's do.
func after(all []string, r *http.Request) []string {
	n, _ := strconv.Atoi(r.URL.Query().Get("n"))
	from := 0
	if last := r.URL.Query().Get("last"); last != "" {
		at, found := slices.BinarySearch(all, last)
		from = at
		if found {
			from++
		}
	}
	return all[from:min(from+n, len(all))]
}

func acrStub(w *world) http.HandlerFunc {
	const base = "/acr/v1/team/app/"
	return func(rw http.ResponseWriter, r *http.Request) {
		tag, isTag := strings.CutPrefix(r.URL.Path, base+"_tags/")
		switch {
		case r.Method == http.MethodPost && r.URL.Path == "/oauth2/token":
			if r.PostFormValue("refresh_token") != secret || r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("service") != "acme.azurecr.io" {
				refuse(rw, http.StatusUnauthorized, "who are you")
				return
			}
			answerJSON(rw, http.StatusOK, map[string]any{"access_token": "jwt of " + r.PostFormValue("scope")})
		case !isBasic(r) && !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer jwt of repository:team/app:"):
			refuse(rw, http.StatusUnauthorized, "UNAUTHORIZED")
		case r.Method == http.MethodGet && r.URL.Path == base+"_tags":
			found := []map[string]any{}
			for _, name := range after(w.names(), r) {
				found = append(found, map[string]any{
					"name": name, "digest": w.tags[name].digest, "createdTime": epoch, "lastUpdateTime": w.tags[name].since,
					"changeableAttributes": map[string]bool{"deleteEnabled": true},
				})
			}
			answerJSON(rw, http.StatusOK, map[string]any{"registry": "acme.azurecr.io", "imageName": "team/app", "tags": found})
		case r.Method == http.MethodGet && r.URL.Path == base+"_manifests":
			var all []string
			for _, d := range w.sortedDigests() {
				all = append(all, string(d))
			}
			found := []map[string]any{}
			for _, d := range after(all, r) {
				m := map[string]any{"digest": d, "createdTime": w.digests[image.Digest(d)], "lastUpdateTime": w.digests[image.Digest(d)]}
				if tags := w.tagsOf(image.Digest(d)); len(tags) > 0 {
					m["tags"] = tags
				}
				found = append(found, m)
			}
			answerJSON(rw, http.StatusOK, map[string]any{"manifests": found})
		case r.Method == http.MethodDelete && isTag && w.refusal != "":
			refuse(rw, http.StatusMethodNotAllowed, "locked")
		case r.Method == http.MethodDelete && isTag && w.removeTag(tag, false):
			rw.WriteHeader(http.StatusAccepted)
		default:
			refuse(rw, http.StatusNotFound, "NAME_UNKNOWN")
		}
	}
}

// ecrStub answers as Amazon's JSON protocol has it.
func ecrStub(w *world) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var ask struct {
			RegistryID, RepositoryName, NextToken string
			MaxResults                            int
			ImageIDs                              []struct{ ImageTag, ImageDigest string }
		}
		_ = json.NewDecoder(r.Body).Decode(&ask) // an empty one is refused below
		switch {
		case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/"):
			refuseAmazon(rw, "UnrecognizedClientException")
		case ask.RegistryID != "123456789012" || ask.RepositoryName != "team/app":
			refuseAmazon(rw, "RepositoryNotFoundException")
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeImages"):
			all := w.sortedDigests()
			from, _ := strconv.Atoi(ask.NextToken)
			to := min(from+ask.MaxResults, len(all))
			details := []map[string]any{}
			for _, d := range all[from:to] {
				one := map[string]any{"imageDigest": d, "imagePushedAt": w.digests[d].Unix(), "imageManifestMediaType": image.MediaTypeOCIManifest}
				if tags := w.tagsOf(d); len(tags) > 0 {
					one["imageTags"] = tags
				}
				details = append(details, one)
			}
			answer := map[string]any{"imageDetails": details}
			if to < len(all) {
				answer["nextToken"] = strconv.Itoa(to)
			}
			answerJSON(rw, http.StatusOK, answer)
		case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchDeleteImage") && len(ask.ImageIDs) == 1:
			id := ask.ImageIDs[0]
			code := ""
			switch {
			case w.refusal != "":
				code = w.refusal
			case id.ImageTag != "" && !w.removeTag(id.ImageTag, true), id.ImageDigest != "" && !w.remove(image.Digest(id.ImageDigest)):
				code = "ImageNotFound"
			}
			answer := map[string]any{"imageIds": []any{}, "failures": []any{}}
			if code != "" {
				answer["failures"] = []any{map[string]any{"imageId": id, "failureCode": code, "failureReason": secret}}
			}
			answerJSON(rw, http.StatusOK, answer)
		default:
			refuseAmazon(rw, "InvalidParameterException")
		}
	}
}

func refuseAmazon(rw http.ResponseWriter, code string) {
	rw.Header().Set("X-Amzn-Errortype", code)
	answerJSON(rw, http.StatusBadRequest, map[string]string{"__type": code, "message": "<script> " + secret})
}

// watchGitHub holds requests against GitHub's description. It leaves out the
// paging of users' packages, which GitHub has and its description has not.
func watchGitHub(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	type original struct{}
	inner := spectest.Wrap(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.RawQuery, _ = r.Context().Value(original{}).(string)
		h.ServeHTTP(rw, r)
	}))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r = r.Clone(context.WithValue(r.Context(), original{}, r.URL.RawQuery))
		if strings.HasPrefix(r.URL.Path, "/users/") {
			r.URL.RawQuery = ""
		}
		inner.ServeHTTP(rw, r)
	})
}

// ghcrStub has packages of the organization acme.
func ghcrStub(w *world) http.HandlerFunc { return ghcrOwned(w, "/orgs/acme") }

func ghcrOwned(w *world, owner string) http.HandlerFunc {
	versions := owner + "/packages/container/team%2Fapp/versions"
	ids := map[image.Digest]int{}
	number := func(d image.Digest) int {
		if ids[d] == 0 {
			ids[d] = 7000 + len(ids)
		}
		return ids[d]
	}
	show := func(d image.Digest) map[string]any {
		at := fmt.Sprintf("https://api.github.com%s/%d", versions, number(d))
		return map[string]any{
			"id": number(d), "name": d, "url": at, "package_html_url": at, "created_at": w.digests[d].Add(-time.Hour), "updated_at": w.digests[d],
			"metadata": map[string]any{"package_type": "container", "container": map[string]any{"tags": w.tagsOf(d)}},
		}
	}
	return func(rw http.ResponseWriter, r *http.Request) {
		path, ours := strings.CutPrefix(r.URL.EscapedPath(), versions)
		var one image.Digest
		for d := range w.digests {
			if path == "/"+strconv.Itoa(number(d)) {
				one = d
			}
		}
		switch {
		case r.Header.Get("Authorization") != "Bearer "+secret:
			refuse(rw, http.StatusUnauthorized, "Bad credentials")
		case !ours || path != "" && one == "":
			refuse(rw, http.StatusNotFound, "Package not found.")
		case r.Method == http.MethodGet && path == "":
			page, n, more := window(w.sortedDigests(), r, "per_page")
			found := []map[string]any{}
			for _, d := range page {
				found = append(found, show(d))
			}
			if more {
				rw.Header().Set("Link", fmt.Sprintf(`<https://api.github.com%s?page=%d&per_page=100>; rel="next", <https://api.github.com%s?page=%d&per_page=100>; rel="last"`,
					versions, n+1, versions, (len(w.digests)+99)/100))
			}
			answerJSON(rw, http.StatusOK, found)
		case r.Method == http.MethodGet:
			answerJSON(rw, http.StatusOK, show(one))
		case r.Method == http.MethodDelete && w.refusal != "":
			refuse(rw, http.StatusBadRequest, w.refusal)
		case r.Method == http.MethodDelete && w.remove(one):
			rw.WriteHeader(http.StatusNoContent)
		default:
			refuse(rw, http.StatusNotFound, "Package not found.")
		}
	}
}
