package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
)

// registryName is what the demo's Dockerfiles call the registry.
const registryName = "registry.example.com"

// published is an image that the demo pushes.
type published struct {
	name, tag string
	base      string // that it is built upon; empty for a base image
	layer     string // what makes it different
	platforms []string
}

var (
	usual = []string{"linux/amd64", "linux/arm64"}

	firstImages = []published{
		{"base/rhel", "7.5", "", "rhel 7.5, first build", usual},
		{"base/debian", "12", "", "debian 12.1", usual},
		{"base/alpine", "3", "", "alpine 3.20", usual},
		{"middleware/tomcat", "9", "base/rhel:7.5", "tomcat 9", usual},
		{"middleware/mysql", "8", "base/rhel:7.5", "mysql 8", usual},
		{"middleware/redis", "7", "base/rhel:7.5", "redis 7", usual},
	}
	movedBases = []published{
		{"base/rhel", "7.5", "", "rhel 7.5 with the fix", usual},
		{"base/debian", "12", "", "debian 12.2", usual},
		{"base/alpine", "3", "", "alpine 3.20", append([]string{"linux/s390x"}, usual...)},
	}
	rebuiltMiddleware = []published{
		{"middleware/tomcat", "9", "base/rhel:7.5", "tomcat 9", usual},
		{"middleware/mysql", "8", "base/rhel:7.5", "mysql 8", usual},
		{"middleware/redis", "7", "base/rhel:7.5", "redis 7", usual},
	}
)

// publish pushes images, in order.
func (s *story) publish(ctx context.Context, images []published) {
	for _, p := range images {
		if s.err != nil {
			return
		}
		_, err := s.push(ctx, p)
		if err != nil {
			s.err = fmt.Errorf("publish %s:%s: %w", p.name, p.tag, err)
		}
	}
}

func (s *story) push(ctx context.Context, p published) (image.Digest, error) {
	platforms := make([]image.Platform, len(p.platforms))
	for i, name := range p.platforms {
		platform, err := image.ParsePlatform(name)
		if err != nil {
			return "", err
		}
		platforms[i] = platform
	}
	return s.registry.Publish(ctx, sandbox.Image{
		Repository: p.name, Tag: p.tag, Base: p.base, Layer: p.layer, Platforms: platforms,
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
}

// digests are what the first images' tags point at, by name and tag.
func (s *story) digests(ctx context.Context) map[string]image.Digest {
	found := map[string]image.Digest{}
	for _, p := range firstImages {
		if s.err != nil {
			return nil
		}
		digest, err := s.push(ctx, p) // the same content again, so nothing moves
		if err != nil {
			s.err = fmt.Errorf("publish %s:%s: %w", p.name, p.tag, err)
		}
		found[p.name+":"+p.tag] = digest
	}
	return found
}
