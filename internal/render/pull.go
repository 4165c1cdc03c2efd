package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// Request is all that the text of a pull request is made from.
type Request struct {
	Flavor     forge.Flavor // of the forge that it is for
	Home       string       // the address of that forge, https://git.corp.example; empty where it does not matter
	Repository string       // owner/name
	BaseBranch string       // that it is to be merged into
	HeadBranch string       // that it comes from
	Changes    []Change
	Notes      []string       // what else the reviewer should know
	Template   config.Message // of the commit's message; zero for the default
	AutoMerge  bool           // the forge is to merge it once it may
	NoMerge    string         // why it will not; empty where nothing is known against it
	Refresh    bool           // offer a box that asks for the branch to be made anew
	State      State          // what to remember; the digests are filled in, and Gone
}

// Change is one digest that a pull request replaces, and what the two images
// say about themselves.
type Change struct {
	plan.Bump
	Old, New *image.Details // nil where unknown
}

// Text is a pull request in words.
type Text struct {
	Title   string // one line
	Body    string // Markdown, less than 65,536 bytes
	Message string // of the commit: a headline, an empty line, a body
}

// Bytes that the parts of a body may have, together less than the 65,536
// characters that GitHub takes; GitLab takes more, but nobody reads more.
const (
	mostTable   = 12_000
	mostFiles   = 8_000
	mostSources = 4_000
	mostNotes   = 3_000
	mostGone    = 2_000
	mostRefs    = 4_000 // four lists
)

// PullRequest writes the text of a pull request. The same request always gives
// the same text.
func PullRequest(r Request) Text {
	title, message := Message(r)
	var b strings.Builder
	writeGone(&b, r)
	b.WriteString(opening(r) + "\n\n")
	writeMoves(&b, r.Changes)
	writeNotes(&b, r)
	writeFiles(&b, r.Changes)
	writeSources(&b, r)
	writeHelp(&b, r)
	if r.Refresh {
		b.WriteString(refreshBox(" ") + "Tick this box to have the branch made anew.\n\n")
	}
	b.WriteString(EncodeState(r.state()) + "\n")
	return Text{Title: title, Body: b.String(), Message: message}
}

// state returns what the body remembers.
func (r Request) state() State {
	s := r.State
	s.Digests = make(map[string]image.Digest, len(r.Changes))
	for _, c := range r.Changes {
		s.Gone = s.Gone || c.Gone
		if knownReference(c.Ref().String()) && knownDigest(c.To) {
			s.Digests[c.Ref().String()] = c.To
		}
	}
	return s
}

// opening is the first sentence.
func opening(r Request) string {
	images := map[string]bool{}
	for _, c := range r.Changes {
		images[c.Ref().String()] = true
	}
	text, each := "one base image of "+Code(r.BaseBranch), ""
	if len(images) != 1 {
		text, each = count(len(images), "base image")+" of "+Code(r.BaseBranch), ", each"
	}
	if pins(r.Changes) {
		return "Pins " + text + each + " to a digest of its tag."
	}
	return "Moves " + text + each + " to a newer digest of its tag."
}

// pins reports whether nothing was pinned before.
func pins(changes []Change) bool {
	return len(changes) > 0 && !slices.ContainsFunc(changes, func(c Change) bool { return c.From != "" })
}

// writeGone warns of pins that break builds now.
func writeGone(b *strings.Builder, r Request) {
	var gone []string
	for _, c := range r.Changes {
		if c.Gone {
			gone = append(gone, fmt.Sprintf("> * %s, pinned to %s", Code(c.Ref().Familiar()), Code(c.From.Short())))
		}
	}
	if len(gone) == 0 {
		return
	}
	head := "> [!WARNING]"
	if r.Flavor == forge.GitLab { // alerts are there since 17.10 only
		head = "> **Warning**\n>"
	}
	b.WriteString(head + "\n> The registry no longer has a digest that is in use: builds fail until this is merged.\n>\n")
	lines(b, mostGone, gone, "> * and %d more")
	b.WriteString("\n")
}

// writeNotes lists what else the reviewer should know.
func writeNotes(b *strings.Builder, r Request) {
	var notes []string
	for _, n := range r.Notes {
		notes = append(notes, "* "+EscapeFor(r.Flavor, n))
	}
	for _, c := range r.Changes {
		if c.Note != "" && !c.Gone { // the warning says it
			notes = append(notes, fmt.Sprintf("* %s: %s", Code(c.Ref().Familiar()), EscapeFor(r.Flavor, c.Note)))
		}
	}
	switch {
	case r.AutoMerge && r.NoMerge != "":
		notes = append(notes, "* It is not merged automatically, though that is configured: "+EscapeFor(r.Flavor, r.NoMerge)+".")
	case r.AutoMerge:
		notes = append(notes, automatically(r.Flavor))
	}
	if len(notes) > 0 {
		lines(b, mostNotes, notes, "* and %d more")
		b.WriteString("\n")
	}
}

func automatically(f forge.Flavor) string {
	if f == forge.GitLab {
		return "* It is merged automatically once its pipeline has passed and all that the project asks for is there."
	}
	return "* It is merged automatically once all that the branch asks for is there."
}

// writeFiles lists the places that are edited.
func writeFiles(b *strings.Builder, changes []Change) {
	var files []string
	for _, c := range changes {
		for _, e := range c.Edits {
			files = append(files, fmt.Sprintf("* %s, line %d: %s", Code(e.Path), e.Line, Code(c.Ref().Familiar())))
		}
	}
	if len(files) == 0 {
		return
	}
	b.WriteString("**Where**\n\n")
	lines(b, mostFiles, files, "* and %d more")
	b.WriteString("\n")
}
