package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// trouble answers in a forge's place.
type trouble func(o *org, w http.ResponseWriter, r *http.Request)

// troubles are what forges do instead of answering.
var troubles = map[string]trouble{
	"502":   func(_ *org, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	"reset": func(_ *org, w http.ResponseWriter, _ *http.Request) { cut(w, "") },
	"half": func(_ *org, w http.ResponseWriter, _ *http.Request) {
		cut(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"da")
	},
	"half of GraphQL's answer": halfGraphQL,
	"limit": func(o *org, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		o.limited(w, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	},
	"limit without an end": func(o *org, w http.ResponseWriter, _ *http.Request) {
		o.limited(w, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	},
}

// limited refuses as the forge does whose limit is used up; GitLab has no words
// for it.
func (o *org) limited(w http.ResponseWriter, message string) {
	if o.on == forge.GitLab {
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, "Retry later\n")
		return
	}
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

// halfGraphQL answers a GraphQL document with an error, and null where the first
// of its fields would be; other requests are answered by 502.
func halfGraphQL(o *org, w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/graphql") {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	whole := &recorded{header: http.Header{}}
	o.people.Handler().ServeHTTP(whole, r)
	var answer struct {
		Data   map[string]any   `json:"data"`
		Errors []map[string]any `json:"errors"`
	}
	_ = json.Unmarshal(whole.body, &answer)
	if keys := slices.Sorted(maps.Keys(answer.Data)); len(keys) > 0 {
		answer.Data[keys[0]] = nil
		answer.Errors = append(answer.Errors, map[string]any{"message": "Timeout", "path": []any{keys[0]}})
	}
	content, _ := json.Marshal(answer)
	maps.Copy(w.Header(), whole.header)
	w.Header().Del("Content-Length")
	_, _ = w.Write(content)
}

// recorded is an answer that goes no further.
type recorded struct {
	header http.Header
	body   []byte
}

func (r *recorded) Header() http.Header { return r.header }
func (r *recorded) WriteHeader(int)     {}
func (r *recorded) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

// outOfRequests refuses everything for three hours more.
func outOfRequests(o *org, w http.ResponseWriter) {
	end := fmt.Sprint(o.time().Add(3 * time.Hour).Unix())
	for _, header := range []string{"X-RateLimit-", "RateLimit-"} {
		w.Header().Set(header+"Remaining", "0")
		w.Header().Set(header+"Reset", end)
	}
	o.limited(w, "API rate limit exceeded")
}

// faultAt runs bump while the forge answers the request k in a wrong way, or,
// without one, none from there on.
func faultAt(t *testing.T, on forge.Flavor, k int, wrong trouble, want string) {
	t.Helper()
	o := mixed(t, on)
	var n atomic.Int32
	o.fault = func(w http.ResponseWriter, r *http.Request) bool {
		at := int(n.Add(1))
		switch {
		case wrong == nil && at > k:
			outOfRequests(o, w)
			return true
		case wrong != nil && at == k+1:
			wrong(o, w, r)
			return true
		}
		return false
	}
	got := o.run("bump", "--organization", "acme")
	if wrong == nil {
		assert.NotEqual(t, 0, got.status, got.out)
		assert.Contains(t, got.out+got.errors, "limit")
	}
	o.fault = nil
	o.wait(4 * time.Hour)
	o.bump(0)
	assert.Equal(t, want, o.state())
	o.quiet()
}

// Whatever a forge does instead of answering: a run ends, says so, and the next
// one comes to the same end. On GitLab, each request meets every third fault.
func TestFaultsAtAnyRequest(t *testing.T) {
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		o := mixed(t, on)
		o.people.ResetRequests()
		o.bump(0)
		want, total := o.state(), len(o.people.Asked())
		all := maps.Clone(troubles)
		all["limit for ever"] = nil
		for i, name := range slices.Sorted(maps.Keys(all)) {
			for k := range total {
				if on == forge.GitHub || (i+k)%3 == 0 {
					t.Run(fmt.Sprintf("%s at request %d", name, k), func(t *testing.T) { faultAt(t, on, k, all[name], want) })
				}
			}
		}
	})
}
