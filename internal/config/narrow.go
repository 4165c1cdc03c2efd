package config

import (
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Narrow returns c, the configuration of a run, narrowed by the configuration
// of one of the repositories that the run is about. A repository can ask for
// less than the run would do, never for more:
//
//   - exclude: both lists count;
//   - ignore: true counts, false does not;
//   - pin, superseded, every-digest: false counts, true does not;
//   - untagged: hold counts, latest does not;
//   - cooldown: the longer one counts;
//   - platforms: those that both name; the repository's own where the run
//     names none, the run's where they have none in common;
//   - schedule: both windows must be open;
//   - draft: true counts, false does not;
//   - automerge: false counts; a way to merge only where the run has one;
//   - group, labels, reviewers, assignees, commit-message: the repository's own
//     in place of the run's. How its own pull requests look is its own affair.
//
// These hold for each image by itself; the following for the whole repository:
//
//   - enabled: false counts, true does not;
//   - open-limit: the lower one counts;
//   - base-branches: the repository's own in place of the run's.
//
// A key that the repository does not set changes nothing. Its include,
// registries, verify, repositories, new-limit, forge, github, gitlab, images,
// retention and roots are dropped: they would have the run read more files or
// repositories, talk to other hosts, send more requests, or tag and delete
// images.
//
// Neither c nor repo is changed.
func (c Config) Narrow(repo Config) Config {
	c.Exclude = slices.Concat(c.Exclude, repo.Exclude)
	c.limits = slices.Concat(c.limits, [][]rule{repo.rules}, repo.limits)
	c.Disabled = c.Disabled || repo.Disabled
	c.openLimit = lower(c.openLimit, repo.openLimit)
	if repo.BaseBranches != nil {
		c.BaseBranches = slices.Clone(repo.BaseBranches)
	}
	return c
}

// lower returns a pointer to the lower limit, where nil stands for the default.
func lower(run, repo *int) *int {
	if repo == nil || *repo >= valueOr(run, defaultOpen) {
		return run
	}
	return repo
}

// Own returns what counts of c, a repository's own configuration, in a run that
// has none: what would widen the run is dropped, as [Config.Narrow] does.
func (c Config) Own() Config {
	c.Registries, c.Verify = nil, false
	c.Repositories, c.newLimit = Repositories{}, nil
	c.Forge, c.GitHub, c.GitLab = "", GitHub{}, GitLab{}
	c.Images, c.Roots, c.retention = nil, Roots{}, retentionSettings{}
	c.openLimit = lower(nil, c.openLimit)
	return c
}

// narrow returns what s leaves of p.
func (p Policy) narrow(s settings) Policy {
	p.Ignore = p.Ignore || valueOr(s.ignore, false)
	p.Pin = p.Pin && valueOr(s.pin, true)
	p.Superseded = p.Superseded && valueOr(s.superseded, true)
	p.EveryDigest = p.EveryDigest && valueOr(s.everyDigest, true)
	if valueOr(s.untagged, UntaggedLatest) == UntaggedHold {
		p.Untagged = UntaggedHold
	}
	p.Cooldown = max(p.Cooldown, valueOr(s.cooldown, 0))
	p.Platforms = narrowPlatforms(p.Platforms, valueOr(s.platforms, nil))
	p.Group = valueOr(s.group, p.Group)
	p.Labels = append([]string(nil), valueOr(s.labels, p.Labels)...)
	p.Reviewers = append([]string(nil), valueOr(s.reviewers, p.Reviewers)...)
	p.Assignees = append([]string(nil), valueOr(s.assignees, p.Assignees)...)
	p.Draft = p.Draft || valueOr(s.draft, false)
	if p.AutoMerge != "" {
		p.AutoMerge = valueOr(s.autoMerge, p.AutoMerge)
	}
	p.Schedules = addSchedule(p.Schedules, valueOr(s.schedule, Schedule{}))
	p.CommitMessage = valueOr(s.commitMessage, p.CommitMessage)
	return p
}

// addSchedule adds a window that is not there yet and has bounds.
func addSchedule(all []Schedule, s Schedule) []Schedule {
	if s.Always() || slices.ContainsFunc(all, s.equal) {
		return all
	}
	s.Days = slices.Clone(s.Days)
	return append(slices.Clip(all), s)
}

// narrowPlatforms returns what both lists hold. An empty list is "all", so an
// empty intersection must not come back: the run's own list does.
func narrowPlatforms(run, repo []image.Platform) []image.Platform {
	if len(run) == 0 {
		return slices.Clone(repo)
	}
	var both []image.Platform
	for _, p := range run {
		if slices.ContainsFunc(repo, p.Matches) {
			both = append(both, p)
		}
	}
	if len(both) == 0 {
		return run
	}
	return both
}
