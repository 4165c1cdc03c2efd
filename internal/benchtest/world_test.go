package benchtest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cli"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// world is a registry in which every tag has moved once.
type world struct {
	*counter
	host   string
	before digests // what the tags have left
	now    digests // what they point at
}

// memory starts the registry in this process; what it is asked is counted.
func memory(t testing.TB) *world {
	t.Helper()
	w := &world{counter: &counter{}}
	w.fill(t, registrytest.StartMemory(t, w.count))
	return w
}

// distribution starts distribution v3, whose requests only the program's own
// count tells; without it the benchmark is skipped.
func distribution(t testing.TB) *world {
	t.Helper()
	if os.Getenv("BASEKEEPER_REGISTRY_V3") == "" {
		t.Skip("BASEKEEPER_REGISTRY_V3 does not name a registry")
	}
	w := &world{counter: &counter{}}
	w.fill(t, registrytest.StartV3(t))
	return w
}

func (w *world) fill(t testing.TB, host registrytest.Host) {
	t.Helper()
	w.host = host.Addr
	for _, pushed := range []*digests{&w.before, &w.now} {
		for i := range tags {
			repository, tag := place(i)
			pushed[i] = registrytest.PushIndex(t, host, repository, tag, "linux/amd64", "linux/arm64").Digest
		}
	}
	w.forget()
}

// run runs the program in this process, requires success and returns what it
// printed.
func run(t testing.TB, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), cli.Env{
		Args: args, Stdout: &stdout, Stderr: &stderr, Getenv: environment,
		Now: time.Now, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	require.Zero(t, code, "%s\n%.2000s\n%s", args, stdout.String(), stderr.String())
	return stdout.String()
}

// environment has nothing but credentials for registries that want some.
func environment(name string) string {
	return map[string]string{"BENCH_USER": user, "BENCH_PASSWORD": password}[name]
}

const user, password = "bench", "secret"

// asked is what a registry was asked.
type asked struct {
	head, get int   // for manifests
	other     int   // anything else
	bytes     int64 // of the bodies of its answers
}

func (a asked) total() int { return a.head + a.get + a.other }

// counter counts requests, and can make them slow.
type counter struct {
	mu    sync.Mutex
	n     asked
	delay time.Duration
}

func (c *counter) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sized := &sizedWriter{ResponseWriter: w}
		time.Sleep(c.pause())
		next.ServeHTTP(sized, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.n.bytes += sized.written
		switch manifest := strings.Contains(r.URL.Path, "/manifests/"); {
		case manifest && r.Method == http.MethodHead:
			c.n.head++
		case manifest && r.Method == http.MethodGet:
			c.n.get++
		default:
			c.n.other++
		}
	})
}

func (c *counter) pause() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.delay
}

func (c *counter) slow(delay time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay = delay
}

func (c *counter) asked() asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = asked{}
}

type sizedWriter struct {
	http.ResponseWriter
	written int64
}

func (w *sizedWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}
