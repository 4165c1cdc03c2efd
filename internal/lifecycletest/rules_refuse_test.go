package lifecycletest

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
)

// R7: an empty filter is refused, and so is a plan that would delete more than
// the policy allows, or every tag; status 5.
func TestR7(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"empty filters": func(t *testing.T, s *stock) {
			s.five()
			s.proxy.quiet(t, func() {
				for _, args := range [][]string{
					{"--expire", ""}, {"--protect", ""}, {"--keep-for", "0d"}, {"--keep-for", ""}, {"--max-deleted", "0"},
					{"--max-deleted", "101"}, {"--keep-last", "-1"}, {"--expire", "["}, {"--uses", ""}, {"--in-use", ""},
				} {
					s.do(2, s.policy(append(args, "--yes")...)...)
				}
			})
			assert.Len(t, s.tags(), 6)
		},
		"more than allowed": func(t *testing.T, s *stock) {
			s.five()
			s.proxy.quiet(t, func() {
				for _, share := range []string{"50", "83"} {
					got := s.prune(5, "--max-deleted", share)
					assert.Contains(t, got.Refused, "5 of 6")
					assert.Contains(t, got.Refused, share+"%")
				}
			})
			assert.Empty(t, s.trash())
			before := s.pulled("latest")
			assert.Len(t, s.prune(0, "--max-deleted", "84").gone(), 5)
			s.stays(before)
		},
		"the last tag": func(t *testing.T, s *stock) {
			s.release(s.made("a"))
			s.tag("v2", s.made("b"))
			s.sign(s.made("a"), "sig")
			s.deleteTag("latest", "v1")
			s.prune(0)
			s.pass(99 * day)
			before := s.tags()
			s.proxy.quiet(t, func() { assert.Contains(t, s.prune(5).Refused, "leave none") })
			assert.Equal(t, before, s.tags())
			assert.Contains(t, before, "v2")
		},
		"no tags listed": func(t *testing.T, s *stock) {
			s.five()
			s.proxy.forging(func(r *http.Response) {
				if strings.HasSuffix(r.Request.URL.Path, "/tags/list") {
					const none = `{"name":"app","tags":null}`
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader(none)), int64(len(none))
					r.Header.Set("Content-Length", "26")
				}
			})
			s.do(0, s.policy("--yes")...)
			assert.Empty(t, s.proxy.deletes())
			s.proxy.forget()
			assert.Len(t, s.tags(), 6)
		},
	})
}

// five retires five images and publishes another.
func (s *stock) five() {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		s.release(s.made(name))
	}
	s.tag("latest", s.made("new"))
	s.pass(40 * day)
}

// deleteTag deletes a published tag by hand: with its image where the registry
// cannot do otherwise, which is put back under another tag.
func (s *stock) deleteTag(tag, other string) {
	s.t.Helper()
	if s.untags {
		status, _, _ := s.send(http.MethodDelete, "manifests/"+tag, "", nil)
		require.Equal(s.t, http.StatusAccepted, status)
		return
	}
	digest := s.at(tag)
	status, _, _ := s.send(http.MethodDelete, "manifests/"+digest.String(), "", nil)
	require.Equal(s.t, http.StatusAccepted, status)
	it := s.stored[digest]
	status, _, _ = s.send(http.MethodPut, "manifests/"+other, it.mediaType, it.body)
	require.Equal(s.t, http.StatusCreated, status)
}

// Where it is not known what uses the images, nothing is deleted: status 5.
func TestRootsThatAreNotKnown(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"undeclared": func(t *testing.T, s *stock) {
			s.five()
			s.proxy.quiet(t, func() {
				_, stderr := s.do(5, "prune", s.image(), "--yes")
				assert.Contains(t, stderr, "--self-only")
				file := filepath.Join(t.TempDir(), "running")
				clitest.WriteFile(t, filepath.Dir(file), "running", s.image()+":v1\n")
				s.do(5, "prune", s.image(), "--in-use", file, "--yes")
				assert.Empty(t, s.proxy.requests(), "nothing is even asked")
			})
		},
		"not to be read": func(t *testing.T, s *stock) {
			s.five()
			for name, content := range map[string]string{
				"broken": "FROM APP:v1\nRUN <<EOF\nnever ends", "no reference": "FROM APP:v1:v2@x", "unknown": "ARG TAG\nFROM APP:${TAG}",
			} {
				s.file("Dockerfile", content)
				s.proxy.quiet(t, func() {
					_, stderr := s.do(5, s.policy("--yes")...)
					assert.Contains(t, stderr, "Dockerfile:", name)
					s.do(5, s.policy()...)
				})
			}
			s.file("Dockerfile", "FROM scratch\n")
			s.file("running", "!!!")
			for _, args := range [][]string{{"--uses", "/nowhere/at/all"}, {"--in-use", "/nowhere/at/all"}, {"--in-use", filepath.Join(s.roots, "running")}} {
				s.proxy.quiet(t, func() {
					_, stderr := s.do(5, s.policy(append(args, "--yes")...)...)
					assert.Contains(t, stderr, args[1])
					assert.Empty(t, s.proxy.requests(), "nothing is even asked")
				})
			}
		},
		"empty": func(t *testing.T, s *stock) {
			s.five()
			empty := t.TempDir()
			clitest.WriteFile(t, empty, "code/main.go", "package main\n")
			s.file("running", "# kubectl failed\n\n")
			for want, args := range map[string][]string{
				filepath.Base(empty) + ": there is no file in it that can name images: check the repository out first": {"--uses", empty},
				"running: nothing is named in it: what made it may have failed":                                        {"--in-use", filepath.Join(s.roots, "running")},
			} {
				s.proxy.quiet(t, func() {
					_, stderr := s.do(5, s.policy(append(args, "--yes")...)...)
					assert.Contains(t, stderr, want)
					assert.Empty(t, s.proxy.requests(), "nothing is even asked")
				})
			}
			assert.Len(t, s.tags(), 6)
		},
		"ignored by name": func(t *testing.T, s *stock) {
			s.five()
			s.file("Dockerfile", "ARG TAG\nFROM APP:${TAG}\nFROM APP:${OTHER:-v1}\nARG V=2\nFROM APP:v$V\n")
			s.proxy.quiet(t, func() { s.do(5, s.policy("--yes")...) })
			s.file("Dockerfile", "ARG TAG\nARG V=2\nFROM APP:${TAG}\nFROM APP:v$V\n")
			before := s.pulled("v2", "latest")
			got := s.prune(0, "--ignore-unknown")
			assert.Equal(t, []string{"v1", "v3", "v4", "v5"}, got.gone())
			s.stays(before)
		},
	})
}

// A dry run, and making a plan, write nothing at all.
func TestDryRunsWriteNothing(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"all": func(t *testing.T, s *stock) {
		s.five()
		s.tag("v9", s.made("unknown"))
		before := s.list()
		s.proxy.forget()
		for _, args := range [][]string{
			s.policy(), s.policy("--dry-run"), s.policy("-o", filepath.Join(t.TempDir(), "plan.json")), s.policy("--format", "json"),
			{"retire", s.image(), "--dry-run"}, {"rollback", s.image(), "--dry-run"}, {"ledger", "show", s.image()},
			{"ledger", "repair", s.image()}, {"ledger", "repair", s.image(), "--yes"},
		} {
			s.do(0, args...)
			require.Empty(t, s.proxy.writes(), "%v", args)
		}
		assert.Equal(t, before, s.list())
	}})
}
