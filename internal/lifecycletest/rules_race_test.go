package lifecycletest

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli/clitest"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// R9: what each tag points at is read again right before it is deleted: a tag
// that has moved is left alone, and so is all that something needs by now.
func TestR9(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"moved after the plan": func(t *testing.T, s *stock) {
			s.five()
			file := filepath.Join(t.TempDir(), "plan.json")
			s.do(0, s.policy("-o", file)...)
			s.tag("v1", s.made("published by hand"))
			before := s.pulled("v1", "latest")
			stdout, _ := s.do(0, "apply", file)
			assert.Contains(t, stdout, "moved since the plan")
			assert.Equal(t, []string{"latest", "v1"}, s.tags())
			s.stays(before)
		},
		"moved at any request": func(t *testing.T, s *stock) {
			two := s.two()
			last := s.copy(s.name+"0").movedAt(never, two)
			require.Greater(t, last, 20)
			for n := 1; n <= last; n++ { // after the last deletion nothing is left to happen
				s.copy(fmt.Sprintf("%s%d", s.name, n)).movedAt(n, two)
				switch {
				case n < last/2:
					n += 6 // while it only looks, one moment is like the other
				case s.gitlab != nil:
					n++ // the flow is distribution 3's, where each moment is tried
				}
			}
		},
	})
}

// never is a request that is not sent.
const never = 1 << 20

// pair is what two left to be found: what v2 is on, and what nobody has a tag on.
type pair struct{ back, pushed image.Descriptor }

// two retires v1 and v2, long ago.
func (s *stock) two() pair {
	s.t.Helper()
	tiny := func(text string) image.Descriptor {
		return s.artifact("application/vnd.test.v1+json", `{"is":"`+text+`"}`)
	}
	p := pair{back: tiny("b"), pushed: tiny("pushed")}
	s.release(tiny("a"))
	s.release(p.back)
	s.tag("latest", tiny("new"))
	s.pass(40 * day)
	return p
}

// copy is a repository that has all that this one has, at the same time.
func (s *stock) copy(name string) *stock {
	s.t.Helper()
	registrytest.Copy(s.t, s.host, s.name, name)
	other := *s
	other.name = name
	if s.gitlab != nil {
		s.gitlab.Know(name)
	}
	s.proxy.forget()
	return &other
}

// movedAt prunes v1 and v2, and right before the n-th request somebody pushes
// another image as v1, and goes back to v2's by making it latest again. It
// returns which request was the last deletion.
func (s *stock) movedAt(n int, two pair) (last int) {
	s.t.Helper()
	back, pushed := two.back, two.pushed
	asked := 0
	s.proxy.meddling(func(http.ResponseWriter, *http.Request) bool {
		if asked++; asked == n {
			s.tag("v1", pushed)
			s.tag("latest", back)
		}
		return false
	})
	s.prune(0, "--concurrency", "1") // what is under way besides would be neither before nor after
	requests := s.proxy.requests()
	s.proxy.forget()
	for i, r := range requests {
		if strings.HasPrefix(r, http.MethodDelete) {
			last = i + 1
		}
	}
	if n > asked {
		return last
	}
	s.whole(pushed.Digest.String())
	later := requests[n-1:]
	if slices.Contains(later, s.looks("v1")) {
		require.Equal(s.t, pushed.Digest, s.at("v1"), "request %d of %q", n, requests)
	}
	if slices.Contains(later, s.looks("latest")) {
		require.Equal(s.t, back.Digest, s.at("latest"), "request %d of %q", n, requests)
		s.whole("latest")
		return last
	}
	// Nobody can see what happens between the last look and the deletion; what
	// it took is in the trash.
	s.do(0, "restore", s.image(), "v2")
	s.whole(back.Digest.String())
	return last
}

// looks is the request that asks what a tag points at.
func (s *stock) looks(tag string) string { return "HEAD /v2/" + s.name + "/manifests/" + tag }

// R14: apply does exactly what the plan says; what has changed since is left,
// with a reason, and a second apply does nothing.
func TestR14(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"exactly the plan": func(t *testing.T, s *stock) {
			s.five()
			file := filepath.Join(t.TempDir(), "plan.json")
			s.file("Dockerfile", "FROM APP:v2\n")
			stdout, _ := s.do(0, s.policy("-o", file)...)
			assert.Contains(t, stdout, "4 of 6 tags to delete")
			assert.Len(t, s.tags(), 6)
			before := s.pulled("v2", "latest")
			s.proxy.forget()
			s.do(0, "apply", file)
			assert.Equal(t, []string{"latest", "v2"}, s.tags())
			assert.Empty(t, s.strange("v1", "v3", "v4", "v5"))
			s.proxy.forget()
			s.do(0, "apply", file)
			assert.Empty(t, slices.DeleteFunc(s.proxy.writes(), probes))
			s.stays(before)
		},
		"changed since":   changedSince,
		"in use since":    inUseSince,
		"roots not there": rootsNotThere,
		"not a plan": func(t *testing.T, s *stock) {
			s.five()
			dir := t.TempDir()
			file := filepath.Join(dir, "plan.json")
			s.do(0, s.policy("-o", file)...)
			for name, edit := range map[string][2]string{
				"version": {`"version": 1`, `"version": 2`}, "a field": {`"version": 1`, `"version": 1, "more": true`}, "a digest": {`"sha256:`, `"sha256:0`},
			} {
				content := s.read(file)
				require.Contains(t, content, edit[0])
				clitest.WriteFile(t, dir, "other.json", strings.ReplaceAll(content, edit[0], edit[1]))
				s.proxy.quiet(t, func() {
					s.do(2, "apply", filepath.Join(dir, "other.json"))
					assert.Empty(t, s.proxy.requests(), name)
				})
			}
		},
	})
}

