// Package forge holds the values that places of repositories speak in: files
// and changes to them. The places themselves, GitHub, GitLab and the local
// file system, are its neighbours on a higher floor.
package forge

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git names its objects by it; nothing here relies on its strength
	"encoding/hex"
	"fmt"
)

// File is one file of a repository, or a problem with one.
type File struct {
	Path    string // slash-separated, relative to the repository's root
	Content []byte
	Blob    string // what [BlobID] says of Content
	Err     error  // why Path, a file or a directory, could not be read; Content is then nil
}

// Change is the new content of a file that exists.
type Change struct {
	Path    string // slash-separated, relative to the repository's root
	Blob    string // what [BlobID] says of the content expected there now
	Content []byte
}

// BlobID returns git's name of content as a blob: the hexadecimal SHA-1 of
// "blob", its length and itself.
//
// Spec: gitformat-pack and "Git Internals - Git Objects".
func BlobID(content []byte) string {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// IsLFS reports whether content is a pointer of Git LFS.
//
// Spec: git-lfs, docs/spec.md.
func IsLFS(content []byte) bool {
	return len(content) < 1024 && bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/"))
}
