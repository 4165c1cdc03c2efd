package hosted_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// each runs a test for each family.
func each(t *testing.T, test func(t *testing.T, s stub, trait hosted.Trait)) {
	t.Helper()
	traits := map[hosted.Family]hosted.Trait{}
	for _, trait := range hosted.Families() {
		traits[trait.Family] = trait
	}
	require.Len(t, stubs(), len(traits), "every family has a stub")
	for _, s := range stubs() {
		t.Run(string(s.family), func(t *testing.T) { test(t, s, traits[s.family]) })
	}
}

// TestList lists a thousand tags over many pages: each on its digest, dated
// only where the registry dates tags, and the manifests without a tag.
func TestList(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		const tags, untagged = 1050, 130
		w := newWorld()
		w.fill(tags, untagged)
		got, err := w.client(t, s).List(t.Context(), s.ref)
		require.NoError(t, err)
		require.Len(t, got.Tags, tags)
		for i, name := range w.names() {
			want := retention.Tag{Name: name, Digest: w.tags[name].digest}
			if trait.DatesTags {
				want.Since = w.tags[name].since
			}
			require.Equal(t, want, got.Tags[i])
		}
		assert.Equal(t, trait.TagDelete, got.TagDelete)
		assert.Equal(t, trait.LastTagDeletes, got.LastTagDeletes)
		if !trait.ListsUntagged {
			assert.Nil(t, got.Untagged)
			return
		}
		require.Len(t, got.Untagged, untagged)
		for _, u := range got.Untagged {
			assert.Equal(t, w.digests[u.Digest], u.Pushed)
			assert.Empty(t, w.tagsOf(u.Digest))
		}
	})
}

// TestListOfNothing: an empty repository is an empty list; none is an error.
func TestListOfNothing(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		if s.oci {
			return // the OCI API lists
		}
		r := newWorld().client(t, s)
		got, err := r.List(t.Context(), s.ref)
		require.NoError(t, err)
		assert.Empty(t, got.Tags)
		assert.Equal(t, trait.ListsUntagged, got.Untagged != nil, "none is not the same as not listed")

		other := s.ref
		other.Repository = "acme/else/where"
		if s.family == hosted.GAR { // its token is for the repository
			return
		}
		_, err = r.List(t.Context(), other)
		assert.ErrorIs(t, err, image.ErrNotFound)
	})
}

// TestPagesThatMiss: a tag that a list leaves out, as pages do that shift while
// they are read, is found by the OCI API; it has no time.
func TestPagesThatMiss(t *testing.T) {
	for _, family := range []hosted.Family{hosted.GHCR, hosted.DockerHub, hosted.Quay, hosted.Harbor} {
		t.Run(string(family), func(t *testing.T) {
			w := newWorld()
			w.fill(20, 0)
			w.hidden["v0006"], w.hidden["v0007"] = true, true
			s := stubOf(t, family)
			got, err := w.client(t, s).List(t.Context(), s.ref)
			require.NoError(t, err)
			require.Len(t, got.Tags, 20)
			assert.Equal(t, retention.Tag{Name: "v0007", Digest: digest(3)}, got.Tags[7])
			assert.Empty(t, got.Untagged, "a digest with a missed tag only has one all the same")
		})
	}
}

