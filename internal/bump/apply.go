package bump

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// StaleEditError reports that a file no longer says what the plan read in it.
type StaleEditError struct {
	Repository, Path string
	Line             int // 1-based
	Want, Got        string
}

func (e *StaleEditError) Error() string {
	return fmt.Sprintf("%s%s:%d: planned to replace %s but found %s; run basekeeper plan again",
		prefix(e.Repository), e.Path, e.Line, e.Want, e.Got)
}

// prefix names the repository in an error; the only one of a run needs no name.
func prefix(repository string) string {
	if repository == "." {
		return ""
	}
	return repository + ": "
}

// Outcome is what became of one repository's part of a plan.
type Outcome struct {
	Repository string
	Changed    []string // paths that were written
	Unchanged  []string // paths that already had the new content
	Err        error    // why nothing was written
}

// Apply does what the plan says, repository by repository: all of a
// repository's files, or none where one of them is not what the plan read. It
// goes on with the next one then; the outcomes say what happened.
func Apply(ctx context.Context, p plan.Plan, repositories []Repository) []Outcome {
	var outcomes []Outcome
	byName := map[string]Repository{}
	for _, r := range repositories {
		byName[r.Name] = r
	}
	for _, part := range p.ByRepository() {
		outcome := Outcome{Repository: part.Repository}
		if r, ok := byName[part.Repository]; ok {
			outcome = r.apply(ctx, part)
		} else {
			outcome.Err = fmt.Errorf("%s: no such repository here; run from the folder that the plan was made in", part.Repository)
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes
}

// changed is what becomes of one file.
type changed struct {
	change forge.Change
	done   bool // it was made before
	err    error
}

func (r Repository) apply(ctx context.Context, part plan.Part) Outcome {
	outcome := Outcome{Repository: r.Name}
	all := make([]changed, len(part.Files))
	var computing errgroup.Group
	computing.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range part.Files {
		computing.Go(func() error {
			all[i].change, all[i].done, all[i].err = r.change(file)
			return nil
		})
	}
	_ = computing.Wait() // no function returns an error
	var changes []forge.Change
	for i, file := range part.Files {
		switch c := all[i]; {
		case c.err != nil:
			return Outcome{Repository: r.Name, Err: c.err}
		case c.done:
			outcome.Unchanged = append(outcome.Unchanged, file.Path)
		default:
			changes = append(changes, c.change)
			outcome.Changed = append(outcome.Changed, file.Path)
		}
	}
	if len(changes) == 0 {
		return outcome
	}
	if err := r.Tree.Write(ctx, changes); err != nil {
		return Outcome{Repository: r.Name, Err: fmt.Errorf("%s%w", prefix(r.Name), err)}
	}
	return outcome
}

// change computes the new content of one file; done says that it is there
// already.
func (r Repository) change(file plan.FileEdits) (change forge.Change, done bool, err error) {
	content, err := r.Tree.Read(file.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return change, false, r.stale(file, "no file")
	}
	if err != nil {
		return change, false, fmt.Errorf("%s%w", prefix(r.Name), err)
	}
	edits := make([]dockerfile.Edit, len(file.Edits))
	for i, e := range file.Edits {
		edits[i] = dockerfile.Edit{Span: dockerfile.Span{Start: e.Start, End: e.End}, Old: e.Old, New: e.New}
	}
	blob := forge.BlobID(content)
	if blob != file.BlobID {
		if before, err := dockerfile.Replace(content, dockerfile.Undo(edits)); err == nil && forge.BlobID(before) == file.BlobID {
			return change, true, nil
		}
		return change, false, r.stale(file, r.found(content, edits))
	}
	next, err := dockerfile.Apply(content, edits)
	if err != nil {
		return change, false, fmt.Errorf("%s%s: %w", prefix(r.Name), file.Path, err)
	}
	return forge.Change{Path: file.Path, Blob: blob, Content: next}, false, nil
}

func (r Repository) stale(file plan.FileEdits, got string) error {
	e := file.Edits[0]
	want := e.Old
	if want == "" {
		want = "nothing"
	}
	return &StaleEditError{Repository: r.Name, Path: file.Path, Line: e.Line, Want: want, Got: got}
}

// found says what stands at the first edit's place now.
func (r Repository) found(content []byte, edits []dockerfile.Edit) string {
	const excerpt = 100
	e := edits[0]
	if e.Start > len(content) {
		return "the file's end"
	}
	got := string(content[e.Start:min(e.End, len(content), e.Start+excerpt)])
	if got == e.Old {
		return "other changes in the file"
	}
	return fmt.Sprintf("%q", got)
}
