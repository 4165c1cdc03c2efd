package action

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Command is what a run of the action does.
type Command string

// The commands of the action.
const (
	Auto    Command = "auto"     // as the event calls for; see [Decide]
	Check   Command = "check"    // show what is stale
	Bump    Command = "bump"     // bring it up to date
	OnMerge Command = "on-merge" // what follows the merge of a bump
	Retire  Command = "retire"   // keep the image behind a tag, right before it is replaced
	Prune   Command = "prune"    // show, or delete, retired tags whose time is over
	Nothing Command = "nothing"  // the event calls for nothing; no workflow can ask for it
)

// FailOn says what makes the step fail, besides wrong inputs and a run that
// could not be done at all. Each level has those before it in itself.
type FailOn string

// The levels of FailOn, the mildest first.
const (
	FailOnNone  FailOn = "none"  // nothing that is found
	FailOnError FailOn = "error" // part of the work could not be done, or was refused
	FailOnGone  FailOn = "gone"  // the registry no longer has a pinned digest
	FailOnStale FailOn = "stale" // a reference is behind its tag
)

// Login is what a registry is shown.
type Login struct {
	Host     string // as in image.Reference.Registry
	User     string
	Password string
}

// Inputs is what the workflow asks for.
type Inputs struct {
	Command       Command
	Repositories  []string        // owner/name
	Organizations []string        // all repositories of these owners
	Image         image.Reference // the only image to care for; zero for all
	InPlace       bool            // bump the files of the workspace instead of opening pull requests
	DryRun        bool
	Prune         bool          // delete what may be deleted, where the command comes to it
	Verify        bool          // ask also whether moved pins can still be pulled
	TimeLimit     time.Duration // what GitHub's limits do not allow within it is left to the next run
	FailOn        FailOn

	Token       string
	AppID       int64 // 0 for none
	PrivateKey  string
	BumpAuthors []string // accounts whose pull requests are bumps
	Registries  []Login

	// Paths in the workspace, slash-separated and never above it.
	Directory string // to work in; "." for the workspace itself
	Config    string // empty for the repository's own
	SARIFFile string // empty for none
	CacheFile string

	ServerURL string // of GitHub, without a slash at its end
	APIURL    string // of its REST API, the same
}

// Inputs reads the inputs of the step. The secrets among them are masked
// before anything else happens. The error joins one for every input that is
// wrong, each naming it and what it may be; none repeats a secret.
func (j *Job) Inputs() (Inputs, error) {
	if err := j.maskInputs(); err != nil {
		return Inputs{}, fmt.Errorf("mask secrets: %w", err)
	}
	r := reader{get: j.github.GetInput, workspace: j.getenv("GITHUB_WORKSPACE")}
	in := Inputs{
		Command:       oneOf(&r, "command", Auto, Check, Bump, OnMerge, Retire, Prune),
		Repositories:  r.list("repositories", repositoryName, "owner/name"),
		Organizations: r.list("organization", ownerName, "names of organisations"),
		Image:         r.image(),
		InPlace:       r.flag("in-place"),
		DryRun:        r.flag("dry-run"),
		Prune:         r.flag("prune"),
		Verify:        r.flag("verify"),
		TimeLimit:     r.duration("time-limit", time.Hour),
		FailOn:        oneOf(&r, "fail-on", FailOnError, FailOnNone, FailOnGone, FailOnStale),
		Token:         r.get("token"),
		BumpAuthors:   r.list("bump-authors", accountName, "names of accounts"),
		Registries:    r.logins(),
		Directory:     r.path("working-directory", "."),
		Config:        r.path("config", ""),
		SARIFFile:     r.path("sarif-file", ""),
		CacheFile:     r.path("cache-file", DefaultCache),
	}
	in.AppID, in.PrivateKey = r.app()
	in.ServerURL, in.APIURL = r.urls(j.getenv)
	if in.InPlace && in.Named() {
		r.fail("in-place", "the files of the workspace are changed, or repositories and organization are worked on; not both")
	}
	if len(in.BumpAuthors) == 0 {
		in.BumpAuthors = []string{"github-actions[bot]"}
	}
	if err := errors.Join(r.errs...); err != nil {
		return Inputs{}, err
	}
	return in, nil
}

