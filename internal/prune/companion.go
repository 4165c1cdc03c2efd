package prune

import (
	"regexp"
	"strings"

	"github.com/basekeeper/basekeeper/internal/image"
)

// companionTag is how tags name the image that they belong to.
//
// Spec: OCI distribution-spec v1.1, "Referrers Tag Schema"; cosign adds .sig,
// .att and .sbom.
var companionTag = regexp.MustCompile(`^sha256-([a-f0-9]{64})(?:\..*)?$`)

// companionOf returns the digest of the image that a tag belongs to by its
// name.
func companionOf(tag string) (image.Digest, bool) {
	if !strings.HasPrefix(tag, "sha256-") {
		return "", false
	}
	m := companionTag.FindStringSubmatch(tag)
	if m == nil {
		return "", false
	}
	return image.Digest("sha256:" + m[1]), true
}
