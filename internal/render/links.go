package render

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

var (
	hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	pathName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
	commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// source is a repository of sources that an image's label names: checked, so
// that its link is what it looks like.
type source struct {
	host string
	path string // without slashes at the ends
}

// parseSource reads a label. It accepts https URLs of a plain host without
// login or port; query, fragment and .git are dropped, and on GitHub and
// GitLab what is below the repository, so that no link leads to an issue or to
// an action.
func parseSource(label string) (source, bool) {
	if len(label) > 500 || strings.Contains(label, "%") {
		return source{}, false
	}
	u, err := url.Parse(strings.TrimSpace(label))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" {
		return source{}, false
	}
	s := source{host: strings.ToLower(u.Host)}
	if len(s.host) > 253 || !hostName.MatchString(s.host) {
		return source{}, false
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch s.host {
	case "github.com":
		segments = segments[:min(2, len(segments))]
	case "gitlab.com":
		for i, segment := range segments {
			if segment == "-" {
				segments = segments[:i]
				break
			}
		}
	}
	for _, segment := range segments {
		if !pathName.MatchString(segment) || strings.Trim(segment, ".") == "" {
			return source{}, false
		}
	}
	s.path = strings.TrimSuffix(strings.Join(segments, "/"), ".git")
	if len(segments) < 2 && s.forge() {
		return source{}, false
	}
	return s, true
}

// forge reports whether the host's links to comparisons are known.
func (s source) forge() bool { return s.host == "github.com" || s.host == "gitlab.com" }

func (s source) url() string { return "https://" + s.host + "/" + s.path }

// link returns a Markdown link that shows where it leads.
func (s source) link() string { return fmt.Sprintf("[%s](%s)", Code(s.host+"/"+s.path), s.url()) }

// compare returns a link to what changed between two commits; empty where
// there is none to give.
func (s source) compare(before, after string) string {
	if !s.forge() || before == after || !commitID.MatchString(before) || !commitID.MatchString(after) {
		return ""
	}
	path := "/compare/"
	if s.host == "gitlab.com" {
		path = "/-/compare/"
	}
	return fmt.Sprintf("[%s](%s%s%s...%s)", Code(before[:7]+"..."+after[:7]), s.url(), path, before, after)
}

// writeSources lists where the images come from, by their own account.
func writeSources(b *strings.Builder, changes []Change) {
	var all []string
	told := map[string]bool{}
	for _, c := range changes {
		if line := sourceLine(c); line != "" && !told[line] {
			told[line] = true
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return
	}
	b.WriteString("**Sources**, as the images name them\n\n")
	lines(b, mostSources, all, "* and %d more")
	b.WriteString("\n")
}

func sourceLine(c Change) string {
	after, ok := parseSource(c.details().Source)
	if !ok {
		return ""
	}
	line := fmt.Sprintf("* %s: %s", Code(c.Ref().Familiar()), after.link())
	if c.Old == nil || c.Old.Source == "" {
		return line
	}
	if before, ok := parseSource(c.Old.Source); !ok || before != after {
		return line + ", before " + Code(c.Old.Source)
	}
	if link := after.compare(c.Old.Revision, c.New.Revision); link != "" {
		return line + ", changes " + link
	}
	if c.Old.Revision != "" && c.Old.Revision == c.New.Revision {
		return line + ", built from the same commit"
	}
	return line
}
