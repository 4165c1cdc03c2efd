package render_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

func platforms(names ...string) []image.Platform {
	var all []image.Platform
	for _, name := range names {
		p, err := image.ParsePlatform(name)
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	return all
}

func day(d int) time.Time { return time.Date(2026, 1, d, 12, 0, 0, 0, time.UTC) }

// debian is a change about which all is known.
func debian() render.Change {
	amd64 := platforms("linux/amd64")[0]
	return render.Change{
		Bump: plan.Bump{
			Repository: "acme/app", Image: "docker.io/library/debian", Tag: "12", From: digest("1"), To: digest("2"),
			Edits: []plan.Edit{edit("Dockerfile", 1), edit("deploy/Dockerfile.prod", 12)},
		},
		Old: &image.Details{
			Created: day(1), Size: 48_000_000, SizePlatform: amd64, Platforms: platforms("linux/amd64", "linux/386"),
			Source: "https://github.com/debuerreotype/docker-debian-artifacts", Revision: strings.Repeat("a", 40), Version: "12.8",
		},
		New: &image.Details{
			Created: day(15), Size: 48_250_000, SizePlatform: amd64, Platforms: platforms("linux/amd64", "linux/riscv64"),
			Source: "https://github.com/debuerreotype/docker-debian-artifacts.git#abc:dir", Revision: strings.Repeat("b", 40), Version: "12.9",
		},
	}
}

func tomcat() render.Change {
	return render.Change{Bump: plan.Bump{
		Repository: "acme/app", Image: "ghcr.io/acme/tomcat", Tag: "9", From: digest("3"), To: digest("4"), Gone: true,
		Note: "the registry no longer has the old digest: builds that use it fail", Edits: []plan.Edit{edit("Dockerfile", 7)},
	}}
}

func alpine() render.Change {
	return render.Change{Bump: plan.Bump{
		Repository: "acme/app", Image: "docker.io/library/alpine", Tag: "3", To: digest("5"), Note: "it is younger than @you think", Edits: []plan.Edit{edit("Dockerfile", 3)},
	}, New: &image.Details{Created: day(3), Size: 900, Platforms: platforms(
		"linux/386", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64", "linux/ppc64le", "linux/riscv64", "linux/s390x",
	)}}
}

// hostileChange is an image whose every word is an attack.
func hostileChange(attack string) render.Change {
	details := func() *image.Details {
		return &image.Details{
			Created: time.Date(292277026596, 1, 1, 0, 0, 0, 0, time.UTC), Size: 1 << 62, SizePlatform: image.Platform{OS: attack},
			Platforms: []image.Platform{{OS: attack, Architecture: attack}}, Source: attack, Revision: attack, Version: attack, URL: attack,
		}
	}
	c := render.Change{
		Bump: plan.Bump{
			Repository: attack, Image: attack, Tag: attack, From: image.Digest(attack), To: image.Digest(attack + "x"), Note: attack,
			Edits: []plan.Edit{edit(attack, 1)},
		},
		Old: details(), New: details(),
	}
	c.New.Platforms[0].Variant = attack
	return c
}

func requests(t *testing.T) map[string]render.Request {
	t.Helper()
	message, err := config.ParseMessage("build(docker): {{.Summary}}\n\n{{range .Changes}}* {{.Image}}:{{.Tag}} {{.ToDigest}}\n{{end}}")
	require.NoError(t, err)
	r := render.Request{Repository: "acme/app", BaseBranch: "main", HeadBranch: "basekeeper/debian-12", Refresh: true}
	with := func(change func(*render.Request), changes ...render.Change) render.Request {
		q := r
		q.Changes = changes
		change(&q)
		return q
	}
	plain := func(*render.Request) {}
	return map[string]render.Request{
		"one":     with(plain, debian()),
		"several": with(func(q *render.Request) { q.Template, q.AutoMerge = message, true }, debian(), tomcat(), alpine()),
		"pin":     with(plain, alpine()),
		"by-hand": with(func(q *render.Request) { q.AutoMerge, q.NoMerge = true, "@what GITHUB_TOKEN merges starts no workflow" }, alpine()),
		"release": with(func(q *render.Request) {
			q.BaseBranch, q.Notes = "release/1.2", []string{"This is for the release line `release/1.2`; see #7."}
		}, tomcat()),
		"hostile":  with(func(q *render.Request) { q.Repository, q.BaseBranch, q.Notes = evil, evil, attacks }, hostileChange(evil), hostileChange(strings.Join(attacks[:20], " "))),
		"nothing":  with(plain),
		"refusing": with(func(q *render.Request) { q.Refresh, q.State.HandsOff = false, true }, debian()),
	}
}

func TestPullRequest(t *testing.T) {
	for name, r := range requests(t) {
		t.Run(name, func(t *testing.T) {
			got := render.PullRequest(r)
			golden(t, "pull-"+name+".md", []byte(got.Body))
			golden(t, "pull-"+name+".txt", []byte("title: "+got.Title+"\n---\n"+got.Message))
			assert.Equal(t, got, render.PullRequest(r), "the same request, the same text")
			checkBody(t, got)
		})
	}
}

// TestMergeRequest has the same requests for GitLab.
func TestMergeRequest(t *testing.T) {
	for name, r := range requests(t) {
		t.Run(name, func(t *testing.T) {
			r.Flavor = forge.GitLab
			if name == "hostile" {
				r.Notes = append(r.Notes[:20:20], gitlabAttacks...)
			}
			got := render.PullRequest(r)
			golden(t, "merge-"+name+".md", []byte(got.Body))
			golden(t, "merge-"+name+".txt", []byte("title: "+got.Title+"\n---\n"+got.Message))
			checkMerge(t, got)
			assert.NotContains(t, strings.ToLower(got.Body), "pull request")
		})
	}
}

var (
	links   = regexp.MustCompile(`href="([^"]*)"`)
	ourText = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}|\[!WARNING\]`)
	ourTags = regexp.MustCompile(`<details><summary>[A-Za-z, ]+</summary>|</details>|<!-- basekeeper: (refresh|state [A-Za-z0-9_-]+) -->`)
)

// checkBody checks what holds for every text, whoever had a say in it.
func checkBody(t *testing.T, got render.Text) {
	t.Helper()
	checkText(t, got)
	_, plain := seen(t, got.Body)
	assert.NotRegexp(t, references, ourText.ReplaceAllString(plain, "\u2425"))
	assert.NotRegexp(t, `(?i)@[a-z]|#[0-9]|\bgh-[0-9]|://|\[skip`, got.Message)
}

