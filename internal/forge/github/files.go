package github

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	// maxFile is the largest file that is read, in bytes.
	maxFile = 1 << 20
	// perFiles is how many bytes of files one document asks for, and
	// unknownSize what a file counts whose size is not known.
	perFiles    = 2 << 20
	unknownSize = 8 << 10
)

// Files returns the content of files, in the order of wanted, many to a
// request; the same content of a repository is read once. What comes is held
// against its id; what GraphQL cannot give (it is no text) is read by itself.
//
// Why a file could not be read is in its Err: it wraps [fs.ErrNotExist] where
// there is none, and says so for one that is too large or kept in Git LFS. The
// error is the context's, or [forge.ErrLimited].
func (c *Client) Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error) {
	r := &fileReader{client: c, wanted: wanted, files: make([]forge.File, len(wanted))}
	r.group()
	owner := func(i int) string { return nameOf(wanted[r.first[i]].Repository) }
	weight := func(i int) int {
		if size := int(wanted[r.first[i]].Size); size > 0 {
			return size
		}
		return unknownSize
	}
	all := c.batches(len(r.first), owner, perRequest, weight, perFiles)
	err := c.each(ctx, all, r.ask, func(i int, err error) { r.fail(i, err) })
	if err == nil {
		err = r.readRaw(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	return r.files, nil
}

// fileReader reads files; those of the same blob in the same repository as one.
type fileReader struct {
	client *Client
	wanted []forge.Wanted
	files  []forge.File
	first  []int   // index in wanted of the first of each group
	groups [][]int // indexes in wanted

	mu  sync.Mutex
	raw []rawFile // to be read by themselves
}

type rawFile struct {
	group int
	blob  string
}

// group sorts out what need not be asked, and puts together what is the same.
func (r *fileReader) group() {
	known := map[[3]string]int{}
	for i, w := range r.wanted {
		r.files[i].Path = w.Path
		if err := checkWanted(w); err != nil {
			r.files[i].Err = err
			continue
		}
		key := [3]string{w.Repository.Name, w.Blob}
		if w.Blob == "" {
			key = [3]string{w.Repository.Name, w.Commit, w.Path}
		}
		at, ok := known[key]
		if !ok {
			at = len(r.first)
			known[key] = at
			r.first = append(r.first, i)
			r.groups = append(r.groups, nil)
		}
		r.groups[at] = append(r.groups[at], i)
	}
}

func checkWanted(w forge.Wanted) error {
	if _, _, err := split(w.Repository.Name); err != nil {
		return err
	}
	if w.Size > maxFile {
		return tooLarge(w.Size)
	}
	if w.Blob != "" {
		return checkID(w.Blob)
	}
	return checkID(w.Commit)
}

func tooLarge(size int64) error {
	return fmt.Errorf("%w: it has %d bytes, more than %d", forge.ErrContent, size, maxFile)
}

type blobNode struct {
	Typename    string `json:"__typename"`
	OID         string
	ByteSize    int64
	IsTruncated bool
	Text        *string
}

// ask reads the groups of a batch.
func (r *fileReader) ask(ctx context.Context, b batch) error {
	doc := newDocument("", map[string]any{})
	const blobFields = `{__typename oid ...on Blob{byteSize isTruncated text}}`
	for _, i := range b.items {
		w := r.wanted[r.first[i]]
		owner, name, _ := split(w.Repository.Name)
		at := fmt.Sprintf("repository(owner:%s,name:%s)", doc.variable("String!", owner), doc.variable("String!", name))
		if w.Blob != "" {
			doc.field(i, at+"{object(oid:%s)"+blobFields+"}", doc.variable("GitObjectID!", w.Blob))
		} else {
			doc.field(i, at+"{object(expression:%s)"+blobFields+"}", doc.variable("String!", w.Commit+":"+w.Path))
		}
	}
	answers, err := askAll[struct{ Object *blobNode }](ctx, r.client, b, doc)
	if err != nil {
		return err
	}
	for _, i := range b.items {
		answer := answers[i]
		switch {
		case answer.Refuse != nil:
			r.fail(i, answer.Refuse)
		case answer.Value == nil:
			r.fail(i, fmt.Errorf("its repository: %w, or hidden from %s", forge.ErrNotFound, r.client.who()))
		case answer.Value.Object == nil:
			r.fail(i, fs.ErrNotExist)
		default:
			r.take(i, answer.Value.Object)
		}
	}
	return nil
}

// take decides what a blob is worth.
func (r *fileReader) take(i int, n *blobNode) {
	asked := r.wanted[r.first[i]].Blob
	switch {
	case n.Typename != "Blob":
		r.fail(i, errors.New("it is no file"))
	case asked != "" && n.OID != asked:
		r.fail(i, fmt.Errorf("GitHub gives %s for %s", forge.OneLine(n.OID), asked))
	case n.ByteSize > maxFile:
		r.fail(i, tooLarge(n.ByteSize))
	case n.Text != nil && !n.IsTruncated && forge.BlobID([]byte(*n.Text)) == n.OID:
		r.give(i, []byte(*n.Text), n.OID)
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw = append(r.raw, rawFile{i, n.OID})
	}
}

// readRaw reads by REST what is no text.
func (r *fileReader) readRaw(ctx context.Context) error {
	all := make([]batch, len(r.raw))
	for i := range r.raw {
		all[i] = batch{items: []int{i}}
	}
	ask := func(ctx context.Context, b batch) error {
		one := r.raw[b.items[0]]
		content, err := r.client.blob(ctx, r.wanted[r.first[one.group]].Repository, one.blob)
		if err == nil {
			r.give(one.group, content, one.blob)
		}
		return err
	}
	return r.client.each(ctx, all, ask, func(i int, err error) { r.fail(r.raw[i].group, err) })
}

// blob returns a blob's bytes.
func (c *Client) blob(ctx context.Context, repository forge.Repository, id string) ([]byte, error) {
	owner, name, err := split(repository.Name)
	if err == nil {
		err = checkID(id)
	}
	if err != nil {
		return nil, err
	}
	content, resp, err := c.rest.Git.GetBlobRaw(reading(ctx, owner), owner, name, id)
	if err != nil {
		return nil, restError(c.who(), resp, err)
	}
	if got := forge.BlobID(content); got != id {
		return nil, fmt.Errorf("GitHub gives a content of %s for %s", got, id)
	}
	return content, nil
}

func (r *fileReader) fail(group int, err error) {
	for _, i := range r.groups[group] {
		r.files[i].Err = err
	}
}

// give hands the content to all of a group; it is shared and not to be changed.
func (r *fileReader) give(group int, content []byte, blob string) {
	if forge.IsLFS(content) {
		r.fail(group, fmt.Errorf("%w: it is kept in Git LFS, the repository holds a pointer to it only", forge.ErrContent))
		return
	}
	for _, i := range r.groups[group] {
		r.files[i].Content, r.files[i].Blob = content, blob
	}
}
