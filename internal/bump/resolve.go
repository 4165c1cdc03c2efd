package bump

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// resolving asks where tags point now while the files are still being read.
// Each tag is asked for once, however many files use it.
type resolving struct {
	flow  Flow
	ctx   context.Context
	group errgroup.Group

	mu   sync.Mutex
	tags map[image.Reference]*plan.Tag
	done int
}

func (f Flow) resolving(ctx context.Context) *resolving {
	r := &resolving{flow: f, ctx: ctx, tags: map[image.Reference]*plan.Tag{}}
	r.group.SetLimit(parallel)
	return r
}

// want asks for those of refs that have not been asked for yet. It waits while
// too many questions are open.
func (r *resolving) want(refs []image.Reference) {
	for _, ref := range refs {
		r.mu.Lock()
		_, asked := r.tags[ref]
		tag := &plan.Tag{}
		if !asked {
			r.tags[ref] = tag
		}
		r.mu.Unlock()
		if asked || r.ctx.Err() != nil {
			continue
		}
		r.group.Go(func() error {
			descriptor, err := r.flow.Registry.Resolve(r.ctx, ref)
			if err != nil {
				tag.Trouble = trouble(err)
			}
			tag.Current = descriptor
			r.progress()
			return nil
		})
	}
}

func (r *resolving) progress() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if r.flow.Progress != nil {
		r.flow.Progress(r.done, len(r.tags))
	}
}

// wait returns the answers, with what was seen behind the tags before. The
// error is the context's.
func (r *resolving) wait() (map[image.Reference]plan.Tag, error) {
	_ = r.group.Wait() // no function returns an error
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	tags := make(map[image.Reference]plan.Tag, len(r.tags))
	newClock := r.flow.Cache.New()
	for ref, tag := range r.tags {
		if tag.Trouble == nil {
			r.flow.Cache.Observe(ref, tag.Current.Digest, r.flow.Now)
		}
		tag.NewClock = newClock
		for _, s := range r.flow.Cache.History(ref) {
			tag.History = append(tag.History, plan.Sighting{Digest: s.Digest, FirstSeen: s.FirstSeen})
		}
		tags[ref] = *tag
	}
	return tags, nil
}
