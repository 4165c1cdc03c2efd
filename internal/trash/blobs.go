package trash

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Blob is a configuration or layer that a manifest names.
type Blob struct {
	MediaType string
	Digest    image.Digest
	Size      int64 // bytes
	Foreign   bool  // it may be somewhere else: a registry need not have it
}

// Blobs returns the configuration and layers that a manifest names, each once;
// of an index none. The error wraps [image.ErrUnsupported].
func Blobs(manifest []byte) ([]Blob, error) {
	content, err := image.ParseContent(manifest)
	if err != nil {
		return nil, err
	}
	var raw struct {
		Layers []struct {
			URLs []string `json:"urls"`
		} `json:"layers"`
	}
	if err := json.Unmarshal(manifest, &raw); err != nil {
		return nil, fmt.Errorf("%w: %w", image.ErrUnsupported, err)
	}
	var all []Blob
	at := map[image.Digest]int{}
	add := func(d image.Descriptor, foreign bool) {
		if i, ok := at[d.Digest]; ok {
			all[i].Foreign = all[i].Foreign && foreign
			return
		}
		at[d.Digest] = len(all)
		all = append(all, Blob{d.MediaType, d.Digest, d.Size, foreign})
	}
	if content.Config != nil {
		add(*content.Config, false)
	}
	for i, d := range content.Layers {
		add(d, len(raw.Layers[i].URLs) > 0 || isForeign(d.MediaType))
	}
	return all, nil
}

// isForeign reports whether a layer's media type says that it is not to be
// passed on.
//
// Spec: OCI image-spec v1.1, layer.md, "Non-Distributable Layers"; Docker's
// image manifest version 2, schema 2.
func isForeign(mediaType string) bool {
	return strings.Contains(mediaType, ".nondistributable.") || strings.Contains(mediaType, ".foreign.")
}
