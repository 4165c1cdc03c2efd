package cli_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// nothing answers a status to whatever is asked.
func nothing(status int) func(*internet, http.ResponseWriter, *http.Request) {
	return func(_ *internet, rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) }
}

// TestPruneByFamily: a prune deletes by the API of the registry's own vendor,
// which the host or the probe tells, and by nothing else; the trash is written
// first.
func TestPruneByFamily(t *testing.T) {
	const plain = `DELETE %s/v2/acme/app/manifests/v1`
	type stub = func(*internet, http.ResponseWriter, *http.Request)
	tests := map[string]struct {
		host    string
		api     stub
		deletes string // the request that takes v1 away; an expression
	}{
		"GHCR":                 {"ghcr.io", ghcrAPI, `DELETE api\.github\.com/orgs/acme/packages/container/app/versions/\d+`},
		"Docker Hub":           {"docker.io", hubAPI, `DELETE hub\.docker\.com/v2/repositories/acme/app/tags/v1/`},
		"ECR":                  {"123456789012.dkr.ecr.eu-west-1.amazonaws.com", ecrAPI, `POST api\.ecr\.eu-west-1\.amazonaws\.com/\.BatchDeleteImage`},
		"GAR":                  {"europe-docker.pkg.dev", garAPI, fmt.Sprintf(plain, `europe-docker\.pkg\.dev`)},
		"ACR":                  {"acme.azurecr.io", acrAPI, `DELETE acme\.azurecr\.io/acr/v1/acme/app/_tags/v1`},
		"Quay":                 {"quay.io", quayAPI, `DELETE quay\.io/api/v1/repository/acme/app/tag/v1`},
		"Harbor":               {"harbor.corp", harborAPI, `DELETE harbor\.corp/api/v2\.0/projects/acme/repositories/app/artifacts/v1/tags/v1`},
		"plain, no such pages": {"registry.corp", nothing(http.StatusNotFound), fmt.Sprintf(plain, `registry\.corp`)},
		"plain, 401":           {"registry.corp", nothing(http.StatusUnauthorized), fmt.Sprintf(plain, `registry\.corp`)},
		"plain, 403":           {"registry.corp", nothing(http.StatusForbidden), fmt.Sprintf(plain, `registry\.corp`)},
		"plain, 500":           {"registry.corp", nothing(http.StatusInternalServerError), fmt.Sprintf(plain, `registry\.corp`)},
		"plain, empty pages":   {"registry.corp", nothing(http.StatusOK), fmt.Sprintf(plain, `registry\.corp`)},
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := &internet{t: t, registry: registrytest.StartMemory(t), api: tt.api}
			home, now := homeOf(t, tt.host), clitest.Start
			run := func(args ...string) {
				t.Helper()
				var out bytes.Buffer
				status := cli.Main(t.Context(), cli.Env{
					Args: args, Stdout: &out, Stderr: &out, Sleep: clitest.NoWait, Transport: in, Now: func() time.Time { return now },
					Getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
				})
				require.Equal(t, 0, status, "%v\n%s\n%s", args, out.String(), strings.Join(in.asked, "\n"))
			}
			registrytest.Push(t, in.registry, "acme/app", "latest")
			run("retire", tt.host+"/acme/app", "--cache", "none")
			registrytest.Push(t, in.registry, "acme/app", "latest")
			now, in.asked = now.Add(40*24*time.Hour), nil
			run("prune", tt.host+"/acme/app", "--cache", "none", "--yes", "--keep-for", "30d", "--keep-last", "0", "--max-deleted", "90", "--uses", home)

			deleted := slices.IndexFunc(in.asked, regexp.MustCompile("^"+tt.deletes+"$").MatchString)
			require.GreaterOrEqual(t, deleted, 0, strings.Join(in.asked, "\n"))
			trash := slices.IndexFunc(in.asked, regexp.MustCompile(`^PUT .*/v2/acme/app/manifests/basekeeper\.trash-`).MatchString)
			assert.True(t, trash >= 0 && trash < deleted, strings.Join(in.asked, "\n"))
			for _, asked := range in.asked {
				if strings.HasPrefix(asked, "DELETE ") && strings.Contains(asked, "/manifests/v1") {
					assert.Regexp(t, tt.deletes, asked, "no other way to take a tag")
				}
			}
			for _, tags := range in.tags() {
				assert.NotContains(t, tags, "v1")
			}
		})
	}
}

// homeOf is a home with a login for a host, and a Dockerfile that uses nothing.
func homeOf(t *testing.T, host string) string {
	t.Helper()
	home := t.TempDir()
	clitest.WriteFile(t, home, "Dockerfile", "FROM scratch\n")
	if host == "docker.io" {
		host = "https://index.docker.io/v1/"
	}
	auth := base64.StdEncoding.EncodeToString([]byte("robot:secret"))
	clitest.WriteFile(t, home, filepath.Join(".docker", "config.json"), fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, auth))
	return home
}
