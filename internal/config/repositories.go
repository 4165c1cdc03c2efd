package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// Who may see a repository; see [Repositories.Visibility].
const (
	VisibilityAll     = "all"
	VisibilityPublic  = "public"
	VisibilityPrivate = "private" // or internal
)

// Repositories is which repositories of a forge a run is about: where they are
// looked for, and which of those that are found are taken. The zero value
// looks nowhere and takes what can be worked on.
type Repositories struct {
	Organizations []string // or groups
	Users         []string
	Names         []string // owner/name; what is named is taken, unless excluded
	Installation  bool     // all that the App's installations, or the token, may see

	Include    []Glob   // of owner/name in lower case; none for all
	Exclude    []Glob   // likewise
	Topics     []string // one of them is enough; none for all
	Languages  []string // likewise, by the forge's own guess
	Archived   bool     // also archived ones, which can be read but not changed
	Forks      bool     // also forks
	Shared     bool     // also what others share with the Organizations; GitLab knows that
	Visibility string   // VisibilityAll, VisibilityPublic or VisibilityPrivate; empty for all
	MaxSize    int64    // KiB; 0 for no limit
}

// Match reports whether the run is about r, and why not. Names, topics and
// languages are compared in lower case, as GitHub does.
func (f Repositories) Match(r forge.Repository) (ok bool, reason string) {
	switch {
	case r.Locked:
		return false, cmp.Or(r.Lock, "it is locked") + ": it cannot be written to"
	case r.DefaultBranch == "" || r.Head == "":
		return false, "it is empty"
	case r.Archived && !f.Archived:
		return false, "it is archived: it cannot be written to"
	}
	name := strings.ToLower(r.Name)
	for _, g := range f.Exclude {
		if g.Match(name) {
			return false, "excluded by " + g.String()
		}
	}
	if containsFold(f.Names, name) {
		return true, ""
	}
	reason = f.filter(name, r)
	return reason == "", reason
}

// filter says why a repository that was found, not named, is not taken.
func (f Repositories) filter(name string, r forge.Repository) string {
	switch {
	case len(f.Include) > 0 && !matchAny(f.Include, name):
		return "not included by name"
	case r.Fork && !f.Forks:
		return "it is a fork"
	case r.Private && f.Visibility == VisibilityPublic:
		return "it is not public"
	case !r.Private && f.Visibility == VisibilityPrivate:
		return "it is public"
	case f.MaxSize > 0 && r.Size > f.MaxSize:
		return fmt.Sprintf("it is larger than %d KiB", f.MaxSize)
	case len(f.Languages) > 0 && !containsFold(f.Languages, r.Language):
		return "its language is not one of those asked for"
	case len(f.Topics) > 0 && !slices.ContainsFunc(r.Topics, func(t string) bool { return containsFold(f.Topics, t) }):
		return "it has none of the topics asked for"
	}
	return ""
}

// Scope returns where the repositories are looked for.
func (f Repositories) Scope() forge.Scope {
	return forge.Scope{
		Organizations: slices.Clone(f.Organizations), Users: slices.Clone(f.Users), Names: slices.Clone(f.Names),
		Installation: f.Installation, Shared: f.Shared,
	}
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(s, t) })
}

const (
	ownerRest    = `[A-Za-z0-9_][A-Za-z0-9_.-]*`
	ownerPattern = `^` + ownerRest + `(/` + ownerRest + `)*$` // GitLab's groups have groups
	namePattern  = `^` + ownerRest + `(/` + ownerRest + `)*/\.?[A-Za-z0-9_-][A-Za-z0-9_.-]*$`
	topicPattern = `^[A-Za-z0-9][A-Za-z0-9_. -]{0,99}$`
	langPattern  = `^[A-Za-z0-9][A-Za-z0-9+#*'()./ -]{0,63}$`
)

var (
	owners       = scalar[string]{schema: looks(ownerPattern), parse: matching(ownerPattern, "want the name of an owner, for instance acme")}
	fullNames    = scalar[string]{schema: looks(namePattern), parse: matching(namePattern, "want owner/name, for instance acme/app")}
	nameGlobs    = scalar[Glob]{schema: looks(pathPattern), parse: parseNameGlob}
	topics       = scalar[string]{schema: looks(topicPattern), parse: matching(topicPattern, "want a topic, for instance docker")}
	languages    = scalar[string]{schema: looks(langPattern), parse: matching(langPattern, "want a language, for instance Go")}
	visibilities = words(VisibilityAll, VisibilityPublic, VisibilityPrivate)
)

func parseNameGlob(s string) (Glob, error) {
	if strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") {
		return Glob{}, errors.New("want a glob for owner/name, for instance acme/*")
	}
	return CompileGlob(strings.ToLower(s))
}

// repositoriesObject are the keys of the run's choice of repositories.
var repositoriesObject = object[Repositories]{foreign: unknownKey, fields: []field[Repositories]{
	listField("organizations", "Organisations, or groups, whose repositories the run is about.",
		"[acme]", owners, func(f *Repositories, v []string) { f.Organizations = v }),
	listField("users", "Users whose repositories the run is about.",
		"[octocat]", owners, func(f *Repositories, v []string) { f.Users = v }),
	listField("names", "Single repositories that the run is about, whatever the filters below say except exclude.",
		"[acme/app]", fullNames, func(f *Repositories, v []string) { f.Names = v }),
	boolField("installation", "All repositories that the GitHub App is installed on, or that the token may see.",
		func(f *Repositories, v bool) { f.Installation = v }),
	listField("include", "Take only these: globs for owner/name. Upper and lower case are the same.",
		`["acme/service-*"]`, nameGlobs, func(f *Repositories, v []Glob) { f.Include = v }),
	listField("exclude", "Leave these out: globs for owner/name.",
		`["acme/legacy-*"]`, nameGlobs, func(f *Repositories, v []Glob) { f.Exclude = v }),
	listField("topics", "Take only those with one of these topics.",
		"[docker]", topics, func(f *Repositories, v []string) { f.Topics = v }),
	listField("languages", "Take only those whose main language is one of these.",
		"[Go, Dockerfile]", languages, func(f *Repositories, v []string) { f.Languages = v }),
	boolField("archived", "Also read archived ones, which cannot be changed.",
		func(f *Repositories, v bool) { f.Archived = v }),
	boolField("forks", "Also forks.",
		func(f *Repositories, v bool) { f.Forks = v }),
	boolField("shared", "Also projects of others that are shared with the groups. GitLab alone.",
		func(f *Repositories, v bool) { f.Shared = v }),
	scalarField("visibility", "Take all, only public or only private (and internal) ones.",
		visibilities, func(f *Repositories, v string) { f.Visibility = v }),
	intField("max-size", "Leave out those that are larger, in KiB as the forge counts.", 1, 1<<40,
		func(f *Repositories, v int64) { f.MaxSize = v }),
}}
