package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// BranchPrefix is before the names of all branches of ours.
const BranchPrefix = "basekeeper/"

const (
	maxBranch = 100 // bytes of a branch's name
	hashed    = 6   // hexadecimal digits that tell apart what looks the same
)

// plainImage is an image and tag that can be read off a branch's name: one dash
// stands for the colon, and there is no other.
var plainImage = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*:[a-z0-9_]+(\.[a-z0-9_]+)*$`)

// BranchName returns the name of the branch that the bumps of an image come
// from: image is its familiar name with its tag, empty for all images of a
// repository; base is the branch that they are to be merged into, empty for the
// default branch. The name is the same in every run, at most 100 bytes long,
// and one that git takes.
//
// debian:12 is basekeeper/debian-12. Where characters had to be replaced, or
// others could be meant by the same name, or it would be too long, a part of a
// hash is at its end, so that no two have the same. Upper and lower case count
// as the same: some file systems cannot tell branches apart by them.
//
// Spec: git-check-ref-format(1).
func BranchName(image, base string) string {
	if image == "" && base == "" {
		return BranchPrefix + "all"
	}
	name := slug(image)
	if image == "" {
		name = "all"
	}
	plain := base == "" && plainImage.MatchString(image) && !strings.HasSuffix(image, ".lock")
	if plain && len(BranchPrefix)+len(name) <= maxBranch {
		return BranchPrefix + name
	}
	if base != "" {
		name += "-" + slug(base)
	}
	sum := sha256.Sum256([]byte(image + "\x00" + base))
	name = name[:min(len(name), maxBranch-len(BranchPrefix)-1-hashed)]
	name = strings.Trim(name, "-.") + "-" + hex.EncodeToString(sum[:])[:hashed]
	return BranchPrefix + strings.TrimLeft(name, "-")
}

// slug returns s in lower case, with a dash for every run of characters that
// cannot stand in a branch's name, or that mean something else there.
func slug(s string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(s) {
		ok := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
		switch text := b.String(); {
		case ok:
			b.WriteRune(c)
		case text == "" || strings.HasSuffix(text, "-") || strings.HasSuffix(text, "."):
		case c == '.':
			b.WriteByte('.')
		default:
			b.WriteByte('-')
		}
	}
	return strings.TrimRight(b.String(), "-.")
}
