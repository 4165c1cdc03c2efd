package registry

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at returns the place of app at a registry, and the address of a page there.
func at(t testing.TB, registry string) (*repository, *url.URL) {
	t.Helper()
	c, err := New(Options{})
	require.NoError(t, err)
	s, err := c.session(registry, false)
	require.NoError(t, err)
	return s.repository("app", Pull), &url.URL{Scheme: "https", Host: s.at.host(), Path: "/v2/app/tags/list", RawQuery: "n=1"}
}

func TestNext(t *testing.T) {
	for name, tt := range map[string]struct {
		registry string
		links    []string
		want     string // empty for none
		err      error
	}{
		"none":                    {"r.corp", nil, "", nil},
		"another relation":        {"r.corp", []string{`<?a>; rel="prev"`, `<?a>`, `<?a>; rel="nextish"`, `<?a>; rel=nextish`, `<?a>; title="next"`}, "", nil},
		"quoted":                  {"r.corp", []string{`</v2/app/tags/list?n=1&last=b>; rel="next"`}, "https://r.corp/v2/app/tags/list?n=1&last=b", nil},
		"a token":                 {"r.corp", []string{`<?last=b>;rel=next`}, "https://r.corp/v2/app/tags/list?last=b", nil},
		"a token, more behind":    {"r.corp", []string{`<?last=b>; rel=next; title=x`}, "https://r.corp/v2/app/tags/list?last=b", nil},
		"capitals":                {"r.corp", []string{`<?last=b>; REL="Next"`}, "https://r.corp/v2/app/tags/list?last=b", nil},
		"the second of a header":  {"r.corp", []string{`<?last=a>; rel="prev", <?last=b>; rel="next"`}, "https://r.corp/v2/app/tags/list?last=b", nil},
		"in the second header":    {"r.corp", []string{`<?last=a>; rel="prev"`, `<?last=b>; rel="next"`}, "https://r.corp/v2/app/tags/list?last=b", nil},
		"a comma in the address":  {"r.corp", []string{`<?last=a,b>; rel="next"`}, "https://r.corp/v2/app/tags/list?last=a,b", nil},
		"absolute":                {"r.corp:5000", []string{`<https://r.corp:5000/x>; rel="next"`}, "https://r.corp:5000/x", nil},
		"without TLS":             {"r.corp", []string{`<http://r.corp/x>; rel="next"`}, "https://r.corp/x", nil},
		"with the usual port":     {"r.corp", []string{`<https://R.corp:443/x>; rel="next"`}, "https://r.corp/x", nil},
		"without the usual port":  {"r.corp:443", []string{`<https://r.corp/x>; rel="next"`}, "https://r.corp:443/x", nil},
		"another port":            {"r.corp", []string{`<https://r.corp:5000/x>; rel="next"`}, "", errForeignLink},
		"another host":            {"r.corp", []string{`<https://r.corp.evil/x>; rel="next"`}, "", errForeignLink},
		"no scheme, another host": {"r.corp", []string{`<//evil/x>; rel="next"`}, "", errForeignLink},
		"a host as user":          {"r.corp", []string{`<https://r.corp@evil/x>; rel="next"`}, "", errForeignLink},
		"a private address":       {"r.corp", []string{`<http://169.254.169.254/x>; rel="next"`}, "", errRedirectPrivate},
		"empty":                   {"r.corp", []string{`<>; rel="next"`}, "", errNoLink},
		"no URL":                  {"r.corp", []string{`<https://[>; rel="next"`}, "", errNoLink},
		"another scheme":          {"r.corp", []string{`<file:///etc/passwd>; rel="next"`}, "", errNoLink},
		"opaque":                  {"r.corp", []string{`<mailto:a@r.corp>; rel="next"`}, "", errNoLink},
	} {
		t.Run(name, func(t *testing.T) {
			r, base := at(t, tt.registry)
			got, err := r.next(answer{url: base, header: http.Header{"Link": tt.links}})
			require.ErrorIs(t, err, tt.err)
			if tt.want == "" {
				if err == nil {
					assert.Nil(t, got)
				}
				return
			}
			require.NotNil(t, got)
			assert.Equal(t, tt.want, got.String())
		})
	}
}

func TestFollowRefusesPrivateAddresses(t *testing.T) {
	r, base := at(t, "r.corp")
	to, err := r.follow(base, "https://storage.example/upload?signed")
	require.NoError(t, err)
	assert.Equal(t, "https://storage.example/upload?signed", to.String())
	for _, private := range []string{"http://10.0.0.1/x", "https://127.0.0.1:5000/x", "https://localhost/x", "http://2130706433/x", "//[::1]/x"} {
		_, err := r.follow(base, private)
		require.ErrorIs(t, err, errRedirectPrivate, private)
	}
	r, base = at(t, "10.0.0.2:5000")
	_, err = r.follow(base, "http://10.0.0.1/x")
	require.NoError(t, err, "a registry in a private network knows its own")
}

// FuzzNext checks that no header leads to another host.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{`</x>; rel="next"`, `<https://r.corp:443/x>; rel=next`, `<//evil>; rel="a next"`, `<?a>; rel="prev", <b>; rel="next"`} {
		f.Add(seed)
	}
	r, base := at(f, "r.corp")
	f.Fuzz(func(t *testing.T, header string) {
		got, err := r.next(answer{url: base, header: http.Header{"Link": {header}}})
		if err != nil || got == nil {
			return
		}
		assert.Equal(t, "https", got.Scheme)
		assert.Equal(t, "r.corp", got.Host)
		assert.Nil(t, got.User)
	})
}
