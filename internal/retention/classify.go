package retention

import (
	"regexp"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// companionTag is how tags name the image that they belong to: the referrers
// tag of the OCI specification, and what cosign and others make of it.
//
// Spec: OCI distribution-spec v1.1, "Referrers Tag Schema".
var companionTag = regexp.MustCompile(`^(sha256|sha384|sha512)-([a-f0-9]{64,128})(?:\..*)?$`)

// schemaHex is how many digits of a digest the referrers tag schema keeps.
const schemaHex = 64

// namedSubject returns the digest of the image that a tag belongs to by its
// name. The schema cuts longer digests, so that those are looked up.
func (d *decider) namedSubject(tag string) (image.Digest, bool) {
	if !strings.HasPrefix(tag, "sha") {
		return "", false
	}
	m := companionTag.FindStringSubmatch(tag)
	if m == nil {
		return "", false
	}
	if known, ok := d.cut[m[1]+"-"+m[2]]; ok {
		return known, true
	}
	digest := image.Digest(m[1] + ":" + m[2])
	if m[1] == "sha256" && len(m[2]) != schemaHex {
		return "", false
	}
	return digest, true
}

// cutDigests maps what the referrers tag schema leaves of long digests to them.
func cutDigests(manifests map[image.Digest]Manifest) map[string]image.Digest {
	cut := map[string]image.Digest{}
	for digest := range manifests {
		if encoded := digest.Encoded(); len(encoded) > schemaHex {
			name := digest.Algorithm() + "-" + encoded[:schemaHex]
			if other, ok := cut[name]; !ok || digest < other {
				cut[name] = digest
			}
		}
	}
	return cut
}

// subject returns what a tag belongs to, by its name or by its manifest; ok is
// false for the tag of an image.
func (d *decider) subject(tag Tag) (subject image.Digest, ok bool) {
	if subject, ok := d.namedSubject(tag.Name); ok {
		return subject, true
	}
	subject = d.facts.Manifests[tag.Digest].Subject
	return subject, subject != ""
}
