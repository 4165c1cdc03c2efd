package git

import (
	"crypto/sha1" //nolint:gosec // git names its objects by it
	"encoding/hex"
	"errors"
	"fmt"
)

// ID is the name of an object: a hexadecimal SHA-1 of 40 digits.
type ID string

// ZeroID stands for "no object" where an ID must be given.
const ZeroID ID = "0000000000000000000000000000000000000000"

// Errors that callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("invalid")
)

// Kind is the kind of an object, as git writes it.
type Kind string

// The kinds of objects that a repository holds.
const (
	KindBlob   Kind = "blob"
	KindTree   Kind = "tree"
	KindCommit Kind = "commit"
)

// Repository is a git repository in memory. Make it with [NewRepository].
type Repository struct {
	blobs   map[ID][]byte
	trees   map[ID][]Entry
	commits map[ID]Commit
	refs    map[string]ID
}

// NewRepository returns a repository without objects and refs.
func NewRepository() *Repository {
	return &Repository{
		blobs:   map[ID][]byte{},
		trees:   map[ID][]Entry{},
		commits: map[ID]Commit{},
		refs:    map[string]ID{},
	}
}

// Kind returns what the object is; false where there is none of that id.
func (r *Repository) Kind(id ID) (Kind, bool) {
	if _, ok := r.blobs[id]; ok {
		return KindBlob, true
	}
	if _, ok := r.trees[id]; ok {
		return KindTree, true
	}
	_, ok := r.commits[id]
	return KindCommit, ok
}

// PutBlob stores content, which must not change afterwards, and returns its id.
func (r *Repository) PutBlob(content []byte) ID {
	id := name(KindBlob, content)
	r.blobs[id] = content
	return id
}

// Blob returns a blob's content, which must not be changed. The error wraps
// [ErrNotFound].
func (r *Repository) Blob(id ID) ([]byte, error) {
	content, ok := r.blobs[id]
	if !ok {
		return nil, fmt.Errorf("blob %s: %w", id, ErrNotFound)
	}
	return content, nil
}

// Size returns how many bytes all blobs have.
func (r *Repository) Size() int64 {
	var n int64
	for _, content := range r.blobs {
		n += int64(len(content))
	}
	return n
}

// Fetch copies the commit and all that it reaches from another repository. The
// error wraps [ErrNotFound] where from has no such commit.
func (r *Repository) Fetch(from *Repository, commit ID) error {
	if _, err := from.Commit(commit); err != nil {
		return err
	}
	for id := range from.Ancestors(commit) {
		c := from.commits[id]
		r.commits[id] = c
		r.fetchTree(from, c.Tree)
	}
	return nil
}

func (r *Repository) fetchTree(from *Repository, tree ID) {
	if _, have := r.trees[tree]; have {
		return
	}
	r.trees[tree] = from.trees[tree]
	for _, e := range from.trees[tree] {
		switch e.Mode {
		case ModeDirectory:
			r.fetchTree(from, e.ID)
		case ModeSubmodule: // its commit is in another repository
		default:
			r.blobs[e.ID] = from.blobs[e.ID]
		}
	}
}

// name returns the id of an object with that content.
func name(kind Kind, content []byte) ID {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "%s %d\x00", kind, len(content))
	h.Write(content)
	return ID(hex.EncodeToString(h.Sum(nil)))
}
