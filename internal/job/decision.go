package job

import (
	"fmt"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// Decision is what a run does about an event.
type Decision struct {
	Command Command         // never Auto
	Image   image.Reference // the only image to care for; zero for all
	// Merged says that the event may be the merge of a bump, which only the
	// forge can tell: what such a merge calls for is done first.
	Merged  bool
	Central bool // follow up the merges of all repositories, not of the event alone
	// Untrusted says that the files of the workspace may be an outsider's. The
	// run then only checks: with the configuration of the base branch, never
	// the workspace's; with no token, login or cache; asking only the hosts of
	// registries that the base branch's own files or that configuration name.
	Untrusted bool
	Refused   bool   // what is asked for, by a person or the event, may not be
	Reason    string // why, for the summary: a sentence without its full stop
}

// Idle is the decision to do nothing, and why.
func Idle(format string, args ...any) Decision {
	return Decision{Command: Nothing, Reason: fmt.Sprintf(format, args...)}
}

// Refuse is the decision not to do what is asked for, and why.
func Refuse(format string, args ...any) Decision {
	d := Idle(format, args...)
	d.Refused = true
	return d
}

// Pull is the pull request that an event is about.
type Pull struct {
	Number      int
	Merged      bool
	Head        string // branch that it comes from
	Base        string // branch that it goes to
	Default     string // branch of Repository by default; empty where the event does not say
	BaseID      string // commit at Base when the event happened; empty where the event does not say
	Repository  string // full name of the repository of Base
	Author      string
	MergedAt    time.Time // zero where it was not merged, or the event does not say
	MergeCommit string    // that the merge made; empty likewise
	Fork        bool      // its head is, or may be, in another repository
}
