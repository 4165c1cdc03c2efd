package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// errPlainHTTP is the answer to a request that would go out without TLS.
var errPlainHTTP = errors.New("only plain HTTP is offered, which is not allowed for this host; set plain-http in the configuration if it has no TLS")

// bases makes the innermost transports: one for all hosts without a CA of
// their own, and one for each CA, so that connections are shared.
type bases struct {
	fixed http.RoundTripper // Options.Transport
	idle  int
	proxy func(*url.URL) (*url.URL, error)

	mu sync.Mutex
	by map[string]*http.Transport // by CA
}

func newBases(opts Options) (*bases, error) {
	proxy, err := proxyFrom(opts.Getenv)
	if err != nil {
		return nil, err
	}
	return &bases{fixed: opts.Transport, idle: opts.Concurrency, proxy: proxy, by: map[string]*http.Transport{}}, nil
}

func (b *bases) forCA(ca []byte) (http.RoundTripper, error) {
	if b.fixed != nil {
		return b.fixed, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if t, ok := b.by[string(ca)]; ok {
		return t, nil
	}
	t, err := b.transport(ca)
	if err != nil {
		return nil, err
	}
	b.by[string(ca)] = t
	return t, nil
}

// closeIdle closes the connections that no request uses.
func (b *bases) closeIdle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.by {
		t.CloseIdleConnections()
	}
}

func (b *bases) transport(ca []byte) (*http.Transport, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy:               func(req *http.Request) (*url.URL, error) { return b.proxy(req.URL) },
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: b.idle,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		DisableCompression:  true, // digests are of the bytes as they were sent
	}
	if len(ca) == 0 {
		return t, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("read CA: no certificate in PEM form")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// proxyFrom reads the usual variables; their values can hold passwords, so an
// error has only the name.
func proxyFrom(getenv func(string) string) (func(*url.URL) (*url.URL, error), error) {
	read := func(variable string) string {
		if value := getenv(variable); value != "" {
			return value
		}
		return getenv(strings.ToLower(variable))
	}
	config := httpproxy.Config{HTTPProxy: read("HTTP_PROXY"), HTTPSProxy: read("HTTPS_PROXY"), NoProxy: read("NO_PROXY")}
	for variable, value := range map[string]string{"HTTP_PROXY": config.HTTPProxy, "HTTPS_PROXY": config.HTTPSProxy} {
		if !isProxy(value) {
			return nil, fmt.Errorf("read %s: want a URL or a host with a port", variable)
		}
	}
	return config.ProxyFunc(), nil
}

func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	_, err := url.Parse(value)
	return err == nil
}

// guarded is the last decorator before the network: it refuses plain HTTP
// where that is not allowed, spares hosts that are known for it the attempt at
// TLS, and names us.
type guarded struct {
	inner     http.RoundTripper
	at        location
	userAgent string
}

func (t *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req
	if out.Header.Get("User-Agent") == "" {
		out = shallow(req)
		out.Header.Set("User-Agent", t.userAgent)
	}
	if t.at.config.PlainHTTP && out.URL.Host == t.at.host() && out.URL.Scheme != "http" {
		out = out.Clone(out.Context())
		out.URL.Scheme = "http"
	}
	if out.URL.Scheme != "https" && !t.at.plain() {
		return nil, errPlainHTTP
	}
	return t.inner.RoundTrip(out)
}
