package retention_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/retention"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rich is a repository with a bit of everything.
func rich() *repo {
	r := newRepo().with(untagged).
		tag("v9 index", "latest", "nightly").manifest("v9 index", "v9 amd64", "v9 arm64", "shared").
		manifest("v9 amd64").manifest("v9 arm64").manifest("shared").
		retired(4*day, "v8", "v8").
		retired(33*day, "v7", "v7", "v7-same").
		retired(41*day, "v6 index", "v6").manifest("v6 index", "v6 amd64", "shared").
		untagged(45*day, "v6 amd64").
		retired(50*day, "v5 index", "v5").manifest("v5 index", "v5 amd64").untagged(70*day, "v5 amd64").
		use("", "v5 amd64", "acme/shop: Dockerfile:3 (branch main)").use("", "v5 amd64", "acme/pay: Dockerfile:1").
		retired(60*day, "v4", "v4", "stable-4").
		retired(70*day, "v3", "v3").use("v3", "", "acme/cart: build/Dockerfile:9").
		tag("v2", "v2").
		tag("v1", "v1").since("v1", now.Add(-80*day)).
		tag("release", "2026-01").
		tag("v9 signature", companion("v9 index", ".sig")).
		tag("v6 signature", companion("v6 index", ".sig")).
		tag("v6 referrers", companion("v6 index", "")).manifest("v6 referrers", "v6 sbom").untagged(41*day, "v6 sbom").refers("v6 sbom", "v6 index").
		tag("lost signature", companion("lost", ".sig")).
		tag("ledger", "basekeeper.ledger").
		untagged(9*day, "orphan").untagged(3*day, "young").untagged(-1, "undated")
	r.policy.KeepLast = 2
	r.policy.MaxShare = 0.5
	return r
}

func TestGolden(t *testing.T) {
	tests := map[string]*repo{
		"rich":             rich(),
		"no-tag-delete":    rich().noTagDelete(),
		"last-tag-deletes": rich().lastTagDeletes(),
		"refused":          rich().with(func(p *retention.Policy) { p.MaxShare = 0.1 }),
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			got, path := table(r.decide()), "testdata/"+name+".golden"
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run go test -update, then read the diff")
			assert.Equal(t, string(want), got)
		})
	}
}

// named puts the names of the manifests in rich for their digests.
func named(text string) string {
	names := []string{
		"v9 index", "v9 amd64", "v9 arm64", "shared", "v8", "v7", "v6 index", "v6 amd64", "v5 index", "v5 amd64", "v4", "v3", "v2", "v1", "release",
		"v9 signature", "v6 signature", "v6 referrers", "v6 sbom", "lost signature", "lost", "ledger", "orphan", "young", "undated",
	}
	var pairs []string
	for _, name := range names {
		label := "[" + name + "]"
		pairs = append(pairs, string(d(name)), label, string(d(name))[:19], label, companion(name, ""), "sha256-"+label)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// table is a decision as a text, with names for digests.
func table(g decision) string {
	var b strings.Builder
	for _, v := range g.Verdicts {
		fate, name := "delete", v.Tag
		if v.Keep {
			fate = "keep"
		}
		if name == "" {
			name = "(untagged)"
		}
		fmt.Fprintf(&b, "%-6s  %-10s  %-23s  %-16s  %s\n", fate, v.Reason, named(name), named(string(v.Digest)), named(v.Text))
	}
	fmt.Fprintln(&b)
	for _, tag := range g.Tags {
		fmt.Fprintf(&b, "delete tag %s\n", named(tag.Name))
	}
	for _, m := range g.Manifests {
		fmt.Fprintf(&b, "delete manifest %s\n", named(string(m)))
	}
	for _, tag := range g.Adopt {
		fmt.Fprintf(&b, "record %s\n", tag.Name)
	}
	if g.Refused != "" {
		fmt.Fprintf(&b, "refused: %s\n", g.Refused)
	}
	return b.String()
}
