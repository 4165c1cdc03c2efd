package render

import (
	"regexp"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

var (
	// ghIssue is GitHub's old way to write an issue's number.
	ghIssue = regexp.MustCompile(`(?i)\b(gh)-([0-9])`)
	// ticket is how Jira, which GitLab tells of commits, writes one.
	ticket = regexp.MustCompile(`\b([A-Z][A-Z0-9_]*)-([0-9])`)
	emoji  = regexp.MustCompile(`(?i):([a-z0-9_+-]+):`)
	// command is the begin of a line that GitLab, or a bot, may take for a
	// command, with what such a line may hold before it.
	command = regexp.MustCompile(`^((?:[\s\p{Z}>*+-]|[0-9]+[.)])*)/`)

	githubSigns = strings.NewReplacer("@", "＠", "#", "＃", "//", "/ /", "[", "(", "]", ")", "!", "！")
	gitlabSigns = strings.NewReplacer("@", "＠", "#", "＃", "//", "/ /", "[", "(", "]", ")", "!", "！",
		"$", "＄", "%", "％", "&", "＆", "~", "～", "^", "＾", "*", "＊", "`", "｀")
)

// safeFor writes text from outside for a place where no Markdown is read but
// names and numbers still have an effect: a commit's message that says "fixes"
// before an issue's number closes the issue.
func safeFor(f forge.Flavor, s string) string {
	s = tame(s, maxCode)
	if f == forge.GitLab {
		s = emoji.ReplaceAllString(ticket.ReplaceAllString(gitlabSigns.Replace(s), "$1‑$2"), "：$1：")
		return uncommand(f, ghIssue.ReplaceAllString(s, "$1‑$2"))
	}
	return ghIssue.ReplaceAllString(githubSigns.Replace(s), "$1‑$2")
}

// uncommand writes a line so that GitLab does not take it for a quick action,
// which is a line that begins with a slash and a word.
//
// Spec: "Quick actions" of GitLab's manual.
func uncommand(f forge.Flavor, line string) string {
	if f != forge.GitLab {
		return line
	}
	return command.ReplaceAllString(line, "$1／")
}
