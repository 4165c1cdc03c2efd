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
//     names none, the run's where they have none in common.
//
// These hold for each image by itself. A key that the repository does not set
// changes nothing. Its include, registries and verify are dropped: they would
// have the run read more files, talk to other hosts, or send more requests.
//
// Neither c nor repo is changed.
func (c Config) Narrow(repo Config) Config {
	c.Exclude = slices.Concat(c.Exclude, repo.Exclude)
	c.limits = slices.Concat(c.limits, [][]rule{repo.rules}, repo.limits)
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
	return p
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
