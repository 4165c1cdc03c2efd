package attempt

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
)

// Again returns req for another attempt, with a body of its own.
func Again(ctx context.Context, req *http.Request) (*http.Request, error) {
	next := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	return next, nil
}

// IsCut reports whether a connection broke that worked before, or a name
// server was busy. Refused connections, unknown hosts and certificates that do
// not fit are no such thing, nor are deadlines.
func IsCut(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		(errors.As(err, &dns) && dns.Temporary() && !dns.IsNotFound)
}
