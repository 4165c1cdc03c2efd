package lifecycletest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// crowded adds 1,200 tags to a repository that are all on the same image, and
// lists tags as page wants.
func crowded(s shelf, page func(all []string, n int, last string) (some []string, link string)) meddler {
	var more []string
	for i := range 1200 {
		more = append(more, fmt.Sprintf("x-%04d", i))
	}
	stable, _ := s.ask(http.MethodGet, "/manifests/stable", "", nil)
	return func(_ int, r *http.Request, pass func() *answer) *answer {
		switch {
		case strings.Contains(r.URL.Path, "/manifests/x-") && r.Method != http.MethodDelete:
			return stable
		case !strings.HasSuffix(r.URL.Path, "/tags/list"):
			return pass()
		}
		all := append(slices.Clone(more), keysOf(s.tags())...)
		slices.Sort(all)
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		some, link := page(all, n, r.URL.Query().Get("last"))
		content, _ := json.Marshal(map[string]any{"name": s.name, "tags": some})
		a := &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: content, sent: len(content)}
		if link != "" {
			a.header.Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", link))
		}
		return a
	}
}

func keysOf(tags map[string]image.Digest) []string {
	var all []string
	for tag := range tags {
		all = append(all, tag)
	}
	return all
}

// All tags count, or nothing is deleted.
func TestChaosPages(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	before, want := from.pulls(nil), pruned(t, from, uses).pulls(nil)
	tests := map[string]struct {
		page   func(all []string, n int, last string) ([]string, string)
		status int
		says   string
	}{
		"no links": {page: func(all []string, n int, last string) ([]string, string) {
			at, found := slices.BinarySearch(all, last)
			if found {
				at++
			}
			if n == 0 {
				n = len(all)
			}
			return all[at:min(len(all), at+n)], ""
		}},
		"last is ignored": {page: func(all []string, n int, _ string) ([]string, string) {
			if n == 0 {
				n = len(all)
			}
			return all[:min(len(all), n)], ""
		}},
		"links without end": {page: func(all []string, _ int, last string) ([]string, string) {
			return all[:500], "/v2/%NAME%/tags/list?n=500&last=" + last + "z"
		}, status: 1, says: "lead in a circle"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := shelf{t, host, "pages-" + strings.ReplaceAll(name, " ", "-") + "/app"}
			registrytest.Copy(t, host, from.name, s.name)
			f := newFront(t, host, crowded(s, func(all []string, n int, last string) ([]string, string) {
				some, link := tt.page(all, n, last)
				return some, strings.ReplaceAll(link, "%NAME%", s.name)
			}))
			got := chaosRun(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
			assert.Equal(t, tt.status, got.Status, got.Errors)
			assert.Contains(t, got.Out+got.Errors, tt.says)
			if tt.status != 0 {
				assert.Empty(t, f.writes())
				assert.Equal(t, before, s.pulls(nil))
				return
			}
			assert.Equal(t, want, s.pulls(nil))
		})
	}
}

// What a registry refuses is not done in another way.
func TestChaosRefusedDeletes(t *testing.T) {
	host := registrytest.StartV3(t)
	from, uses := chaosStock(t, host)
	before := from.pulls(nil)
	isTag := func(r *http.Request) bool { return !strings.Contains(r.URL.Path, "/manifests/sha256:") }
	tests := map[string]struct {
		refuses func(r *http.Request) bool
		kept    []string // of what goes elsewhere; nil for all
		status  int
	}{
		"tags cannot be deleted alone": {refuses: isTag, kept: []string{"v4"}},
		"nothing can be deleted":       {refuses: func(*http.Request) bool { return true }, status: 5},
	}
	want := pruned(t, from, uses).pulls(nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := shelf{t, host, "refused-" + strings.ReplaceAll(name, " ", "-") + "/app"}
			registrytest.Copy(t, host, from.name, s.name)
			f := newFront(t, host, func(_ int, r *http.Request, pass func() *answer) *answer {
				if r.Method == http.MethodDelete && tt.refuses(r) {
					return refuses(http.StatusMethodNotAllowed, "UNSUPPORTED")
				}
				return pass()
			})
			got := chaosRun(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
			assert.Equal(t, tt.status, got.Status, "%s\n%s", got.Out, got.Errors)
			if tt.status != 0 {
				assert.Contains(t, got.Out, "deleting is disabled there")
				assert.Contains(t, got.Out, "0 of 10 tags deleted")
				assert.Equal(t, before, s.pulls(nil))
				for _, w := range f.writes() {
					assert.False(t, strings.HasPrefix(w, "PUT /v2/"+s.name+"/manifests/") && !strings.Contains(w, "basekeeper."), w)
				}
				f.let(nil)
				chaosOK(t, chaosNow, nil, pruneArgs(f.addr+"/"+s.name, uses)...)
				assert.Equal(t, want, s.pulls(nil), "allowed at last")
				return
			}
			left := common(before, want)
			for _, tag := range tt.kept {
				left[tag] = before[tag]
			}
			assert.Equal(t, left, s.pulls(nil))
			chaosOK(t, chaosNow.Add(day), nil, "restore", f.addr+"/"+s.name, "--all")
			assert.Equal(t, before, s.pulls(nil))
		})
	}
}

