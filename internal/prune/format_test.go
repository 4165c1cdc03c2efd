package prune_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/retention"
)

var (
	digestA = image.Digest("sha256:" + strings.Repeat("a", 64))
	digestB = image.Digest("sha256:" + strings.Repeat("b", 64))
)

// example is a plan with something of everything.
func example() prune.Plan {
	return prune.Plan{Kind: prune.Kind, Version: prune.Version, CreatedAt: now, Repositories: []prune.Repository{{
		Image: "registry.test/acme/app", TagDelete: true, Undo: prune.Duration(7 * day), Templates: []string{"v{{.Next}}", "w{{.Next}}"},
		Policy:    prune.Policy{KeepFor: prune.Duration(30 * day), KeepLast: 3, Expires: []string{"v1"}, Published: []string{"latest"}, MaxShare: 0.5},
		Uses:      []retention.Use{{Tag: "v9", By: "acme/shop: Dockerfile:3"}},
		Verdicts:  []retention.Verdict{{Tag: "v1", Digest: digestA, Reason: retention.Expired, Text: "retired 41 days ago"}},
		Tags:      []retention.Tag{{Name: "v1", Digest: digestA}},
		Manifests: []prune.Manifest{{Digest: digestA, MediaType: image.MediaTypeOCIManifest, Size: 12}},
		Adopt:     []retention.Tag{{Name: "v2", Digest: digestB, Since: now}}, ExpiredTrash: []retention.Tag{{Name: "basekeeper.trash-20260201T000000Z-0123456789ab", Digest: digestB}},
		Unfinished: []string{"basekeeper.trash-20260202T000000Z-0123456789ab"},
	}}}
}

func TestFormat(t *testing.T) {
	content, err := example().Encode()
	require.NoError(t, err)
	assert.True(t, prune.IsPlan(content))
	assert.Contains(t, string(content), `"keepFor": "720h0m0s"`)
	p, err := prune.Decode(content)
	require.NoError(t, err)
	assert.Equal(t, example(), p)
	for _, other := range []string{``, `{}`, `[]`, `{"version":1,"bumps":[]}`, `{"kind":1}`} {
		assert.False(t, prune.IsPlan([]byte(other)), other)
	}
	assert.True(t, prune.IsPlan([]byte(`{"kind":"prune","version":9}`)), "of a later version")
}

func TestDecodeErrors(t *testing.T) {
	tests := map[string]struct {
		change func(p *prune.Plan)
		want   string
	}{
		"another kind":            {func(p *prune.Plan) { p.Kind = "bump" }, "no plan to prune"},
		"a later version":         {func(p *prune.Plan) { p.Version = 2 }, "make the plan again"},
		"no image":                {func(p *prune.Plan) { p.Repositories[0].Image = "" }, "parse image reference"},
		"a familiar image":        {func(p *prune.Plan) { p.Repositories[0].Image = "debian" }, "normalised"},
		"an image with a tag":     {func(p *prune.Plan) { p.Repositories[0].Image += ":v1" }, "normalised"},
		"twice":                   {func(p *prune.Plan) { p.Repositories = append(p.Repositories, p.Repositories[0]) }, "twice"},
		"all of more than all":    {func(p *prune.Plan) { p.Repositories[0].Policy.MaxShare = 1.5 }, "policy"},
		"a negative number":       {func(p *prune.Plan) { p.Repositories[0].Policy.KeepLast = -1 }, "policy"},
		"a negative period":       {func(p *prune.Plan) { p.Repositories[0].Undo = prune.Duration(-time.Second) }, "negative"},
		"a template":              {func(p *prune.Plan) { p.Repositories[0].Templates[1] = "{{.Nope}}" }, "template"},
		"refused and deleting":    {func(p *prune.Plan) { p.Repositories[0].Refused = "too many" }, "refused"},
		"a tag without a verdict": {func(p *prune.Plan) { p.Repositories[0].Verdicts = nil }, "without a verdict"},
		"a tag that is kept":      {func(p *prune.Plan) { p.Repositories[0].Verdicts[0].Keep = true }, "without a verdict"},
		"the ledger": {func(p *prune.Plan) {
			p.Repositories[0].Tags[0].Name, p.Repositories[0].Verdicts[0].Tag = "basekeeper.ledger", "basekeeper.ledger"
		}, "without a verdict"},
		"no tag":            {func(p *prune.Plan) { p.Repositories[0].Tags[0].Name = "../x" }, "is no tag"},
		"no digest":         {func(p *prune.Plan) { p.Repositories[0].Manifests[0].Digest = "sha256:1" }, "parse digest"},
		"adopt no digest":   {func(p *prune.Plan) { p.Repositories[0].Adopt[0].Digest = "" }, "parse digest"},
		"trash that is not": {func(p *prune.Plan) { p.Repositories[0].ExpiredTrash[0].Name = "latest" }, "no tag of trash"},
		"cut off latest":    {func(p *prune.Plan) { p.Repositories[0].Unfinished[0] = "latest" }, "no tag of trash"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := example()
			tt.change(&p)
			content, err := p.Encode()
			require.NoError(t, err)
			_, err = prune.Decode(content)
			require.ErrorContains(t, err, tt.want)
		})
	}
	content, err := example().Encode()
	require.NoError(t, err)
	for name, other := range map[string][]byte{
		"unknown field": bytes.Replace(content, []byte(`"kind"`), []byte(`"more":1,"kind"`), 1),
		"two documents": append(bytes.Clone(content), content...), "cut off": content[:len(content)-9], "empty": nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := prune.Decode(other)
			require.Error(t, err)
		})
	}
}

// Whatever a file says: it is refused, or it is the same when written again.
func FuzzDecode(f *testing.F) {
	content, err := example().Encode()
	require.NoError(f, err)
	f.Add(content)
	f.Add([]byte(`{"kind":"prune","version":1}`))
	f.Add([]byte(`{"kind":"prune","version":2}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := prune.Decode(content)
		if err != nil {
			return
		}
		require.True(t, prune.IsPlan(content))
		once, err := p.Encode()
		require.NoError(t, err)
		again, err := prune.Decode(once)
		require.NoError(t, err)
		twice, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
