package job

import (
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Command is what a run in CI does.
type Command string

// The commands.
const (
	Auto    Command = "auto"     // as the event calls for
	Check   Command = "check"    // show what is stale
	Bump    Command = "bump"     // bring it up to date
	OnMerge Command = "on-merge" // what follows the merge of a bump
	Retire  Command = "retire"   // keep the image behind a tag, right before it is replaced
	Prune   Command = "prune"    // show, or delete, retired tags whose time is over
	Nothing Command = "nothing"  // the event calls for nothing; nobody can ask for it
)

// FailOn says what makes the job fail, besides wrong inputs and a run that
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

// Inputs is what the job is asked for.
type Inputs struct {
	Command       Command
	Repositories  []string        // by their full names
	Organizations []string        // all repositories of these owners; groups on GitLab
	Image         image.Reference // the only image to care for; zero for all
	InPlace       bool            // bump the files of the workspace instead of opening pull requests
	DryRun        bool
	Prune         bool          // delete what may be deleted, where the command comes to it
	Verify        bool          // ask also whether moved pins can still be pulled
	TimeLimit     time.Duration // what the forge's limits do not allow within it is left to the next run
	FailOn        FailOn

	Token       string
	AppID       int64 // of a GitHub App; 0 for none
	PrivateKey  string
	BumpAuthors []string // accounts whose pull requests are bumps
	AppsToo     bool     // those of the App are bumps too
	Registries  []Login

	// Paths in the workspace, slash-separated and never above it.
	Directory string // to work in; "." for the workspace itself
	Config    string // empty for the repository's own
	SARIFFile string // empty for none
	CacheFile string

	// Addresses without a slash at their ends; empty where the program finds
	// them itself.
	ServerURL string // of the forge
	APIURL    string // of its REST API
}

// Named reports whether the inputs name repositories on the forge.
func (in Inputs) Named() bool { return len(in.Repositories)+len(in.Organizations) > 0 }

// Folder is where our own files are, from the workspace; DefaultCache is the
// cache, where no other is named.
const (
	Folder       = ".basekeeper"
	DefaultCache = Folder + "/cache.json"
)

// Common reads the inputs that are the same everywhere.
func (r *Reader) Common() Inputs {
	return Inputs{
		Command:    OneOf(r, "command", Auto, Check, Bump, OnMerge, Retire, Prune),
		Image:      r.Image("image"),
		InPlace:    r.Flag("in-place"),
		DryRun:     r.Flag("dry-run"),
		Prune:      r.Flag("prune"),
		Verify:     r.Flag("verify"),
		TimeLimit:  r.Duration("time-limit", time.Hour),
		FailOn:     OneOf(r, "fail-on", FailOnError, FailOnNone, FailOnGone, FailOnStale),
		Token:      r.Get("token"),
		Registries: r.Logins("registries"),
		Directory:  r.Path("working-directory", "."),
		Config:     r.Path("config", ""),
		SARIFFile:  r.Path("sarif-file", ""),
		CacheFile:  r.Path("cache-file", DefaultCache),
	}
}