// checkText is what holds on every forge.
func checkText(t *testing.T, got render.Text) {
	t.Helper()
	assert.Less(t, len(got.Body), 65_536)
	page, _ := seen(t, got.Body)
	for _, link := range links.FindAllStringSubmatch(page, -1) {
		assert.Regexp(t, `^https://([a-z0-9-]+\.)+[a-z0-9-]+(:[0-9]+)?/[A-Za-z0-9_./-]*$`, link[1])
	}
	assert.NotContains(t, page, "<img")
	assert.NotContains(t, page, "<script")
	assert.Empty(t, strings.TrimSpace(ourTags.ReplaceAllString(rawHTML(t, got.Body), "")), "HTML that is not ours")
	harmless(t, got.Body)
	_, ok := render.DecodeState(got.Body)
	assert.True(t, ok)
	assert.False(t, render.Refresh(got.Body))

	headline, _, _ := strings.Cut(got.Message, "\n")
	assert.Equal(t, got.Title, headline)
	assert.NotEmpty(t, strings.TrimSpace(got.Title))
	assert.LessOrEqual(t, len([]rune(got.Title)), 200)
	assert.LessOrEqual(t, len(got.Message), 10_001)
	harmless(t, got.Message)
}

func TestPullRequestIsBounded(t *testing.T) {
	for name, attack := range map[string]string{"long": strings.Repeat("ä`|", 500), "short": "", "gone": "`"} {
		t.Run(name, func(t *testing.T) {
			var r render.Request
			r.Refresh = true
			for i := range 400 {
				c := hostileChange(attack)
				c.Image, c.Tag, c.From, c.To = fmt.Sprintf("ghcr.io/acme/%s/x%d", strings.Repeat("a", 100), i), "latest", digest("1"), digest("2")
				c.New.Source, c.Old.Source = "https://github.com/acme/x", "https://gitlab.com/acme/x"
				c.Gone = i%2 == 0
				r.Changes = append(r.Changes, c)
				r.Notes = append(r.Notes, attack)
			}
			got := render.PullRequest(r)
			checkBody(t, got)
			assert.Contains(t, got.Body, " more\n")
			s, ok := render.DecodeState(got.Body)
			require.True(t, ok)
			assert.Nil(t, s.Digests, "too many to remember")
		})
	}
}

func FuzzPullRequest(f *testing.F) {
	for _, s := range attacks {
		f.Add(s, 1)
	}
	f.Add("<J`<J", 1) // between code spans, for whoever only counts backquotes
	f.Fuzz(func(t *testing.T, s string, n int) {
		r := render.Request{Repository: s, BaseBranch: s, HeadBranch: s, Notes: []string{s}, Refresh: true}
		for range min(max(n, 0), 5) {
			r.Changes = append(r.Changes, hostileChange(s), debian())
		}
		checkBody(t, render.PullRequest(r))
	})
}

