package gitlab_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/forgetest"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/gitlab"
)

// signed notes which requests bring a token in a header.
type signed struct {
	forgetest.Direct
	any bool
}

func (s *signed) RoundTrip(req *http.Request) (*http.Response, error) {
	s.any = s.any || req.Header.Get("Private-Token") != "" || req.Header.Get("Authorization") != ""
	return s.Direct.RoundTrip(req)
}

func TestStart(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.CreateProject("acme/team/keeper", sandbox.ProjectOptions{}, sandbox.File{Path: "x", Content: []byte("x")}))
	require.NoError(t, w.AddTrigger("acme/team/keeper", "glptt-secret", person))
	way := &signed{Direct: forgetest.Direct{Handler: w.handler}}
	o := gitlab.Options{Token: "glptt-secret", Now: w.clock.Now, Sleep: w.clock.Sleep, Transport: way}
	wish := gitlab.Trigger{Project: "acme/team/keeper", Ref: "main", Variables: map[string]string{"BASEKEEPER_IMAGE": "registry.example.com/acme/base:1"}}
	require.NoError(t, gitlab.Start(t.Context(), o, wish))
	all := w.Pipelines("acme/team/keeper")
	require.Len(t, all, 1)
	assert.Equal(t, "trigger", all[0].Source)
	assert.Equal(t, wish.Variables, all[0].Variables)
	assert.False(t, way.any, "a trigger token is for the request alone")

	tests := map[string]struct {
		token   string
		wish    gitlab.Trigger
		want    error
		message string
	}{
		"no token":     {"", wish, nil, "no trigger token"},
		"wrong token":  {"glptt-wrong", wish, forge.ErrNotFound, "start pipeline"},
		"no project":   {"glptt-secret", gitlab.Trigger{Project: "acme/none", Ref: "main"}, forge.ErrNotFound, ""},
		"no such name": {"glptt-secret", gitlab.Trigger{Project: "acme/../x", Ref: "main"}, nil, "start pipeline"},
		"no such ref":  {"glptt-secret", gitlab.Trigger{Project: "acme/team/keeper", Ref: "none"}, nil, "400"},
		"another's":    {"glptt-secret", gitlab.Trigger{Project: "acme/team/other", Ref: "main"}, forge.ErrNotFound, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := o
			o.Token = tt.token
			err := gitlab.Start(t.Context(), o, tt.wish)
			require.Error(t, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
			require.ErrorContains(t, err, tt.message)
			assert.NotContains(t, err.Error(), "glptt")
		})
	}
	assert.Len(t, w.Pipelines("acme/team/keeper"), 1)
}
