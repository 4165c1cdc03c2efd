package bump

import (
	"context"
	"io/fs"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// contents reads the files that pull requests change and makes the changes in
// memory. A pull request of which a file is not what the plan read has an
// error by its index; the method's error is for all.
func (f Remote) contents(ctx context.Context, r Run, pulls []plan.Pull) ([][]forge.NewFile, []error, error) {
	var wanted []forge.Wanted
	for _, p := range pulls {
		for _, file := range r.edits(p) {
			wanted = append(wanted, r.wanted(p, file))
		}
	}
	if len(wanted) == 0 {
		return make([][]forge.NewFile, len(pulls)), make([]error, len(pulls)), nil
	}
	got, err := f.Forge.Files(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	files, errs := make([][]forge.NewFile, len(pulls)), make([]error, len(pulls))
	for i, p := range pulls {
		edits := r.edits(p)
		files[i], errs[i] = change(p.Repository, edits, got[:len(edits)])
		got = got[len(edits):]
	}
	return files, errs, nil
}

// edits returns what a pull request changes; nothing where its branch is not
// written.
func (r Run) edits(p plan.Pull) []plan.FileEdits {
	if p.Step != plan.Create && p.Step != plan.Update {
		return nil
	}
	return r.Plan.Edits(p.Bumps)
}

// wanted names a file as it stands on the base branch now: by its content,
// where the branch has not moved since the plan.
func (r Run) wanted(p plan.Pull, file plan.FileEdits) forge.Wanted {
	w := forge.Wanted{Repository: r.projects[p.Repository].Repository, Commit: r.head(p), Path: file.Path}
	if w.Commit == p.BaseID {
		w.Blob = file.BlobID
	}
	return w
}

// head is the commit that the base branch points at.
func (r Run) head(p plan.Pull) string {
	for _, t := range r.projects[p.Repository].targets {
		if t.Name == p.Base {
			return t.Head
		}
	}
	return p.BaseID
}

// change makes the edits of one pull request.
func change(repository string, edits []plan.FileEdits, got []forge.File) ([]forge.NewFile, error) {
	tree := memory{}
	for i, file := range got {
		tree[edits[i].Path] = file
	}
	in := Repository{Name: repository, Tree: tree}
	var files []forge.NewFile
	for _, e := range edits {
		c, done, err := in.change(e)
		if err != nil {
			return nil, err
		}
		if done {
			continue
		}
		mode := e.Mode
		if mode == "" {
			mode = regular
		}
		files = append(files, forge.NewFile{Path: c.Path, Mode: mode, Content: c.Content})
	}
	return files, nil
}

// memory is files that have been read.
type memory map[string]forge.File

// Files implements tree; nobody asks for it.
func (m memory) Files(context.Context, func(forge.File) error) error { return fs.ErrInvalid }

// Read implements tree.
func (m memory) Read(path string) ([]byte, error) { return m[path].Content, m[path].Err }

// Write implements tree; nobody asks for it.
func (m memory) Write(context.Context, []forge.Change) error { return fs.ErrInvalid }
