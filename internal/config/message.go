package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

// maxMessage is the length in bytes of the longest template of a message.
const maxMessage = 2000

// Message is a template of a commit's message, whose headline is also the pull
// request's title. Its language is a small part of Go's text/template: fields,
// if and range, but no functions, variables or templates in templates. So it
// always ends, never fails, and writes no more than its length for each change:
// anyone may have written it. The zero Message is not set.
//
// Only the parser is the library's: to execute its templates, it has the linker
// keep every method of every type, seven megabytes here.
type Message struct {
	source string
	list   *parse.ListNode
}

// MessageData is what a message can say.
type MessageData struct {
	Verb          string // bump, or pin where nothing was pinned before
	Summary       string // what the default headline says: bump debian:12 to 1a2b3c4
	Body          string // the default body: a line for each change
	Repository    string // owner/name
	Branch        string // that the pull request is to be merged into
	MessageChange        // the first of Changes
	Changes       []MessageChange
}

// MessageChange is one digest that is replaced.
type MessageChange struct {
	Image      string // as people write it: debian
	Tag        string
	From, To   string // the first twelve digits of the digests; From is empty where there was none
	FromDigest string
	ToDigest   string
}

// fields are the names that a template may use; inside of a range the second
// list alone.
var (
	messageFields = []string{"Verb", "Summary", "Body", "Count", "Repository", "Branch", "Changes"}
	changeFields  = []string{"Image", "Tag", "From", "To", "FromDigest", "ToDigest"}
)

// field returns the text of a field.
func (d MessageData) field(name string) string {
	switch name {
	case "Verb":
		return d.Verb
	case "Summary":
		return d.Summary
	case "Body":
		return d.Body
	case "Count", "Changes":
		return fmt.Sprint(len(d.Changes))
	case "Repository":
		return d.Repository
	case "Branch":
		return d.Branch
	}
	return d.MessageChange.field(name)
}

func (c MessageChange) field(name string) string {
	switch name {
	case "Image":
		return c.Image
	case "Tag":
		return c.Tag
	case "From":
		return c.From
	case "To":
		return c.To
	case "FromDigest":
		return c.FromDigest
	case "ToDigest":
		return c.ToDigest
	}
	return ""
}

// ParseMessage parses a template. The error says what is not part of the
// language.
func ParseMessage(source string) (Message, error) {
	if len(source) > maxMessage {
		return Message{}, fmt.Errorf("the template is longer than %d bytes", maxMessage)
	}
	trees, err := parse.Parse("message", source, "", "")
	if err != nil {
		_, cause, _ := strings.Cut(strings.TrimPrefix(err.Error(), "template: "), ": ") // behind message:LINE
		return Message{}, fmt.Errorf("the template is wrong: %s", printable(cause))
	}
	tree := trees["message"]
	switch {
	case len(trees) > 1:
		return Message{}, errors.New("a template cannot define others")
	case tree == nil || tree.Root == nil:
		return Message{}, errors.New("the template is empty")
	}
	m := Message{source, tree.Root}
	if err := checkNodes(tree.Root, false); err != nil {
		return Message{}, err
	}
	for _, example := range messageExamples {
		if headline, _, _ := strings.Cut(m.Text(example), "\n"); strings.TrimSpace(headline) == "" {
			return Message{}, fmt.Errorf("the first line is the headline, and is empty where %s images are bumped", example.field("Count"))
		}
	}
	return m, nil
}

// messageExamples are what a template is tried on: one change, several.
var messageExamples = []MessageData{
	{Verb: "bump", Summary: "bump debian:12 to 2222", Body: "…", Repository: "acme/app", Branch: "main", MessageChange: example, Changes: []MessageChange{example}},
	{Verb: "bump", Summary: "bump 2 base images", Body: "…", Repository: "acme/app", Branch: "main", MessageChange: example, Changes: []MessageChange{example, example}},
}

var example = MessageChange{Image: "debian", Tag: "12", From: "1111", To: "2222", FromDigest: "sha256:1111", ToDigest: "sha256:2222"}

// checkNodes refuses what is not part of the language.
func checkNodes(list *parse.ListNode, inRange bool) error {
	if list == nil {
		return nil
	}
	for _, n := range list.Nodes {
		var err error
		switch n := n.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			if name, bad := checkField(n.Pipe, inRange); bad != nil || name == "Changes" {
				err = cmp.Or(bad, errors.New("want {{range .Changes}} … {{end}}"))
			}
		case *parse.IfNode:
			_, err = checkField(n.Pipe, inRange)
			err = errors.Join(err, checkNodes(n.List, inRange), checkNodes(n.ElseList, inRange))
		case *parse.RangeNode:
			err = checkRange(n, inRange)
		default:
			err = fmt.Errorf("a template knows fields, if and range only, not %s", printable(n.String()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkRange(n *parse.RangeNode, inRange bool) error {
	name, err := checkField(n.Pipe, inRange)
	switch {
	case err != nil:
		return err
	case name != "Changes":
		return errors.New("only .Changes can be ranged over")
	}
	return errors.Join(checkNodes(n.List, true), checkNodes(n.ElseList, false))
}

// checkField returns the name of the one field that a pipeline is, and refuses
// any other pipeline.
func checkField(p *parse.PipeNode, inRange bool) (string, error) {
	name := fieldOf(p)
	switch known := slices.Concat(messageFields, changeFields); {
	case name == "":
		return "", fmt.Errorf("want one field, for instance {{.Image}}, not %s", printable(p.String()))
	case inRange && !slices.Contains(changeFields, name):
		return "", fmt.Errorf("inside of range there is no field .%s; there are: %s", printable(name), strings.Join(changeFields, ", "))
	case !slices.Contains(known, name):
		return "", fmt.Errorf("there is no field .%s; there are: %s", printable(name), strings.Join(known, ", "))
	}
	return name, nil
}

func fieldOf(p *parse.PipeNode) string {
	if p == nil || len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return ""
	}
	field, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(field.Ident) != 1 {
		return ""
	}
	return field.Ident[0]
}

// IsZero reports whether no template is set.
func (m Message) IsZero() bool { return m.list == nil }

// String returns the template as it was written.
func (m Message) String() string { return m.source }

// Text returns what the template says about d.
func (m Message) Text(d MessageData) string {
	var b strings.Builder
	write(&b, m.list, d, d.field)
	return b.String()
}

func write(b *strings.Builder, list *parse.ListNode, d MessageData, value func(string) string) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			b.Write(n.Text)
		case *parse.ActionNode:
			b.WriteString(value(fieldOf(n.Pipe)))
		case *parse.IfNode:
			if value(fieldOf(n.Pipe)) != "" {
				write(b, n.List, d, value)
			} else {
				write(b, n.ElseList, d, value)
			}
		case *parse.RangeNode:
			for _, c := range d.Changes {
				write(b, n.List, d, c.field)
			}
			if len(d.Changes) == 0 {
				write(b, n.ElseList, d, value)
			}
		}
	}
}

var messages = scalar[Message]{schema: looks(`\S`), parse: ParseMessage}
