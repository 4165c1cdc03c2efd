// Package plan turns facts and policy into a plan: which digests to replace
// where, and why everything else is left alone. A plan is a value. It can be
// printed, saved, reviewed and applied later; applying does exactly what it
// says. The package is pure.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Version is the version of the file format that this package reads and writes.
const Version = 1

// Plan is what a run would change, and what it would not and why.
type Plan struct {
	Version   int            `json:"version"`
	CreatedAt time.Time      `json:"createdAt"`
	Roots     []string       `json:"roots,omitempty"` // folders, as they were given, in which the repositories were found
	Bumps     []Bump         `json:"bumps"`
	Holds     []Hold         `json:"holds"`
	Problems  []scan.Problem `json:"problems"`
	Current   int            `json:"current"`          // references that are pinned to what their tag points at now
	Forge     bool           `json:"forge,omitempty"`  // it is for repositories on a forge, not for folders
	Flavor    forge.Flavor   `json:"flavor,omitempty"` // of that forge
	Pulls     []Pull         `json:"pulls,omitempty"`  // on a forge: the pull requests that carry the bumps
	Skips     []Skip         `json:"skips,omitempty"`  // on a forge: repositories that were not looked at
}

// Bump replaces one digest of an image's tag by another in one repository.
type Bump struct {
	Repository string       `json:"repository"`
	Branch     string       `json:"branch,omitempty"` // that the bump is for, on a forge
	Image      string       `json:"image"`            // normalised name, without tag and digest
	Tag        string       `json:"tag"`              // the tag that is followed
	From       image.Digest `json:"from,omitempty"`   // empty where an unpinned reference is pinned
	To         image.Digest `json:"to"`
	Gone       bool         `json:"gone,omitempty"` // the registry no longer has From: builds fail until this is applied
	Note       string       `json:"note,omitempty"` // what the reviewer should know
	Edits      []Edit       `json:"edits"`
}

// Ref returns the image and tag that b follows.
func (b Bump) Ref() image.Reference {
	ref, _ := image.ParseReference(b.Image)
	return ref.Tagged(b.Tag)
}

// Edit replaces the text at a place of a file; where Old is empty it inserts.
type Edit struct {
	Path   string `json:"path"`           // slash-separated, from the repository's root
	BlobID string `json:"blobId"`         // git's id of the file's content that the plan read
	Mode   string `json:"mode,omitempty"` // git's mode of the file, where that is not 100644
	Line   int    `json:"line"`           // 1-based
	Start  int    `json:"start"`          // byte offset
	End    int    `json:"end"`            // byte offset behind the last byte
	Old    string `json:"old"`
	New    string `json:"new"`
}

// Hold is a reference that is left alone, and why.
type Hold struct {
	Repository string       `json:"repository"`
	Branch     string       `json:"branch,omitempty"` // on a forge
	Path       string       `json:"path"`
	Line       int          `json:"line"` // 1-based
	Image      string       `json:"image"`
	Tag        string       `json:"tag,omitempty"`
	Digest     image.Digest `json:"digest,omitempty"`  // that the file names
	Current    image.Digest `json:"current,omitempty"` // that the tag points at now, where it was asked
	Code       Code         `json:"code"`
	Reason     string       `json:"reason"`
	Gone       bool         `json:"gone,omitempty"` // the registry no longer has Digest
}

// Skip is a repository of a forge, or an owner of some, that was not looked at.
type Skip struct {
	Repository string `json:"repository"`
	Reason     string `json:"reason"`
	Failed     bool   `json:"failed"` // it should have been looked at
}

// Code classes a hold, for programs.
type Code string

