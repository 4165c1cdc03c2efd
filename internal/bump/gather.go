package bump

import (
	"context"
	"errors"
	"fmt"
	"runtime"
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
	r := f.resolving(ctx)
	facts, err := scanAll(ctx, repositories, r.want)
	tags, resolveErr := r.wait()
	if err := errors.Join(err, resolveErr); err != nil {
		return plan.Plan{}, err
	}
	facts.Now, facts.Tags = f.Now, tags
	if err := f.superseded(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	if err := f.inspect(ctx, &facts); err != nil {
		return plan.Plan{}, err
	}
	return plan.Decide(facts), nil
}

// scanAll reads the repositories and returns the facts that their files hold.
// Files are parsed some at once; found is told of each one's tags to resolve.
func scanAll(ctx context.Context, repositories []Repository, found func([]image.Reference)) (plan.Facts, error) {
	type result struct {
		occurrences []scan.Occurrence
		problems    []scan.Problem
	}
	var results []*result // by the order of the walk, not of the parsing
	policy := policies(repositories)
	var parsing errgroup.Group
	parsing.SetLimit(runtime.GOMAXPROCS(0))
	var failed error
	for _, r := range repositories {
		err := r.Tree.Files(ctx, func(file forge.File) error {
			one := &result{}
			results = append(results, one)
			parsing.Go(func() error {
				one.occurrences, one.problems = Read(r.Name, file)
				found(plan.Wanted(one.occurrences, policy))
				return nil
			})
			return nil
		})
		if err != nil {
			failed = fmt.Errorf("read repository %s: %w", r.Name, err)
			break
		}
	}
	_ = parsing.Wait() // no function returns an error
	facts := plan.Facts{Policy: policy}
	for _, one := range results {
		facts.Occurrences = append(facts.Occurrences, one.occurrences...)
		facts.Problems = append(facts.Problems, one.problems...)
	}
	return facts, failed
}

// Read scans one file of a repository.
func Read(repository string, file forge.File) ([]scan.Occurrence, []scan.Problem) {
	if file.Err != nil {
		return nil, []scan.Problem{{Repository: repository, Path: file.Path, Message: file.Err.Error()}}
	}
	return scan.File(scan.Source{Repository: repository, Path: file.Path, Blob: file.Blob, Content: file.Content})
}

// policies returns each repository's own policy, asked once for each image. It
// is safe for concurrent use.
func policies(repositories []Repository) plan.PolicyFunc {
	type key struct {
		repository string
		ref        image.Reference
	}
	own := make(map[string]func(image.Reference) config.Policy, len(repositories))
	for _, r := range repositories {
		own[r.Name] = r.Policy
	}
	var mu sync.Mutex
	known := map[key]config.Policy{}
	return func(repository string, ref image.Reference) config.Policy {
		mu.Lock()
		defer mu.Unlock()
		k := key{repository, ref}
		p, ok := known[k]
		if !ok {
			p = own[repository](ref)
			known[k] = p
		}
		return p
	}
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
