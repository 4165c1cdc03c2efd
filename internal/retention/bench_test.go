package retention_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/retention"
)

// large is a repository of so many retired indexes with two tags each. Every
// index has two platforms, one of which it shares, and a signature.
func large(indexes int) *repo {
	r := newRepo()
	r.policy.KeepLast = 10
	r.tag("latest", "latest")
	for i := range indexes {
		name := fmt.Sprint("index", i)
		amd64, arm64 := fmt.Sprint("amd64-", i), fmt.Sprint("arm64-", i/2)
		r.manifest(name, amd64, arm64).manifest(amd64).manifest(arm64)
		at := now.Add(-time.Duration(i) * time.Hour)
		for _, tag := range []string{fmt.Sprint("v", i), fmt.Sprint("v", i, "-alias")} {
			r.Tags = append(r.Tags, retention.Tag{Name: tag, Digest: d(name), Since: at})
		}
		r.manifest(name + ".sig")
		r.Tags = append(r.Tags, retention.Tag{Name: companion(name, ".sig"), Digest: d(name + ".sig")})
		if i%10 == 0 {
			r.use("", amd64, fmt.Sprint("acme/shop", i))
		}
	}
	return r
}

// BenchmarkDecide decides about 2,000 tags of 1,000 images; the others show
// that time grows with the repository and not with its square.
func BenchmarkDecide(b *testing.B) {
	for _, indexes := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(2*indexes, " tags"), func(b *testing.B) {
			r := large(indexes)
			for b.Loop() {
				require.NotEmpty(b, r.decide().Verdicts)
			}
		})
	}
}

// TestDeep: neither a long chain of indexes nor many users of one image may
// take for ever, or all of the stack.
func TestDeep(t *testing.T) {
	r := newRepo().tag("x", "latest")
	const depth = 20000
	for i := range depth {
		r.manifest(fmt.Sprint("m", i), fmt.Sprint("m", i+1))
	}
	r.manifest(fmt.Sprint("m", depth)).retired(40*day, "m0", "v1")
	require.Len(t, r.decide().Manifests, depth+1)

	for i := range depth {
		r.use("", fmt.Sprint("m", i), "acme/shop")
	}
	r.use("", fmt.Sprint("m", depth), "acme/shop")
	require.Empty(t, r.decide().Manifests)
}
