package bump

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/scan"
)

const (
	// maxFile bounds a Dockerfile, in bytes, as it does for local ones.
	maxFile = 1 << 20
	// together is how many branches are read before their files are forgotten.
	together = 50
)

// Modes of git's tree entries.
const (
	regular = "100644"
	symlink = "120000"
	module  = "160000"
)

// reading is one branch to be read.
type reading struct {
	repository forge.Repository
	branch     string
	commit     string
	own        bool // also the repository's own configuration
	head       cache.Head
	err        error // why it could not be read
}

// readerName says what reads: with another version or other settings of the
// run, what was remembered does not hold.
func (f Remote) readerName() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scan %d", scan.Version)
	for _, g := range f.Config.Include {
		fmt.Fprintf(&b, " +%q", g.String())
	}
	for _, g := range f.Config.Exclude {
		fmt.Fprintf(&b, " -%q", g.String())
	}
	return b.String()
}

// readerOf says what reads one branch: a release line that becomes the default
// branch was read without the repository's own configuration.
func (f Remote) readerOf(r *reading) string {
	if r.own {
		return f.readerName() + " with configuration"
	}
	return f.readerName()
}

// readAll reads the branches, from memory where they have not moved. done is
// told of each as soon as it is there. The error is the context's.
func (f Remote) readAll(ctx context.Context, all []*reading, done func(*reading)) error {
	var open []*reading
	for _, r := range all {
		if h, ok := f.Heads.Head(r.repository.Name, r.branch, r.commit, f.readerOf(r)); ok {
			r.head = h
			done(r)
			continue
		}
		open = append(open, r)
	}
	for chunk := range slices.Chunk(open, together) {
		if err := f.readSome(ctx, chunk); err != nil {
			return err
		}
		for _, r := range chunk {
			done(r)
		}
	}
	return nil
}

// readSome reads a few branches: a tree each, their files together.
func (f Remote) readSome(ctx context.Context, some []*reading) error {
	at := make([]forge.Commitish, len(some))
	for i, r := range some {
		at[i] = forge.Commitish{Repository: r.repository, Commit: r.commit}
	}
	trees := f.Forge.Trees(ctx, at)
	if err := ctx.Err(); err != nil {
		return err
	}
	var wanted []file
	for i, r := range some {
		if r.err = trees[i].Err; r.err == nil {
			wanted = append(wanted, f.choose(r, trees[i].Entries)...)
		}
	}
	if err := f.fetch(ctx, wanted); err != nil {
		return err
	}
	linked := follow(wanted, trees, some)
	if err := f.fetch(ctx, linked); err != nil {
		return err
	}
	all := slices.Concat(wanted, linked)
	scanFiles(all)
	f.remember(some, all)
	return nil
}

// remember keeps what was read, unless part of it failed that may be there the
// next time.
func (f Remote) remember(some []*reading, files []file) {
	passing := map[*reading]bool{}
	for i := range files {
		if err := files[i].content.Err; err != nil && !errors.Is(err, forge.ErrContent) && !errors.Is(err, errLink) {
			passing[files[i].of] = true
		}
	}
	for _, r := range some {
		if r.err != nil || passing[r] {
			continue
		}
		r.head.Commit, r.head.Reader = r.commit, f.readerOf(r)
		f.Heads.PutHead(r.repository.Name, r.branch, r.head)
	}
}

var errLink = errors.New("symbolic link that leads to no file of this repository")

// file is one file of a reading.
type file struct {
	of          *reading
	entry       forge.Entry
	config      bool // it is the repository's own configuration
	content     forge.File
	occurrences []scan.Occurrence
	problems    []scan.Problem
}

// choose returns the files of a tree that have to be read: those that may use
// images, and the first of the names that a configuration can have.
func (f Remote) choose(r *reading, tree []forge.Entry) []file {
	var chosen []file
	for _, e := range tree {
		named := scan.IsDockerfile(e.Path) || f.Config.Included(e.Path)
		if named && e.Mode != module && !f.Config.Excluded(e.Path) {
			chosen = append(chosen, file{of: r, entry: e})
		}
	}
	if !r.own {
		return chosen
	}
	for _, name := range config.Names {
		i := slices.IndexFunc(tree, func(e forge.Entry) bool { return e.Path == name })
		if i >= 0 {
			return append(chosen, file{of: r, entry: tree[i], config: true})
		}
	}
	return chosen
}

