package bump

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Plan looks at the repositories and the registries and says what to change;
// it changes nothing. A registry that fails is part of the plan; the error is
// for a repository that cannot be read at all, or the context's.
func (f Flow) Plan(ctx context.Context, repositories []Repository) (plan.Plan, error) {
	facts, err := Scan(ctx, repositories)
	if err != nil {
		return plan.Plan{}, err
	}
	facts.Now = f.Now
	if err := f.resolve(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	if err := f.superseded(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	if err := f.inspect(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	return plan.Decide(facts), nil
}

// Scan reads the repositories and returns the facts that their files hold.
func Scan(ctx context.Context, repositories []Repository) (plan.Facts, error) {
	facts := plan.Facts{Policy: policies(repositories)}
	for _, r := range repositories {
		err := r.Tree.Files(ctx, func(file forge.File) error {
			occurrences, problems := Read(r.Name, file)
			facts.Occurrences = append(facts.Occurrences, occurrences...)
			facts.Problems = append(facts.Problems, problems...)
			return nil
		})
		if err != nil {
			return plan.Facts{}, fmt.Errorf("read repository %s: %w", r.Name, err)
		}
	}
	return facts, nil
}

// Read scans one file of a repository.
func Read(repository string, file forge.File) ([]scan.Occurrence, []scan.Problem) {
	if file.Err != nil {
		return nil, []scan.Problem{{Repository: repository, Path: file.Path, Message: file.Err.Error()}}
	}
	return scan.File(scan.Source{Repository: repository, Path: file.Path, Blob: file.Blob, Content: file.Content})
}

// policies returns each repository's own policy, asked once for each image.
func policies(repositories []Repository) plan.PolicyFunc {
	type key struct {
		repository string
		ref        image.Reference
	}
	own := make(map[string]func(image.Reference) config.Policy, len(repositories))
	for _, r := range repositories {
		own[r.Name] = r.Policy
	}
	known := map[key]config.Policy{}
	return func(repository string, ref image.Reference) config.Policy {
		k := key{repository, ref}
		p, ok := known[k]
		if !ok {
			p = own[repository](ref)
			known[k] = p
		}
		return p
	}
}

// resolve asks where the tags point now.
func (f Flow) resolve(ctx context.Context, facts *plan.Facts) error {
	refs := plan.Wanted(facts.Occurrences, facts.Policy)
	tags := make([]plan.Tag, len(refs))
	newClock := f.Cache.New()
	err := f.each(ctx, len(refs), func(ctx context.Context, i int) {
		descriptor, err := f.Registry.Resolve(ctx, refs[i])
		if err != nil {
			tags[i].Trouble = trouble(err)
			return
		}
		tags[i].Current = descriptor
	})
	if err != nil {
		return err
	}
	facts.Tags = make(map[image.Reference]plan.Tag, len(refs))
	for i, ref := range refs {
		if tags[i].Trouble == nil {
			f.Cache.Observe(ref, tags[i].Current.Digest, f.Now)
		}
		tags[i].NewClock = newClock
		for _, s := range f.Cache.History(ref) {
			tags[i].History = append(tags[i].History, plan.Sighting{Digest: s.Digest, FirstSeen: s.FirstSeen})
		}
		facts.Tags[ref] = tags[i]
	}
	return nil
}

// superseded asks whether digests that a tag has left, and that policy would
// take, are still there; those that are not are passed over, until one is.
func (f Flow) superseded(ctx context.Context, facts *plan.Facts) error {
	asked := map[image.Reference]bool{}
	for {
		var open []image.Reference
		for _, ref := range facts.Candidates() {
			if !asked[ref] {
				asked[ref] = true
				open = append(open, ref)
			}
		}
		if len(open) == 0 {
			return nil
		}
		exists := make([]bool, len(open))
		err := f.each(ctx, len(open), func(ctx context.Context, i int) {
			ok, err := f.Registry.Exists(ctx, open[i])
			exists[i] = ok && err == nil
		})
		if err != nil {
			return err
		}
		for i, ref := range open {
			if !exists[i] {
				lose(facts.Tags[ref.Tagged(ref.Tag)].History, ref.Digest)
			}
		}
	}
}

func lose(history []plan.Sighting, digest image.Digest) {
	for i := range history {
		if history[i].Digest == digest {
			history[i].Lost = true
		}
	}
}

// each runs do for 0..n-1, some at once. Results go by index, so that nothing
// depends on timing; the error is the context's.
func (f Flow) each(ctx context.Context, n int, do func(ctx context.Context, i int)) error {
	var group errgroup.Group
	group.SetLimit(parallel)
	var mu sync.Mutex
	done := 0
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			do(ctx, i)
			if f.Progress != nil {
				mu.Lock()
				defer mu.Unlock()
				done++
				f.Progress(done, n)
			}
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	return ctx.Err()
}
