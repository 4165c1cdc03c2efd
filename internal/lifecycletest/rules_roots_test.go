package lifecycletest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// R10: what a Dockerfile names is kept, by tag, by digest, and by the digest of
// one platform; so is what a list of running images names.
func TestR10(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"named": func(t *testing.T, s *stock) {
		d := map[string]image.Descriptor{}
		for _, tag := range []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"} {
			d[tag] = s.index(s.made(tag), s.made(tag+" arm"))
			s.release(d[tag])
		}
		s.tag("latest", s.made("new"))
		s.pass(99 * day)
		digest := func(tag string) string { return string(d[tag].Digest) }
		s.file("acme/shop/Dockerfile", "FROM APP:v1@"+digest("v1")+" AS one\nFROM APP:v2\nCOPY --from=APP@"+digest("v3")+" /a /a\n")
		s.file("acme/web/build/Dockerfile.dev", "ARG V=4\nFROM --platform=linux/arm64 APP@"+string(s.made("v5 arm").Digest)+"\nFROM APP:v$V\n"+
			"RUN --mount=type=bind,from=APP:gone@"+digest("v6")+",target=/x true\n")
		s.file("running", "docker-pullable://APP@"+digest("v7")+"\n"+string(s.made("v8").Digest)+" # by the digest alone\n")
		before := s.pulled("v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "latest")
		args := []string{"--in-use", filepath.Join(s.roots, "running")}
		got := s.prune(0, args...)
		assert.Equal(t, []string{"v9"}, got.gone())
		for tag, by := range map[string]string{
			"v1": "acme/shop/Dockerfile:1", "v2": "acme/shop/Dockerfile:2", "v3": "acme/shop/Dockerfile:3", "v4": "Dockerfile.dev:3",
			"v5": "Dockerfile.dev:2", "v6": "Dockerfile.dev:4", "v7": "running:1", "v8": "running:2",
		} {
			assert.Equal(t, retention.InUse, got.of(t, tag).Reason, tag)
			assert.Contains(t, got.of(t, tag).Text, by, tag)
		}
		s.stays(before)
	}, "no longer": func(t *testing.T, s *stock) {
		s.release(s.made("a"))
		s.tag("latest", s.made("new"))
		s.pass(40 * day)
		s.file("Dockerfile", "FROM APP:v1\n")
		assert.Equal(t, retention.InUse, s.prune(0).of(t, "v1").Reason)
		s.file("Dockerfile", "FROM APP:latest\n")
		assert.Equal(t, []string{"v1"}, s.prune(0).gone())
	}})
}

// R11: a digest counts under whatever name: a pin through a mirror, or of a
// copy in another registry, keeps the original.
func TestR11(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"other names": func(t *testing.T, s *stock) {
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s.release(s.index(s.made(name), s.made(name+" arm")))
		}
		s.tag("latest", s.made("new"))
		s.pass(40 * day)
		at := func(tag string) string { return string(s.at(tag)) }
		s.file("a/Dockerfile", "FROM mirror.example.com/cache/registry.example.com/acme/app@"+at("v1")+"\nFROM ghcr.io/other/app:v2\n")
		s.file("b/Dockerfile", "FROM quay.example.com/team/app:stable@"+string(s.made("c arm").Digest)+"\nFROM ghcr.io/other/web@"+at("v4")+"\n")
		s.file("c/Dockerfile", "FROM app@"+at("v5")+"\n")
		before := s.pulled("v1", "v3", "v4", "v5", "latest")
		got := s.prune(0)
		assert.Equal(t, []string{"v2"}, got.gone(), "another's tag")
		for tag, by := range map[string]string{"v1": "a/Dockerfile:1", "v3": "b/Dockerfile:1", "v4": "b/Dockerfile:2", "v5": "c/Dockerfile:1"} {
			assert.Contains(t, got.of(t, tag).Text, by)
		}
		s.stays(before)
	}})
}

// With --self-only, this folder's repository alone says what is in use.
func TestSelfOnly(t *testing.T) {
	host := registrytest.StartV3(t)
	s := newStock(t, &house{host: host, proxy: startProxy(t, host.Addr), untags: true}, "acme/app")
	s.five()
	s.file("build/Dockerfile", "FROM APP:v2\n")
	before := s.pulled("v2", "latest")
	t.Chdir(t.TempDir())
	_, stderr := s.do(5, "prune", s.image(), "--self-only", "--uses", s.roots, "--keep-last", "0", "--max-deleted", "80", "--yes")
	assert.Contains(t, stderr, "check the repository out first", "each folder by itself")
	t.Chdir(s.roots)
	file := filepath.Join(t.TempDir(), "plan.json")
	s.do(0, "prune", s.image(), "--self-only", "--keep-last", "0", "--max-deleted", "80", "-o", file)
	s.file("build/late/Dockerfile", "FROM APP:v3\n")
	before["v3"] = s.whole("v3")
	t.Chdir(t.TempDir())
	s.do(0, "apply", file)
	assert.Equal(t, []string{"latest", "v2", "v3"}, s.tags(), "a plan knows which folder was meant, and looks at it again")
	t.Chdir(s.roots)
	stdout, _ := s.do(0, "prune", s.image(), "--self-only", "--keep-last", "0", "--max-deleted", "80", "--yes")
	assert.Contains(t, stdout, "in use: build/Dockerfile:1")
	assert.Equal(t, []string{"latest", "v2", "v3"}, s.tags())
	s.stays(before)
}
