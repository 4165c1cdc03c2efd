package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Image describes an image to publish. Equal descriptions on equal bases make
// equal digests, in every run and whatever the registry's port.
type Image struct {
	Repository string // path in the registry: library/debian
	Tag        string // that will point at it
	// Platforms are what it is built for. None stands for those of the base,
	// or for linux/amd64 where there is none. One makes an image manifest,
	// more make an index.
	Platforms []image.Platform
	// Base is the image to build upon, REPOSITORY:TAG or REPOSITORY@DIGEST in
	// this registry, with or without its host; empty for none. The label
	// org.opencontainers.image.base.name repeats it as it stands here, so
	// leave the host out where digests shall not depend on its port.
	Base        string
	Layer       string            // content of the one file in its own layer
	Labels      map[string]string // besides, or instead of, those it has from its base
	Attestation bool              // add what BuildKit adds, which makes an index of one platform too
	Created     time.Time         // when it claims to have been built
}

// Publish makes a small image, pushes it and returns the digest that its tag
// points at from then on.
func (r *Registry) Publish(ctx context.Context, p Image) (image.Digest, error) {
	digest, err := r.publish(ctx, p)
	if err != nil {
		return "", fmt.Errorf("publish %s:%s: %w", p.Repository, p.Tag, err)
	}
	return digest, nil
}

func (r *Registry) publish(ctx context.Context, p Image) (image.Digest, error) {
	tag, err := name.NewTag(r.host + "/" + p.Repository + ":" + p.Tag)
	if err != nil {
		return "", err
	}
	from, err := r.base(ctx, p.Base)
	if err != nil {
		return "", fmt.Errorf("base %s: %w", p.Base, err)
	}
	built, err := build(p, from)
	if err != nil {
		return "", err
	}
	if index, ok := built.(v1.ImageIndex); ok {
		err = remote.WriteIndex(tag, index, r.options(ctx)...)
	} else if img, ok := built.(v1.Image); ok {
		err = remote.Write(tag, img, r.options(ctx)...)
	}
	if err != nil {
		return "", err
	}
	hash, err := built.Digest()
	return image.Digest(hash.String()), err
}

// options sends our requests past the count, with no credentials.
func (r *Registry) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithAuth(authn.Anonymous), remote.WithTransport(roundTripper{r.transport}),
	}
}

// parent is the image that another is built upon, or nothing.
type parent struct {
	digest    image.Digest
	platforms []image.Platform // in the order of the index
	images    map[image.Platform]v1.Image
}

// base reads the image to build upon.
func (r *Registry) base(ctx context.Context, base string) (parent, error) {
	p := parent{images: map[image.Platform]v1.Image{}}
	if base == "" {
		return p, nil
	}
	ref, err := name.ParseReference(r.host + "/" + strings.TrimPrefix(base, r.host+"/"))
	if err != nil {
		return p, err
	}
	got, err := remote.Get(ref, r.options(ctx)...)
	if err != nil {
		return p, err
	}
	p.digest = image.Digest(got.Digest.String())
	if !got.MediaType.IsIndex() {
		img, err := got.Image()
		if err != nil {
			return p, err
		}
		return p, p.add(img)
	}
	index, err := got.ImageIndex()
	if err != nil {
		return p, err
	}
	return p, p.addAll(index)
}

func (p *parent) addAll(index v1.ImageIndex) error {
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		if d.Annotations[referenceType] != "" {
			continue
		}
		img, err := index.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := p.add(img); err != nil {
			return err
		}
	}
	return nil
}

func (p *parent) add(img v1.Image) error {
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	platform := image.Platform{OS: config.OS, Architecture: config.Architecture, Variant: config.Variant, OSVersion: config.OSVersion}
	p.platforms = append(p.platforms, platform)
	p.images[platform] = img
	return nil
}
