// Package dockerfile finds the images that a Dockerfile uses, and edits the
// digests that pin them without touching any other byte.
//
// Parsing is BuildKit's own, so that what basekeeper understands is what
// docker build understands. What BuildKit's parser throws away, the place that
// each character came from, is found again in two steps: lines.go joins
// continued lines as the parser does and remembers the offset of every byte,
// and expand.go lets BuildKit's lexer expand words whose characters are
// private-use runes, one for each source byte. Wherever our bookkeeping and
// BuildKit's result disagree, the place is unknown and the use not editable.
//
// The package is pure: bytes in, values out.
package dockerfile
