package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry"
)

// pager is how a registry lists tags.
type pager struct {
	tags        []string
	most        int                                       // per page, whatever n says; 0 for no limit
	ignoresN    bool                                      // as distribution 2.8 does
	ignoresLast bool                                      // likewise
	restarts    bool                                      // an unknown last, or one that is the last, gives all again
	link        func(r *http.Request, last string) string // header of a page that is not the last; nil for none
}

func (p pager) answer(w http.ResponseWriter, r *http.Request, path string) {
	if path != "tags/list" || r.Method != http.MethodGet {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	rest := p.tags
	if last := r.URL.Query().Get("last"); last != "" && !p.ignoresLast {
		rest = p.tags[slices.Index(p.tags, last)+1:]
		if len(rest) == 0 && p.restarts {
			rest = p.tags
		}
	}
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || p.ignoresN {
		n = len(rest)
	}
	if p.most > 0 {
		n = min(n, p.most)
	}
	page := rest[:min(n, len(rest))]
	if p.link != nil && len(page) < len(rest) {
		w.Header().Set("Link", p.link(r, page[len(page)-1]))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": "app", "tags": page})
}

func relativeLink(r *http.Request, last string) string {
	return fmt.Sprintf(`<%s?n=%s&last=%s>; rel="next"`, r.URL.Path, r.URL.Query().Get("n"), url.QueryEscape(last))
}

func numbered(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprintf("t%06d", i)
	}
	return tags
}

func TestTags(t *testing.T) {
	unsorted := numbered(2500)
	slices.Reverse(unsorted)
	absolute := func(r *http.Request, last string) string {
		return fmt.Sprintf(`<http://%s/first>; rel="first", <http://%s%s?last=%s>; title="x"; rel=next`, r.Host, r.Host, r.URL.Path, last)
	}
	https := func(r *http.Request, last string) string {
		return fmt.Sprintf(`<https://u:%s@%s%s?last=%s>; rel="last next"`, canary, r.Host, r.URL.Path, last)
	}
	for name, tt := range map[string]struct {
		pager pager
		gets  int
	}{
		"none":                           {pager{}, 1},
		"one page":                       {pager{tags: numbered(999)}, 1},
		"relative links":                 {pager{tags: numbered(2500), link: relativeLink}, 3},
		"absolute links":                 {pager{tags: numbered(250), most: 100, link: absolute}, 3},
		"links that do not know the TLS": {pager{tags: numbered(250), most: 100, link: https}, 3},
		"only a query":                   {pager{tags: numbered(250), most: 100, link: func(_ *http.Request, last string) string { return "<?last=" + last + `>;rel="next"` }}, 3},
		"no link, last":                  {pager{tags: numbered(2500)}, 3},
		"no link, an empty last page":    {pager{tags: numbered(2000)}, 3},
		"last that never ends":           {pager{tags: numbered(2000), restarts: true}, 4},
		"all in one, unsorted":           {pager{tags: unsorted, ignoresN: true, ignoresLast: true}, 2},
		"exactly a page, all in one":     {pager{tags: numbered(1000), ignoresN: true, ignoresLast: true}, 3},
		"n but no last":                  {pager{tags: numbered(1500), ignoresLast: true}, 3},
		"a hundred thousand in one":      {pager{tags: numbered(100_000), ignoresN: true, ignoresLast: true}, 2},
		"a hundred thousand in pages":    {pager{tags: numbered(100_000), link: relativeLink}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, tt.pager.answer)
			c := newClient(t, registry.Options{Hosts: map[string]registry.Host{host.Addr: {PlainHTTP: true}}})
			got, err := c.Tags(t.Context(), ref(t, host, "app:ignored"))
			require.NoError(t, err)
			want := slices.Sorted(slices.Values(tt.pager.tags))
			assert.True(t, slices.Equal(want, got), "%d tags, want %d", len(got), len(want))
			assert.Equal(t, registry.Count{Get: tt.gets, Ping: 1}, c.Requests()[host.Addr])
		})
	}
}

