package gitlab

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"github.com/basekeeper/basekeeper/internal/forge"
)

const (
	// maxFile is the largest file that is read, in bytes.
	maxFile = 1 << 20
	// unknownSize is what a file counts whose size is not known.
	unknownSize = 8 << 10
	// together is how many files of one commit are asked for at once.
	together = 20
)

// Files returns the content of files, in the order of wanted, many to a
// request; the same content of a project is read once. What comes is held
// against its id; what GraphQL cannot give as it is (it is no text) is read by
// itself.
//
// Why a file could not be read is in its Err: it wraps [fs.ErrNotExist] where
// there is none, and says so for one that is too large or kept in Git LFS. The
// error is the context's, or [forge.ErrLimited].
func (c *Client) Files(ctx context.Context, wanted []forge.Wanted) ([]forge.File, error) {
	r := &fileReader{client: c, wanted: wanted, files: make([]forge.File, len(wanted))}
	r.group()
	err := c.each(ctx, len(r.parts), question{
		cost:   func(i int) int { return r.parts[i].cost() },
		weight: func(i int) int { return r.weight(r.parts[i]) },
		ask:    r.ask,
		alone: func(_ context.Context, i int) error {
			for _, g := range r.parts[i].groups {
				r.later(g, r.wanted[r.groups[g][0]].Blob)
			}
			return nil
		},
		failed: func(i int, err error) { r.failPart(i, err) },
	})
	if err == nil {
		err = r.readRaw(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	return r.files, nil
}

// fileReader reads files; those of the same blob in the same project as one.
type fileReader struct {
	client *Client
	wanted []forge.Wanted
	files  []forge.File
	groups [][]int // indexes in wanted; the first is asked for
	parts  []filePart

	mu  sync.Mutex
	raw []rawFile // to be read by themselves
}

// filePart is files of one commit that are asked for together, by groups with
// a path of their own each.
type filePart struct {
	project, commit string
	groups          []int
	paths           []string
}

func blobsField(n int) string {
	return fmt.Sprintf("repository{blobs(ref:%%s,paths:%%s,first:%d){nodes{path oid size rawTextBlob}}}", n)
}

// cost is what GitLab counts it as: each path is one more.
func (p filePart) cost() int {
	n := len(p.paths)
	return 1 + complexity(blobsField(n)) + n + n*n/100
}

// group sorts out what need not be asked, and puts together what is the same.
func (r *fileReader) group() {
	known := map[[3]string]int{}
	open := map[[2]string]int{} // by commit, the part that is not full
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
			at = len(r.groups)
			known[key] = at
			r.groups = append(r.groups, nil)
			r.place(at, w, open)
		}
		r.groups[at] = append(r.groups[at], i)
	}
}

// place puts a group into a part with others of its commit.
func (r *fileReader) place(group int, w forge.Wanted, open map[[2]string]int) {
	if w.Commit == "" {
		r.raw = append(r.raw, rawFile{group, w.Blob})
		return
	}
	commit := [2]string{w.Repository.Name, w.Commit}
	at, ok := open[commit]
	if !ok || len(r.parts[at].paths) == together || r.has(r.parts[at], w.Path) {
		r.parts = append(r.parts, filePart{project: w.Repository.Name, commit: w.Commit})
		at = len(r.parts) - 1
		open[commit] = at
	}
	p := &r.parts[at]
	p.groups, p.paths = append(p.groups, group), append(p.paths, w.Path)
}

func (r *fileReader) has(p filePart, path string) bool {
	for _, one := range p.paths {
		if one == path {
			return true
		}
	}
	return false
}

func (r *fileReader) weight(p filePart) int {
	sum := 0
	for _, g := range p.groups {
		if size := int(r.wanted[r.groups[g][0]].Size); size > 0 {
			sum += size
		} else {
			sum += unknownSize
		}
	}
	return sum
}

func checkWanted(w forge.Wanted) error {
	if err := checkName(w.Repository.Name); err != nil {
		return err
	}
	if w.Size > maxFile {
		return tooLarge(w.Size)
	}
	if w.Commit != "" {
		if err := checkID(w.Commit); err != nil {
			return err
		}
	}
	if w.Blob != "" || w.Commit == "" {
		return checkID(w.Blob)
	}
	return nil
}

func tooLarge(size int64) error {
	return fmt.Errorf("%w: it has %d bytes, more than %d", forge.ErrContent, size, maxFile)
}

type blobNode struct {
	Path        string
	OID         string
	Size        int64String
	RawTextBlob *string
}

// ask reads the files of some parts.
func (r *fileReader) ask(ctx context.Context, items []int) error {
	doc := newDocument()
	for _, i := range items {
		p := r.parts[i]
		doc.project(i, p.project, blobsField(len(p.paths)), doc.variable("String", p.commit), doc.variable("[String!]!", p.paths))
	}
	answers, err := askAll[struct {
		Repository *struct{ Blobs struct{ Nodes []*blobNode } }
	}](ctx, r.client, items, doc)
	if err != nil {
		return err
	}
	for _, i := range items {
		p, answer := r.parts[i], answers[i]
		if err := r.client.problem(answer.Value == nil || answer.Value.Repository == nil, answer.Refuse); err != nil {
			r.failPart(i, fmt.Errorf("its project: %w", err))
			continue
		}
		byPath := map[string]*blobNode{}
		for _, n := range answer.Value.Repository.Blobs.Nodes {
			if n != nil {
				byPath[n.Path] = n
			}
		}
		for k, g := range p.groups {
			r.take(g, byPath[p.paths[k]])
		}
	}
	return nil
}

// take decides what a blob is worth.
func (r *fileReader) take(g int, n *blobNode) {
	asked := r.wanted[r.groups[g][0]].Blob
	switch {
	case n == nil && asked != "": // the path is of another commit
		r.later(g, asked)
	case n == nil:
		r.fail(g, fs.ErrNotExist)
	case asked != "" && n.OID != asked:
		r.later(g, asked)
	case int64(n.Size) > maxFile:
		r.fail(g, tooLarge(int64(n.Size)))
	case n.RawTextBlob != nil && forge.BlobID([]byte(*n.RawTextBlob)) == n.OID:
		r.give(g, []byte(*n.RawTextBlob), n.OID)
	default:
		r.later(g, n.OID)
	}
}

func (r *fileReader) failPart(i int, err error) {
	for _, g := range r.parts[i].groups {
		r.fail(g, err)
	}
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
