package hosted

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Probe asks an unknown registry what it is, without credentials: Harbor and
// Quay answer addresses of their own with what only they say. It is false for
// what answers neither, or not clearly; 401 and 403 mean nothing. A registry
// that does not answer is no error here: it will be one when it is listed.
//
// Of opts, Registry, Host and what is not about credentials count. The error is
// that of ctx, or that the registry's name is none.
func Probe(ctx context.Context, ref image.Reference, opts Options) (Family, bool, error) {
	opts.Registry, opts.Token, opts.User, opts.Password = ref.Registry, "", "", ""
	opts.Retries = -1
	a, err := newAPI(Trait{Family: Harbor}, opts.withDefaults())
	if err != nil {
		return "", false, err
	}
	for _, is := range []struct {
		family Family
		probe  func(context.Context, *api) bool
	}{{Harbor, isHarbor}, {Quay, isQuay}} {
		if is.probe(ctx, a) {
			return is.family, true, nil
		}
		if ctx.Err() != nil {
			return "", false, ctx.Err()
		}
	}
	return "", false, nil
}

// isHarbor knows Harbor by its ping and by what it says of itself.
func isHarbor(ctx context.Context, a *api) bool {
	pong, ok := ask(ctx, a, "/api/v2.0/ping")
	if !ok || strings.Trim(strings.TrimSpace(string(pong)), `"`) != "Pong" {
		return false
	}
	var info struct {
		Version  string `json:"harbor_version"`
		AuthMode string `json:"auth_mode"` // a Harbor that hides its version says this
	}
	said, ok := ask(ctx, a, "/api/v2.0/systeminfo")
	return ok && json.Unmarshal(said, &info) == nil && (info.Version != "" || info.AuthMode != "")
}

// isQuay knows Quay by the description of its API.
func isQuay(ctx context.Context, a *api) bool {
	said, ok := ask(ctx, a, "/api/v1/discovery")
	var description struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	if !ok || json.Unmarshal(said, &description) != nil {
		return false
	}
	for path := range description.Paths {
		if strings.HasPrefix(path, "/api/v1/repository/{repository}") {
			return true
		}
	}
	return false
}

// ask returns a body that came with 200.
func ask(ctx context.Context, a *api, path string) ([]byte, bool) {
	got, err := a.send(ctx, call{method: http.MethodGet, path: path})
	return got.body, err == nil && got.status == http.StatusOK
}
