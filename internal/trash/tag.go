package trash

import (
	"regexp"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

const tagTime = "20060102T150405Z"

var tagRest = regexp.MustCompile(`^([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{12}$`)

// Tag returns the tag of j's artifact; digest is that of the journal as it is
// encoded. The same journal always has the same tag, another one another.
func (j Journal) Tag(digest image.Digest) string {
	return TagPrefix + stamp(j.At).Format(tagTime) + "-" + digest.Short()
}

// ParseTag reports whether a tag is that of a trash artifact, and when it was
// made.
func ParseTag(tag string) (at time.Time, ok bool) {
	rest, ok := strings.CutPrefix(tag, TagPrefix)
	if !ok {
		return time.Time{}, false
	}
	m := tagRest.FindStringSubmatch(rest)
	if m == nil {
		return time.Time{}, false
	}
	at, err := time.Parse(tagTime, m[1])
	return at, err == nil
}
