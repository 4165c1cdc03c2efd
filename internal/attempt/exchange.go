package attempt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// SlowError says that an attempt took too long; it is not the end of the
// caller's own context.
type SlowError struct{ Limit time.Duration }

func (e *SlowError) Error() string { return fmt.Sprintf("no complete answer within %s", e.Limit) }

// LargeError says that a body is larger than anything asked for can be.
type LargeError struct{ Limit int64 } // bytes

func (e *LargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.Limit)
}

// Exchange is a transport that reads the whole body of each answer: within
// Timeout, headers included, and at most MaxBody bytes. Its errors are the inner
// transport's, [*SlowError] and [*LargeError].
type Exchange struct {
	Inner   http.RoundTripper
	Timeout time.Duration
	MaxBody int64
}

// RoundTrip implements [http.RoundTripper].
func (t *Exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.Timeout)
	defer cancel()
	resp, err := t.exchange(req.WithContext(ctx))
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		return nil, &SlowError{t.Timeout}
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (t *Exchange) exchange(req *http.Request) (*http.Response, error) {
	resp, err := t.Inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, t.MaxBody+1))
	if closing := resp.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > t.MaxBody {
		return nil, &LargeError{t.MaxBody}
	}
	resp.Body = &body{Reader: bytes.NewReader(content), content: content}
	return resp, nil
}

// body is a body that was read already.
type body struct {
	*bytes.Reader
	content []byte
}

func (*body) Close() error { return nil }

// Body returns the body of an answer that came through an [Exchange], without
// reading it away; nil for any other answer.
func Body(resp *http.Response) []byte {
	if b, ok := resp.Body.(*body); ok {
		return b.content
	}
	return nil
}
