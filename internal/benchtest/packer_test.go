package benchtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// store is a repository that takes what it is given.
type store interface {
	Blob(content []byte) error
	Manifest(content []byte, tags ...string) error
}

// packer makes small images that are like no other.
type packer struct {
	into   store
	layer  string   // descriptor
	config []string // descriptors
}

// configs puts what the images say of themselves: each its own in a small
// shelf, a few in a large one.
func (p *packer) configs(s *shelf) error {
	layer := []byte("layer")
	p.layer = descriptorOf("application/vnd.oci.image.layer.v1.tar", layer)
	if err := p.into.Blob(layer); err != nil {
		return err
	}
	for i := range s.digests {
		of := i
		if s.large() {
			of = i / 100 * 100
		}
		body := fmt.Appendf(nil, `{"created":%q,"architecture":"amd64","os":"linux","config":{"Labels":{"n":"%d"}},"rootfs":{"type":"layers","diff_ids":[%q]}}`,
			s.retired(each*of).Format(time.RFC3339), of, image.FromBytes(layer))
		p.config = append(p.config, descriptorOf("application/vnd.oci.image.config.v1+json", body))
		if of != i {
			continue
		}
		if err := p.into.Blob(body); err != nil {
			return err
		}
	}
	return nil
}

func descriptorOf(mediaType string, body []byte) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, mediaType, image.FromBytes(body), len(body))
}

func (p *packer) image(i int, platform string) []byte {
	return fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"config":%s,"layers":[%s],"annotations":{"n":"%d%s"}}`,
		image.MediaTypeOCIManifest, p.config[i], p.layer, i, platform)
}

// pusher is a store that sends requests.
type pusher struct {
	base   string
	client http.Client
}

func newPusher(t testing.TB, host registrytest.Host) *pusher {
	t.Helper()
	p := &pusher{base: "http://" + host.Addr + "/v2/" + onShelf + "/"}
	p.client.Transport = &http.Transport{MaxIdleConnsPerHost: concurrency}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

func (p *pusher) Blob(content []byte) error {
	const octets = "application/octet-stream"
	to, err := p.send(http.MethodPost, p.base+"blobs/uploads/", octets, nil)
	if err != nil {
		return err
	}
	query := to.Query()
	query.Set("digest", image.FromBytes(content).String())
	to.RawQuery = query.Encode()
	_, err = p.send(http.MethodPut, to.String(), octets, content)
	return err
}

func (p *pusher) Manifest(content []byte, tags ...string) error {
	var about struct{ MediaType string }
	if err := json.Unmarshal(content, &about); err != nil {
		return err
	}
	for _, reference := range append([]string{image.FromBytes(content).String()}, tags...) {
		if _, err := p.send(http.MethodPut, p.base+"manifests/"+reference, about.MediaType, content); err != nil {
			return err
		}
	}
	return nil
}

// send returns the address that the answer leads to.
func (p *pusher) send(method, to, mediaType string, body []byte) (*url.URL, error) {
	req, err := http.NewRequest(method, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusCreated && resp.StatusCode != http.StatusAccepted {
		return nil, fmt.Errorf("%s %s: %s: %.500s", method, to, resp.Status, said)
	}
	return resp.Request.URL.Parse(resp.Header.Get("Location"))
}