// fetch reads the files' content. A file that cannot be read has an error; the
// method's error is the context's, or a limit that ends the run.
func (f Remote) fetch(ctx context.Context, files []file) error {
	var wanted []forge.Wanted
	var index []int
	for i := range files {
		e := files[i].entry
		if e.Size > maxFile {
			files[i].content = forge.File{Path: e.Path, Err: fmt.Errorf("%w: larger than %d KiB", forge.ErrContent, maxFile>>10)}
			continue
		}
		r := files[i].of
		wanted = append(wanted, forge.Wanted{Repository: r.repository, Commit: r.commit, Path: e.Path, Blob: e.Blob, Size: e.Size})
		index = append(index, i)
	}
	if len(wanted) == 0 {
		return nil
	}
	got, err := f.Forge.Files(ctx, wanted)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	for j, i := range index {
		if err != nil {
			files[i].of.err = err
			continue
		}
		files[i].content = got[j]
	}
	return nil
}

// follow returns the files that symbolic links lead to, where those are not
// read under their own name.
func follow(files []file, trees []forge.Tree, some []*reading) []file {
	var linked []file
	for i := range files {
		link := &files[i]
		if link.entry.Mode != symlink || link.content.Err != nil {
			continue
		}
		target := path.Join(path.Dir(link.entry.Path), string(link.content.Content))
		tree := trees[slices.Index(some, link.of)].Entries
		at := slices.IndexFunc(tree, func(e forge.Entry) bool { return e.Path == target })
		known := slices.ContainsFunc(slices.Concat(files, linked), func(o file) bool {
			return o.of == link.of && o.entry.Path == target && o.config == link.config
		})
		switch {
		case at < 0 || path.IsAbs(string(link.content.Content)) || tree[at].Mode == symlink:
			link.content.Err = errLink
		case !known:
			linked = append(linked, file{of: link.of, entry: tree[at], config: link.config})
		}
	}
	return linked
}

// scanFiles parses on all cores and gathers by the order of the files, so that
// nothing depends on timing.
func scanFiles(files []file) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		f := &files[i]
		if f.of.err != nil || f.config || (f.entry.Mode == symlink && f.content.Err == nil) {
			continue
		}
		group.Go(func() error {
			f.occurrences, f.problems = read(f.entry, f.content)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	for i := range files {
		files[i].hand()
	}
}

// read scans a file of a tree.
func read(e forge.Entry, content forge.File) ([]scan.Occurrence, []scan.Problem) {
	if content.Err != nil {
		return nil, []scan.Problem{{Path: e.Path, Message: content.Err.Error()}}
	}
	mode := e.Mode
	if mode == regular {
		mode = ""
	}
	return scan.File(scan.Source{Path: e.Path, Blob: e.Blob, Mode: mode, Content: content.Content})
}

// hand gives what was found to the reading.
func (f *file) hand() {
	h := &f.of.head
	switch {
	case f.config && f.content.Err != nil:
		h.Problems = append(h.Problems, scan.Problem{Path: f.entry.Path, Message: f.content.Err.Error()})
	case f.config && f.entry.Mode != symlink:
		h.ConfigName, h.Config = f.entry.Path, f.content.Content
	default:
		h.Occurrences = append(h.Occurrences, f.occurrences...)
		h.Problems = append(h.Problems, f.problems...)
	}
}

// name puts a head's occurrences and problems under their repository and
// branch, and leaves out what the configuration excludes.
func (r *reading) name(c config.Config, only image.Reference) {
	occurrences := r.head.Occurrences[:0]
	for _, o := range r.head.Occurrences {
		if c.Excluded(o.Path) || !about(o, only) {
			continue
		}
		o.Repository, o.Branch = r.repository.Name, r.branch
		occurrences = append(occurrences, o)
	}
	problems := r.head.Problems[:0]
	for _, p := range r.head.Problems {
		if !c.Excluded(p.Path) {
			p.Repository, p.Branch = r.repository.Name, r.branch
			problems = append(problems, p)
		}
	}
	r.head.Occurrences, r.head.Problems = occurrences, problems
}

// about reports whether an occurrence is of the image that the run is about.
func about(o scan.Occurrence, only image.Reference) bool {
	if only.IsZero() {
		return true
	}
	ref := o.Use.Ref
	tag := ref.Tag
	if tag == "" && ref.Digest != "" {
		tag = o.Use.Follow
	}
	if tag == "" {
		tag = image.LatestTag
	}
	return ref.Name() == only.Name() && tag == only.Tag
}
