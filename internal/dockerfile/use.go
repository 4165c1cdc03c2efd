package dockerfile

import "github.com/basekeeper/basekeeper/internal/image"

// Kind says in which form a Dockerfile uses an image.
type Kind string

// The forms, by their names in scan's output.
const (
	From      Kind = "from"       // FROM image
	CopyFrom  Kind = "copy-from"  // COPY --from=image
	MountFrom Kind = "mount-from" // RUN --mount=…,from=image
	Syntax    Kind = "syntax"     // # syntax=image
)

// Span is a half-open range of byte offsets in a file.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Empty reports whether s covers nothing.
func (s Span) Empty() bool { return s.End <= s.Start }

// Use is one image that a Dockerfile asks for.
type Use struct {
	Kind     Kind
	Onbuild  bool            // it stands in an ONBUILD trigger and is asked for by the child's build
	Ref      image.Reference // normalised, tag and digest as they resolve; zero where a build argument is needed
	Line     int             // 1-based: where the digest's text stands, or the reference where there is none
	Stage    string          // name of the stage it stands in, as BuildKit folds it; empty where the stage has none
	Platform string          // --platform of a FROM, expanded; as written where it depends on the build
	Digest   Span            // the digest's text (or only its hexadecimal part where an ARG holds no more); empty where it is not in one piece
	PinAt    int             // offset at which "@" and a digest pin an unpinned reference; -1 where that is not safe
	Editable bool            // Digest can be replaced, which moves this image and tag and no other
	Reason   string          // why not editable
	Ignore   bool            // a comment "basekeeper: ignore" stands above it
	Follow   string          // the tag that a comment "basekeeper: tag=…" above it names

	text  fragment // the expanded reference
	word  Span     // the word in the instruction that it was expanded from
	start int      // offset of the instruction's first byte
	first bool     // the first use of its instruction
}

// Problem is a place that BuildKit refuses, in BuildKit's own words.
type Problem struct {
	Line    int // 1-based
	Message string
}

// File is what one Dockerfile says.
type File struct {
	Uses     []Use // in the order of their instructions
	Problems []Problem
}
