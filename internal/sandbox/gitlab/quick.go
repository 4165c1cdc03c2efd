package gitlab

import (
	"regexp"
	"slices"
	"strings"
)

// quickLine is a line that GitLab executes.
//
// Spec: GitLab's "GitLab quick actions".
var quickLine = regexp.MustCompile(`^/([a-z_]+)(?:[ \t]+(.*))?$`)

// quickNames are the actions that merge requests know; other lines stay text.
var quickNames = []string{
	"add_child", "approve", "assign", "assign_reviewer", "award", "cc", "clear_milestone", "close", "copy_metadata", "done", "draft",
	"estimate", "label", "labels", "lock", "merge", "milestone", "promote", "react", "ready", "reassign", "reassign_reviewer", "rebase",
	"relabel", "remove_estimate", "remove_milestone", "remove_time_spent", "reopen", "request_review", "reviewer", "shrug", "spend",
	"spent", "submit_review", "subscribe", "tableflip", "target_branch", "title", "todo", "unapprove", "unassign",
	"unassign_reviewer", "unlabel", "unlock", "unsubscribe", "ship",
}

// quickActions executes what a description or note orders and returns the text
// without it. Fenced code is text.
func (s *Server) quickActions(m *mergeRequest, by *account, text string) string {
	var kept []string
	var orders [][2]string
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		bare := strings.TrimRight(line, " \t\r")
		if mark := fenceOf(bare); mark != "" && (fence == "" || strings.HasPrefix(mark, fence)) {
			if fence == "" {
				fence = mark
			} else {
				fence = ""
			}
		}
		found := quickLine.FindStringSubmatch(strings.ToLower(bare))
		if fence != "" || found == nil || !slices.Contains(quickNames, found[1]) {
			kept = append(kept, line)
			continue
		}
		orders = append(orders, [2]string{found[1], strings.TrimSpace(bare[len(found[1])+1:])})
	}
	if len(orders) == 0 {
		return text
	}
	for _, o := range orders {
		s.quickAction(m, by, o[0], o[1])
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// fenceOf returns the marks that begin or end a fenced code block on a line.
func fenceOf(line string) string {
	line = strings.TrimLeft(line, " ")
	for _, mark := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, mark)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

// quickWords are the names and labels of an action's argument.
var quickWords = regexp.MustCompile(`~"([^"]+)"|[~@]?([^\s,]+)`)

func words(text string) []string {
	var found []string
	for _, m := range quickWords.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1]+m[2])
	}
	return found
}

func (s *Server) quickAction(m *mergeRequest, by *account, name, rest string) {
	switch name {
	case "merge", "ship":
		_ = s.accept(m, by, acceptance{squash: m.squash, removeSource: m.removeSource, auto: s.headPipeline(m) != nil}) // as GitLab, which says so in a note
	case "close":
		s.closeMerge(m, by)
	case "reopen":
		_ = s.reopenMerge(m, by) // the same
	case "label", "labels":
		s.addLabels(m, words(rest))
	case "unlabel":
		drop := words(rest)
		m.labels = slices.DeleteFunc(m.labels, func(l string) bool { return len(drop) == 0 || slices.Contains(drop, l) })
	case "relabel":
		m.labels = nil
		s.addLabels(m, words(rest))
	case "assign", "reassign":
		m.assignees = append(m.assignees, s.known(words(rest), by)...)
	case "unassign":
		m.assignees = nil
	case "assign_reviewer", "reviewer", "request_review", "reassign_reviewer":
		m.reviewers = append(m.reviewers, s.known(words(rest), by)...)
	case "draft":
		if !m.draft() {
			m.title = "Draft: " + m.title
		}
	case "ready":
		m.title = draftPrefix.ReplaceAllString(m.title, "")
	case "title":
		m.title = orElse(rest, m.title)
	case "target_branch":
		m.target = orElse(rest, m.target)
	case "approve":
		m.approved = append(m.approved, by)
	}
}

// known are those of the usernames that there are; me is who asks.
func (s *Server) known(names []string, by *account) []*account {
	var found []*account
	for _, n := range names {
		if a := s.accounts[fold(n)]; a != nil {
			found = append(found, a)
		} else if n == "me" {
			found = append(found, by)
		}
	}
	return found
}
