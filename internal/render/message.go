package render

import (
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

const (
	goodHeadline = 72     // characters that are seen everywhere
	maxHeadline  = 200    // that the forges take, and more
	maxMessage   = 10_000 // bytes of a commit's message
	maxChanges   = 50     // that a message lists
)

// Message returns the title of a pull request and the message of its commit,
// whose first line is the title. For GitLab, no line begins like a command.
func Message(r Request) (title, message string) {
	data := messageData(r)
	title, body := "chore(deps): "+data.Summary, data.Body
	if !r.Template.IsZero() {
		headline, rest, _ := strings.Cut(strings.TrimSpace(r.Template.Text(data)), "\n")
		title = headline
		if strings.TrimSpace(rest) != "" {
			body = rest
		}
	}
	title = uncommand(r.Flavor, cut(strings.Join(strings.Fields(Clean(title)), " "), maxHeadline))
	var clean []string
	for line := range strings.Lines(strings.Trim(body, "\r\n")) {
		clean = append(clean, uncommand(r.Flavor, Clean(strings.TrimRight(strings.ReplaceAll(line, "\t", "  "), " \r\n"))))
	}
	return title, cutBytes(title+"\n\n"+strings.TrimSpace(strings.Join(clean, "\n")), maxMessage) + "\n"
}

// messageData is what a template can say.
func messageData(r Request) config.MessageData {
	safe := func(s string) string { return safeFor(r.Flavor, s) }
	data := config.MessageData{Verb: "bump", Repository: safe(r.Repository), Branch: safe(r.BaseBranch)}
	if pins(r.Changes) {
		data.Verb = "pin"
	}
	var list []string
	for i, c := range r.Changes {
		if i == maxChanges {
			list = append(list, fmt.Sprintf("and %d more", len(r.Changes)-i))
			break
		}
		change := messageChange(safe, c)
		data.Changes = append(data.Changes, change)
		text := safe(c.Ref().Familiar()) + between(r.Flavor)
		if change.From != "" {
			text += change.From + " → "
		}
		list = append(list, text+change.To)
	}
	if len(data.Changes) > 0 {
		data.MessageChange = data.Changes[0]
	}
	data.Summary, data.Body = summary(safe, data.Verb, r.Changes), strings.Join(list, "\n")
	return data
}

// between stands behind an image in a list. GitLab shows what is between two
// colons as an emoji: debian:100: would be one.
func between(f forge.Flavor) string {
	if f == forge.GitLab {
		return " "
	}
	return ": "
}

func messageChange(safe func(string) string, c Change) config.MessageChange {
	return config.MessageChange{
		Image: safe(c.Ref().Tagged("").Familiar()), Tag: safe(c.Tag),
		From: safe(c.From.Short()), To: safe(c.To.Short()), FromDigest: safe(string(c.From)), ToDigest: safe(string(c.To)),
	}
}

// summary says what moves, in as many characters as a headline has. The name of
// a single image loses its beginning before it is too long.
func summary(safe func(string) string, verb string, changes []Change) string {
	targets := map[string]image.Digest{}
	for _, c := range changes {
		targets[c.Ref().String()] = c.To
	}
	if len(targets) != 1 {
		return verb + " " + count(len(targets), "base image")
	}
	const digits = 7
	name, to := changes[0].Ref().Familiar(), changes[0].To.Short()
	whole := func(name string) string { return verb + " " + safe(name) + " to " + safe(to[:min(digits, len(to))]) }
	for len([]rune(whole(name))) > goodHeadline-len("chore(deps): ") {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			break
		}
		name = rest
	}
	return whole(name)
}
