package hosted_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

// TestGitLab403: what is not about protection is a matter of permissions.
func TestGitLab403(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	w.refusal = "role"
	s := stubOf(t, hosted.GitLab)
	err := w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0002"))
	require.ErrorIs(t, err, image.ErrDenied)
	assert.NotErrorIs(t, err, image.ErrRefused)
}

// TestGitLabSigns: each kind of token has its header, and no other one.
func TestGitLabSigns(t *testing.T) {
	headers := []string{"Private-Token", "Job-Token", "Authorization"}
	tests := map[string]struct {
		options func(o *hosted.Options)
		want    map[string]string
	}{
		"token":               {withToken, map[string]string{"Private-Token": secret}},
		"password":            {withPassword, map[string]string{"Private-Token": secret}},
		"job token":           {func(o *hosted.Options) { o.User, o.Password = "gitlab-ci-token", secret }, map[string]string{"Job-Token": secret}},
		"OAuth":               {func(o *hosted.Options) { o.User, o.Password = "oauth2", secret }, map[string]string{"Authorization": "Bearer " + secret}},
		"token before a user": {func(o *hosted.Options) { o.User, o.Password, o.Token = "gitlab-ci-token", "other", secret }, map[string]string{"Private-Token": secret}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
				got := map[string]string{}
				for _, header := range headers {
					if value := r.Header.Get(header); value != "" {
						got[header] = value
					}
				}
				assert.Equal(t, tt.want, got)
				r.Header.Set("Private-Token", secret) // the stub takes no other
				return false
			}
			s := stubOf(t, hosted.GitLab)
			s.options = tt.options
			require.NoError(t, w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0001")))
			assert.NotContains(t, w.tags, "v0001")
		})
	}
}

// TestGitLabDeployToken: it reaches registries and not the API, so nothing is
// asked.
func TestGitLabDeployToken(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	s := stubOf(t, hosted.GitLab)
	s.options = func(o *hosted.Options) { o.User, o.Password = "gitlab+deploy-token-7", secret }
	err := w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0001"))
	require.ErrorIs(t, err, image.ErrDenied)
	require.ErrorContains(t, err, "a deploy token does not reach GitLab's API")
	assert.Empty(t, w.requests)
}

// TestGitLabDeletesTheRepository: of one that is about to go, nothing is
// deleted.
func TestGitLabDeletesTheRepository(t *testing.T) {
	for _, status := range []string{"delete_scheduled", "delete_failed", "delete_ongoing"} {
		t.Run(status, func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				assert.Equal(t, http.MethodGet, r.Method)
				if strings.Contains(r.URL.EscapedPath(), "acme%2Fshop%2Fapp") {
					return false
				}
				answerJSON(rw, http.StatusOK, []map[string]any{{"id": 42, "path": "acme/shop/app", "status": status}})
				return true
			}
			s := stubOf(t, hosted.GitLab)
			err := w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0001"))
			require.ErrorIs(t, err, image.ErrRefused)
			assert.Len(t, w.tags, 4)
		})
	}
}

// TestGitLabPromises: 202 only says that the tag will be deleted.
func TestGitLabPromises(t *testing.T) {
	for name, keeps := range map[string]int{"at once": 0, "after a while": 3, "never": 99} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodDelete {
					return false
				}
				rw.WriteHeader(http.StatusAccepted)
				return true
			}
			left := keeps
			if left == 0 {
				w.removeTag("v0001", false)
			}
			s := stubOf(t, hosted.GitLab)
			options := s.options
			s.options = func(o *hosted.Options) {
				options(o)
				o.Sleep = func(ctx context.Context, d time.Duration) error {
					assert.Positive(t, d)
					if left--; left == 0 {
						w.removeTag("v0001", false)
					}
					return ctx.Err()
				}
			}
			err := w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0001"))
			if keeps < 99 {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "it is still there; run again later")
			assert.Less(t, keeps-left, 10, "looks")
		})
	}
}

// TestGitLabUnderAPath: an install at https://HOST/PATH has its API below it,
// and a registry on another host.
func TestGitLabUnderAPath(t *testing.T) {
	w := newWorld()
	w.fill(4, 0)
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		assert.True(t, strings.HasPrefix(r.URL.EscapedPath(), "/gitlab/api/v4/projects/"), r.URL.Path)
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/gitlab")
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/gitlab")
		return false
	}
	s := stubOf(t, hosted.GitLab)
	s.watch = nil
	options := s.options
	s.options = func(o *hosted.Options) {
		options(o)
		o.Host += "/gitlab/"
	}
	require.NoError(t, w.client(t, s).DeleteTag(t.Context(), s.ref.Tagged("v0001")))
	assert.NotContains(t, w.tags, "v0001")
}
