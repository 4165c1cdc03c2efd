package render

import (
	"encoding/base64"
	"encoding/json"
	"regexp"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// State is what the text of a pull request remembers, hidden from people. It
// is a hint: anyone with write access to the repository can change it.
type State struct {
	Version  int                     `json:"version"`
	Digests  map[string]image.Digest `json:"digests,omitempty"`  // where each image and tag is moved; nil where they are too many
	ClosedBy string                  `json:"closedBy,omitempty"` // [Tool], where basekeeper itself closed it
	HandsOff bool                    `json:"handsOff,omitempty"` // the note that it is left alone is written
	Begun    bool                    `json:"begun,omitempty"`    // labels, reviewers or automerge are still to come
	Gone     bool                    `json:"gone,omitempty"`     // it says that the registry no longer has a digest that it replaces
}

// Tool is the name by which basekeeper speaks of itself in a state.
const Tool = "basekeeper"

const (
	stateVersion = 1
	maxState     = 12_000    // bytes of a state, encoded
	maxBody      = 4_200_000 // bytes of a body that is looked at: all that GitLab takes
)

// stateLine and refreshLine match whole lines: text from outside never begins
// one. Forges end lines with \r\n after a person edited the text.
var (
	stateLine   = regexp.MustCompile(`(?m)^<!-- basekeeper: state ([A-Za-z0-9_-]+) -->\r?$`)
	refreshLine = regexp.MustCompile(`(?m)^[-*] \[[xX]\] <!-- basekeeper: refresh -->`)
)

func refreshBox(mark string) string { return "- [" + mark + "] <!-- basekeeper: refresh -->" }

// EncodeState writes s as a comment that Markdown does not show. Whatever is
// in it cannot end the comment.
func EncodeState(s State) string {
	s.Version = stateVersion
	text := encodeState(s)
	if len(text) > maxState {
		s.Digests = nil
		text = encodeState(s)
	}
	return text
}

func encodeState(s State) string {
	content, err := json.Marshal(s)
	if err != nil {
		panic("render: " + err.Error()) // a value of our own that JSON has no word for
	}
	return "<!-- basekeeper: state " + base64.RawURLEncoding.EncodeToString(content) + " -->"
}

// DecodeState returns the state that a body holds: the last one, for what is
// ours is at the end. It is false where there is none that EncodeState could
// have written.
func DecodeState(body string) (State, bool) {
	if len(body) > maxBody {
		return State{}, false
	}
	all := stateLine.FindAllStringSubmatch(body, -1)
	if len(all) == 0 {
		return State{}, false
	}
	text := all[len(all)-1][1]
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > maxState {
		return State{}, false
	}
	var s State
	if err := json.Unmarshal(content, &s); err != nil || s.Version != stateVersion {
		return State{}, false
	}
	for ref, digest := range s.Digests {
		if !knownReference(ref) || !knownDigest(digest) {
			return State{}, false
		}
	}
	return s, true
}

// knownReference reports whether ref is an image with a tag, as basekeeper
// itself writes it.
func knownReference(ref string) bool {
	parsed, err := image.ParseReference(ref)
	return err == nil && parsed.Tag != "" && parsed.String() == ref
}

func knownDigest(d image.Digest) bool {
	_, err := image.ParseDigest(string(d))
	return err == nil
}

// SetState returns body with s in place of what it remembered, in as many bytes
// as the forge takes characters, which are no more.
func SetState(f forge.Flavor, body string, s State) string {
	if len(body) > maxBody {
		body = ""
	}
	body = stateLine.ReplaceAllString(body, "")
	for len(body) > 0 && (body[len(body)-1] == '\n' || body[len(body)-1] == '\r') {
		body = body[:len(body)-1]
	}
	if most := f.MaxBody() - 1 - maxState - 4; len(body) > most {
		body = cutBytes(body, most)
	}
	return body + "\n\n" + EncodeState(s) + "\n"
}

// Refresh reports whether a person has ticked the box that asks for the branch
// to be made anew.
func Refresh(body string) bool {
	return len(body) <= maxBody && refreshLine.MatchString(body)
}
