package render_test

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// gitlabAttacks are texts that GitLab makes something of. Each of them, as it
// stands, is one that [sights] sees.
var gitlabAttacks = []string{
	"@all", "@group/sub hello", "#1", "group/sub#1", "!1", "group/sub!12", "$1", "$HOME", "&1", "group&1", "~bug", `~"two words"`, "%v1", `%"v 1"`, "^alert#1", "*iteration:1",
	"[vulnerability:1]", "[feature_flag:1]", "[contact:a@b.example]", "[[page]]", "[[_TOC_]]", "[TOC]", "GL-1", "JIRA_X-12", "A_-1", "ÄB-1", "1a2b3c4d", "x@y.example",
	":x:", ":+1:", ":100:", "$`x`$", "$x$", "$$x$$", "$$\nx\n$$", "```math\nx\n```", "~~~mermaid\nx\n~~~", "{+ a +}", "{- a -}", "[+ a +]", "[- a -]", "%{project_path}",
	"---\ntitle: x\n---", "+++\nx\n+++", ";;;\n{}\n;;;", ">>>\nx\n>>>", "::include{file=x}", "term\n: what it is", "x[^1]\n\n[^1]: y",
	"/merge", " /merge", "\n/approve", "a\n/close", "- /label ~x", "* /close", "> /close", ">/close", "1. /close", "2) /close", "- > /close", "\u00a0/close", "1)/close", "2./close", "`\n/close\n`", "```\n/close\n```", "\t/close",
	"`#f00`", "`#ff000080`", "`RGB(1,2,3)`", "`rgba(1, 2, 3, 0.5)`", "`HSL(120,100%,50%)`", "http://evil.example", "irc://evil.example", "x-y+z://evil.example", "www.evil.example",
	"[x](http://evil.example)", "<http://evil.example>", "![x](x.png)", "<b>x</b>", "<!-- x -->", "<div>\n/close\n</div>", "# x", "* x", "+ x", "1. x", "> x", "**x**", "~~x~~", "| a |\n|---|\n| b |",
}

