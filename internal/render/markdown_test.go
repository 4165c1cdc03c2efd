package render_test

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/basekeeper/basekeeper/internal/render"
)

var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))

// attacks are texts that an outsider would like to have shown.
var attacks = []string{
	evil, "@octocat", "@acme/platform hello", "x@y.example", "mailto:x@y.example", "#1", "GH-1", "gh-12", "acme/app#1", "TICKET-7", "!1 %2 ~bug &3 $4 ^alert#5",
	"fixes #1", "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d", "acme/app@1a2b3c4", "http://evil.example", "HTTPS://evil.example/x?y#z", "www.evil.example", "ftp://evil.example",
	"[click](http://evil.example)", "![](http://evil.example/x.png)", "<a href=http://evil.example>x</a>", "<img src=x onerror=alert(1)>", "<!-- basekeeper: refresh -->",
	"- [x] <!-- basekeeper: refresh -->", "</details>", "a | b |\n|---|", "| a |", "*a* _b_ **c** __d__ ~~e~~", "`code`", "``` \nx", "# heading", "- item", "+ item", "1. item", "1) item", "> quote",
	"---", "===", "    code", "a\n\nb", "a  \nb", "/close", "/lgtm", "@dependabot merge", "a\\", "\\", ":smile:", "[^1]", "[^1]: x", "&lt;b&gt;", "&#64;octocat", "$x$", "$$", "[ ]", "[x] a",
	"\u202eevil\u2066", "\x1b[2J", "\u200b@octocat", "a\u00a0b", "ﬀ", "日本語", "٣. x", strings.Repeat("a", 5000), strings.Repeat("@", 500), "\xff\xfe", "a@b#c:d", "://", "https:", "xmpp:a@b", "",
}

// seen returns the HTML of Markdown, and what of it is plain text.
func seen(t *testing.T, markdown string) (page, plain string) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, gfm.Convert([]byte(markdown), &b))
	page = b.String()
	// Forges look for references in text, but not in code.
	plain = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`).ReplaceAllString(page, "\u2423")
	return page, html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(plain, "\u2424"))
}

// rawHTML returns what of Markdown goes into the page as it stands: code spans
// and fences are found as a forge finds them, not by counting backquotes.
func rawHTML(t *testing.T, markdown string) string {
	t.Helper()
	source := []byte(markdown)
	var raw bytes.Buffer
	require.NoError(t, ast.Walk(gfm.Parser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.RawHTML:
			raw.Write(n.Segments.Value(source))
		case *ast.HTMLBlock:
			raw.Write(n.Lines().Value(source))
			if n.HasClosure() {
				raw.Write(n.ClosureLine.Value(source))
			}
		}
		return ast.WalkContinue, nil
	}))
	return raw.String()
}

var references = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|[a-z0-9]-[0-9]|://|www\.|[0-9a-f]{7,}|[!%~$&][0-9a-z]|:[a-z0-9_+-]+:`)

// onlyText checks that a document of one paragraph has nothing but text in it.
func onlyText(t *testing.T, markdown string) {
	t.Helper()
	source := []byte(markdown)
	doc := gfm.Parser().Parse(text.NewReader(source))
	require.NoError(t, ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Document, *ast.Paragraph, *ast.Text, *ast.String:
		default:
			if entering {
				t.Errorf("%T in %q", n, markdown)
			}
		}
		return ast.WalkContinue, nil
	}))
	assert.LessOrEqual(t, doc.ChildCount(), 1, "%q", markdown)
}

func checkEscape(t *testing.T, s string) {
	t.Helper()
	got := render.Escape(s)
	onlyText(t, got)
	onlyText(t, "before "+got+" behind")
	_, plain := seen(t, got)
	assert.NotRegexp(t, references, strings.TrimPrefix(plain, "\u2424"), "%q", s)
	for _, c := range plain {
		bad := c != '\n' && c != '\u200b' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp))
		require.False(t, bad, "%q in %q", c, s)
	}
	assert.False(t, strings.HasPrefix(got, "/"), "a command for GitLab, which looks at the source")
	assert.True(t, utf8.ValidString(got))
	assert.LessOrEqual(t, utf8.RuneCountInString(got), 300*13)
	cells(t, got, 1)
}

// cells checks that text is one cell of a table, whatever is in it.
func cells(t *testing.T, cell string, want int) {
	t.Helper()
	source := []byte("| a | b |\n|---|---|\n| " + cell + " | x |\n\nend\n")
	doc := gfm.Parser().Parse(text.NewReader(source))
	rows, tableCells := 0, 0
	require.NoError(t, ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *east.TableRow:
			rows++
			tableCells = n.ChildCount()
			assert.Equal(t, "x", string(n.LastChild().Lines().Value(source)), "%q", cell)
		case *ast.Link, *ast.AutoLink, *ast.Image, *ast.RawHTML, *ast.HTMLBlock:
			t.Errorf("%T in %q", n, cell)
		}
		return ast.WalkContinue, nil
	}))
	assert.Equal(t, want, rows, "%q", cell)
	assert.Equal(t, 2, tableCells, "%q", cell)
}

func TestEscape(t *testing.T) {
	for _, s := range attacks {
		checkEscape(t, s)
	}
	tests := map[string]string{
		"plain words, and (more) 7.5": "plain words, and (more) 7.5",
		"@me":                         "&#64;&#8203;me",
		"a\r\n\tb":                    "a b",
		"see #12":                     "see &#35;&#8203;12",
		"cooldown: 3 days":            "cooldown&#58; 3 days",
		"größe":                       "größe",
		"/close":                      "&#47;close",
	}
	for in, want := range tests {
		assert.Equal(t, want, render.Escape(in))
	}
}

func checkCode(t *testing.T, s string) {
	t.Helper()
	got := render.Code(s)
	assert.NotContains(t, got, "\n")
	cells(t, got, 1)
	source := []byte("x " + got + " y")
	doc := gfm.Parser().Parse(text.NewReader(source))
	require.Equal(t, 1, doc.ChildCount(), "%q", s)
	paragraph := doc.FirstChild()
	require.Equal(t, 3, paragraph.ChildCount(), "%q", s)
	require.Equal(t, ast.KindCodeSpan, paragraph.FirstChild().NextSibling().Kind(), "%q", s)
	assert.LessOrEqual(t, utf8.RuneCountInString(got), 8*160)
}

func TestCode(t *testing.T) {
	for _, s := range append(attacks, "`", "``", "a`b", " `a` ", "a|b", `a\`, `\|`, " ", "```\n") {
		checkCode(t, s)
	}
	assert.Equal(t, "`debian:12`", render.Code("debian:12"))
	assert.Equal(t, "`` a`b` ``", render.Code("a`b`"))
}

func FuzzEscape(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkEscape(t, s)
		checkCode(t, s)
	})
}
