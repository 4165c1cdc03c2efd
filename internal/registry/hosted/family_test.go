package hosted_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

func TestChoose(t *testing.T) {
	tests := map[string]struct {
		registry, said string
		want           hosted.Family // empty for plain OCI
	}{
		"GitHub":                        {"ghcr.io", "", hosted.GHCR},
		"a look-alike of GitHub":        {"ghcr.io.evil.example", "", ""},
		"GitLab":                        {"registry.gitlab.com", "", hosted.GitLab},
		"a self-managed GitLab":         {"registry.corp", "", ""},
		"a self-managed GitLab by word": {"registry.corp", "gitlab", hosted.GitLab},
		"Docker Hub":                    {"docker.io", "", hosted.DockerHub},
		"Quay":                          {"quay.io", "", hosted.Quay},
		"Amazon":                        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "", hosted.ECR},
		"Amazon in China":               {"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "", hosted.ECR},
		"Amazon's public one":           {"public.ecr.aws", "", ""},
		"a look-alike of Amazon":        {"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", "", ""},
		"Google":                        {"europe-docker.pkg.dev", "", hosted.GAR},
		"Google's old one":              {"gcr.io", "", hosted.GAR},
		"Google's old one in Europe":    {"eu.gcr.io", "", hosted.GAR},
		"a look-alike of Google":        {"fakegcr.io", "", ""},
		"Azure":                         {"acme.azurecr.io", "", hosted.ACR},
		"Azure in China":                {"acme.azurecr.cn", "", hosted.ACR},
		"a look-alike of Azure":         {"azurecr.io.evil.example", "", ""},
		"a host of its own":             {"registry.corp:5000", "", ""},
		"Harbor by word":                {"registry.corp", "harbor", hosted.Harbor},
		"a word over the host":          {"quay.io", "oci", ""},
		"an unknown word":               {"quay.io", "nexus", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := hosted.Choose(image.Reference{Registry: tt.registry, Repository: "a/b"}, tt.said)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.want != "", ok)
		})
	}
}

// TestProbe: only clear answers count; 401 and 403 are none.
func TestProbe(t *testing.T) {
	type pages map[string]string // path to body; others are 404
	tests := map[string]struct {
		pages  pages
		status int // of all others
		want   hosted.Family
	}{
		"Harbor":                       {pages{"/api/v2.0/ping": "Pong", "/api/v2.0/systeminfo": `{"harbor_version":"v2.11.0"}`}, 404, hosted.Harbor},
		"Harbor that hides its number": {pages{"/api/v2.0/ping": `"Pong"`, "/api/v2.0/systeminfo": `{"auth_mode":"db_auth"}`}, 404, hosted.Harbor},
		"only the ping":                {pages{"/api/v2.0/ping": "Pong"}, 404, ""},
		"no ping":                      {pages{"/api/v2.0/systeminfo": `{"harbor_version":"v2.11.0"}`}, 404, ""},
		"a page for everything":        {pages{"/api/v2.0/ping": "<html>", "/api/v2.0/systeminfo": "<html>", "/api/v1/discovery": "<html>"}, 404, ""},
		"an empty description":         {pages{"/api/v1/discovery": `{"paths":{}}`}, 404, ""},
		"Quay":                         {pages{"/api/v1/discovery": `{"swagger":"2.0","paths":{"/api/v1/repository/{repository}/tag/":{}}}`}, 404, hosted.Quay},
		"zot":                          {pages{"/v2/_zot/ext/userprefs": "{}", "/v2/": "{}"}, 404, ""},
		"401 everywhere":               {nil, 401, ""},
		"403 everywhere":               {nil, 403, ""},
		"busy":                         {nil, 503, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Empty(t, r.Header.Get("Authorization"), "a probe has no credentials")
				if body, ok := tt.pages[r.URL.Path]; ok {
					fmt.Fprint(w, body)
					return
				}
				w.WriteHeader(tt.status)
			}))
			defer server.Close()
			ref := image.Reference{Registry: strings.TrimPrefix(server.URL, "http://"), Repository: "a/b"}
			got, ok, err := hosted.Probe(t.Context(), ref, hosted.Options{User: user, Password: secret, Token: secret})
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.want != "", ok)
		})
	}
}

func TestNew(t *testing.T) {
	w := newWorld()
	tests := map[string]struct {
		family  hosted.Family
		options hosted.Options
		wantErr string // empty for none
	}{
		"GHCR":                  {hosted.GHCR, hosted.Options{Registry: "ghcr.io", OCI: w, Token: secret}, ""},
		"an Enterprise Server":  {hosted.GHCR, hosted.Options{Registry: "containers.ghe.corp", Host: "https://ghe.corp/api/v3", OCI: w}, ""},
		"one without its API":   {hosted.GHCR, hosted.Options{Registry: "containers.ghe.corp", OCI: w}, "find the API of containers.ghe.corp: want a URL like https://registry.corp"},
		"GitLab without a host": {hosted.GitLab, hosted.Options{Registry: "registry.corp", OCI: w}, "find the API of registry.corp: want a URL"},
		"plain HTTP":            {hosted.Harbor, hosted.Options{Registry: "harbor.corp", Host: "http://harbor.corp", OCI: w, Password: secret}, "harbor.corp is not https"},
		"a secret in the URL":   {hosted.Harbor, hosted.Options{Registry: "harbor.corp", Host: "https://u:" + secret + "@harbor.corp", OCI: w}, "want a URL"},
		"no registry":           {hosted.Harbor, hosted.Options{OCI: w}, "no registry named"},
		"no OCI":                {hosted.Harbor, hosted.Options{Registry: "harbor.corp"}, "no OCI client given"},
		"no family":             {"nexus", hosted.Options{Registry: "nexus.corp", OCI: w}, `no family of registries is called "nexus"`},
		"not Amazon's":          {hosted.ECR, hosted.Options{Registry: "public.ecr.aws", OCI: w}, "public.ecr.aws is no private registry of Amazon's"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := hosted.New(tt.family, tt.options)
			if tt.wantErr == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.wantErr)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}
