package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/invopop/jsonschema"
)

// What one pull request of a repository is about; see [Policy.Group].
const (
	GroupImage      = "image"      // one base image
	GroupRepository = "repository" // all of them
)

// How a pull request is merged by itself; see [Policy.AutoMerge].
const (
	MergeCommit = "merge"
	MergeSquash = "squash"
	MergeRebase = "rebase"
)

// Bounds on how a pull request looks: anyone may have written them.
const (
	maxLabels = 20
	maxPeople = 20
)

const (
	labelPattern = `^[^\s,\x00-\x1f\x7f]([^,\x00-\x1f\x7f]{0,48}[^\s,\x00-\x1f\x7f])?$` // GitHub's 50 characters
	personRest   = `[A-Za-z0-9_][A-Za-z0-9_.-]{0,98}`
	// personPattern is also for a bot, which GitHub writes name[bot].
	personPattern   = `^` + personRest + `(\[bot\])?$`
	reviewerPattern = `^` + personRest + `((\[bot\])?|/` + personRest + `)$`
)

var (
	groups    = words(GroupImage, GroupRepository)
	merges    = words(MergeCommit, MergeSquash, MergeRebase)
	labels    = scalar[string]{schema: looks(labelPattern), parse: parseLabel}
	people    = scalar[string]{schema: looks(personPattern), parse: notAt(matching(personPattern, "want the name of a user, for instance octocat"))}
	reviewers = scalar[string]{schema: looks(reviewerPattern),
		parse: notAt(matching(reviewerPattern, "want the name of a user, or owner/team, for instance acme/platform"))}
)

var checkLabel = matching(labelPattern, "want a label of at most 50 characters, without commas and without white space at its ends")

func parseLabel(s string) (string, error) {
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp) }) {
		return "", errors.New("a label must be of printable characters")
	}
	return checkLabel(s)
}

// notAt refuses a name that is written as it is mentioned.
func notAt(parse func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		if strings.HasPrefix(s, "@") {
			return "", errors.New("leave out the @ before the name")
		}
		return parse(s)
	}
}

// words accepts one of a few words.
func words(known ...string) scalar[string] {
	want := "want " + strings.Join(known[:len(known)-1], ", ") + " or " + known[len(known)-1]
	return scalar[string]{schema: oneOf(known...), parse: func(s string) (string, error) {
		if slices.Contains(known, s) {
			return s, nil
		}
		if near := nearest(s, known); near != "" {
			return "", fmt.Errorf("%s; did you mean `%s`?", want, near)
		}
		return "", errors.New(want)
	}}
}

// mergeField is a key that is false, a way to merge, or true for the first.
func mergeField[T any](name, doc string, set func(*T, string)) field[T] {
	schema := &jsonschema.Schema{Enum: append([]any{false, true}, merges.schema.Enum...)}
	return field[T]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *T) {
		switch n := r.resolve(e.value).(type) {
		case nil:
		case *ast.BoolNode:
			method := ""
			if n.Value {
				method = MergeCommit
			}
			set(into, method)
		case *ast.StringNode:
			if method, ok := merges.read(r, n); ok {
				set(into, method)
			}
		default:
			r.failAt(n, "want false, merge, squash or rebase, found "+found(n))
		}
	}}
}
