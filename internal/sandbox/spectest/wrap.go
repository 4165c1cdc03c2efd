package spectest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Wrap returns h with every request and every answer held against GitHub's
// descriptions of REST and GraphQL. What they do not know is an error of the
// test, which names the request and the reason: a path, a parameter, a field
// of a request's body (even where the description would let it pass) or of an
// answer, a status, a type. h answers in any case.
//
// Both kinds of addresses are understood: api.github.com's and, under /api/v3
// and /api/graphql, an Enterprise Server's.
func Wrap(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	s, err := github()
	if err != nil {
		t.Fatalf("spectest: %v", err)
	}
	return hold(t, h, s.check)
}

// hold returns h with every request and answer shown to check, which says what
// is wrong with them.
func hold(t testing.TB, h http.Handler, check func(r *http.Request, body []byte, answer *httptest.ResponseRecorder) []string) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("spectest: %s %s: read body: %v", r.Method, r.URL.Path, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		for _, problem := range check(r, body, answer) {
			t.Errorf("spectest: %s %s: %s", r.Method, r.URL.RequestURI(), problem)
		}
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
	})
}

// check returns what is wrong with a request and its answer.
func (s spec) check(r *http.Request, body []byte, answer *httptest.ResponseRecorder) []string {
	bare := r.Clone(r.Context())
	bare.Body = io.NopCloser(bytes.NewReader(body))
	bare.URL.Path = strings.TrimPrefix(r.URL.Path, "/api/v3")
	bare.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/api/v3")
	if r.URL.Path == "/graphql" || r.URL.Path == "/api/graphql" {
		return s.checkGraphQL(r.Method, body, answer)
	}
	return s.checkREST(bare, body, answer)
}

func problemf(format string, a ...any) []string { return []string{fmt.Sprintf(format, a...)} }
