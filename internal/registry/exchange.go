package registry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxBody bounds an answer in bytes. Registries refuse manifests beyond 4 MiB,
// as the specification lets them.
//
// Spec: OCI distribution-spec v1.1, "Pushing manifests".
const maxBody = 4 << 20

// slowError says that an attempt took too long; it is not the end of the
// caller's own context.
type slowError struct{ limit time.Duration }

func (e *slowError) Error() string { return fmt.Sprintf("no complete answer within %s", e.limit) }

// largeError says that a body is larger than anything asked for can be.
type largeError struct{}

func (largeError) Error() string { return fmt.Sprintf("the answer is larger than %d bytes", maxBody) }

// exchanged reads the whole body of each answer within a deadline.
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
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (t *exchanged) exchange(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(req)
	if err != nil || resp.Body == http.NoBody {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if closing := resp.Body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, largeError{}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
