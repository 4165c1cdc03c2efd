package gitlab_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
)

// TestTokensOfJobs: what a pipeline gives its jobs is refused before anything
// is asked, whatever it looks like.
func TestTokensOfJobs(t *testing.T) {
	const canary = "canary-0123456789"
	tests := map[string]struct {
		options gitlab.Options
		want    string // empty for none
	}{
		"a person's":       {gitlab.Options{Token: "glpat-" + canary}, ""},
		"without a prefix": {gitlab.Options{Token: canary}, ""},
		"a job's":          {gitlab.Options{Token: "glcbt-" + canary}, "CI_JOB_TOKEN serves the container registry only"},
		"known as a job's": {gitlab.Options{Token: canary, Job: true}, "CI_JOB_TOKEN serves the container registry only"},
		"none":             {gitlab.Options{}, "no credentials"},
		"two lines":        {gitlab.Options{Token: canary + "\n"}, "a line's end"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := gitlab.New(tt.options)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), canary)
			assert.Equal(t, tt.options.Job || name == "a job's", errors.Is(err, forge.ErrDenied))
		})
	}
}
