package render

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

var (
	hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
	portName = regexp.MustCompile(`^(:[0-9]{1,5})?$`)
	pathName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
	commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// site is a forge whose links to comparisons are known.
type site struct {
	base   string // https://host, or https://host:port/path
	flavor forge.Flavor
}

var sites = []site{{"https://github.com", forge.GitHub}, {"https://gitlab.com", forge.GitLab}}

// sites are the forges that everybody knows and the run's own.
func (r Request) sites() []site {
	u, err := url.Parse(strings.TrimRight(r.Home, "/"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return sites
	}
	host := strings.ToLower(u.Hostname())
	if !hostName.MatchString(host) || !portName.MatchString(strings.ToLower(u.Host)[len(host):]) {
		return sites
	}
	segments := split(u.EscapedPath())
	if slices.ContainsFunc(segments, badSegment) {
		return sites
	}
	own := site{base: strings.TrimRight("https://"+strings.ToLower(u.Host)+"/"+strings.Join(segments, "/"), "/"), flavor: r.Flavor}
	return append([]site{own}, sites...)
}

func split(path string) []string {
	return slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })
}

func badSegment(s string) bool { return !pathName.MatchString(s) || strings.Trim(s, ".") == "" }

// below returns what of an address is below s.
func (s site) below(address string) (path string, ok bool) {
	rest, ok := strings.CutPrefix(address, s.base)
	return rest, ok && (rest == "" || rest[0] == '/')
}

// source is a repository of sources that an image's label names: checked, so
// that its link is what it looks like.
type source struct {
	site  site   // zero for a host that is no known forge
	place string // https://host/path, without a slash at the end
}

// parseSource reads a label. It accepts https URLs of a plain host without
// login or port, and those of the known forges; query, fragment and .git are
// dropped, and on the forges what is below the repository, so that no link
// leads to an issue or to an action.
func parseSource(label string, known []site) (source, bool) {
	if len(label) > 500 || strings.Contains(label, "%") {
		return source{}, false
	}
	u, err := url.Parse(strings.TrimSpace(label))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" {
		return source{}, false
	}
	base, path := "https://"+strings.ToLower(u.Host), strings.Trim(u.Path, "/")
	var s source
	for _, one := range known {
		if rest, ok := one.below(base + "/" + path); ok {
			s.site, base, path = one, one.base, strings.Trim(rest, "/")
			break
		}
	}
	if host := strings.TrimPrefix(base, "https://"); s.site == (site{}) && (len(host) > 253 || !hostName.MatchString(host)) {
		return source{}, false
	}
	segments := s.site.repository(strings.Split(path, "/"))
	if slices.ContainsFunc(segments, badSegment) || len(segments) < 2 && s.forge() {
		return source{}, false
	}
	s.place = base + "/" + strings.TrimSuffix(strings.Join(segments, "/"), ".git")
	return s, true
}

// pages are what GitLab has below a project, also without the dash that came
// later; a link to one of them may be a reference.
var pages = []string{
	"issues", "merge_requests", "work_items", "commit", "commits", "compare", "blob", "tree", "raw", "blame", "snippets", "milestones", "wikis",
	"boards", "pipelines", "jobs", "environments", "tags", "branches", "releases", "designs", "epics", "iterations", "alert_management",
}

// repository returns the segments of a path that name the repository.
func (s site) repository(segments []string) []string {
	switch {
	case s == (site{}):
		return segments
	case s.flavor == forge.GitLab:
		for i, segment := range segments {
			if segment == "-" || i >= 2 && i < len(segments)-1 && slices.Contains(pages, segment) {
				return segments[:i]
			}
		}
		return segments
	}
	return segments[:min(2, len(segments))]
}

// forge reports whether the host's links to comparisons are known.
func (s source) forge() bool { return s.site != (site{}) }

// link returns a Markdown link that shows where it leads.
func (s source) link() string {
	return fmt.Sprintf("[%s](%s)", Code(strings.TrimPrefix(s.place, "https://")), s.place)
}

// compare returns a link to what changed between two commits; empty where
// there is none to give.
func (s source) compare(before, after string) string {
	if !s.forge() || before == after || !commitID.MatchString(before) || !commitID.MatchString(after) {
		return ""
	}
	return fmt.Sprintf("[%s](%s%s)", Code(before[:7]+"..."+after[:7]), s.place, s.site.flavor.Compare(before, after))
}

// writeSources lists where the images come from, by their own account.
func writeSources(b *strings.Builder, r Request) {
	var all []string
	told, known := map[string]bool{}, r.sites()
	for _, c := range r.Changes {
		if line := sourceLine(c, known); line != "" && !told[line] {
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

func sourceLine(c Change, known []site) string {
	after, ok := parseSource(c.details().Source, known)
	if !ok {
		return ""
	}
	line := fmt.Sprintf("* %s: %s", Code(c.Ref().Familiar()), after.link())
	if c.Old == nil || c.Old.Source == "" {
		return line
	}
	if before, ok := parseSource(c.Old.Source, known); !ok || before != after {
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
