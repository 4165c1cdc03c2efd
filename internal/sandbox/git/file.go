package git

import "slices"

// File is a file as it is to be.
type File struct {
	Path    string
	Mode    Mode   // empty: as it was, 100644 where it is new
	Content []byte // of a submodule: its commit's id
	Delete  bool
}

// Apply returns a tree like the one given, which may be empty for none, with
// the files in it. The error is one of [Repository.Edit].
func (r *Repository) Apply(tree ID, files []File) (ID, error) {
	var set []Entry
	for _, f := range files {
		e := Entry{Path: f.Path, Mode: f.Mode}
		if old, err := r.Find(tree, f.Path); f.Mode == "" && err == nil && old.Mode != ModeDirectory {
			e.Mode = old.Mode
		}
		if e.Mode == "" {
			e.Mode = ModeFile
		}
		switch {
		case f.Delete:
		case e.Mode == ModeSubmodule:
			e.ID = ID(f.Content)
		default:
			e.ID = r.PutBlob(slices.Clone(f.Content))
		}
		set = append(set, e)
	}
	return r.Edit(tree, set)
}

// Resolve returns the commit that a person would mean by ref: a branch, a tag,
// a ref's full name, or a commit's id; false where there is none.
func (r *Repository) Resolve(ref string) (ID, bool) {
	for _, name := range []string{BranchPrefix + ref, "refs/tags/" + ref, "refs/" + ref, ref} {
		if id, ok := r.Ref(name); ok {
			return id, true
		}
	}
	_, err := r.Commit(ID(ref))
	return ID(ref), err == nil
}

// Read returns a file as it is at ref. The error wraps [ErrNotFound].
func (r *Repository) Read(ref, path string) ([]byte, error) {
	commit, _ := r.Resolve(ref)
	c, err := r.Commit(commit)
	if err != nil {
		return nil, err
	}
	e, err := r.Find(c.Tree, path)
	if err != nil {
		return nil, err
	}
	content, err := r.Blob(e.ID)
	return slices.Clone(content), err
}

// TreeOf returns the tree of a commit; empty for one that is not there.
func (r *Repository) TreeOf(commit ID) ID { return r.commits[commit].Tree }
