package image

import "time"

// Details is what an image says about itself, as far as a reviewer wants to
// see it. All of it was written by whoever made the image: none of it is
// proof, and every text may be hostile. What is not known is zero.
//
// Spec: OCI image-spec v1.1, config.md and annotations.md.
type Details struct {
	Created      time.Time  // by the image's configuration, or org.opencontainers.image.created
	Size         int64      // bytes of the layers as they are pulled, for SizePlatform; 0 where unknown
	SizePlatform Platform   // zero for an image that is no index
	Platforms    []Platform // of an index, in its order

	Source   string // org.opencontainers.image.source: where the sources are
	Revision string // org.opencontainers.image.revision: the sources' commit
	Version  string // org.opencontainers.image.version
	URL      string // org.opencontainers.image.url: where to read more

	BaseName   string // org.opencontainers.image.base.name: what it was built from
	BaseDigest Digest // org.opencontainers.image.base.digest; empty where that is no digest
}
