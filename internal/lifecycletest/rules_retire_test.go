package lifecycletest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// R12: a retired image is the same image: the same bytes, digest, children,
// referrers and companions. A registry that says another digest is an error.
func TestR12(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"the same bytes": func(t *testing.T, s *stock) {
			for kind, body := range s.oddities() {
				d := s.put(kind, body)
				s.refer(d, "sbom of "+kind)
				s.sign(d, "sig", "att")
				want := s.whole(d.Digest.String())
				require.Greater(t, len(want), 8)
				s.proxy.forget()
				tag := s.release(d)
				_, header, got := s.send(http.MethodGet, "manifests/"+tag, "", nil)
				assert.Equal(t, string(body), string(got))
				assert.Equal(t, kind, header.Get("Content-Type"))
				assert.Equal(t, want, s.whole(tag))
				assert.Equal(t, []string{"basekeeper.ledger", tag}, manifestsPut(s))
				s.proxy.forget()
				assert.Equal(t, tag, s.release(d), "a second time it is there already")
				assert.Empty(t, s.proxy.writes())
			}
		},
		"a registry that lies": func(t *testing.T, s *stock) {
			s.tag("latest", s.made("a"))
			before := s.whole("latest")
			s.proxy.forging(func(r *http.Response) {
				if r.Request.Method == http.MethodPut && strings.HasSuffix(r.Request.URL.Path, "/manifests/v1") {
					r.Header.Set("Docker-Content-Digest", string(image.FromBytes([]byte("a lie"))))
				}
			})
			_, stderr := s.do(1, "retire", s.image())
			assert.Contains(t, stderr, "digest")
			s.proxy.forget()
			assert.Equal(t, before, s.whole("latest"))
			assert.Equal(t, "v1", s.release(s.made("a")))
			assert.Equal(t, before, s.whole("v1"))
		},
		"a proxy that changes the bytes": func(t *testing.T, s *stock) {
			s.tag("latest", s.made("a"))
			body := string(s.stored[s.at("latest")].body)
			changes := map[string]string{
				"emptied": "", "cut off": body[:len(body)-1], "more behind its end": body + "\n",
				"another encoding of the same": strings.Replace(body, "{", "{ ", 1),
				"another image's":              string(s.stored[s.made("b").Digest].body),
			}
			require.Len(t, changes, 5)
			for name, changed := range changes {
				require.NotEqual(t, body, changed, name)
				s.proxy.forging(func(r *http.Response) {
					if r.Request.Method == http.MethodGet && strings.Contains(r.Request.URL.Path, "/manifests/") {
						assert.NoError(t, r.Body.Close())
						r.Body, r.ContentLength = io.NopCloser(strings.NewReader(changed)), int64(len(changed))
						r.Header.Set("Content-Length", strconv.Itoa(len(changed)))
					}
				})
				_, stderr := s.do(1, "retire", s.image())
				assert.NotEmpty(t, s.proxy.requests(http.MethodGet), name)
				t.Log(name, stderr)
				s.proxy.forget()
				assert.Equal(t, []string{"latest"}, s.list(), name)
			}
		},
	})
}

// oddities are manifests of every kind that a new encoding would change.
func (s *stock) oddities() map[string][]byte {
	s.t.Helper()
	one, other := s.made("one"), s.made("other")
	docker := s.docker("docker")
	list := func(kind string, children ...image.Descriptor) []byte {
		var all []string
		for _, d := range children {
			all = append(all, fmt.Sprintf("{ \"size\":%d , \"digest\":%q,\r\n\t\"mediaType\" :%q, \"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}, \"x\": 1.0e0 }", d.Size, d.Digest, d.MediaType))
		}
		return []byte(fmt.Sprintf("\n{\t\"manifests\": [%s ],\"mediaType\":%q ,  \"schemaVersion\":2 , \"annotations\":{\"a\":\"\\u003c\"}\n}\n\n", strings.Join(all, ", "), kind))
	}
	return map[string][]byte{
		image.MediaTypeOCIIndex:       list(image.MediaTypeOCIIndex, one, other),
		image.MediaTypeDockerList:     list(image.MediaTypeDockerList, docker, s.docker("arm")),
		image.MediaTypeDockerManifest: s.stored[docker.Digest].body,
		image.MediaTypeOCIManifest:    append(s.stored[one.Digest].body, " \n"...),
	}
}

// docker puts an image of Docker's own kind.
func (s *stock) docker(text string) image.Descriptor {
	s.t.Helper()
	config := s.blob("application/vnd.docker.container.image.v1+json", `{"architecture":"amd64","os":"linux","author":"`+text+`"}`)
	layer := s.blob("application/vnd.docker.image.rootfs.diff.tar.gzip", "layer of "+text)
	return s.encode(image.MediaTypeDockerManifest, object{"config": described(config), "layers": []object{described(layer)}})
}

// manifestsPut returns under what manifests were put, in order of names.
func manifestsPut(s *stock) []string {
	var all []string
	for _, r := range s.proxy.requests(http.MethodPut) {
		if _, id, ok := strings.Cut(r, "/manifests/"); ok && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// R13: nothing is ever put in an image's place to get rid of a tag: a prune
// writes nothing but its ledger and its trash, on a registry that cannot delete
// tags too.
func TestR13(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"what is put": func(t *testing.T, s *stock) {
		s.five()
		s.tag("stable", s.made("a"))
		s.tag("pr-1", s.made("b"))
		s.refer(s.made("c"), "sbom")
		s.prune(0, "--expire", "pr-*", "--keep-for", "99d")
		s.pass(99 * day)
		tags := s.tags()
		s.proxy.forget()
		s.prune(0, "--expire", "pr-*")
		for _, id := range manifestsPut(s) {
			assert.Regexp(t, `^basekeeper\.(ledger|trash-.*)$`, id)
		}
		want := []string{"latest", "stable"}
		if !s.untags {
			want = append(want, "v1")
		}
		assert.Equal(t, want, s.tags())
		s.proxy.forget()
		s.do(0, "restore", s.image(), "--all")
		assert.Equal(t, tags, s.tags())
		for _, id := range manifestsPut(s) {
			_, digest := s.stored[image.Digest(id)]
			assert.True(t, digest || slices.Contains(tags, id) || id == "basekeeper.ledger", id)
		}
	}})
}
