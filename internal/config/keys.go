package config

import (
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/basekeeper/basekeeper/internal/image"
)

// document is a file as it was written.
type document struct {
	exclude, include []Glob
	policies         []rule
	registries       map[string]Registry
	settings         // for all images
	verify, disabled bool

	baseBranches        []Glob
	openLimit, newLimit *int
	repositories        Repositories
	forge               string
	github              GitHub
	gitlab              GitLab
	images              []Published
	retention           retentionSettings
	roots               Roots
}

// config returns what the document means: its settings for all images are its
// first policy.
func (d document) config() Config {
	c := Config{
		Exclude: d.exclude, Include: d.include, Registries: d.registries, Verify: d.verify,
		Disabled: d.disabled, BaseBranches: d.baseBranches, Repositories: d.repositories, Forge: d.forge, GitHub: d.github, GitLab: d.gitlab,
		Images: d.images, Roots: d.roots, retention: d.retention,
		openLimit: d.openLimit, newLimit: d.newLimit, rules: d.policies,
	}
	if d.settings != (settings{}) {
		c.rules = append([]rule{{settings: d.settings}}, d.policies...)
	}
	return c
}

// rootObject are the keys of the file.
var rootObject = object[document]{foreign: unknownKey, fields: append([]field[document]{
	versionField("version", "Version of this format. The only one is 1."),
	listField("exclude", "Paths that are not scanned: globs relative to the repository's root, also of whole folders. * stays within a path segment, ** crosses slashes, ? is one character.",
		`["test/fixtures/**"]`, pathGlobs, func(d *document, v []Glob) { d.exclude = v }),
	listField("include", "Further files that are scanned as Dockerfiles: globs for file names (without a slash) or for paths relative to the repository's root.",
		`["docker/*.tmpl"]`, pathGlobs, func(d *document, v []Glob) { d.include = v }),
	policiesField("policies", "Settings by image. Every policy whose images match applies, in order; a later one overrides what an earlier one sets."),
	registriesField("registries", "How registries are reached, by host (docker.io, localhost:5000)."),
	boolField("verify", "Also ask whether the digest that is in use can still be pulled: one more request for each pin that moved.",
		func(d *document, v bool) { d.verify = v }),
	boolField("enabled", "With false, basekeeper leaves the repository alone.",
		func(d *document, v bool) { d.disabled = !v }),
	listField("base-branches", "Branches that get pull requests: globs for their names; $default is the default branch, which alone gets them by default.",
		`["$default", "release/*"]`, branchGlobs, func(d *document, v []Glob) { d.baseBranches = v }),
	intField("open-limit", "How many pull requests may be open in one repository at the same time.", 0, 1000,
		func(d *document, v int64) { n := int(v); d.openLimit = &n }),
	intField("new-limit", "How many pull requests one run may open over all.", 0, 10_000,
		func(d *document, v int64) { n := int(v); d.newLimit = &n }),
	objectField("repositories", "Which repositories of a forge a run is about.",
		repositoriesObject, Repositories{}, func(d *document, v Repositories) { d.repositories = v }),
	scalarField("forge", "The forge that the run's repositories are on; by default gitlab in a GitLab pipeline or where gitlab has a url, else github.",
		forges, func(d *document, v string) { d.forge = v }),
	objectField("github", "How GitHub is reached.",
		githubObject, GitHub{}, func(d *document, v GitHub) { d.github = v }),
	objectField("gitlab", "How GitLab is reached.",
		gitlabObject, GitLab{}, func(d *document, v GitLab) { d.gitlab = v }),
	publishedField("images", "Images that are published from the run's repositories: their versions are retired and pruned."),
	objectField("retention", "What of the published images may be deleted.",
		retentionObject, retentionSettings{}, func(d *document, v retentionSettings) { d.retention = v }),
	objectField("roots", "Where published images may still be used: what is named there is never deleted. Nothing is deleted where this is not said.",
		rootsObject, Roots{}, func(d *document, v Roots) { d.roots = v }),
}, defaultsFields()...)}

// policyObject are the keys of one policy.
var policyObject = object[rule]{foreign: unknownKey, check: checkPolicy, fields: append([]field[rule]{
	filled(listField("images", "Images that the policy is for: globs for the whole normalised name (docker.io/library/debian) or the familiar one (debian), with an optional :tag. * stays within a path segment, ** crosses slashes.",
		`["debian", "ghcr.io/acme/**"]`, imagePatterns, func(r *rule, v []imagePattern) { r.images = v })),
	boolField("ignore", "Leave these images alone.", func(r *rule, v bool) { r.ignore = &v }),
}, settingFields(func(r *rule) *settings { return &r.settings })...)}

