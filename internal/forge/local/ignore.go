package local

import (
	"bytes"
	"strings"
)

// rule is one line of a gitignore file.
type rule struct {
	pattern string // without the leading ! and the trailing slash
	literal int    // how many of its bytes stand before the first special one
	negate  bool   // the line began with !
	dirOnly bool   // the line ended with a slash
	anyDir  bool   // it has no slash elsewhere: only the last element is compared
}

// ruleList is one gitignore file: its rules count for what lies below dir, a
// slash-separated path from the root, empty for the root itself.
type ruleList struct {
	dir   string
	rules []rule
}

// ruleStack holds the files that count for one directory, the weakest first:
// the user's own, info/exclude, and .gitignore from the root down.
type ruleStack []ruleList

// with returns the stack with list on top; the receiver stays as it is.
func (s ruleStack) with(list ruleList) ruleStack {
	if len(list.rules) == 0 {
		return s
	}
	return append(s[:len(s):len(s)], list)
}

// ignored reports whether the rules exclude name. That a directory above it
// may be excluded, which excludes all below it, is the walk's matter.
//
// Spec: gitignore(5), "DESCRIPTION"; the last match of the nearest file wins.
func (s ruleStack) ignored(name string, isDir bool) bool {
	for i := len(s) - 1; i >= 0; i-- {
		rules := s[i].rules
		for j := len(rules) - 1; j >= 0; j-- {
			if rules[j].matches(s[i].dir, name, isDir) {
				return !rules[j].negate
			}
		}
	}
	return false
}

func (r rule) matches(dir, name string, isDir bool) bool {
	if r.dirOnly && !isDir {
		return false
	}
	if r.anyDir {
		base := name[strings.LastIndexByte(name, '/')+1:]
		if r.literal == len(r.pattern) {
			return base == r.pattern
		}
		return wildmatch(r.pattern, base, false)
	}
	if dir != "" {
		name = name[len(dir)+1:]
	}
	pattern, literal := r.pattern, r.literal
	if pattern[0] == '/' {
		pattern, literal = pattern[1:], literal-1
	}
	// As in git the literal beginning is cut off first, so that in foo**/bar
	// the asterisks begin the pattern and cross slashes.
	if !strings.HasPrefix(name, pattern[:literal]) {
		return false
	}
	return wildmatch(pattern[literal:], name[literal:], true)
}

// parseRules reads a gitignore file.
func parseRules(dir string, content []byte) ruleList {
	list := ruleList{dir: dir}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	for line := range strings.SplitSeq(string(content), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		line = strings.TrimSuffix(line, "\r")
		if line, _, _ = strings.Cut(line, "\x00"); line == "" {
			continue
		}
		if r, ok := parseRule(trimSpaces(line)); ok {
			list.rules = append(list.rules, r)
		}
	}
	return list
}

func parseRule(line string) (rule, bool) {
	var r rule
	r.pattern, r.negate = strings.CutPrefix(line, "!")
	r.pattern, r.dirOnly = strings.CutSuffix(r.pattern, "/")
	if r.pattern == "" {
		return rule{}, false
	}
	r.anyDir = !strings.Contains(r.pattern, "/")
	r.literal = strings.IndexAny(r.pattern, `*?[\`)
	if r.literal < 0 {
		r.literal = len(r.pattern)
	}
	return r, true
}

// trimSpaces drops trailing spaces that no backslash stands before.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			if i++; i == len(line) {
				return line
			}
			end = i + 1
		} else if line[i] != ' ' {
			end = i + 1
		}
	}
	return line[:end]
}
