package github

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// maxText is how much of a blob's text GraphQL shows, in bytes.
const maxText = 512_000

// gitObject is the object of an id; nil for none.
func gitObject(r *repository, id git.ID) object {
	kind, ok := r.git.Kind(id)
	switch {
	case !ok:
		return nil
	case kind == git.KindBlob:
		return blobObject{r, id}
	case kind == git.KindTree:
		return treeObject{r, id}
	}
	return commitObject{r, id}
}

// common are the fields that every git object has.
func common(q *query, r *repository, id git.ID, prefix, name string) (any, bool) {
	switch name {
	case "id":
		return nodeID(prefix, r.id, id), true
	case "oid":
		return string(id), true
	case "abbreviatedOid":
		return string(id[:7]), true
	case "repository":
		return repositoryObject{r}, true
	case "commitUrl":
		return fmt.Sprintf("%s/%s/commit/%s", q.links.web, r.fullName(), id), true
	}
	return nil, false
}

type blobObject struct {
	repository *repository
	id         git.ID
}

func (blobObject) kinds() []string { return []string{"Blob", "GitObject", "Node"} }

func (o blobObject) field(q *query, name string, _ args) (any, error) {
	if v, ok := common(q, o.repository, o.id, "B", name); ok {
		return v, nil
	}
	content, err := o.repository.git.Blob(o.id)
	if err != nil {
		return nil, err
	}
	binary := isBinary(content)
	switch name {
	case "text":
		if binary {
			return nil, nil
		}
		return cut(content), nil
	case "isBinary":
		return binary, nil
	case "isTruncated":
		return !binary && len(content) > maxText, nil
	case "byteSize":
		return len(content), nil
	}
	return nil, errUnknownField
}

func isBinary(content []byte) bool {
	return slices.Contains(content[:min(len(content), 8000)], 0)
}

// cut is the text that GraphQL shows: a string can hold UTF-8 only.
func cut(content []byte) string {
	if len(content) > maxText {
		content = content[:maxText]
		for len(content) > 0 && !utf8.RuneStart(content[len(content)-1]) {
			content = content[:len(content)-1]
		}
	}
	return strings.ToValidUTF8(string(content), "\uFFFD")
}

type treeObject struct {
	repository *repository
	id         git.ID
}

func (treeObject) kinds() []string { return []string{"Tree", "GitObject", "Node"} }

func (o treeObject) field(q *query, name string, _ args) (any, error) {
	if v, ok := common(q, o.repository, o.id, "T", name); ok {
		return v, nil
	}
	if name != "entries" {
		return nil, errUnknownField
	}
	entries, err := o.repository.git.Tree(o.id)
	if err != nil {
		return nil, err
	}
	found := make([]object, len(entries))
	for i, e := range entries {
		found[i] = entryObject{o.repository, e, e.Path}
	}
	return found, nil
}

// entryObject is an entry of one tree; path is where it is in all of them, as
// far as is known.
type entryObject struct {
	repository *repository
	entry      git.Entry
	path       string
}

func (entryObject) kinds() []string { return []string{"TreeEntry"} }

func (o entryObject) field(_ *query, name string, _ args) (any, error) {
	kind, _ := o.entry.Mode.Kind()
	switch name {
	case "name":
		return o.path[strings.LastIndexByte(o.path, '/')+1:], nil
	case "path":
		return o.path, nil
	case "mode":
		mode, err := strconv.ParseInt(string(o.entry.Mode), 8, 32)
		return mode, err
	case "type":
		return string(kind), nil
	case "oid":
		return string(o.entry.ID), nil
	case "size":
		content, _ := o.repository.git.Blob(o.entry.ID) // nothing else has a size
		return len(content), nil
	case "object":
		return gitObject(o.repository, o.entry.ID), nil
	}
	return nil, errUnknownField
}