func TestTagsAreWholeOrAnError(t *testing.T) {
	const one = `{"name":"app","tags":["a"]}`
	text := func(body string, headers ...string) func(http.ResponseWriter, *http.Request, string) {
		return func(w http.ResponseWriter, _ *http.Request, _ string) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Add(headers[i], headers[i+1])
			}
			_, _ = w.Write([]byte(body))
		}
	}
	code := func(status int, code string) func(http.ResponseWriter, *http.Request, string) {
		return func(w http.ResponseWriter, _ *http.Request, _ string) { refuse(w, status, code) }
	}
	many := `{"tags":["a"` + strings.Repeat(`,"a"`, 1_000_002) + `]}`
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request, string)
		is     error
		want   string
	}{
		"unknown repository":   {code(404, "NAME_UNKNOWN"), image.ErrNotFound, "404 NAME_UNKNOWN"},
		"401":                  {code(401, ""), image.ErrDenied, "docker login"},
		"403":                  {code(403, "DENIED"), image.ErrDenied, "403 DENIED"},
		"500":                  {code(500, ""), nil, "HTTP 500 after 5 attempts"},
		"405":                  {code(405, "UNSUPPORTED"), nil, "it answers HTTP 405 UNSUPPORTED"},
		"another host":         {text(one, "Link", `<http://other.example/v2/app/tags/list?last=a>; rel="next"`), nil, "names another host"},
		"another port":         {text(one, "Link", `<//127.0.0.1:1/v2/app/tags/list?last=a>; rel="next"`), nil, "names another host"},
		"no URL":               {text(one, "Link", `<http://[>; rel="next"`), nil, "no URL"},
		"another scheme":       {text(one, "Link", `<file:///etc/passwd>; rel="next"`), nil, "no URL"},
		"a circle":             {text(one, "Link", `<?last=a>; rel="next"`), nil, "circle"},
		"no JSON":              {text("<html>"), nil, "no list of tags"},
		"other JSON":           {text("{}"), nil, "no list of tags"},
		"truncated JSON":       {text(`{"tags":["a"`), nil, "no list of tags"},
		"a digest":             {text(`{"tags":["a","sha256:12"]}`), nil, `"sha256:12" is no tag`},
		"control characters":   {text(`{"tags":["a\u001b[31m"]}`), nil, `"a\x1b[31m" is no tag`},
		"a path":               {text(`{"tags":["../x"]}`), nil, `"../x" is no tag`},
		"too many":             {text(many), nil, "more than 1000000"},
		"a body without end":   {text(strings.Repeat(" ", 64<<20+1)), nil, "larger than 67108864 bytes"},
		"a body that is short": {func(w http.ResponseWriter, r *http.Request, _ string) { truncate(w, r) }, nil, "the connection was cut"},
	} {
		t.Run(name, func(t *testing.T) {
			host := stub(t, tt.answer)
			tags, err := newClient(t, registry.Options{}).Tags(t.Context(), ref(t, host, "app"))
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, tags)
			assert.NotContains(t, err.Error(), canary)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
		})
	}
}

func TestTagsLinkWithoutEndIsBounded(t *testing.T) {
	page := 0
	endless := roundTripper(func(r *http.Request) (*http.Response, error) { // no sockets: there are many
		w := httptest.NewRecorder()
		if r.URL.Path != "/v2/" {
			page++
			w.Header().Set("Link", fmt.Sprintf(`<?last=%d>; rel="next"`, page))
			_, _ = fmt.Fprintf(w, `{"tags":["t%d"]}`, page)
		}
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
	c := newClient(t, registry.Options{Transport: endless})
	_, err := c.Tags(t.Context(), image.Reference{Registry: "registry.example", Repository: "app"})
	require.EqualError(t, err, "list tags: more than 10000 pages")
	assert.Equal(t, 10_000, page)
}

func TestTagsOfAHalfReadPageAreAskedForAgain(t *testing.T) {
	p, n := pager{tags: numbered(3)}, 0
	host := stub(t, func(w http.ResponseWriter, r *http.Request, path string) {
		if n++; n == 1 {
			truncate(w, r)
			return
		}
		p.answer(w, r, path)
	})
	got, err := newClient(t, registry.Options{}).Tags(t.Context(), ref(t, host, "app"))
	require.NoError(t, err)
	assert.Equal(t, p.tags, got)
}
