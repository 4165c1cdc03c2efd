package git

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// BranchPrefix is what the ref of a branch begins with.
const BranchPrefix = "refs/heads/"

// Ref returns what a ref, named in full, points at; false where there is none.
func (r *Repository) Ref(name string) (ID, bool) {
	id, ok := r.refs[name]
	return id, ok
}

// SetRef makes or moves a ref. The error wraps [ErrInvalid] for a name that
// git would refuse and [ErrNotFound] for a commit that is not there.
func (r *Repository) SetRef(name string, id ID) error {
	if err := CheckRefName(name); err != nil {
		return err
	}
	if _, err := r.Commit(id); err != nil {
		return err
	}
	r.refs[name] = id
	return nil
}

// DeleteRef takes a ref away, if it is there.
func (r *Repository) DeleteRef(name string) { delete(r.refs, name) }

// Refs returns the names of the refs that begin with prefix, in order.
func (r *Repository) Refs(prefix string) []string {
	names := slices.Sorted(maps.Keys(r.refs))
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) })
}

// badRef matches what must not be anywhere in the name of a ref.
var badRef = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|[./]$|^/`)

// CheckRefName says whether git would take a ref of that name. The error wraps
// [ErrInvalid].
//
// Spec: git-check-ref-format.
func CheckRefName(name string) error {
	if !strings.HasPrefix(name, "refs/") || strings.Count(name, "/") < 2 || badRef.MatchString(name) {
		return fmt.Errorf("ref name %q: %w", name, ErrInvalid)
	}
	return nil
}
