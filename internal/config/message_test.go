package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
)

func data() config.MessageData {
	a := config.MessageChange{Image: "debian", Tag: "12", From: "aaaa", To: "bbbb", FromDigest: "sha256:aaaa", ToDigest: "sha256:bbbb"}
	b := config.MessageChange{Image: "alpine", Tag: "3", To: "cccc", ToDigest: "sha256:cccc"}
	return config.MessageData{
		Verb: "bump", Summary: "bump 2 base images", Body: "debian:12: aaaa → bbbb\nalpine:3: cccc", Repository: "acme/app", Branch: "main",
		MessageChange: a, Changes: []config.MessageChange{a, b},
	}
}

func TestMessage(t *testing.T) {
	tests := map[string]string{
		"fix: {{.Summary}}": "fix: bump 2 base images",
		"{{.Verb}} {{.Count}} in {{.Repository}}@{{.Branch}}":                             "bump 2 in acme/app@main",
		"x {{- /* comment */ -}} y":                                                       "xy",
		"{{.Image}}:{{.Tag}} {{.From}} {{.To}} {{.FromDigest}} {{.ToDigest}}":             "debian:12 aaaa bbbb sha256:aaaa sha256:bbbb",
		"{{range .Changes}}{{.Image}}{{if .From}} from {{.From}}{{else}}!{{end}} {{end}}": "debian from aaaa alpine! ",
		"a{{if .Changes}}b{{end}}{{range .Changes}}{{else}}c{{end}}":                      "ab",
		"h\n\n{{.Body}}": "h\n\ndebian:12: aaaa → bbbb\nalpine:3: cccc",
		"{{if .Verb}}{{if .From}}{{range .Changes}}{{if .From}}{{.Tag}}{{else if .To}}{{.To}}{{end}}{{end}}{{end}}{{end}}": "12cccc",
	}
	for source, want := range tests {
		t.Run(source, func(t *testing.T) {
			m, err := config.ParseMessage(source)
			require.NoError(t, err)
			assert.Equal(t, want, m.Text(data()))
			assert.Equal(t, source, m.String())
			assert.False(t, m.IsZero())
		})
	}
	assert.True(t, config.Message{}.IsZero())
	assert.Empty(t, config.Message{}.Text(data()))
}

func TestMessageIsASmallLanguage(t *testing.T) {
	tests := map[string]string{
		"":                             "empty",
		"{{.Summery}}":                 "there is no field .Summery",
		"{{.Changes}}":                 "want {{range .Changes}}",
		"{{":                           "unclosed action",
		"{{printf \"%99999d\" 1}}":     `function \"printf\" not defined`,
		"{{len .Changes}}":             `function \"len\" not defined`,
		"{{range 1000000000}}x{{end}}": "want one field",
		"{{range .Images}}x{{end}}":    "there is no field .Images",
		"{{range .Verb}}x{{end}}":      "only .Changes",
		"{{range .Changes}}{{range .Changes}}x{{end}}{{end}}": "inside of range",
		"{{range .Changes}}{{.Verb}}{{end}}":                  "inside of range there is no field .Verb",
		"{{range $i, $c := .Changes}}x{{end}}":                "want one field",
		"{{with .Image}}x{{end}}":                             "fields, if and range only",
		"{{define \"a\"}}{{template \"a\"}}{{end}}x":          "cannot define others",
		"{{template \"message\"}}":                            "fields, if and range only",
		"{{$x := .Image}}{{$x}}":                              "want one field",
		"{{.Image.Tag}}":                                      "want one field",
		"{{.}}":                                               "want one field",
		"{{\"x\"}}":                                           "want one field",
		"{{.Image | .Tag}}":                                   "",
		"{{range .Changes}}{{break}}{{end}}":                  "fields, if and range only",
		"\nx":                                                 "the first line is the headline",
		"{{if .Count}}{{else}}x{{end}}":                       "the first line is the headline",
		strings.Repeat("x", 2001):                             "longer than 2000 bytes",
	}
	for source, want := range tests {
		t.Run(source[:min(len(source), 60)], func(t *testing.T) {
			m, err := config.ParseMessage(source)
			require.Error(t, err)
			assert.ErrorContains(t, err, want)
			assert.NotContains(t, err.Error(), "\n")
			assert.Less(t, len(err.Error()), 250)
			assert.True(t, m.IsZero())
		})
	}
}

// FuzzMessage checks that what parses can be executed, in bounds.
func FuzzMessage(f *testing.F) {
	f.Add("{{range .Changes}}{{.Image}}{{if .From}}x{{else}}y{{end}}{{end}}")
	f.Add("chore(deps): {{.Summary}}\n\n{{- .Body -}}")
	f.Add("{{define \"x\"}}{{end}}{{block \"y\" .}}{{end}}")
	f.Fuzz(func(t *testing.T, source string) {
		m, err := config.ParseMessage(source)
		if err != nil {
			return
		}
		assert.LessOrEqual(t, len(m.Text(data())), 100*len(source))
		again, err := config.ParseMessage(m.String())
		require.NoError(t, err)
		assert.Equal(t, m.Text(data()), again.Text(data()))
	})
}
