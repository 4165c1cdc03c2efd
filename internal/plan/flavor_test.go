package plan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

func TestPlansSayWhichForgeTheyAreFor(t *testing.T) {
	for flavor, want := range map[forge.Flavor]string{forge.GitHub: "pull request in a/b", forge.GitLab: "merge request in a/b"} {
		p := plan.Plan{Version: plan.Version, Flavor: flavor}
		content, err := p.Encode()
		require.NoError(t, err)
		got, err := plan.Decode(content)
		require.NoError(t, err)
		assert.Equal(t, flavor, got.Flavor)
		if flavor == forge.GitHub {
			assert.NotContains(t, string(content), "flavor")
		}

		p.Pulls = []plan.Pull{{Repository: "a/b", Branch: "main"}}
		content, err = p.Encode()
		require.NoError(t, err)
		_, err = plan.Decode(content)
		require.EqualError(t, err, "decode plan: "+want+`: "main" is no branch of basekeeper's`)
	}
	_, err := plan.Decode([]byte(`{"version":1,"flavor":"sourceforge"}`))
	require.EqualError(t, err, `decode plan: "sourceforge" is no flavor of a forge that this basekeeper knows`)
}
