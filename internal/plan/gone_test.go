package plan_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// TestAnOpenPullRequestWhosePinIsGone: it is to say so, and not to be merged by
// itself.
func TestAnOpenPullRequestWhosePinIsGone(t *testing.T) {
	const finish = "finish: the registry no longer has a digest that it replaces: it says so, and is for a person to merge"
	tests := map[string]struct {
		autoMerge bool
		hint      plan.Hint
		want      string
	}{
		"it does not say so":         {false, plan.Hint{}, finish},
		"nor is it for a person":     {true, plan.Hint{}, finish},
		"automerge was set again":    {true, plan.Hint{Gone: true}, finish},
		"its run was cut off":        {true, plan.Hint{Begun: true}, finish},
		"it says so":                 {false, plan.Hint{Gone: true}, "keep"},
		"a person asked for it anew": {true, plan.Hint{Refresh: true}, "update: a person asked for it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			open := pull(func(p *forge.PullRequest) { p.AutoMerge = tt.autoMerge })
			w.Seen[debian] = plan.Seen{Branch: branch("", open), Content: wanted(t), Hint: tt.hint}
			w.pulls(t)
			w.Plan.Bumps[0].Gone = true
			got := w.Decide(w.Wanted())
			require.Len(t, got, 1)
			assert.Equal(t, tt.want, story(got[0]))
		})
	}
}
