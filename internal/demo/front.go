package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// ErrAddress says that an address to listen on is none of this machine's own.
var ErrAddress = errors.New("want HOST:PORT where HOST is localhost or in 127.0.0.0/8, since anybody is let in")

// loopback returns an address with a number for its host.
func loopback(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("listen on %q: %w", address, ErrAddress)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if _, wrong := strconv.ParseUint(port, 10, 16); wrong != nil || err != nil || !ip.Is4() || !ip.IsLoopback() {
		return "", fmt.Errorf("listen on %q: %w", address, ErrAddress)
	}
	return net.JoinHostPort(host, port), nil
}

// front serves at an address that the user chose.
type front struct {
	address string
	server  *http.Server
	ended   chan struct{}
	release func() bool // forgets the context given to openFront
}

// openFront serves handler at a loopback address until it is closed or ctx ends.
func openFront(ctx context.Context, address string, handler http.Handler) (*front, error) {
	address, err := loopback(address)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err // it names the address
	}
	f := &front{address: listener.Addr().String(), ended: make(chan struct{})}
	f.server = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(f.ended)
		_ = f.server.Serve(listener) // it ends by Close only
	}()
	f.release = context.AfterFunc(ctx, func() { _ = f.server.Close() })
	return f, nil
}

// close ends the front and its connections.
func (f *front) close() error {
	f.release()
	err := f.server.Close()
	<-f.ended
	return err
}

// forward passes requests on to a server on this machine, as they are.
func forward(host string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: host})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, DisableCompression: true}, // no proxy, bytes as they are
		ErrorLog:  log.New(io.Discard, "", 0),
	}
}
