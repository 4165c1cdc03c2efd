package github

import (
	"net/http"
	"sync"

	"github.com/basekeeper/basekeeper/internal/attempt"
)

// Count is how many requests were sent, repetitions included.
type Count struct {
	Reads   int `json:"reads"`
	Writes  int `json:"writes"`
	Retried int `json:"retried"` // how many of the above repeated an earlier one
	Points  int `json:"points"`  // by GitHub's secondary limits: a read is one, a write five
}

// Total returns the number of requests.
func (c Count) Total() int { return c.Reads + c.Writes }

// counted counts what passes it.
type counted struct {
	inner http.RoundTripper

	mu sync.Mutex
	n  Count
}

func (t *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	c := callOf(req)
	t.mu.Lock()
	if c.write {
		t.n.Writes++
	} else {
		t.n.Reads++
	}
	t.n.Points += c.points()
	if attempt.IsRepeated(req) || c.again {
		t.n.Retried++
	}
	t.mu.Unlock()
	return t.inner.RoundTrip(req)
}

func (t *counted) count() Count {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// points is what a request costs by GitHub's secondary limits.
func (c call) points() int {
	if c.write {
		return 5
	}
	return 1
}
