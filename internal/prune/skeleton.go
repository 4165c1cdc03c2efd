package prune

import (
	"context"
	"errors"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

var errSkeleton = errors.New("under construction")

// Plan looks at each repository and says what may be deleted. It writes
// nothing but memory.
func (f Flow) Plan(context.Context, []Target) (Plan, error) { return Plan{}, errSkeleton }

// Apply carries a plan out.
func (f Flow) Apply(_ context.Context, p Plan) []Outcome { return make([]Outcome, len(p.Repositories)) }

// Selection says what to restore.
type Selection struct {
	Tag    string       // this tag
	Digest image.Digest // or this manifest, with all tags that it had
	All    bool         // or everything that was deleted
	Since  time.Time    // with All: not before this time; zero for no limit
}

// Restored is what became of one tag, or of a manifest without one.
type Restored struct {
	Tag    string
	Digest image.Digest
	Put    bool   // it was put back; false where it is there already, or Err says why not
	Note   string // what is not as it was
	Err    error
}

// Restore puts back what was deleted.
func (f Flow) Restore(context.Context, image.Reference, Selection) ([]Restored, error) {
	return nil, errSkeleton
}
