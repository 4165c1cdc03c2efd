package demo

import (
	"context"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
)

// published is an image that is pushed.
type published struct {
	name, tag string
	base      string // that it is built upon; empty for a base image
	layer     string // what makes it different
	day       int    // of 2026 when it was built
	platforms []string
}

var (
	usual = []string{"linux/amd64", "linux/arm64"}
	more  = []string{"linux/s390x", "linux/amd64", "linux/arm64"}

	firstImages = []published{
		{"base/rhel", "7.5", "", "rhel 7.5", 5, usual},
		{"base/debian", "12", "", "debian 12.1", 5, usual},
		{"base/alpine", "3", "", "alpine 3.20", 5, usual},
		{"middleware/tomcat", "9", "base/rhel:7.5", "tomcat 9", 6, usual},
		{"middleware/mysql", "8", "base/rhel:7.5", "mysql 8", 6, usual},
		{"middleware/redis", "7", "base/rhel:7.5", "redis 7", 6, usual},
	}
	movedDebian = []published{
		{"base/debian", "12", "", "debian 12.2", 33, usual},
		{"base/alpine", "3", "", "alpine 3.20", 5, more}, // the same but for a platform
	}
	movedRHEL         = []published{{"base/rhel", "7.5", "", "rhel 7.5 with a fix", 33, usual}}
	movedAgain        = []published{{"base/rhel", "7.5", "", "rhel 7.5 with a better fix", 40, usual}}
	rebuiltMiddleware = []published{
		{"middleware/tomcat", "9", "base/rhel:7.5", "tomcat 9", 41, usual},
		{"middleware/mysql", "8", "base/rhel:7.5", "mysql 8", 41, usual},
		{"middleware/redis", "7", "base/rhel:7.5", "redis 7", 41, usual},
	}

	// nextImages wait for the player to move a tag to them.
	nextImages = []published{
		{"base/rhel", "next", "", "rhel 7.5 with a better fix", 40, usual},
		{"middleware/tomcat", "next", "base/rhel:next", "tomcat 9", 41, usual},
		{"middleware/mysql", "next", "base/rhel:next", "mysql 8", 41, usual},
		{"middleware/redis", "next", "base/rhel:next", "redis 7", 41, usual},
	}
)

// publish pushes images, in order, and remembers what their tags point at.
func (w *World) publish(ctx context.Context, images []published) error {
	for _, p := range images {
		platforms := make([]image.Platform, len(p.platforms))
		for i, name := range p.platforms {
			var err error
			if platforms[i], err = image.ParsePlatform(name); err != nil {
				return err
			}
		}
		digest, err := w.registry.Publish(ctx, sandbox.Image{
			Repository: p.name, Tag: p.tag, Base: p.base, Layer: p.layer, Platforms: platforms,
			Created: time.Date(2026, 1, p.day, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			return err // it names the image
		}
		w.digests[p.name+":"+p.tag] = digest
	}
	return nil
}

// pin replaces BASE{name:tag} in a file by the pinned reference, in a registry
// of that name.
func (w *World) pin(file, registry string) string {
	var pins []string
	for name, digest := range w.digests {
		pins = append(pins, "BASE{"+name+"}", registry+"/"+name+"@"+string(digest))
	}
	return strings.NewReplacer(pins...).Replace(file)
}
