package render_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retention"
)

func prunes() map[string][]render.Pruned {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	verdicts := []retention.Verdict{
		{Tag: "latest", Digest: digest("6"), Keep: true, Reason: retention.Published, Text: "published: it moves with each release"},
		{Tag: "v1", Digest: digest("1"), Reason: retention.Expired, Text: "retired 41 days ago by acme/app#12, policy 30 days, nothing uses it", Since: at},
		{Tag: "v2", Digest: digest("2"), Keep: true, Reason: retention.InUse, Text: "in use: acme/shop Dockerfile:3"},
		{Digest: digest("9"), Reason: retention.Orphaned, Text: "untagged for 9 days"},
	}
	hostile := []retention.Verdict{{Tag: "v1", Digest: digest("1"), Reason: retention.Expired, Text: "retired by <img src=x> @octocat\x1b[2J"}}
	return map[string][]render.Pruned{
		"plan":    {{Image: "ghcr.io/acme/app", Verdicts: verdicts, Adopted: 2, Expired: []string{"basekeeper.trash-x"}}},
		"applied": {{Image: "ghcr.io/acme/app", Verdicts: verdicts, Applied: true, Left: map[string]string{"v1": "it moved since the plan"}}},
		"several": {
			{Image: "ghcr.io/acme/app", Verdicts: verdicts, Refused: "would delete 40 of 50 tags, more than the 50% that the policy allows"},
			{Image: "ghcr.io/acme/none"},
			{Image: "ghcr.io/acme/gone", Problem: "list tags: ghcr.io is not available"},
		},
		"hostile": {{Image: "ghcr.io/acme/app", Verdicts: hostile}},
		"nothing": nil,
	}
}

func TestPrune(t *testing.T) {
	for name, all := range prunes() {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, render.PruneTable(&out, all))
			golden(t, "prune-"+name+".txt", out.Bytes())
			assert.NotContains(t, out.String(), "\x1b")
			markdown := render.PruneMarkdown(all, 3)
			golden(t, "prune-"+name+".md", []byte(markdown))
			page, plain := seen(t, markdown)
			assert.NotContains(t, page, "<img")
			assert.NotContains(t, plain, "@octocat")
		})
	}
}

func TestRetired(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, render.RetiredTable(&out, []render.Retired{
		{Image: "ghcr.io/acme/app:latest", Tag: "v5", Digest: digest("1"), Done: true, By: "acme/app#12"},
		{Image: "ghcr.io/acme/app:latest", Tag: "v5", Digest: digest("1")},
		{Image: "ghcr.io/acme/app:latest", Tag: "v6", Digest: digest("2"), Planned: true},
		{Image: "ghcr.io/acme/new:latest", Note: "nothing is published there yet"},
		{Image: "ghcr.io/acme/bad:latest", Error: "resolve: access denied\x1b[2J"},
	}))
	golden(t, "retired.txt", out.Bytes())
	out.Reset()
	require.NoError(t, render.RetiredTable(&out, nil))
	assert.Equal(t, "Nothing to retire.\n", out.String())
}
