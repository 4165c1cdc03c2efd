package bump

import (
	"errors"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// unread notes that the forge did not say what is on a branch, where err is why.
func (g *gathering) unread(name plan.Branch, err error) {
	if err == nil {
		return
	}
	seen := g.run.seen[name]
	seen.Unread = "the forge did not say what there is: " + err.Error()
	g.run.seen[name] = seen
}

// lacking returns why an answer may lack what is of a repository; nil where
// nothing of it is missing.
func lacking(err error, repository string) error {
	var some *forge.IncompleteError
	if !errors.As(err, &some) {
		return err
	}
	for _, s := range some.Skipped {
		if s.Name == repository {
			return s.Err
		}
	}
	return nil
}
