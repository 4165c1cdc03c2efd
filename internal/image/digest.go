package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Digest identifies content by its hash, written algorithm:encoded, for
// instance sha256:e3b0…. The zero value means "no digest".
//
// Spec: OCI image-spec v1.1, descriptor.md, "Digests".
type Digest string

var digestRegexp = regexp.MustCompile(`^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$`)

// ParseDigest returns s as a digest; the error says what is wrong with it.
// It accepts the registered algorithms sha256 and sha512, and sha384, which
// BuildKit's reference parser accepts too.
func ParseDigest(s string) (Digest, error) {
	if !digestRegexp.MatchString(s) {
		return "", fmt.Errorf("parse digest %q: want sha256: and 64 lower-case hexadecimal digits", s)
	}
	return Digest(s), nil
}

// FromBytes returns the sha256 digest of content.
func FromBytes(content []byte) Digest {
	sum := sha256.Sum256(content)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// Algorithm returns the part before the colon, empty for the zero digest.
func (d Digest) Algorithm() string {
	algorithm, _, _ := strings.Cut(string(d), ":")
	return algorithm
}

// Encoded returns the part behind the colon, empty for the zero digest.
func (d Digest) Encoded() string {
	_, encoded, _ := strings.Cut(string(d), ":")
	return encoded
}

// Short returns the first twelve digits of the encoded part, as docker shows
// ids; shorter digests come back whole.
func (d Digest) Short() string {
	const digits = 12
	encoded := d.Encoded()
	if len(encoded) <= digits {
		return encoded
	}
	return encoded[:digits]
}

func (d Digest) String() string { return string(d) }
