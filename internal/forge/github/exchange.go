package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxBody bounds an answer in bytes. The largest are trees: a hundred thousand
// entries.
const maxBody = 64 << 20

// slowError says that an attempt took too long; it is not the end of the
// caller's own context.
type slowError struct{ limit time.Duration }

func (e *slowError) Error() string { return fmt.Sprintf("no complete answer within %s", e.limit) }

// exchanged reads the whole body of each answer within a time.
type exchanged struct {
	inner   http.RoundTripper
	timeout time.Duration
}

func (t *exchanged) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	resp, err := t.exchange(req.WithContext(ctx))
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		return nil, &slowError{t.timeout}
	}
	return resp, err
}

func (t *exchanged) exchange(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if closing := resp.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxBody)
	}
	resp.Body = &buffered{Reader: bytes.NewReader(body), bytes: body}
	return resp, nil
}

// buffered is a body that was read already.
type buffered struct {
	*bytes.Reader
	bytes []byte
}

func (*buffered) Close() error { return nil }

// bodyOf returns the body of an answer that came through exchanged, without
// reading it away.
func bodyOf(resp *http.Response) []byte {
	if b, ok := resp.Body.(*buffered); ok {
		return b.bytes
	}
	return nil
}

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
