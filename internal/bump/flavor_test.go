package bump_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// A run of GitLab's flavor, though on a sandbox GitHub: the words are its own.
func TestWordsFollowTheFlavor(t *testing.T) {
	p, _, want := full(t)
	p.remote.Flavor = forge.GitLab
	for i := range want {
		want[i] = strings.Replace(want[i], "pull request ", "!", 1)
	}
	assert.Equal(t, want, p.complete())

	run, err := p.remote.Plan(t.Context())
	require.NoError(t, err)
	assert.Equal(t, forge.GitLab, run.Plan.Flavor)
}

// A plan is for one forge, whatever the repositories are called.
func TestReloadOfAnotherForgesPlan(t *testing.T) {
	p := newPlace(t, "")
	_, err := p.remote.Reload(t.Context(), plan.Plan{Flavor: forge.GitLab})
	require.EqualError(t, err, "the plan is for GitLab and this run is for GitHub: give the same forge to both")
	p.remote.Flavor = forge.GitLab
	_, err = p.remote.Reload(t.Context(), plan.Plan{Flavor: forge.GitLab})
	require.NoError(t, err)
	_, err = p.remote.Reload(t.Context(), plan.Plan{})
	require.EqualError(t, err, "the plan is for GitHub and this run is for GitLab: give the same forge to both")
}