// Named reports whether the inputs name repositories on GitHub.
func (in Inputs) Named() bool { return len(in.Repositories)+len(in.Organizations) > 0 }

// Folder is where the action's own files are, from the workspace; DefaultCache
// is its cache, where no other is named.
const (
	Folder       = ".basekeeper"
	DefaultCache = Folder + "/cache.json"
)

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}/[A-Za-z0-9._-]{1,100}$`)
	ownerName      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,99}$`)
	accountName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)
)

// reader reads inputs and collects what is wrong with them.
type reader struct {
	get       func(name string) string // trimmed
	workspace string
	errs      []error
}

func (r *reader) fail(input, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("input %s: "+format, append([]any{input}, args...)...))
}

// oneOf reads a choice, the first being the default.
func oneOf[T ~string](r *reader, input string, choices ...T) T {
	value := T(r.get(input))
	if value == "" {
		return choices[0]
	}
	if !slices.Contains(choices, value) {
		names := make([]string, len(choices))
		for i, c := range choices {
			names[i] = string(c)
		}
		r.fail(input, "%.100q is none of %s", value, strings.Join(names, ", "))
	}
	return value
}

// flag reads a boolean, as YAML's core schema writes them; false by default.
func (r *reader) flag(input string) bool {
	switch value := r.get(input); value {
	case "true", "True", "TRUE":
		return true
	case "", "false", "False", "FALSE":
	default:
		r.fail(input, "%.100q is neither true nor false", value)
	}
	return false
}

// duration reads a time such as 45m.
func (r *reader) duration(input string, otherwise time.Duration) time.Duration {
	value := r.get(input)
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		r.fail(input, "%.100q is no time such as 45m or 1h30m", value)
	}
	return d
}

// list reads values that commas, blanks or lines separate.
func (r *reader) list(input string, shape *regexp.Regexp, want string) []string {
	values := strings.FieldsFunc(r.get(input), func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) })
	if len(values) == 0 {
		return nil
	}
	for _, value := range values {
		if !shape.MatchString(value) || strings.HasSuffix(value, "/.") || strings.HasSuffix(value, "/..") {
			r.fail(input, "%.100q: want %s, separated by commas or lines", value, want)
		}
	}
	return values
}

func (r *reader) image() image.Reference {
	value := r.get("image")
	if value == "" {
		return image.Reference{}
	}
	ref, err := parseImage(value)
	if err != nil {
		r.fail("image", "%w", err)
	}
	return ref
}

// parseImage reads an image and the tag that is meant, which is latest where
// none is named.
func parseImage(s string) (image.Reference, error) {
	if len(s) > 1024 {
		return image.Reference{}, errors.New("an image's name is shorter than 1024 characters")
	}
	ref, err := image.ParseReference(s)
	if err != nil {
		return image.Reference{}, err
	}
	if ref.Tag == "" {
		ref.Tag = image.LatestTag
	}
	return ref.Tagged(ref.Tag), nil
}

// path reads a path in the workspace. An absolute one must lie there too, as
// the container sees it.
func (r *reader) path(input, otherwise string) string {
	value := r.get(input)
	if value == "" {
		return otherwise
	}
	p := path.Clean(value)
	if below, ok := strings.CutPrefix(p, path.Clean("/"+r.workspace)+"/"); ok && r.workspace != "" {
		p = below
	}
	if path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") || strings.ContainsRune(p, 0) {
		r.fail(input, "%.200q is not in the workspace, which is all that the action shares with other steps; write it from there", value)
	}
	return p
}

// app reads the credentials of a GitHub App.
func (r *reader) app() (id int64, key string) {
	number, key := r.get("app-id"), unescaped(r.get("private-key"))
	if number != "" {
		var err error
		if id, err = strconv.ParseInt(number, 10, 64); err != nil || id <= 0 {
			r.fail("app-id", "want the App's number, as its settings show it")
		}
	}
	switch {
	case number != "" && key == "":
		r.fail("private-key", "an app-id needs the App's private key")
	case number == "" && key != "":
		r.fail("app-id", "a private-key needs the App's id")
	case key != "" && !isPEM(key):
		r.fail("private-key", "want the whole file that GitHub made for the App, from -----BEGIN to -----END")
	}
	return id, key
}
