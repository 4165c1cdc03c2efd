package retire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// registries starts those that the tests run on, by name.
var registries = map[string]func(t *testing.T) registrytest.Host{
	"memory":          func(t *testing.T) registrytest.Host { return registrytest.StartMemory(t) },
	"distribution":    func(t *testing.T) registrytest.Host { return registrytest.StartV3(t) },
	"distribution2.8": func(t *testing.T) registrytest.Host { return registrytest.StartV2(t) },
}

// process is what one run of the program has of a registry.
type process struct {
	retire.Flow
	client *registry.Client
	store  artifact.Store
	host   registrytest.Host
}

func open(t testing.TB, host registrytest.Host, transport http.RoundTripper, tokens ...string) process {
	t.Helper()
	return opened(t, host, registry.Options{Transport: transport, Retries: -1, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}, tokens...)
}

// opened has the patience that opts say.
func opened(t testing.TB, host registrytest.Host, opts registry.Options, tokens ...string) process {
	t.Helper()
	if host.User != "" {
		opts.Hosts = map[string]registry.Host{host.Addr: {User: host.User, Password: host.Password, PlainHTTP: true, TokenService: strings.Join(tokens, "")}}
	}
	base, err := registry.New(opts)
	require.NoError(t, err)
	t.Cleanup(base.Close)
	client := base.With(registry.Push)
	store := artifact.Store{Registry: client, Sleep: opts.Sleep}
	return process{retire.Flow{Registry: client, Ledgers: store, Now: now}, client, store, host}
}

func (p process) ref(tag string) image.Reference {
	return image.Reference{Registry: p.host.Addr, Repository: "acme/app", Tag: tag}
}

func (p process) blob(t testing.TB, content string) image.Descriptor {
	t.Helper()
	d, err := p.client.PutBlob(t.Context(), p.ref("").Tagged(""), []byte(content))
	require.NoError(t, err)
	return image.Descriptor{MediaType: "application/octet-stream", Digest: d, Size: int64(len(content))}
}

// push makes an image whose manifest has white space that a new encoding would
// lose; a nonempty base is what its annotations name.
func (p process) push(t testing.TB, tag, mediaType string, labels map[string]string, annotations string) image.Digest {
	t.Helper()
	config, err := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{"Labels": labels}, "author": tag + annotations})
	require.NoError(t, err)
	c, l := p.blob(t, string(config)), p.blob(t, "layer of "+tag)
	kind := map[string][2]string{
		image.MediaTypeOCIManifest:    {"application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar"},
		image.MediaTypeDockerManifest: {"application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip"},
	}[mediaType]
	body := fmt.Sprintf("{ \"schemaVersion\" :2,\n\t\"mediaType\":%q,\n \"config\": {\"mediaType\":%q,\"digest\":%q,\"size\":%d},\r\n\"layers\":[ {\"mediaType\":%q,\"digest\":%q,\"size\":%d} ]%s}\n",
		mediaType, kind[0], c.Digest, c.Size, kind[1], l.Digest, l.Size, annotations)
	d, err := p.client.PutManifest(t.Context(), p.ref(tag), mediaType, []byte(body))
	require.NoError(t, err)
	return d
}

// digest is what a tag points at.
func (p process) digest(t testing.TB, tag string) image.Digest {
	t.Helper()
	d, err := p.client.Resolve(t.Context(), p.ref(tag))
	if errors.Is(err, image.ErrNotFound) {
		return ""
	}
	require.NoError(t, err)
	return d.Digest
}

func TestR12RetiredIsTheSameByteForByte(t *testing.T) {
	for name, start := range registries {
		t.Run(name, func(t *testing.T) {
			p := open(t, start(t), nil)
			children := registrytest.PushIndex(t, p.host, "acme/app", "latest", "linux/amd64", "linux/arm64")
			pushes := map[string]image.Digest{
				"index":  children.Digest,
				"oci":    p.push(t, "oci", image.MediaTypeOCIManifest, nil, ""),
				"docker": p.push(t, "docker", image.MediaTypeDockerManifest, nil, ""),
			}
			for kind, digest := range pushes {
				tag := kind
				if kind == "index" {
					tag = "latest"
				}
				want, descriptor, err := p.client.Fetch(t.Context(), p.ref(tag))
				require.NoError(t, err)
				out, err := p.Retire(t.Context(), retire.Request{Ref: p.ref(tag), Template: template(t, kind+"-{{.Next}}")})
				require.NoError(t, err)
				require.Equal(t, kind+"-1", out.Tag)
				got, gotDescriptor, err := p.client.Fetch(t.Context(), p.ref(out.Tag))
				require.NoError(t, err)
				assert.Equal(t, want, got)
				assert.Equal(t, descriptor, gotDescriptor)
				assert.Equal(t, digest, gotDescriptor.Digest)
			}
			back, err := p.Rollback(t.Context(), retire.Back{Ref: p.ref("latest"), To: "docker-1"})
			require.NoError(t, err)
			assert.True(t, back.Done)
			assert.Equal(t, pushes["docker"], p.digest(t, "latest"))
			assert.Equal(t, pushes["index"], p.digest(t, back.Kept.Tag))
		})
	}
}

