package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Retention is what of a published image's repository may be deleted.
type Retention struct {
	KeepFor    time.Duration // how long a retired tag is kept
	KeepLast   int           // the newest retired versions that are kept whatever their age
	Expire     []Glob        // further tags that may expire, beside retired ones
	Protect    []Glob        // tags that are never deleted
	Untagged   time.Duration // how long an untagged manifest is kept; 0 for ever
	MinimumAge time.Duration // what is younger is never deleted
	MaxDeleted int           // the most that one run may delete, in percent of the tags
	Undo       time.Duration // how long what was deleted can be restored
}

// retentionSettings are the keys; nil stands for "not set".
type retentionSettings struct {
	keepFor, untagged, minimumAge, undo *time.Duration
	keepLast, maxDeleted                *int
	expire, protect                     *[]Glob
}

const oneDay = 24 * time.Hour

// Retention returns what of the image may be deleted: its own settings, then
// those at the top, then the defaults.
func (c Config) Retention(p Published) Retention {
	s := c.retention
	override(&s.keepFor, p.retention.keepFor)
	override(&s.keepLast, p.retention.keepLast)
	override(&s.expire, p.retention.expire)
	override(&s.protect, p.retention.protect)
	override(&s.untagged, p.retention.untagged)
	override(&s.minimumAge, p.retention.minimumAge)
	override(&s.maxDeleted, p.retention.maxDeleted)
	override(&s.undo, p.retention.undo)
	return Retention{
		KeepFor:    valueOr(s.keepFor, 30*oneDay),
		KeepLast:   valueOr(s.keepLast, 3),
		Expire:     slices.Clone(valueOr(s.expire, nil)),
		Protect:    slices.Clone(valueOr(s.protect, nil)),
		Untagged:   valueOr(s.untagged, 0),
		MinimumAge: valueOr(s.minimumAge, oneDay),
		MaxDeleted: valueOr(s.maxDeleted, 50),
		Undo:       valueOr(s.undo, 7*oneDay),
	}
}

// MayExpire reports whether a tag that was never retired may expire.
func (r Retention) MayExpire(tag string) bool { return matchAny(r.Expire, tag) }

// Protected reports whether a tag is never deleted.
func (r Retention) Protected(tag string) bool { return matchAny(r.Protect, tag) }

// Roots is where images may still be used: what is named there is never
// deleted. Where it says nothing, nothing is deleted.
type Roots struct {
	Organizations []string // or groups
	Users         []string
	Names         []string // owner/name
	Installation  bool     // all that the App's installations, or the token, may see
	IgnoreUnknown bool     // a reference that a build argument completes is none of the images
	SelfOnly      bool     // nothing but the repository that the run is about uses its images
}

// Declared reports whether anything was said.
func (r Roots) Declared() bool { return r.SelfOnly || r.Remote() }

// Remote reports whether repositories of a forge have to be read.
func (r Roots) Remote() bool {
	return r.Installation || len(r.Organizations)+len(r.Users)+len(r.Names) > 0
}

// Scope returns where the repositories are looked for.
func (r Roots) Scope() forge.Scope {
	return forge.Scope{
		Organizations: slices.Clone(r.Organizations), Users: slices.Clone(r.Users), Names: slices.Clone(r.Names),
		Installation: r.Installation,
	}
}

const tagGlobPattern = `^[A-Za-z0-9_.*?-]{1,128}$`

var (
	tagGlobs = scalar[Glob]{schema: looks(tagGlobPattern), parse: ParseTagGlob}
	periods  = atLeast(time.Hour, "an hour")
	graces   = atLeast(oneDay, "a day, since an untagged manifest may belong to a build that is under way")
)

// ParseTagGlob reads a glob for whole tags. The error says what is wrong with
// it.
func ParseTagGlob(s string) (Glob, error) {
	s, err := checkTagGlob(s)
	if err != nil {
		return Glob{}, err
	}
	return CompileGlob(s)
}

var checkTagGlob = matching(tagGlobPattern, "want a glob for whole tags, for instance 1.*")

// atLeast accepts durations from a bound on.
func atLeast(bound time.Duration, words string) scalar[time.Duration] {
	return scalar[time.Duration]{schema: &jsonschema.Schema{Type: "string", Pattern: durationPattern}, numbers: true, parse: func(s string) (time.Duration, error) {
		d, err := ParseDuration(s)
		if err == nil && d < bound {
			return 0, errors.New("want at least " + words)
		}
		return d, err
	}}
}

// retentionObject are the keys of what may be deleted.
var retentionObject = object[retentionSettings]{foreign: unknownKey, fields: []field[retentionSettings]{
	scalarField("keep-for", "How long a retired tag is kept: 12h, 30d, 8w.",
		periods, func(s *retentionSettings, v time.Duration) { s.keepFor = &v }),
	intField("keep-last", "How many of the newest retired versions are kept whatever their age.", 0, 10_000,
		func(s *retentionSettings, v int64) { n := int(v); s.keepLast = &n }),
	listField("expire", "Further tags that may expire, beside retired ones: globs for whole tags.",
		`["pr-*"]`, tagGlobs, func(s *retentionSettings, v []Glob) { s.expire = &v }),
	listField("protect", "Tags that are never deleted: globs for whole tags.",
		`["1.*", stable]`, tagGlobs, func(s *retentionSettings, v []Glob) { s.protect = &v }),
	scalarField("untagged", "How long a manifest without a tag is kept, where the registry lists them; by default for ever.",
		graces, func(s *retentionSettings, v time.Duration) { s.untagged = &v }),
	scalarField("minimum-age", "What is younger is never deleted.",
		periods, func(s *retentionSettings, v time.Duration) { s.minimumAge = &v }),
	intField("max-deleted", "The most that one run may delete, in percent of the tags; more is refused.", 1, 100,
		func(s *retentionSettings, v int64) { n := int(v); s.maxDeleted = &n }),
	scalarField("undo", "How long what was deleted can be restored.",
		periods, func(s *retentionSettings, v time.Duration) { s.undo = &v }),
}}

// rootsObject are the keys of where images may still be used.
var rootsObject = object[Roots]{foreign: unknownKey, fields: []field[Roots]{
	listField("organizations", "Organisations, or groups, whose repositories may use the images.",
		"[acme]", owners, func(r *Roots, v []string) { r.Organizations = v }),
	listField("users", "Users whose repositories may use the images.",
		"[octocat]", owners, func(r *Roots, v []string) { r.Users = v }),
	listField("names", "Single repositories that may use the images.",
		"[acme/app]", fullNames, func(r *Roots, v []string) { r.Names = v }),
	boolField("installation", "All repositories that the GitHub App is installed on, or that the token may see.",
		func(r *Roots, v bool) { r.Installation = v }),
	boolField("ignore-unknown", "References that a build argument without a default completes name none of the images.",
		func(r *Roots, v bool) { r.IgnoreUnknown = v }),
	boolField("self-only", "Nothing but the repository that the run is about uses its images.",
		func(r *Roots, v bool) { r.SelfOnly = v }),
}}

// registryAPIs are the registries whose own API is known.
var registryAPIs = words("oci", "ghcr", "gitlab", "docker-hub", "ecr", "gar", "acr", "quay", "harbor")

// String says the settings in words, for messages and tables.
func (r Retention) String() string {
	return fmt.Sprintf("retired tags are kept for %s, the newest %d always", r.KeepFor, r.KeepLast)
}