// checkPolicy refuses a policy that says not which images it is for: it is
// more likely to be forgotten than to be meant for all.
func checkPolicy(r *reader, at ast.Node, v rule) {
	if len(v.images) == 0 {
		r.failAt(at, "the policy does not say for which `images` it is; write images: [\"**\"] for all")
	}
}

func defaultsFields() []field[document] {
	return settingFields(func(d *document) *settings { return &d.settings })
}

// settingFields are the keys that are allowed in a policy and, as defaults for
// all images, at the top.
func settingFields[T any](of func(*T) *settings) []field[T] {
	return []field[T]{
		boolField("pin", "Also pin references that have no digest yet.",
			func(t *T, v bool) { of(t).pin = &v }),
		scalarField("untagged", "What a digest without a tag follows: hold leaves it alone and reports it, latest follows the tag latest.",
			untagged, func(t *T, v string) { of(t).untagged = &v }),
		scalarField("cooldown", "How long a digest must have been known before it is used: 30m, 12h, 3d, 1w.",
			durations, func(t *T, v time.Duration) { of(t).cooldown = &v }),
		boolField("superseded", "Take the newest digest that is old enough and still there, though the tag has moved on to a younger one.",
			func(t *T, v bool) { of(t).superseded = &v }),
		listField("platforms", "Platforms that matter, as os/architecture or os/architecture/variant; by default all that the pinned index has.",
			"[linux/amd64]", platforms, func(t *T, v []image.Platform) { of(t).platforms = &v }),
		boolField("every-digest", "Bump though nothing changed for the platforms that matter.",
			func(t *T, v bool) { of(t).everyDigest = &v }),
		scalarField("group", "What one pull request is about: image (one base image) or repository (all of a repository's).",
			groups, func(t *T, v string) { of(t).group = &v }),
		atMost(maxLabels, listField("labels", "Labels of the pull request.",
			"[dependencies]", labels, func(t *T, v []string) { of(t).labels = &v })),
		atMost(maxPeople, listField("reviewers", "Users, or teams as owner/team, that are asked to review the pull request.",
			"[octocat, acme/platform]", reviewers, func(t *T, v []string) { of(t).reviewers = &v })),
		atMost(maxPeople, listField("assignees", "Users that the pull request is assigned to.",
			"[octocat]", people, func(t *T, v []string) { of(t).assignees = &v })),
		boolField("draft", "Open the pull request as a draft.",
			func(t *T, v bool) { of(t).draft = &v }),
		mergeField("automerge", "Have the forge merge the pull request once it may: merge, squash or rebase; true is merge.",
			func(t *T, v string) { of(t).autoMerge = &v }),
		scheduleField("schedule", "Window of the week in which pull requests are opened and moved on; by default always.",
			func(t *T, v Schedule) { of(t).schedule = &v }),
		scalarField("commit-message", "Template of the commit's message; its first line is also the pull request's title.",
			messages, func(t *T, v Message) { of(t).commitMessage = &v }),
	}
}

// registryObject are the keys of one registry.
var registryObject = object[Registry]{foreign: unknownRegistryKey, check: checkRegistry, needs: credentialPair, fields: []field[Registry]{
	scalarField("mirror", "Host, and optionally a path, that is asked instead of the registry.",
		mirrors, func(r *Registry, v string) { r.Mirror = v }),
	boolField("plain-http", "Speak HTTP without TLS.",
		func(r *Registry, v bool) { r.PlainHTTP = v }),
	scalarField("ca-file", "Path of a PEM file with further certificate authorities.",
		fileNames, func(r *Registry, v string) { r.CAFile = v }),
	scalarField("token-service", "Host of the token service, where that is not the registry's own.",
		hosts, func(r *Registry, v string) { r.TokenService = v }),
	scalarField("api", "Whose own API the registry speaks besides OCI's, where its host does not tell; oci for none.",
		registryAPIs, func(r *Registry, v string) { r.API = v }),
	scalarField("user-env", "Name of the environment variable that holds the user name.",
		envNames, func(r *Registry, v string) { r.UserEnv = v }),
	scalarField("password-env", "Name of the environment variable that holds the password or token; never the secret itself.",
		envNames, func(r *Registry, v string) { r.PasswordEnv = v }),
}}
