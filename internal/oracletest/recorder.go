package oracletest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// recorder is a registry in which every image exists and which remembers what
// it was asked for. BuildKit asks from several goroutines at once.
type recorder struct {
	onbuild []string // the triggers of onbuildParent

	mu    sync.Mutex
	asked map[string]struct{}
}

func (r *recorder) add(ref string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil {
		r.asked = map[string]struct{}{}
	}
	r.asked[ref] = struct{}{}
}

func (r *recorder) sorted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.asked))
}

// ResolveImageConfig answers with the smallest configuration that BuildKit
// takes for an image of the wanted platform.
func (r *recorder) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	r.add(ref)
	img := dockerspec.DockerOCIImage{}
	img.Platform = platforms.MustParse(buildPlatform)
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		img.Platform = *opt.ImageOpt.Platform
	}
	img.RootFS = ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}
	if ref == onbuildParent {
		img.Config.OnBuild = r.onbuild
	}
	config, err := json.Marshal(img)
	return ref, "", config, err
}
