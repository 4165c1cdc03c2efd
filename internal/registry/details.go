package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Labels and annotations that say where an image comes from.
//
// Spec: OCI image-spec v1.1, annotations.md, "Pre-defined annotation keys".
const (
	labelCreated  = "org.opencontainers.image.created"
	labelSource   = "org.opencontainers.image.source"
	labelRevision = "org.opencontainers.image.revision"
	labelVersion  = "org.opencontainers.image.version"
	labelURL      = "org.opencontainers.image.url"
	labelBase     = "org.opencontainers.image.base.name"
	labelBaseAt   = "org.opencontainers.image.base.digest"
)

// preferred is the platform whose image stands for an index that has it.
var preferred = image.Platform{OS: "linux", Architecture: "amd64"}

// Details returns what the image with ref's digest says about itself; a tag in
// ref is ignored. For an index that is what its linux/amd64 image says, or the
// first where there is none. It reads the manifest, for an index that of one
// platform too, and the configuration: two or three GETs.
//
// The errors are those of [Client.Manifest].
//
// Spec: OCI image-spec v1.1, config.md and manifest.md.
func (c *Client) Details(ctx context.Context, ref image.Reference) (image.Details, error) {
	var d image.Details
	body, descriptor, err := c.Manifest(ctx, ref)
	if err != nil {
		return d, err
	}
	var outer map[string]string // the index's annotations
	if descriptor.IsIndex() {
		index, err := image.ParseIndex(body)
		if err != nil || len(index.Platforms) == 0 {
			return d, err
		}
		for _, p := range index.Platforms {
			d.Platforms = append(d.Platforms, *p.Platform)
		}
		one, ok := index.Find(preferred)
		if !ok {
			one = index.Platforms[0]
		}
		d.SizePlatform = *one.Platform
		outer = annotations(body)
		ref = ref.Pinned(one.Digest)
		if body, _, err = c.Manifest(ctx, ref); err != nil {
			return d, err
		}
	}
	return d, c.describe(ctx, ref, body, outer, &d)
}

// describe fills in what a single image's manifest and configuration say.
// Labels come first: they are what most builds set.
func (c *Client) describe(ctx context.Context, ref image.Reference, manifest []byte, outer map[string]string, d *image.Details) error {
	var said struct {
		Layers []image.Descriptor `json:"layers"`
	}
	if err := json.Unmarshal(manifest, &said); err != nil {
		return fmt.Errorf("%w: not JSON", image.ErrUnsupported)
	}
	for _, l := range said.Layers {
		d.Size += max(l.Size, 0)
	}
	body, err := c.configuration(ctx, ref, manifest)
	if err != nil {
		return err
	}
	var config struct {
		Created time.Time `json:"created"`
		Config  struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := json.Unmarshal(body, &config); err != nil {
		return fmt.Errorf("%w: its configuration is not an image's", image.ErrUnsupported)
	}
	inner := annotations(manifest)
	label := func(key string) string {
		return cmp.Or(config.Config.Labels[key], inner[key], outer[key])
	}
	d.Created = config.Created
	if d.Created.Unix() <= 0 { // reproducible builds set the epoch, which says nothing
		d.Created, _ = time.Parse(time.RFC3339, label(labelCreated))
	}
	d.Source, d.Revision, d.Version, d.URL = label(labelSource), label(labelRevision), label(labelVersion), label(labelURL)
	// Of the base the annotations come first: labels are inherited from it, and
	// then speak of the base's own base.
	d.BaseName = cmp.Or(inner[labelBase], outer[labelBase], config.Config.Labels[labelBase])
	d.BaseDigest, _ = image.ParseDigest(cmp.Or(inner[labelBaseAt], outer[labelBaseAt], config.Config.Labels[labelBaseAt]))
	return nil
}

// annotations returns those of a manifest or index.
func annotations(body []byte) map[string]string {
	var said struct {
		Annotations map[string]string `json:"annotations"`
	}
	_ = json.Unmarshal(body, &said) // what is not there says nothing
	return said.Annotations
}
