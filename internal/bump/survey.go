package bump

import (
	"context"
	"fmt"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// surveyor is what a survey asks of a forge besides what a run does.
type surveyor interface {
	OpenPulls(ctx context.Context, repositories []forge.Repository) ([][]forge.PullRequest, error)
}

// Survey is what the files of a scope name.
type Survey struct {
	Occurrences  []scan.Occurrence // Branch is a branch, or "pull request 12", on GitLab "!12"
	Missing      []plan.Skip       // what could not be listed or read
	Problems     []scan.Problem    // files, or places in them, that could not be read as they should
	Repositories int               // that have a commit
}

// Survey reads what every repository of the scope names: archived ones, forks
// and those that want no bumps too, since a pin is a pin. It reads the default
// branch, the branches that the run's base-branches match, and the heads of all
// open pull requests, whoever opened them. Of the configuration only Include,
// Exclude and BaseBranches count, and none of the repositories' own.
//
// What has not moved since it was read costs nothing; the lists are two requests
// for each hundred repositories.
//
// Whatever is not in it is in Missing or Problems, and so a survey without these
// is complete. The error is the context's, or that of a forge that cannot be
// asked at all.
func (f Remote) Survey(ctx context.Context) (Survey, error) {
	lists, ok := f.Forge.(surveyor)
	if !ok {
		return Survey{}, fmt.Errorf("this forge does not list open %ss", f.Flavor.Noun())
	}
	scope := f.Scope
	scope.BranchPrefix = "" // nothing is to be known of our own branches
	found, skipped, err := f.Forge.Repositories(ctx, scope)
	if err != nil {
		return Survey{}, err
	}
	run := newRun()
	s := &surveying{g: &gathering{Remote: f, run: &run, skipped: skipped}, known: map[string]bool{}, numbers: map[*reading]int{}}
	if err := s.branches(ctx, found); err != nil {
		return Survey{}, err
	}
	if err := s.pulls(ctx, lists, found); err != nil {
		return Survey{}, err
	}
	if err := f.readAll(ctx, s.readings, func(*reading) {}); err != nil {
		return Survey{}, err
	}
	return s.result(), nil
}
