package gitlab_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// images is a registry of digests by repository and tag.
type images map[string]map[string]string

func (m images) Repositories(_ context.Context, project string) ([]string, error) {
	names := slices.Sorted(maps.Keys(m))
	return slices.DeleteFunc(names, func(n string) bool { return n != project && !strings.HasPrefix(n, project+"/") }), nil
}

func (m images) Tags(_ context.Context, repository string) ([]string, error) {
	return slices.Sorted(maps.Keys(m[repository])), nil
}

func (m images) Tag(_ context.Context, repository, tag string) (gitlab.RegistryTag, error) {
	digest, ok := m[repository][tag]
	if !ok {
		return gitlab.RegistryTag{}, git.ErrNotFound
	}
	return gitlab.RegistryTag{Digest: digest, Revision: strings.Repeat("ab", 32), Size: 7, Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, nil
}

func (m images) DeleteTag(_ context.Context, repository, tag string) error {
	if _, ok := m[repository][tag]; !ok {
		return git.ErrNotFound
	}
	delete(m[repository], tag)
	return nil
}

func (m images) DeleteRepository(_ context.Context, repository string) error {
	delete(m, repository)
	return nil
}

func TestRegistry(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	held := images{"acme/base": {"latest": "sha256:a", "v1": "sha256:b", "v2": "sha256:c", "v3": "sha256:d", "keep": "sha256:e"}, "acme/base/debug": {"latest": "sha256:f"}}
	l := newLab(t, gitlab.Options{Registry: held, Now: func() time.Time { return now }})
	l.project("acme/base", gitlab.ProjectOptions{ProtectedTags: []string{"^keep$"}, ImmutableTags: []string{"^v3$"}})
	list := l.ask("GET", base+"/registry/repositories?tags_count=true&tags=true", nil).list(t)
	require.Len(t, list, 2)
	assert.Equal(t, []any{"", "acme/base", 5.0}, []any{list[0]["name"], list[0]["path"], list[0]["tags_count"]})
	assert.Equal(t, "debug", list[1]["name"])
	assert.Len(t, l.ask("GET", "/groups/acme/registry/repositories", nil).list(t), 2)
	id := list[0]["id"]
	at := fmt.Sprintf("%s/registry/repositories/%v", base, id)
	assert.Equal(t, "acme/base", l.ask("GET", fmt.Sprintf("/registry/repositories/%v?tags_count=true", id), nil).object(t)["path"])
	assert.Equal(t, http.StatusNotFound, l.ask("GET", "/registry/repositories/1", nil).Code)

	assert.Len(t, l.ask("GET", at+"/tags?per_page=2&page=3", nil).list(t), 1)
	tag := l.ask("GET", at+"/tags/v1", nil).object(t)
	assert.Equal(t, []any{"sha256:b", "ababababa", 7.0, "2026-01-01T00:00:00.000Z"}, []any{tag["digest"], tag["short_revision"], tag["total_size"], tag["created_at"]})
	assert.Equal(t, http.StatusNotFound, l.ask("GET", at+"/tags/none", nil).Code)
	assert.Equal(t, http.StatusOK, l.ask("DELETE", at+"/tags/v1", nil).Code)
	assert.Equal(t, http.StatusNotFound, l.ask("DELETE", at+"/tags/v1", nil).Code)
	assert.Equal(t, http.StatusForbidden, l.ask("DELETE", at+"/tags/keep", nil).Code)
	assert.Equal(t, http.StatusForbidden, l.ask("DELETE", at+"/tags/v3", nil).Code)

	assert.Equal(t, http.StatusBadRequest, l.ask("DELETE", at+"/tags", nil).Code)
	assert.Equal(t, http.StatusAccepted, l.ask("DELETE", at+"/tags?name_regex_delete=.*", nil).Code)
	assert.Contains(t, held["acme/base"], "v2", "it works later")
	l.RunJobs(t.Context())
	assert.Equal(t, []string{"keep", "latest", "v3"}, slices.Sorted(maps.Keys(held["acme/base"])), "latest and what is protected stay")
	got := l.ask("DELETE", at+"/tags?name_regex_delete=.*", nil)
	assert.Equal(t, http.StatusBadRequest, got.Code)
	assert.Contains(t, got.Body, "at most once an hour")
	now = now.Add(time.Hour)
	assert.Equal(t, http.StatusAccepted, l.ask("DELETE", at+"/tags?name_regex_delete=v.*&name_regex_keep=v3", nil).Code)

	assert.Equal(t, http.StatusForbidden, l.ask("DELETE", at, nil).Code, "tags are protected")
	require.NoError(t, l.Configure("acme/base", func(o *gitlab.ProjectOptions) { o.ProtectedTags, o.ImmutableTags = nil, nil }))
	assert.Equal(t, http.StatusAccepted, l.ask("DELETE", at, nil).Code)
	assert.Equal(t, http.StatusNotFound, l.ask("GET", at+"/tags", nil).Code)
	l.RunJobs(t.Context())
	assert.NotContains(t, held, "acme/base")
}