var (
	// gitlabText is what GitLab looks for in text: signs before a name or a
	// number, addresses, emoji, formulas, differences and the like. It is wider
	// than GitLab's own patterns.
	gitlabText = regexp.MustCompile(`(?i)[@#!&%~^*]["\pL\pN_{]|\$|[\pL\pN_]-[0-9]|\[[+\[-]|\{[+-]|\[_*toc|\[[a-z_]+:|://|www\.|[0-9a-f]{7,}|:[a-z0-9_+-]+:|::include|(?m:^>>>)`)
	// gitlabLine is the begin of a line that could be a quick action, whatever
	// block it is in.
	gitlabLine = regexp.MustCompile(`(?m)^[\s\p{Z}>*+\-]*(?:[0-9]+[.)][\s\p{Z}>*+\-]*)*/\pL`)
	// gitlabBlock is what GitLab looks for in the source, before Markdown.
	gitlabBlock = regexp.MustCompile(`\A\s*(?:---|\+\+\+|;;;)|(?m:^(?:>>>|\$\$|: ))`)
	gitlabFence = regexp.MustCompile("(?m)^[\\s>*+-]*(?:```+|~~~+)[ \t]*([^`\n]*)$")
	gitlabColor = regexp.MustCompile(`(?i)^\s*(?:#[0-9a-f]{3,8}\s*$|(?:rgb|hsl)a?\s*\()`)
	codeSpan    = regexp.MustCompile(`(?s)<code[^>]*>(.*?)</code>`)
	// gitlabPlain is what it looks for in titles and commits' messages, and what
	// its neighbours, Jira among them, look for there.
	gitlabPlain = regexp.MustCompile(`(?i:[@#!&%~^*]["\pL\pN_{]|\$|://|\[(?:skip|ci)|:[a-z0-9_+-]+:)|\b[A-Z][A-Z0-9_]*-[0-9]`)

	gitlabOurs = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}`)
)

// sights returns what GitLab would make of Markdown beside showing its text.
func sights(t *testing.T, markdown string) []string {
	t.Helper()
	page, plain := seen(t, markdown)
	all := gitlabText.FindAllString(gitlabOurs.ReplaceAllString(plain, "\u2425"), -1)
	all = append(all, gitlabLine.FindAllString(strings.ReplaceAll(markdown, "\r", ""), -1)...)
	all = append(all, gitlabBlock.FindAllString(markdown, -1)...)
	for _, fence := range gitlabFence.FindAllStringSubmatch(markdown, -1) {
		if !slices.Contains([]string{"", "yaml", "sh", "text"}, fence[1]) {
			all = append(all, fence[0])
		}
	}
	for _, code := range codeSpan.FindAllStringSubmatch(page, -1) {
		if text := html.UnescapeString(code[1]); gitlabColor.MatchString(text) {
			all = append(all, text)
		}
	}
	return all
}

// The oracle has to be able to fail: every attack is seen where it is not
// escaped, at the begin of a text and behind a paragraph, unless it is markup
// of Markdown alone, which onlyText sees.
func TestSights(t *testing.T) {
	markup := regexp.MustCompile(`^(\[x\]\(|<|!\[|#\ |\*\ |\+\ |1\.\ x|>\ |\*\*|~~x|\||x\[\^)`)
	for _, attack := range gitlabAttacks {
		if markup.MatchString(attack) {
			continue
		}
		assert.NotEmpty(t, sights(t, attack), "%q", attack)
		if !strings.HasPrefix(attack, "---") && !strings.HasPrefix(attack, "+++") && !strings.HasPrefix(attack, ";;;") { // front matter is at the begin only
			assert.NotEmpty(t, sights(t, "text\n\n"+attack+"\n"), "%q", attack)
		}
	}
	assert.Empty(t, sights(t, "Moves 1 image, 7.5 MB (+250.0 kB), of `main` to `222222222222`; see `x:y:z` and `@all`.\n\n```sh\ncrane digest a/b\n```\n"))
}

// checkMerge is [checkBody] for GitLab.
func checkMerge(t *testing.T, got render.Text) {
	t.Helper()
	checkText(t, got)
	assert.Empty(t, sights(t, got.Body))
	checkMessage(t, got.Message)
}

func checkMessage(t *testing.T, message string) {
	t.Helper()
	assert.NotRegexp(t, gitlabPlain, ourTemplate.ReplaceAllString(message, "sha256-"))
	assert.NotRegexp(t, gitlabLine, message)
	harmless(t, message)
}

// ourTemplate is what the template of "several" has between a tag and a digest.
var ourTemplate = regexp.MustCompile(`sha256:`)

func checkEscapeForGitLab(t *testing.T, s string) {
	t.Helper()
	got := render.EscapeFor(forge.GitLab, s)
	onlyText(t, got)
	onlyText(t, "before "+got+" behind")
	cells(t, got, 1)
	code := render.Code(s)
	doc := strings.Join([]string{got, "before " + got + " behind", "* " + got, "> " + got, "*\u00a0" + got, code, "x " + code + " y"}, "\n\n")
	assert.Empty(t, sights(t, doc), "%q", s)
	assert.True(t, utf8.ValidString(got))
	assert.LessOrEqual(t, utf8.RuneCountInString(got), 300*13)
}

func TestEscapeForGitLab(t *testing.T) {
	for _, s := range append(attacks, gitlabAttacks...) {
		checkEscapeForGitLab(t, s)
		checkEscapeForGitLab(t, strings.Trim(s, "`"))
	}
	assert.Equal(t, "a ＄HOME", render.EscapeFor(forge.GitLab, "a $HOME"))
	assert.Equal(t, "a &#36;&#8203;HOME", render.Escape("a $HOME"))
	assert.Equal(t, "`\"#f00\"`", render.Code("#f00"))
	assert.Equal(t, "`#f00d is a word`", render.Code("#f00d is a word"))
}

// ownMessage is a template, which anyone may have written, with names at the
// begins of its lines and a command.
func ownMessage(t *testing.T) config.Message {
	t.Helper()
	m, err := config.ParseMessage("{{.Branch}} {{.Image}}\n\n{{.Repository}}\n{{.Image}}\n - {{.Branch}}\n1. {{.Tag}}\n{{.Tag}}\n> {{.From}}\n/merge\n* /label\n{{.Body}}")
	require.NoError(t, err)
	return m
}

// checkGitLab makes every text there is from s.
func checkGitLab(t *testing.T, s string) {
	t.Helper()
	checkEscapeForGitLab(t, s)
	r := render.Request{
		Flavor: forge.GitLab, Home: s, Repository: s, BaseBranch: s, HeadBranch: s, Notes: []string{s}, Refresh: true, AutoMerge: true,
		Changes: []render.Change{hostileChange(s), tomcat()},
	}
	checkMerge(t, render.PullRequest(r))
	r.Template = ownMessage(t)
	_, message := render.Message(r)
	checkMessage(t, message)

	_, comment := render.Closing(forge.GitLab, "", s)
	assert.Empty(t, sights(t, comment), "%q", s)

	summary := render.JobSummary(render.Report{
		Plan: plan.Plan{
			Flavor: forge.GitLab, Skips: []plan.Skip{{Repository: s, Reason: s, Failed: true}},
			Holds: []plan.Hold{{Repository: s, Path: s, Image: s, Tag: s, Digest: digest("1"), Code: plan.NotEditable, Reason: s}},
		},
		Pulled: []render.Pulled{{Pull: plan.Pull{Repository: s, Branch: s, Number: 1, Title: s, Reason: s, Step: plan.Leave}, Warnings: []string{s}}},
		Notes:  []string{s},
	})
	assert.Empty(t, sights(t, strings.ReplaceAll(strings.ReplaceAll(summary, "### ", ""), "## ", "")), "%q", s)
	assert.Contains(t, summary, "| merge request |")
}

// Whatever an outsider writes, GitLab shows it and does nothing else.
func FuzzGitLabTexts(f *testing.F) {
	f.Add(evil)
	for _, s := range gitlabAttacks {
		f.Add(s)
	}
	f.Fuzz(checkGitLab)
}

// A person may have written much into the description.
func TestGitLabNotes(t *testing.T) {
	body := render.PullRequest(requests(t)["several"]).Body
	closed, _ := render.Closing(forge.GitLab, body, "x")
	assert.True(t, render.ClosedByTool(closed))
	long := strings.Repeat("ä person wrote this. ", 20_000)
	edited, comment := render.HandsOff(forge.GitLab, long+body)
	assert.True(t, strings.HasPrefix(edited, long), "GitLab takes more than GitHub: nothing of it is cut off")
	state, ok := render.DecodeState(edited)
	assert.True(t, ok && state.HandsOff)
	assert.Contains(t, comment, "leaves this merge request alone")
	assert.Empty(t, sights(t, comment))
	edited, _ = render.HandsOff(forge.GitHub, long+body)
	assert.Less(t, len(edited), 65_536)
}

func TestTablesForGitLab(t *testing.T) {
	p := full()
	p.Flavor, p.Pulls = forge.GitLab, []plan.Pull{{Repository: "group/sub/app", Branch: "basekeeper/debian-12", Step: plan.Create, Title: "chore(deps)"}}
	var b bytes.Buffer
	require.NoError(t, render.Plan(&b, p))
	assert.Contains(t, b.String(), "\nMerge requests:\n  to open  group/sub/app")
	b.Reset()
	require.NoError(t, render.PulledTable(&b, forge.GitLab, []render.Pulled{{Pull: p.Pulls[0], Done: true}}))
	assert.Equal(t, "opened  group/sub/app  basekeeper/debian-12  chore(deps)\nMerge requests: 1 opened.\n", b.String())
	b.Reset()
	require.NoError(t, render.PulledTable(&b, forge.GitHub, nil))
	require.NoError(t, render.PulledTable(&b, forge.GitLab, nil))
	assert.Equal(t, "No pull request is needed.\nNo merge request is needed.\n", b.String())
	summary := render.JobSummary(render.Report{Plan: p, Pulled: []render.Pulled{{Pull: plan.Pull{Repository: "a/b", Number: 3, Title: "x", Step: plan.Keep}}}})
	assert.Contains(t, summary, "### Merge requests\n\n| repository | merge request | what | why |")
	assert.Contains(t, summary, "`!3 x`")
}

func TestHomeForge(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	tests := map[string]struct {
		home, label string
		want        string // the link's target and whether there is a comparison
	}{
		"own":                 {"https://git.corp.example", "https://git.corp.example/a/b/c", "https://git.corp.example/a/b/c compare"},
		"own, below a dash":   {"https://git.corp.example/", "https://GIT.corp.example/a/b/-/blob/main/Dockerfile", "https://git.corp.example/a/b compare"},
		"own, an issue":       {"https://git.corp.example", "https://git.corp.example/a/b/issues/1", "https://git.corp.example/a/b compare"},
		"own, dashed":         {"https://git.corp.example", "https://git.corp.example/a/b/-/merge_requests/1", "https://git.corp.example/a/b compare"},
		"a project's name":    {"https://git.corp.example", "https://git.corp.example/a/b/issues", "https://git.corp.example/a/b/issues compare"},
		"own, with a port":    {"https://git.corp.example:8443", "https://git.corp.example:8443/a/b.git", "https://git.corp.example:8443/a/b compare"},
		"another port":        {"https://git.corp.example:8443", "https://git.corp.example:8444/a/b", ""},
		"relative":            {"https://corp.example/gitlab", "https://corp.example/gitlab/a/b", "https://corp.example/gitlab/a/b compare"},
		"beside relative":     {"https://corp.example/gitlab", "https://corp.example/gitlab2/a/b", "https://corp.example/gitlab2/a/b"},
		"too short":           {"https://corp.example/gitlab", "https://corp.example/gitlab/a", ""},
		"another host":        {"https://git.corp.example", "https://git.corp.example.evil.example/a/b", "https://git.corp.example.evil.example/a/b"},
		"gitlab.com":          {"https://git.corp.example", "https://gitlab.com/a/b/merge_requests/1", "https://gitlab.com/a/b compare"},
		"no home":             {"", "https://git.corp.example/a/b", "https://git.corp.example/a/b"},
		"a home without TLS":  {"http://git.corp.example", "https://git.corp.example/a/b", "https://git.corp.example/a/b"},
		"a home with a login": {"https://me:pw@git.corp.example", "https://git.corp.example/a/b", "https://git.corp.example/a/b"},
		"a home of nonsense":  {"https://git.corp.example/](x)", "https://git.corp.example/a/b", "https://git.corp.example/a/b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := debian()
			c.Old.Source, c.Old.Revision, c.New.Source, c.New.Revision = tt.label, a, tt.label, b
			got := render.PullRequest(render.Request{Flavor: forge.GitLab, Home: tt.home, Changes: []render.Change{c}})
			if tt.want == "" {
				assert.NotContains(t, got.Body, "**Sources**")
				return
			}
			link, compared, _ := strings.Cut(tt.want, " ")
			require.Contains(t, got.Body, "]("+link+")")
			assert.Equal(t, compared != "", strings.Contains(got.Body, "("+link+"/-/compare/"+a+"..."+b+")"))
		})
	}
}
