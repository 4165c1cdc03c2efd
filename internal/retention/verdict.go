package retention

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Reason is why something is kept or may go. Programs branch on it; people
// read Verdict.Text.
type Reason string

// Reasons to keep, and to delete.
const (
	Published  Reason = "published"  // the tag moves with each release
	Protected  Reason = "protected"  // a pattern protects it
	InUse      Reason = "in-use"     // a place names it, or something that contains it
	Reachable  Reason = "reachable"  // something kept contains it
	Companion  Reason = "companion"  // it belongs to an image that is kept
	Newest     Reason = "newest"     // among the newest N
	Young      Reason = "young"      // its time is not over
	Unknown    Reason = "unknown"    // its age is not known
	NotRetired Reason = "other"      // nothing says that it may expire
	Own        Reason = "own"        // basekeeper's own
	Shared     Reason = "shared"     // the registry cannot delete it without another tag that is kept
	Expired    Reason = "expired"    // delete: its time is over
	Orphaned   Reason = "orphaned"   // delete: an untagged manifest whose time is over
	WithImage  Reason = "with-image" // delete: it belongs to an image that goes
)

// Verdict is the decision about one tag, or one untagged manifest.
type Verdict struct {
	Tag     string       `json:"tag,omitempty"` // empty for an untagged manifest
	Digest  image.Digest `json:"digest"`
	Keep    bool         `json:"keep"`
	Reason  Reason       `json:"reason"`
	Text    string       `json:"text"`             // for people: retired 41 days ago by acme/app#12, policy 30 days, nothing uses it
	Since   time.Time    `json:"since,omitzero"`   // what its age counts from; zero where that does not matter or is unknown
	Expires time.Time    `json:"expires,omitzero"` // when it may go, if nothing changes; zero for never or unknown
}

// Decision is what may be done about a repository.
type Decision struct {
	Verdicts []Verdict `json:"verdicts"` // tags in the order of their names, then untagged manifests in that of their digests

	Tags []Tag `json:"tags,omitempty"` // to delete, in order
	// Manifests are to be deleted after the tags, in order: what refers before
	// what it refers to, indexes before their children.
	Manifests []image.Digest `json:"manifests,omitempty"`
	// Adopt are tags that may expire and have no record: to be recorded, so that
	// their time begins.
	Adopt []Tag `json:"adopt,omitempty"`

	// Refused says why nothing may be deleted though something could; empty
	// where nothing stands against it.
	Refused string `json:"refused,omitempty"`
}
