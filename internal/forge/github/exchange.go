package github

import "net/http"

// maxBody bounds an answer in bytes. The largest are trees: a hundred thousand
// entries.
const maxBody = 64 << 20

// unlimited hides the headers of limits, which are obeyed inside it, from
// go-github: it would refuse requests by them, and by a clock of its own.
type unlimited struct{ inner http.RoundTripper }

func (t *unlimited) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(req)
	if err == nil {
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} {
			resp.Header.Del(name)
		}
	}
	return resp, err
}
