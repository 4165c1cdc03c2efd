package retention

import (
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// cutHex is how many digits of a digest the referrers tag schema keeps.
const cutHex = 64

// subject returns what a tag belongs to, by its name or by its manifest; empty
// for the tag of an image.
func (d *decider) subject(tag Tag) image.Digest {
	if subject := namedSubject(tag.Name, d.cut); subject != "" {
		return subject
	}
	return d.facts.Manifests[tag.Digest].Subject
}

// namedSubject returns the digest of the image that a tag belongs to by its
// name: sha256-HEX, the referrers tag of the OCI specification, and
// sha256-HEX.sig and the like, which cosign and others make; empty where it
// belongs to none. Digests that the schema cuts are looked up in cut.
//
// Spec: OCI distribution-spec v1.1, "Referrers Tag Schema".
func namedSubject(tag string, cut map[string]image.Digest) image.Digest {
	name, _, _ := strings.Cut(tag, ".")
	algorithm, hex, ok := strings.Cut(name, "-")
	if !ok || strings.Trim(hex, "0123456789abcdef") != "" {
		return ""
	}
	switch {
	case algorithm == "sha256" && len(hex) == cutHex:
	case slices.Contains([]string{"sha384", "sha512"}, algorithm) && len(hex) >= cutHex:
		if known, ok := cut[name]; ok {
			return known
		}
	default:
		return ""
	}
	return image.Digest(algorithm + ":" + hex)
}

// cutDigests maps what the referrers tag schema leaves of long digests to them.
func cutDigests(manifests map[image.Digest]Manifest) map[string]image.Digest {
	cut := map[string]image.Digest{}
	for digest := range manifests {
		if encoded := digest.Encoded(); len(encoded) > cutHex {
			name := digest.Algorithm() + "-" + encoded[:cutHex]
			if other, ok := cut[name]; !ok || digest < other {
				cut[name] = digest
			}
		}
	}
	return cut
}
