package image

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// LatestTag is the tag that a reference without tag and digest stands for.
const LatestTag = "latest"

// Reference names an image. Unlike the reference types of most libraries it
// keeps tag and digest together, because a pin needs both: the digest to say
// what is used, the tag to say what it follows.
type Reference struct {
	Registry   string // host with optional port: docker.io, localhost:5000
	Repository string // path under the registry: library/debian
	Tag        string // empty where there is none
	Digest     Digest // empty where there is none
}

// ParseReference parses s as docker build does and normalises it: debian is
// docker.io/library/debian. Tag and digest stay empty where s has none.
//
// Spec: the grammar of github.com/distribution/reference, which BuildKit uses.
func ParseReference(s string) (Reference, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Reference{}, fmt.Errorf("parse image reference %q: %w", s, err)
	}
	r := Reference{Registry: reference.Domain(named), Repository: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		r.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		r.Digest = Digest(digested.Digest().String())
	}
	return r, nil
}

// IsZero reports whether r names no image.
func (r Reference) IsZero() bool { return r.Repository == "" }

// Name returns the normalised name without tag and digest:
// docker.io/library/debian. It is empty for the zero reference.
func (r Reference) Name() string {
	if r.IsZero() {
		return ""
	}
	return r.Registry + "/" + r.Repository
}

// String returns the normalised reference with all it has:
// docker.io/library/debian:12@sha256:….
func (r Reference) String() string {
	var b strings.Builder
	b.WriteString(r.Name())
	if r.Tag != "" {
		b.WriteString(":" + r.Tag)
	}
	if r.Digest != "" {
		b.WriteString("@" + string(r.Digest))
	}
	return b.String()
}

// Familiar returns the reference as people write it, without the registry and
// the library/ that docker.io implies: debian:12. A digest is left out.
func (r Reference) Familiar() string {
	name := r.Name()
	if r.Registry == "docker.io" {
		name = strings.TrimPrefix(r.Repository, "library/")
	}
	if r.Tag != "" {
		name += ":" + r.Tag
	}
	return name
}

// Tagged returns r without its digest and with tag in place of its own.
func (r Reference) Tagged(tag string) Reference {
	r.Tag, r.Digest = tag, ""
	return r
}

// Pinned returns r with digest in place of its own, the tag kept.
func (r Reference) Pinned(digest Digest) Reference {
	r.Digest = digest
	return r
}
