package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on a file that anyone may have written. The YAML parser's time grows
// with the square of the number of tokens, and its stack with their nesting.
const (
	maxBytes  = 1 << 20
	maxTokens = 20_000
)

// reader reads one file and collects what is wrong with it.
type reader struct {
	file    string
	lines   []string
	anchors map[string]ast.Node
	torn    bool // there are aliases that lead nowhere
	spent   int  // nodes read so far, each time an alias leads to them
	secret  map[int]bool
	errs    []*Error
}

// load returns the top node of the file, nil where it is empty or broken.
func (r *reader) load(src []byte) ast.Node {
	r.secret, r.anchors = map[int]bool{}, map[string]ast.Node{}
	if len(src) > maxBytes {
		r.fail(1, 1, "the file is larger than 1 MiB")
		return nil
	}
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src))
	r.lines = strings.Split(text, "\n")
	if !r.checkText() {
		return nil
	}
	body := r.parse(text)
	if body != nil {
		ast.Walk(anchorWalk{r: r}, body)
		r.torn = len(r.errs) > 0
	}
	return body
}

// checkText refuses what is no text: the parser gives no account of it, and it
// must not reach a terminal.
func (r *reader) checkText() bool {
	for i, line := range r.lines {
		var message string
		switch {
		case !utf8.ValidString(line):
			message = "the line is not UTF-8 text"
		case strings.ContainsFunc(line, func(c rune) bool { return c != '\t' && unicode.IsControl(c) }):
			message = "the line has a control character"
		default:
			continue
		}
		r.secret[i+1] = true
		r.fail(i+1, 1, message)
		return false
	}
	return true
}

// parse returns the top node of the only document.
func (r *reader) parse(text string) ast.Node {
	tokens := lexer.Tokenize(text)
	comment := func(t *token.Token) bool { return t.Type == token.CommentType }
	if len(slices.DeleteFunc(slices.Clone(tokens), comment)) > maxTokens {
		r.fail(1, 1, "the file is too large: more than 20000 names, values and signs")
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.failSyntax(text, err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive || doc.Body == nil {
			continue
		}
		if body != nil {
			r.failAt(doc.Body, "the file has a second document; a configuration is one")
			break
		}
		body = doc.Body
	}
	return body
}

// failSyntax notes the YAML parser's complaint. What is broken cannot be told
// apart, so that no line is shown if there may be a secret anywhere.
func (r *reader) failSyntax(text string, err error) {
	var syntax interface {
		error
		GetMessage() string
		GetToken() *token.Token
	}
	line, column, message := 1, 1, "the file is not valid YAML"
	if errors.As(err, &syntax) {
		message = "YAML: " + strings.TrimSpace(syntax.GetMessage())
		line, column = r.place(syntax.GetToken())
	}
	r.fail(line, column, message)
	if looksSecret(text) {
		r.errs[len(r.errs)-1].Source = ""
	}
}

// anchorWalk learns the anchors of a document and refuses what would not be a
// plain tree of values.
type anchorWalk struct {
	r    *reader
	open []string // the anchors that the node is inside of
}

// Visit implements [ast.Visitor].
func (w anchorWalk) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.AnchorNode:
		name := nameOf(n.Name)
		if _, twice := w.r.anchors[name]; twice {
			w.r.failAt(n, "anchor &"+printable(name)+" is already defined")
		}
		w.r.anchors[name] = n.Value
		w.open = append(slices.Clip(w.open), name)
	case *ast.AliasNode:
		name := nameOf(n.Value)
		if _, known := w.r.anchors[name]; !known {
			w.r.failAt(n, "alias *"+printable(name)+" has no anchor before it")
		} else if slices.Contains(w.open, name) {
			w.r.failAt(n, "alias *"+printable(name)+" is inside its own anchor")
			w.r.anchors[name] = nil
		}
	case *ast.TagNode:
		w.r.failAt(n, "tags such as !!str are not used here; leave it out")
	}
	return w
}

func nameOf(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}