// An immutable repository gets no version tag, no record and no trash.
func TestChaosRefusedPushes(t *testing.T) {
	host := registrytest.StartV3(t)
	shop := shopShelf(t, host)
	stock, uses := chaosStock(t, host)
	tests := map[string]struct {
		from    shelf
		args    []string
		refuses string // a PUT of such a manifest
		answer  *answer
		says    string
	}{
		"409 for a version":  {shop, []string{"retire"}, "/manifests/v3", refuses(http.StatusConflict, "DENIED"), "immutable"},
		"412 for a version":  {shop, []string{"retire"}, "/manifests/v3", refuses(http.StatusPreconditionFailed, "PRECONDITION"), "immutable"},
		"409 for the ledger": {shop, []string{"retire"}, "/manifests/basekeeper.ledger", refuses(http.StatusConflict, "DENIED"), "begin with basekeeper."},
		"409 for latest":     {shop, []string{"rollback"}, "/manifests/latest", refuses(http.StatusConflict, "DENIED"), "immutable"},
		"405 for all":        {shop, []string{"retire"}, "/", refuses(http.StatusMethodNotAllowed, "UNSUPPORTED"), "read-only"},
		"409 for trash":      {stock, pruneArgs("", uses), "/manifests/basekeeper.trash", refuses(http.StatusConflict, "DENIED"), "takes no artifact"},
		"400 for trash":      {stock, pruneArgs("", uses), "/manifests/basekeeper.trash", refuses(http.StatusBadRequest, "MANIFEST_INVALID"), "takes no artifact"},
		"403 for trash":      {stock, pruneArgs("", uses), "/manifests/basekeeper.trash", refuses(http.StatusForbidden, "DENIED"), "DENIED"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := shelf{t, host, "pushes-" + strings.ReplaceAll(name, " ", "-") + "/app"}
			registrytest.Copy(t, host, tt.from.name, s.name)
			before := s.condition()
			f := newFront(t, host, func(_ int, r *http.Request, pass func() *answer) *answer {
				if (r.Method == http.MethodPut || r.Method == http.MethodPost) && strings.Contains(r.URL.Path, tt.refuses) {
					return tt.answer
				}
				return pass()
			})
			args := slices.Insert(slices.Clone(tt.args), 1, f.addr+"/"+s.name)
			got := chaosRun(t, chaosNow, nil, args...)
			if name == "403 for trash" {
				assert.Equal(t, 1, got.Status, "%s\n%s", got.Out, got.Errors)
			} else {
				assert.Equal(t, 5, got.Status, "%s\n%s", got.Out, got.Errors)
			}
			assert.Contains(t, got.Out+got.Errors, tt.says)
			after := s.condition()
			if name == "409 for latest" { // what is there was retired, as it says
				require.Equal(t, s.at("latest"), after.Tags["v3"])
				delete(after.Tags, "v3")
				assert.Equal(t, before.Tags, after.Tags)
				return
			}
			assert.Equal(t, before.Tags, after.Tags)
			assert.Equal(t, before.Records, after.Records, "%s", got.Errors)
			for _, w := range f.writes() {
				assert.False(t, strings.HasPrefix(w, "DELETE") && strings.HasSuffix(w, "202"), w)
			}
		})
	}
}
