// Package serve is what the sandbox's forges have in common as servers: they
// listen on this machine, and remember what they were asked, within bounds.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"time"
)

// Listener is an HTTP server on a free port of 127.0.0.1. A nil one does not
// listen.
type Listener struct {
	server  *http.Server
	address string
	ended   chan struct{}
	release func() bool
}

// Listen has h answer on a free port until the listener is closed or ctx ends.
func Listen(ctx context.Context, h http.Handler) (*Listener, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Listener{address: listener.Addr().String(), ended: make(chan struct{})}
	l.server = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(l.ended)
		_ = l.server.Serve(listener) // it ends by Close only
	}()
	l.release = context.AfterFunc(ctx, func() { _ = l.server.Close() })
	return l, nil
}

// URL is where it listens, without a slash at the end; empty where it does not.
func (l *Listener) URL() string {
	if l == nil {
		return ""
	}
	return "http://" + l.address
}

// Close ends the listener and its connections.
func (l *Listener) Close() error {
	if l == nil {
		return nil
	}
	l.release()
	err := l.server.Close()
	<-l.ended
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("close server: %w", err)
	}
	return nil
}

// maxLog is how many requests and events are remembered.
const maxLog = 100_000

// Remember appends to a list that forgets its oldest entries when it gets long.
func Remember[T any](list []T, v T) []T {
	if len(list) >= maxLog {
		list = slices.Delete(list, 0, maxLog/10)
	}
	return append(list, v)
}
