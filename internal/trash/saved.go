package trash

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"

	"github.com/basekeeper/basekeeper/internal/image"
)

// savedHead begins the blob of a deleted manifest. The manifest's bytes alone
// would have the manifest's own digest, and distribution 2.8, with all that is
// made of it, takes a blob of that digest out of the repository when it deletes
// the manifest. With these words before it, it is no JSON, so that no manifest
// has the blob's digest.
const savedHead = "A manifest that basekeeper deleted:\n"

// Save returns the content of the blob that holds a manifest's bytes.
func Save(manifest []byte) []byte { return append([]byte(savedHead), manifest...) }

// Open returns the manifest's bytes from the content of its blob. The error is
// [image.ErrMismatch] where they are not those of e.
func (e Entry) Open(blob []byte) ([]byte, error) {
	manifest, ok := bytes.CutPrefix(blob, []byte(savedHead))
	if !ok || !Matches(e.Digest, manifest) {
		return nil, image.ErrMismatch
	}
	return manifest, nil
}

// Matches reports whether content is what a digest of a known algorithm
// stands for.
func Matches(digest image.Digest, content []byte) bool {
	var sum []byte
	switch digest.Algorithm() {
	case "sha256":
		return digest == image.FromBytes(content)
	case "sha384":
		s := sha512.Sum384(content)
		sum = s[:]
	case "sha512":
		s := sha512.Sum512(content)
		sum = s[:]
	default:
		return false
	}
	return digest.Encoded() == hex.EncodeToString(sum)
}