// TestRequests counts what retiring costs, ping and token included; a list of
// tags is one more request for each page.
func TestRequests(t *testing.T) {
	service := registrytest.StartTokenService(t, "me", "secret")
	realm, err := url.Parse(service.URL)
	require.NoError(t, err)
	host := registrytest.StartV3(t, registrytest.WithTokens(service))
	for i, text := range []string{ledger.DefaultTemplate, ledger.DefaultTemplate, "d{{.Date}}", "oldest"} { // the first without a ledger
		t.Run(fmt.Sprint(i, " ", text), func(t *testing.T) {
			process := func() process { return open(t, host, nil, realm.Host) }
			process().push(t, "latest", image.MediaTypeOCIManifest, nil, fmt.Sprintf(`,"annotations":{"run":"%d"}`, i))
			p := process()
			req := retire.Request{Ref: p.ref("latest"), Template: template(t, text)}
			out, err := p.Retire(t.Context(), req)
			require.NoError(t, err)
			require.True(t, out.Done)
			n := p.client.Requests()[host.Addr]
			pages := min(1, strings.Count(text, ".Next"))
			assert.LessOrEqual(t, n.Total()-pages, 12, "%+v", n)

			p = process()
			out, err = p.Retire(t.Context(), req)
			require.NoError(t, err)
			require.True(t, out.Already)
			n = p.client.Requests()[host.Addr]
			assert.Zero(t, n.Write, "done before: %+v", n)
			assert.LessOrEqual(t, n.Total(), 6, "done before: %+v", n)
		})
	}
}

func TestVersionOfTheBase(t *testing.T) {
	const label = "org.opencontainers.image.version"
	p := open(t, registrytest.StartMemory(t), nil)
	base := p.push(t, "base", image.MediaTypeOCIManifest, map[string]string{label: "12"}, "")
	annotations := fmt.Sprintf(`,"annotations":{"org.opencontainers.image.base.name":"%s/acme/app:base","org.opencontainers.image.base.digest":"%s"}`, p.host.Addr, base)
	for version, want := range map[string]string{"1.2+3": "1.2-3", "12": ""} {
		p.push(t, "latest", image.MediaTypeOCIManifest, map[string]string{
			label: version, "org.opencontainers.image.base.digest": base.String()[:70] + "0", // the base's own base, inherited
		}, annotations)
		out, err := p.Retire(t.Context(), retire.Request{Ref: p.ref("latest"), Template: template(t, "{{.Version}}")})
		if want == "" {
			require.ErrorIs(t, err, image.ErrRefused)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, out.Tag)
	}
}

// dying is the transport of a process that is killed at its nth request,
// before it goes out or before its answer is there.
type dying struct {
	n       int64
	sent    bool
	counted atomic.Int64
}

func (d *dying) RoundTrip(req *http.Request) (*http.Response, error) {
	n := d.counted.Add(1)
	if n > d.n || n == d.n && !d.sent {
		return nil, errors.New("killed")
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if n == d.n && err == nil {
		_ = resp.Body.Close()
		return nil, errors.New("killed")
	}
	return resp, err
}

func TestKilledAnywhere(t *testing.T) {
	all := []bool{false, true} // after is as before the next one: on the slowest, once is enough
	for name, deaths := range map[string][]bool{"memory": all, "distribution": all, "distribution2.8": {true}} {
		t.Run(name, func(t *testing.T) {
			start := registries[name]
			good := open(t, start(t), nil)
			for n := int64(1); ; n++ {
				for _, sent := range deaths {
					// a repository of its own for each death
					at := func(tag string) image.Reference {
						return image.Reference{Registry: good.host.Addr, Repository: fmt.Sprintf("acme/app-%d-%t", n, sent), Tag: tag}
					}
					one := registrytest.Push(t, good.host, at("").Repository, "latest").Digest
					registrytest.Tag(t, good.host, at("").Repository, "latest", "v1")
					two := registrytest.Push(t, good.host, at("").Repository, "latest").Digest
					killed := open(t, good.host, &dying{n: n, sent: sent})
					if _, err := killed.Retire(t.Context(), retire.Request{Ref: at("latest")}); err == nil {
						require.Greater(t, n, int64(9))
						return
					}
					out, err := good.Retire(t.Context(), retire.Request{Ref: at("latest")})
					require.NoError(t, err, "request %d, sent: %t", n, sent)
					assert.Equal(t, "v2", out.Tag, "request %d, sent: %t", n, sent)
					for tag, want := range map[string]image.Digest{"latest": two, "v1": one, "v2": two, "v3": ""} {
						d, err := good.client.Resolve(t.Context(), at(tag))
						require.True(t, err == nil || errors.Is(err, image.ErrNotFound), err)
						assert.Equal(t, want, d.Digest, "%s, request %d, sent: %t", tag, n, sent)
					}
				}
			}
		})
	}
}

// Debian's registry answers 500 to whoever reads a tag while it is written, so
// these have the patience of a real run.
func TestTwoProcesses(t *testing.T) {
	for name, start := range registries {
		t.Run(name, func(t *testing.T) {
			host := start(t)
			for _, same := range []bool{false, true} {
				for run := range 3 {
					repository := fmt.Sprintf("acme/app-%d-%t", run, same)
					digests := []image.Digest{registrytest.Push(t, host, repository, "latest").Digest, registrytest.Push(t, host, repository, "latest").Digest}
					if same {
						digests[0] = digests[1]
					}
					outs, errs := make([]retire.Outcome, 2), make([]error, 2)
					var group sync.WaitGroup
					for i := range 2 {
						p := opened(t, host, registry.Options{Sleep: attempt.Sleep})
						group.Go(func() {
							ref := image.Reference{Registry: host.Addr, Repository: repository, Tag: "latest"}
							outs[i], errs[i] = p.Retire(t.Context(), retire.Request{Ref: ref, Digest: digests[i]})
						})
					}
					group.Wait()
					p := open(t, host, nil)
					for i := range 2 {
						require.NoError(t, errs[i])
						d, err := p.client.Resolve(t.Context(), image.Reference{Registry: host.Addr, Repository: repository, Tag: outs[i].Tag})
						require.NoError(t, err)
						assert.Equal(t, digests[i], d.Digest)
					}
				}
			}
		})
	}
}
