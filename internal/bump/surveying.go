package bump

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// surveying is a survey while it is made.
type surveying struct {
	g        *gathering
	readings []*reading
	numbers  map[*reading]int // of pull requests
	known    map[string]bool  // repositories with commits that are among the readings
	count    int              // of repositories that have a commit
}

// branches adds the default branches and those that the run's configuration
// names.
func (s *surveying) branches(ctx context.Context, found []forge.Repository) error {
	for _, r := range found {
		s.g.run.projects[r.Name] = &project{Repository: r, config: s.g.Config}
		s.g.admitted = append(s.g.admitted, r.Name)
		if r.Head != "" {
			s.count++
			// With its own configuration: what is remembered of it is for bumps too.
			s.add(&reading{repository: r, branch: r.DefaultBranch, commit: r.Head, own: true})
		}
	}
	lines, err := s.g.releaseLines(ctx)
	for _, line := range lines {
		s.add(line)
	}
	return err
}

// pulls adds the heads of open pull requests. Those from forks can be read in
// the repository that they are for, by commit: GitHub and GitLab keep it there
// under a name of its own while the pull request is open.
func (s *surveying) pulls(ctx context.Context, lists surveyor, found []forge.Repository) error {
	all, err := lists.OpenPulls(ctx, found)
	var incomplete *forge.IncompleteError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &incomplete):
		for _, one := range incomplete.Skipped {
			s.g.skip(forge.Skipped{Name: one.Name + ", open " + s.g.Flavor.Noun() + "s", Err: one.Err})
		}
	case err != nil:
		s.g.skip(forge.Skipped{Name: "open " + s.g.Flavor.Noun() + "s", Err: err})
	}
	for i, pulls := range all {
		for _, p := range pulls {
			r := &reading{repository: found[i], branch: s.g.Flavor.HeadRef(p.Number), commit: p.HeadID}
			s.numbers[r] = p.Number
			s.add(r)
		}
	}
	return nil
}

// add adds what is to be read, unless the same commit is already.
func (s *surveying) add(r *reading) {
	key := r.repository.Name + "@" + r.commit
	if s.known[key] {
		return
	}
	s.known[key] = true
	s.readings = append(s.readings, r)
}

// result puts together what was read, by repository.
func (s *surveying) result() Survey {
	survey := Survey{Repositories: s.count}
	slices.SortStableFunc(s.readings, func(a, b *reading) int { return strings.Compare(a.repository.Name, b.repository.Name) })
	for _, r := range s.readings {
		name, branch, whole := s.label(r)
		if r.err != nil {
			s.g.skip(forge.Skipped{Name: whole, Err: r.err})
		}
		for _, o := range r.head.Occurrences {
			o.Repository, o.Branch = name, branch
			survey.Occurrences = append(survey.Occurrences, o)
		}
		for _, p := range r.head.Problems {
			if s.counts(p) {
				p.Repository, p.Branch = name, branch
				survey.Problems = append(survey.Problems, p)
			}
		}
	}
	for _, one := range s.g.skipped {
		survey.Missing = append(survey.Missing, skipOf(one))
	}
	slices.SortStableFunc(survey.Missing, func(a, b plan.Skip) int { return strings.Compare(a.Repository, b.Repository) })
	return survey
}

// label returns how a survey calls a reading: its repository and branch, and
// both together.
func (s *surveying) label(r *reading) (name, branch, whole string) {
	name = r.repository.Name
	if number, ok := s.numbers[r]; ok {
		branch = s.g.Flavor.Label(number)
		return name, branch, name + ", " + branch
	}
	if r.branch == r.repository.DefaultBranch {
		return name, r.branch, name
	}
	return name, r.branch, name + ", branch " + r.branch
}

// counts reports whether a problem is about what a survey reads: not with a
// repository's own configuration.
func (s *surveying) counts(p scan.Problem) bool {
	return !slices.Contains(config.Names, p.Path) || scan.IsDockerfile(p.Path) || s.g.Config.Included(p.Path)
}