// TestShiftingPages: what changes while the pages are read ends up as it is
// then: a tag that moved from a digest of the first page to one of the last,
// versions that were added, tags that went.
func TestShiftingPages(t *testing.T) {
	for _, family := range []hosted.Family{hosted.GHCR, hosted.DockerHub, hosted.Quay, hosted.Harbor} {
		for _, change := range []string{"move", "add", "remove"} {
			t.Run(string(family)+" "+change, func(t *testing.T) {
				w := newWorld()
				w.fill(300, 0)
				digests := w.sortedDigests()
				name := w.tagsOf(digests[0])[0]
				changed := false
				w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
					if changed || r.Method != http.MethodGet || r.URL.Query().Get("page") == "1" {
						return false
					}
					changed = true
					for i := range 300 {
						switch change {
						case "move":
							w.tags[name] = tagged{digests[len(digests)-1], epoch.Add(100 * time.Hour)}
						case "add":
							w.tag(fmt.Sprintf("x%04d", i), 1000+i)
						case "remove":
							w.remove(digests[min(i, len(digests)-50)])
						}
					}
					return false
				}
				s := stubOf(t, family)
				got, err := w.client(t, s).List(t.Context(), s.ref)
				require.NoError(t, err)
				require.True(t, changed)
				now := map[string]image.Digest{}
				for _, tag := range got.Tags {
					now[tag.Name] = tag.Digest
				}
				for _, want := range w.names() {
					if want == name && family != hosted.GHCR && family != hosted.Harbor {
						continue // a list by tags tells it as it was, which is read again before a delete
					}
					assert.Equal(t, w.tags[want].digest, now[want], want)
				}
			})
		}
	}
}

// TestListsDisagree: the list of an API is not taken for complete when the OCI
// API cannot be asked.
func TestListsDisagree(t *testing.T) {
	for _, family := range []hosted.Family{hosted.GHCR, hosted.DockerHub, hosted.Quay, hosted.Harbor} {
		for _, cause := range []error{image.ErrNotFound, image.ErrDenied} {
			w := newWorld()
			w.fill(4, 0)
			w.tagsErr = cause
			s := stubOf(t, family)
			_, err := w.client(t, s).List(t.Context(), s.ref)
			require.ErrorIs(t, err, cause, family)
		}
	}
}

// TestDeleteTag takes one tag, and not its sibling on the same digest (R2).
func TestDeleteTag(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		w := newWorld()
		w.fill(4, 0)
		r := w.client(t, s)
		err := r.DeleteTag(t.Context(), s.ref.Tagged("v0002"))
		if !trait.TagDelete {
			require.ErrorIs(t, err, image.ErrRefused)
			assert.Len(t, w.tags, 4)
			return
		}
		require.NoError(t, err)
		assert.NotContains(t, w.tags, "v0002")
		assert.Len(t, w.tags, 3, "its sibling stays")
		assert.Contains(t, w.digests, digest(1))
		require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0002")), "gone is no error")

		require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged("v0003")))
		if s.family != hosted.DockerHub { // where nothing can be done about the digest
			_, left := w.digests[digest(1)]
			assert.Equal(t, !trait.LastTagDeletes, left)
		}
	})
}

// TestNotFoundButThere: 404 of an API that may not see what is there is no
// success.
func TestNotFoundButThere(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		if !trait.TagDelete || s.family == hosted.GAR || s.family == hosted.ECR { // who do not say 404
			return
		}
		w := newWorld()
		w.fill(4, 0)
		w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodDelete {
				refuse(rw, http.StatusNotFound, "what?")
			}
			return r.Method == http.MethodDelete
		}
		r := w.client(t, s)
		err := r.DeleteTag(t.Context(), s.ref.Tagged("v0002"))
		require.ErrorIs(t, err, image.ErrRefused)
		require.ErrorContains(t, err, trait.Needs)
		if s.family == hosted.Harbor {
			require.ErrorIs(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))), image.ErrRefused)
		}
	})
}

func TestDeleteManifest(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		w := newWorld()
		w.fill(4, 1)
		r := w.client(t, s)
		for range 2 { // the second time it is gone, which is no error
			err := r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1)))
			if !trait.ManifestDelete {
				require.ErrorIs(t, err, image.ErrRefused)
				for _, tag := range w.tagsOf(digest(1)) {
					require.NoError(t, r.DeleteTag(t.Context(), s.ref.Tagged(tag)))
				}
				require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))), "without a tag there is nothing left to delete")
				return
			}
			require.NoError(t, err)
		}
		assert.NotContains(t, w.digests, digest(1))
		assert.Len(t, w.digests, 2)
		require.NoError(t, r.DeleteManifest(t.Context(), s.ref.Pinned(digest(-1))))
		assert.Len(t, w.digests, 1)
	})
}

