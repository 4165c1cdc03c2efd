package gitlab

import (
	"regexp"
	"strconv"
	"strings"
)

// maxComplexity is what GitLab allows a document of somebody with a token, less
// what asks for the account.
//
// Spec: GitLab's "GraphQL API", "Maximum query complexity".
const maxComplexity = 250 - 10

// dear are the fields that cost more than one, for themselves: those that need
// the repositories' storage, those that are looked up with more than a name, and
// some that GitLab has put a price on.
var dear = map[string]int{
	"rootRef": 2, "tree": 2, "blobs": 2, "submodules": 2, "diffHeadSha": 2, "commits": 2, "languages": 2,
	"lastCommit": 10, "labels": 5, "mergedAt": 5, "projects": 11, "mergeRequests": 2,
}

// perNode are the connections that cost a hundredth more for each node that
// they may show; blobs only those that are asked for by their paths.
var perNode = map[string]bool{"projects": true, "mergeRequests": true}

// complexity estimates what GitLab counts a selection as: each field with what
// is in it, a connection a hundredth more for each that it may show.
func complexity(selection string) int {
	sum, _ := measure(selection, 0)
	return sum
}

// measure sums up fields from i on, up to the end of their braces, and returns
// where that is.
func measure(s string, i int) (sum, end int) {
	for i < len(s) {
		switch ch := s[i]; {
		case ch == '}':
			return sum, i + 1
		case ch == '{': // of a fragment, or of the whole
			inner, next := measure(s, i+1)
			sum, i = sum+inner, next
		case isLetter(ch):
			cost, next := measureField(s, i)
			sum, i = sum+cost, next
		case strings.HasPrefix(s[i:], "...on "):
			for i += len("...on "); i < len(s) && isLetter(s[i]); i++ {
			}
		default:
			i++
		}
	}
	return sum, i
}

var firstArgument = regexp.MustCompile(`\bfirst:\s*(\d+)`)

// measureField measures the field at i, or what is behind an alias there.
func measureField(s string, i int) (cost, end int) {
	start := i
	for i < len(s) && isLetter(s[i]) {
		i++
	}
	name := s[start:i]
	if i < len(s) && s[i] == ':' {
		return measureField(s, skipSpace(s, i+1))
	}
	cost = 1
	if c, ok := dear[name]; ok {
		cost = c
	}
	size := 0
	if i < len(s) && s[i] == '(' {
		closing := i + strings.IndexByte(s[i:], ')')
		if closing < i {
			return cost, len(s)
		}
		byPath := name == "blobs" && strings.Contains(s[i:closing], "paths:")
		if m := firstArgument.FindStringSubmatch(s[i:closing]); m != nil && (perNode[name] || byPath) {
			size, _ = strconv.Atoi(m[1])
		}
		i = closing + 1
	}
	if j := skipSpace(s, i); j < len(s) && s[j] == '{' {
		inner, next := measure(s, j+1)
		cost, i = cost+inner, next
	}
	return cost + cost*min(size, 100)/100, i
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n') {
		i++
	}
	return i
}

func isLetter(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

var refusal = regexp.MustCompile(`(?i)complexity of (\d+)[^\d]+max[^\d]*(\d+)`)

// complexityError says that a document was too complex for GitLab.
type complexityError struct{ was, most int } // 0 where it does not say

func (e *complexityError) Error() string {
	return "GitLab finds the query too complex: " + strconv.Itoa(e.was) + " of " + strconv.Itoa(e.most)
}

// tooComplex reads GitLab's refusal: Query has complexity of 300, which exceeds
// max complexity of 250.
func tooComplex(message string) *complexityError {
	if m := refusal.FindStringSubmatch(message); m != nil {
		was, _ := strconv.Atoi(m[1])
		most, _ := strconv.Atoi(m[2])
		return &complexityError{was, most}
	}
	if strings.Contains(strings.ToLower(message), "complexity") && strings.Contains(strings.ToLower(message), "exceeds") {
		return &complexityError{}
	}
	return nil
}

// budgetAfter returns what documents may cost by our measure, after one that
// we measured was refused.
func budgetAfter(measured int, e *complexityError) int {
	if e.was <= 0 || e.most <= 0 || e.most >= e.was {
		return max(measured/2, 1)
	}
	return max(measured*e.most/e.was*95/100, 1)
}