// The reasons to leave a reference alone.
const (
	Ignored         Code = "ignored"          // by policy or comment
	Unpinned        Code = "unpinned"         // no digest, and policy does not ask for one
	NoTag           Code = "no-tag"           // a digest without a tag to follow
	NotEditable     Code = "not-editable"     // stale, but the file's text cannot be replaced safely
	Shared          Code = "shared"           // stale, but the text serves other uses that do not want the same digest
	Unknowable      Code = "unknown-image"    // the image is known only to a build that sets an argument
	Cooldown        Code = "cooldown"         // the new digest is too young
	NoChange        Code = "no-change"        // nothing changed for the platforms that matter
	MissingPlatform Code = "missing-platform" // the new index lacks a platform that the pinned one has

	NotFound    Code = "not-found"   // the registry has no such tag or repository
	Denied      Code = "denied"      // the registry refuses to tell
	Failed      Code = "failed"      // the registry did not answer as it should
	Unsupported Code = "unsupported" // what the tag points at is no image that can be pinned
)

// Trouble reports whether the hold comes from a registry that failed, not from
// policy or the file.
func (c Code) Trouble() bool {
	return c == NotFound || c == Denied || c == Failed || c == Unsupported
}

// Stale reports whether a hold of this class leaves a reference behind that
// somebody should bring up to date by hand.
func (c Code) Stale() bool {
	return c == NotEditable || c == Shared || c == MissingPlatform
}

// Troubled reports whether part of the work could not be done.
func (p Plan) Troubled() bool {
	for _, h := range p.Holds {
		if h.Code.Trouble() {
			return true
		}
	}
	return len(p.Problems) > 0 ||
		slices.ContainsFunc(p.Skips, func(s Skip) bool { return s.Failed }) ||
		slices.ContainsFunc(p.Pulls, func(q Pull) bool { return q.Why == Unread })
}

// Stale reports whether any reference is behind its tag and should not be.
func (p Plan) Stale() bool {
	for _, b := range p.Bumps {
		if b.From != "" {
			return true
		}
	}
	for _, h := range p.Holds {
		if h.Code.Stale() || h.Gone {
			return true
		}
	}
	return false
}

// Encode writes p as indented JSON with a last newline.
func (p Plan) Encode() ([]byte, error) {
	content, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return append(content, '\n'), nil
}

// Decode reads what Encode wrote. It refuses other versions and plans with
// edits that cannot be right.
func Decode(content []byte) (Plan, error) {
	var p Plan
	if err := json.Unmarshal(content, &p); err != nil {
		return Plan{}, fmt.Errorf("decode plan: %w", err)
	}
	if p.Version != Version {
		return Plan{}, fmt.Errorf("decode plan: version %d, this basekeeper reads version %d: make the plan again", p.Version, Version)
	}
	if !p.Flavor.Known() {
		return Plan{}, fmt.Errorf("decode plan: %.40q is no flavor of a forge that this basekeeper knows", string(p.Flavor))
	}
	for _, b := range p.Bumps {
		if _, err := image.ParseDigest(string(b.To)); err != nil {
			return Plan{}, fmt.Errorf("decode plan: bump of %s in %s: %w", b.Image, b.Repository, err)
		}
		for _, e := range b.Edits {
			if err := e.check(); err != nil {
				return Plan{}, fmt.Errorf("decode plan: bump of %s in %s: %s: %w", b.Image, b.Repository, e.Path, err)
			}
		}
	}
	for _, q := range p.Pulls {
		for _, i := range q.Bumps {
			if i < 0 || i >= len(p.Bumps) || p.Bumps[i].Repository != q.Repository || p.Bumps[i].Branch != q.Base {
				return Plan{}, fmt.Errorf("decode plan: %s from %s in %s: no bump %d of its own", p.Flavor.Noun(), q.Branch, q.Repository, i)
			}
		}
		if !strings.HasPrefix(q.Branch, forge.BranchPrefix) {
			return Plan{}, fmt.Errorf("decode plan: %s in %s: %q is no branch of basekeeper's", p.Flavor.Noun(), q.Repository, q.Branch)
		}
	}
	return p, nil
}

func (e Edit) check() error {
	switch {
	case e.Path == "" || e.BlobID == "":
		return errors.New("edit without path or blob id")
	case e.Start < 0 || e.End-e.Start != len(e.Old):
		return errors.New("edit's span does not fit its old text")
	case e.New == "":
		return errors.New("edit without new text")
	}
	return nil
}