// TestDenied: wrong credentials are ErrDenied, never "not supported", and the
// error says what is needed and no secret.
func TestDenied(t *testing.T) {
	each(t, func(t *testing.T, s stub, trait hosted.Trait) {
		for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(rw http.ResponseWriter, _ *http.Request) bool {
				if s.family == hosted.ECR {
					refuseAmazon(rw, "AccessDeniedException")
				} else {
					refuse(rw, status, "no")
				}
				return true
			}
			r := w.client(t, s)
			check := func(err error) {
				t.Helper()
				require.ErrorIs(t, err, image.ErrDenied)
				assert.ErrorContains(t, err, trait.Needs)
				assert.NotContains(t, err.Error(), secret)
				assert.NotContains(t, err.Error(), "script")
			}
			if !s.oci {
				_, err := r.List(t.Context(), s.ref)
				check(err)
			}
			if trait.TagDelete && s.family != hosted.GAR {
				check(r.DeleteTag(t.Context(), s.ref.Tagged("v0001")))
			}
			if s.family == hosted.GHCR || s.family == hosted.Harbor || s.family == hosted.ECR { // the others do it by the OCI API
				check(r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1))))
			}
			assert.Len(t, w.tags, 4)
		}
	})
}

// TestBusy: 429 and 503 are asked again, after the wait that they ask for, and
// not for ever.
func TestBusy(t *testing.T) {
	each(t, func(t *testing.T, s stub, _ hosted.Trait) {
		if s.oci {
			return // the OCI API lists
		}
		list := func(t *testing.T, status, times int, retryAfter string) (*world, error) {
			t.Helper()
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(rw http.ResponseWriter, _ *http.Request) bool {
				if times--; times < 0 {
					return false
				}
				if retryAfter != "" {
					rw.Header().Set("Retry-After", retryAfter)
				}
				refuse(rw, status, "slow down")
				return true
			}
			_, err := w.client(t, s).List(t.Context(), s.ref)
			return w, err
		}
		if s.family == hosted.ECR { // its client sleeps by itself
			_, err := list(t, http.StatusTooManyRequests, 1, "")
			require.NoError(t, err)
			return
		}
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			w, err := list(t, status, 2, "7")
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(w.slept), 2)
			assert.Equal(t, 7*time.Second, w.slept[0])

			w, err = list(t, status, 2, "")
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(w.slept), 2)
			assert.Positive(t, w.slept[0])

			w, err = list(t, status, 100, "")
			require.ErrorContains(t, err, fmt.Sprintf("HTTP %d after 5 attempts", status))
			assert.Equal(t, 5, w.asked())

			w, err = list(t, status, 100, "3600")
			require.ErrorContains(t, err, "it asks to come back in 1h0m0s")
			assert.Equal(t, 1, w.asked(), "nobody waits an hour")
		}
	})
}

// TestBrokenAnswers: what is no answer is an error, never an empty list.
func TestBrokenAnswers(t *testing.T) {
	answers := map[string]func(rw http.ResponseWriter){
		"no JSON":       func(rw http.ResponseWriter) { fmt.Fprint(rw, "<html>"+secret) },
		"another value": func(rw http.ResponseWriter) { fmt.Fprint(rw, `"all is well"`) },
		"redirect": func(rw http.ResponseWriter) {
			rw.Header().Set("Location", "https://evil.example/")
			rw.WriteHeader(http.StatusTemporaryRedirect)
		},
		"teapot": func(rw http.ResponseWriter) { refuse(rw, http.StatusTeapot, "short and stout") },
	}
	each(t, func(t *testing.T, s stub, _ hosted.Trait) {
		if s.oci {
			return // the OCI API lists
		}
		for name, answer := range answers {
			if s.watch != nil { // GitHub's description knows none of these
				s.watch = nil
			}
			w := newWorld()
			w.fill(4, 0)
			w.fault = func(rw http.ResponseWriter, _ *http.Request) bool { answer(rw); return true }
			_, err := w.client(t, s).List(t.Context(), s.ref)
			require.Error(t, err, name)
			require.NotErrorIs(t, err, image.ErrNotFound, name)
			assert.NotContains(t, err.Error(), secret, name)
			assert.Equal(t, 1, w.asked(), "%s: nothing follows", name)
		}
	})
}

