package image

import (
	"fmt"
	"strings"
)

// Platform is what an image of an index is built for.
//
// Spec: OCI image-spec v1.1, image-index.md, "platform".
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
	OSVersion    string `json:"os.version,omitempty"`
}

// ParsePlatform parses os/architecture[/variant], as in linux/arm64/v8.
func ParsePlatform(s string) (Platform, error) {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Platform{}, fmt.Errorf("parse platform %q: want os/architecture or os/architecture/variant, for instance linux/arm64", s)
	}
	p := Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return p.normalized(), nil
}

// String returns os/architecture[/variant]; Windows versions are left out.
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// Unknown reports whether p stands for no platform at all, which is how
// BuildKit marks the attestations that it adds to an index.
func (p Platform) Unknown() bool {
	return (p.OS == "" || p.OS == "unknown") && (p.Architecture == "" || p.Architecture == "unknown")
}

// Matches reports whether an image for p runs where want is asked for: equal
// after the default variants are filled in; an empty OS version of want
// matches any.
func (p Platform) Matches(want Platform) bool {
	a, b := p.normalized(), want.normalized()
	if b.OSVersion == "" {
		a.OSVersion = ""
	}
	return a == b
}

// normalized drops the variants that are the default of their architecture,
// as containerd's platforms package does: arm64/v8 is arm64, arm is arm/v7.
func (p Platform) normalized() Platform {
	switch {
	case p.Architecture == "arm64" && p.Variant == "v8", p.Architecture == "amd64" && p.Variant == "v1":
		p.Variant = ""
	case p.Architecture == "arm" && p.Variant == "":
		p.Variant = "v7"
	}
	return p
}