func TestSources(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 40)
	tests := map[string]struct {
		before, after string // labels: URL and revision
		want          string // how the line goes on; empty for no line at all
	}{
		"github":            {"https://github.com/acme/base " + a, "https://github.com/acme/base.git " + b, "[`github.com/acme/base`](https://github.com/acme/base), changes [`aaaaaaa...bbbbbbb`](https://github.com/acme/base/compare/" + a + "..." + b + ")"},
		"gitlab":            {"https://gitlab.com/a/b/c " + a, "https://gitlab.com/a/b/c/-/tree/main " + b, "[`gitlab.com/a/b/c`](https://gitlab.com/a/b/c), changes [`aaaaaaa...bbbbbbb`](https://gitlab.com/a/b/c/-/compare/" + a + "..." + b + ")"},
		"below":             {"", "https://github.com/acme/base/issues/1 " + b, "[`github.com/acme/base`](https://github.com/acme/base)"},
		"another host":      {"https://git.corp.example/x " + a, "https://git.corp.example/x " + b, "[`git.corp.example/x`](https://git.corp.example/x)"},
		"same commit":       {"https://github.com/acme/base " + a, "https://github.com/acme/base " + a, "[`github.com/acme/base`](https://github.com/acme/base), built from the same commit"},
		"moved":             {"https://github.com/acme/base " + a, "https://github.com/evil/base " + b, "[`github.com/evil/base`](https://github.com/evil/base), before `https://github.com/acme/base`"},
		"short revision":    {"https://github.com/acme/base " + a, "https://github.com/acme/base abc1234", "[`github.com/acme/base`](https://github.com/acme/base)"},
		"revision attack":   {"https://github.com/acme/base " + a, "https://github.com/acme/base " + b + "/../..", "[`github.com/acme/base`](https://github.com/acme/base)"},
		"no scheme":         {"", "github.com/acme/base", ""},
		"http":              {"", "http://github.com/acme/base", ""},
		"login":             {"", "https://me:pw@github.com/acme/base", ""},
		"port":              {"", "https://github.com:8443/acme/base", ""},
		"script":            {"", "javascript:alert(1)", ""},
		"owner only":        {"", "https://github.com/acme", ""},
		"dots":              {"", "https://github.com/../..", ""},
		"escape":            {"", "https://github.com/acme/base%2f..%2fx", ""},
		"markup":            {"", "https://github.com/acme/base](http://evil.example)", ""},
		"another alphabet":  {"", "https://gіthub.com/acme/base", ""},
		"ends as github":    {"", "https://github.com.evil.example/acme/base", "[`github.com.evil.example/acme/base`](https://github.com.evil.example/acme/base)"},
		"query is left out": {"", "https://github.com/acme/base?x=y#z", "[`github.com/acme/base`](https://github.com/acme/base)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := debian()
			c.Old.Source, c.Old.Revision, _ = strings.Cut(tt.before, " ")
			c.New.Source, c.New.Revision, _ = strings.Cut(tt.after, " ")
			got := render.PullRequest(render.Request{Changes: []render.Change{c}})
			checkBody(t, got)
			if tt.want == "" {
				assert.NotContains(t, got.Body, "**Sources**")
				return
			}
			assert.Contains(t, got.Body, "\n* `debian:12`: "+tt.want+"\n")
		})
	}
}

func TestHeadline(t *testing.T) {
	long := debian()
	long.Image = "registry.corp:5000/platform/images/hardened/middleware/tomcat"
	deep := debian()
	deep.Tag = strings.Repeat("x", 128)
	twice := debian()
	twice.From = digest("9")
	tests := map[string]struct {
		changes []render.Change
		want    string
	}{
		"one":          {[]render.Change{debian()}, "chore(deps): bump debian:12 to 2222222"},
		"of two pins":  {[]render.Change{debian(), twice}, "chore(deps): bump debian:12 to 2222222"},
		"pin":          {[]render.Change{alpine()}, "chore(deps): pin alpine:3 to 5555555"},
		"several":      {[]render.Change{debian(), alpine()}, "chore(deps): bump 2 base images"},
		"a long name":  {[]render.Change{long}, "chore(deps): bump images/hardened/middleware/tomcat:12 to 2222222"},
		"a longer tag": {[]render.Change{deep}, "chore(deps): bump debian:" + deep.Tag + " to 2222222"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			title, message := render.Message(render.Request{Changes: tt.changes})
			assert.Equal(t, tt.want, title)
			assert.True(t, strings.HasPrefix(message, title+"\n\n"))
		})
	}
}

func TestMessageTemplates(t *testing.T) {
	tests := map[string]string{
		"x: {{.Summary}}":                              "x: bump 2 base images\n\ndebian:12: 111111111111 → 222222222222\nalpine:3: 555555555555\n",
		"{{.Repository}} {{.Branch}}":                  "acme/app＃1 ＠main\n\ndebian:12: 111111111111 → 222222222222\nalpine:3: 555555555555\n",
		"h\n\n\tb  \n\n\nc\n\n":                        "h\n\nb\n\n\nc\n",
		"{{.Verb}}: {{.Image}}\n{{.Body}}\n\nfixes #1": "bump: debian\n\ndebian:12: 111111111111 → 222222222222\nalpine:3: 555555555555\n\nfixes #1\n",
	}
	for source, want := range tests {
		m, err := config.ParseMessage(source)
		require.NoError(t, err)
		_, message := render.Message(render.Request{Repository: "acme/app#1", BaseBranch: "@main", Changes: []render.Change{debian(), alpine()}, Template: m})
		assert.Equal(t, want, message, "%q", source)
	}
}