// TestEndlessLists: a server that ignores what page it is asked for does not
// keep a run for ever.
func TestEndlessLists(t *testing.T) {
	for _, family := range []hosted.Family{hosted.DockerHub, hosted.ECR, hosted.GAR, hosted.ACR, hosted.Quay, hosted.Harbor} {
		t.Run(string(family), func(t *testing.T) {
			w := newWorld()
			w.fill(150, 0)
			w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				rw.Header().Set("Link", `<https://evil.example/v2/x/tags/list?n=1&last=v0000>; rel="next"`)
				if family == hosted.ECR {
					answerJSON(rw, http.StatusOK, map[string]any{"imageDetails": []any{map[string]any{"imageDigest": digest(1)}}, "nextToken": "again"})
					return true
				}
				query := r.URL.Query()
				query.Del("page")
				query.Del("last")
				r.URL.RawQuery = query.Encode()
				return false
			}
			s := stubOf(t, family)
			_, err := w.client(t, s).List(t.Context(), s.ref)
			require.ErrorContains(t, err, "its list does not end")
			assert.Less(t, w.asked(), 8)
		})
	}
}

// TestBadNames: a list that names what is no tag or digest is malformed: what
// it says must not become part of a request.
func TestBadNames(t *testing.T) {
	each(t, func(t *testing.T, s stub, _ hosted.Trait) {
		s.watch = nil
		for _, bad := range []string{"../../x", "a b", "", strings.Repeat("x", 129)} {
			w := newWorld()
			w.fill(2, 0)
			w.tags[bad] = w.tags["v0000"]
			_, err := w.client(t, s).List(t.Context(), s.ref)
			require.ErrorContains(t, err, "malformed", "%q", bad)
		}
	})
}

// TestBadReferences are refused before anything is sent.
func TestBadReferences(t *testing.T) {
	each(t, func(t *testing.T, s stub, _ hosted.Trait) {
		w := newWorld()
		r := w.client(t, s)
		elsewhere := s.ref
		elsewhere.Registry = "evil.example"
		_, err := r.List(t.Context(), elsewhere)
		require.ErrorContains(t, err, "which this client is for")
		require.Error(t, r.DeleteTag(t.Context(), elsewhere.Tagged("v1")))
		require.Error(t, r.DeleteTag(t.Context(), s.ref), "no tag")
		require.Error(t, r.DeleteTag(t.Context(), s.ref.Tagged("../x")))
		require.Error(t, r.DeleteManifest(t.Context(), s.ref.Tagged("v1")), "no digest")
		require.Error(t, r.DeleteManifest(t.Context(), s.ref.Tagged("v1").Pinned(digest(1))), "a tag may be meant")
		require.Error(t, r.DeleteManifest(t.Context(), s.ref.Pinned("sha256:../x")))
		require.Error(t, r.DeleteManifest(t.Context(), elsewhere.Pinned(digest(1))))
		assert.Empty(t, w.requests)
		assert.Empty(t, w.deleted)
	})
}

func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, s stub, _ hosted.Trait) {
		if s.oci {
			return // the OCI API lists
		}
		w := newWorld()
		w.fill(4, 0)
		ctx, cancel := context.WithCancel(t.Context())
		w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
			cancel()
			select { // an answer that is there already might win
			case <-r.Context().Done():
			case <-time.After(50 * time.Millisecond): // a body that nobody reads hides it
			}
			return false
		}
		_, err := w.client(t, s).List(ctx, s.ref)
		assert.ErrorIs(t, err, context.Canceled)
	})
}