// probes reports whether a request only asks whether tags can be deleted.
func probes(request string) bool { return strings.HasSuffix(request, "/manifests/basekeeper.probe") }

// strange returns the requests that delete something else than some tags and
// what they point at.
func (s *stock) strange(tags ...string) []string {
	var all []string
	for _, place := range deleted(s) {
		id := place[strings.LastIndex(place, "/")+1:]
		if !slices.Contains(tags, id) && !s.wasOf(image.Digest(id), tags) {
			all = append(all, place)
		}
	}
	return all
}

// wasOf reports whether a digest is that of one of the images a to e that five
// made v1 to v5.
func (s *stock) wasOf(digest image.Digest, tags []string) bool {
	for _, tag := range tags {
		if s.made(string(rune('a'+tag[1]-'1'))).Digest == digest {
			return true
		}
	}
	return false
}

func changedSince(t *testing.T, s *stock) {
	s.five()
	file := filepath.Join(t.TempDir(), "plan.json")
	s.do(0, s.policy("-o", file)...)
	s.tag("v1", s.made("pushed since"))          // moved
	s.tag("prod", s.made("b"))                   // v2's image has a new tag
	s.tag("next", s.index(s.made("c")))          // v3's image is part of something new
	s.tag("v9", s.made("was not there"))         // the plan does not know it
	s.do(0, "rollback", s.image(), "--to", "v4") // v4's is published again, and the new one is retired as v10
	before := s.pulled("v1", "prod", "next", "v9", "latest", "v10")
	stdout, _ := s.do(0, "apply", file, "--format", "json")
	got := s.said(stdout, "")
	assert.Contains(t, got.Left["v1"], "moved since the plan")
	want := []string{"latest", "next", "prod", "v1", "v10", "v9"}
	if s.untags {
		assert.Len(t, got.Left, 4, "and what v2, v3 and v4 point at")
		assert.Contains(t, got.Left[s.made("c").Digest.String()], "needs it")
	} else {
		want = []string{"latest", "next", "prod", "v1", "v10", "v2", "v3", "v4", "v9"}
		for _, tag := range []string{"v2", "v3", "v4"} {
			assert.Contains(t, got.Left[tag], "kept since the plan", tag)
		}
	}
	assert.Equal(t, want, s.tags())
	s.proxy.forget()
	s.do(0, "apply", file)
	assert.Empty(t, s.proxy.deletes())
	s.stays(before)
}

// inUseSince pins and names images long after the plan, in the roots that it
// was made with.
func inUseSince(t *testing.T, s *stock) {
	s.five()
	file := filepath.Join(t.TempDir(), "plan.json")
	s.file("running", s.image()+":latest\n")
	s.do(0, s.policy("--in-use", filepath.Join(s.roots, "running"), "-o", file)...)
	before := s.pulled("v1", "v2", "v3", "latest")
	s.pass(90 * day)
	s.file("late/Dockerfile", "FROM APP:v1\nCOPY --from=mirror.example.com/other/name@"+string(s.at("v2"))+" /a /a\n")
	s.file("running", s.image()+"@"+string(s.at("v3"))+"\n")
	stdout, _ := s.do(0, "apply", file, "--format", "json")
	got := s.said(stdout, "")
	for tag, by := range map[string]string{"v1": "late/Dockerfile:1", "v2": "late/Dockerfile:2", "v3": "running:1"} {
		assert.Contains(t, got.Left[tag], "kept since the plan: in use: ", tag)
		assert.Contains(t, got.Left[tag], by, tag)
	}
	assert.Equal(t, []string{"latest", "v1", "v2", "v3"}, s.tags())
	s.stays(before)
}

// rootsNotThere is a plan whose roots cannot be read any more.
func rootsNotThere(t *testing.T, s *stock) {
	s.five()
	dir := t.TempDir()
	file := filepath.Join(dir, "plan.json")
	s.file("running", s.image()+":latest\n")
	s.do(0, s.policy("--in-use", filepath.Join(s.roots, "running"), "-o", file)...)
	refused := func(file, want string) {
		t.Helper()
		s.proxy.quiet(t, func() {
			_, stderr := s.do(5, "apply", file)
			assert.Contains(t, stderr, want)
			assert.Empty(t, s.proxy.requests(), "nothing is even asked")
		})
	}
	s.file("late/Dockerfile", "ARG TAG\nFROM APP:${TAG}\n")
	refused(file, "late/Dockerfile:2: a build argument completes the reference")
	s.file("late/Dockerfile", "FROM scratch\n")
	s.file("running", "")
	refused(file, "nothing is named in it")
	s.file("running", s.image()+":latest\n")
	clitest.WriteFile(t, dir, "other.json", strings.ReplaceAll(s.read(file), strconv.Quote(s.roots), strconv.Quote(t.TempDir())))
	refused(filepath.Join(dir, "other.json"), "check the repository out first")
	assert.Len(t, s.tags(), 6)
	s.do(0, "apply", file)
	assert.Equal(t, []string{"latest"}, s.tags())
}
