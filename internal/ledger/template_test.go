package ledger_test

import (
	"math"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

var (
	digestA = image.Digest("sha256:" + strings.Repeat("a", 64))
	digestB = image.Digest("sha256:" + strings.Repeat("b", 64))
	digestC = image.Digest("sha256:" + strings.Repeat("c", 64))
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func parse(t testing.TB, text string) ledger.Template {
	t.Helper()
	parsed, err := ledger.ParseTemplate(text)
	require.NoError(t, err)
	return parsed
}

func TestParseTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"v{{.Next}}":                "v{{.Next}}",
		"{{ .Next\t}}":              "{{.Next}}",
		"oldest":                    "oldest",
		"{{.Version}}-{{.Next}}.x":  "{{.Version}}-{{.Next}}.x",
		"{{.Date}}{{.Digest}}":      "{{.Date}}{{.Digest}}",
		"r_{{.Created}}_{{.Next}}_": "r_{{.Created}}_{{.Next}}_",
	} {
		t.Run(text, func(t *testing.T) {
			parsed := parse(t, text)
			assert.Equal(t, want, parsed.String())
			assert.Equal(t, text == "oldest", parsed.Fixed())
		})
	}
}

func TestParseTemplateErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "it is empty",
		"v{{.Nxt}}":                      "character 2: {{.Nxt}} is none of the fields {{.Next}}, {{.Version}}, {{.Date}}, {{.Created}}, {{.Digest}}",
		"v{{.Next":                       "character 2: {{ without }}",
		"v{{}}":                          "character 2: {{}} is none",
		"v{{.Next | printf}}":            "is none of the fields",
		"v{{.Next.Next}}":                "is none of the fields",
		"v{{- .Next}}":                   "is none of the fields",
		"v{{if .Next}}x{{end}}":          "is none of the fields",
		"v{{{.Next}}":                    "is none of the fields",
		"v{{.Next}}}":                    `character 11: a tag cannot hold "}"`,
		"a b":                            `a tag cannot hold " "`,
		"a/b":                            `a tag cannot hold "/"`,
		"ä":                              `a tag cannot hold "ä"`,
		".v{{.Next}}":                    `a tag cannot begin with "."`,
		"-v":                             `a tag cannot begin with "-"`,
		"{{.Next}}-{{.Next}}":            "character 11: {{.Next}} is there already",
		"{{.Version}}{{.Next}}":          "beside {{.Next}} there has to be a sign",
		"{{.Next}}{{.Date}}":             "beside {{.Next}} there has to be a sign",
		"v1{{.Next}}":                    "beside {{.Next}} there may be no digit",
		"{{.Next}}0":                     "beside {{.Next}} there may be no digit",
		"basekeeper.{{.Next}}":           "basekeeper's own",
		"basekeeper.ledger":              "basekeeper's own",
		"sha256-" + digestA.Encoded():    "such tags belong to signatures",
		strings.Repeat("x", 101):         "it has 101 characters beside the fields",
		"v{{.Next}}\n":                   `character 11: a tag cannot hold "\n"`,
		"{{.Date}}" + "{{.Digest}}{{.D}": "character 21: {{ without }}",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ledger.ParseTemplate(text)
			require.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "parse template ")
		})
	}
}

func TestName(t *testing.T) {
	facts := ledger.Facts{
		Digest: digestA, Version: "1.2+3", Now: noon,
		Created: time.Date(2026, 2, 28, 23, 30, 0, 0, time.FixedZone("", -3600)),
		Tags:    []string{"latest", "v1", "v2", "v07", "v9x", "v99999999999"},
	}
	remembered := ledger.Ledger{}.UseNumber("v{{.Next}}", 7).With(ledger.Record{Tag: "w4", Digest: digestA, At: noon})
	for text, want := range map[string]struct {
		tag    string
		number int
	}{
		"v{{.Next}}":               {"v8", 8},
		"w{{.Next}}":               {"w5", 5},
		"x{{.Next}}":               {"x1", 1},
		"{{.Version}}":             {"1.2-3", 0},
		"{{.Version}}_{{.Next}}":   {"1.2-3_1", 1},
		"{{.Date}}":                {"20260301", 0},
		"{{.Created}}-{{.Digest}}": {"20260301-aaaaaaaaaaaa", 0},
		"oldest":                   {"oldest", 0},
	} {
		t.Run(text, func(t *testing.T) {
			parsed := parse(t, text)
			tag, number, err := parsed.Name(remembered, facts)
			require.NoError(t, err)
			assert.Equal(t, want.tag, tag)
			assert.Equal(t, want.number, number)
			assert.True(t, parsed.Fits(tag))
		})
	}
}

func TestNameErrors(t *testing.T) {
	tests := map[string]struct {
		template string
		facts    ledger.Facts
		want     string
	}{
		"no version":    {"{{.Version}}", ledger.Facts{}, "make a tag of template {{.Version}}: the image has no version label of its own"},
		"bad version":   {"{{.Version}}", ledger.Facts{Version: "+1"}, `"-1" is no tag`},
		"long version":  {"{{.Version}}", ledger.Facts{Version: strings.Repeat("1", 129)}, "is no tag"},
		"own":           {"{{.Version}}", ledger.Facts{Version: "basekeeper.ledger"}, "basekeeper's own"},
		"own, composed": {"base{{.Version}}", ledger.Facts{Version: "keeper.ledger"}, "basekeeper's own"},
		"companion":     {"{{.Version}}", ledger.Facts{Version: "sha256-" + digestA.Encoded() + ".sig"}, "such tags belong to signatures"},
		"not dated":     {"{{.Created}}", ledger.Facts{}, "does not say when it was made"},
		"no time":       {"{{.Date}}", ledger.Facts{}, "time of the retirement is not known"},
		"no digest":     {"{{.Digest}}", ledger.Facts{}, "digest is not known"},
		"no number":     {"v{{.Next}}", ledger.Facts{Tags: []string{"v2147483647"}}, "number 2147483647 is used, and there is none above it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tag, number, err := parse(t, tt.template).Name(ledger.Ledger{}, tt.facts)
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, tag)
			assert.Zero(t, number)
		})
	}
	_, _, err := ledger.Template{}.Name(ledger.Ledger{}, ledger.Facts{})
	assert.Error(t, err, "the zero Template names nothing")
}

func TestFits(t *testing.T) {
	const long = "v99999999999999999999"
	tests := map[string]struct{ yes, no []string }{
		"v{{.Next}}":               {[]string{"v1", "v10", "v2147483647"}, []string{"v0", "v01", "v", "v1.0", "xv1", "v-1", "v2147483648", long, "V1", "v1\n", ""}},
		"{{.Version}}":             {[]string{"1.2", "latest"}, []string{"", ".x", "basekeeper.ledger", "sha256-" + digestA.Encoded(), "sha256-" + digestA.Encoded() + ".sig"}},
		"{{.Date}}":                {[]string{"20260301", "20261231"}, []string{"2026030", "202603011", "2026-3-1", "20261301", "20260300", "20260332"}},
		"a.b{{.Digest}}":           {[]string{"a.b0123456789ab"}, []string{"axb0123456789ab", "a.b0123456789aB", "a.b0123456789abc"}},
		"{{.Version}}-{{.Next}}":   {[]string{"1.0-3", "1-2-3"}, []string{"-3", "1.0-", "1.0-03", "3"}},
		"oldest":                   {[]string{"oldest"}, []string{"oldest2", "Oldest", ""}},
		"{{.Next}}-{{.Version}}.x": {[]string{"3-1.0.x"}, []string{"3-.x", "3-1.0"}},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			parsed := parse(t, text)
			for _, tag := range tt.yes {
				assert.True(t, parsed.Fits(tag), tag)
			}
			for _, tag := range tt.no {
				assert.False(t, parsed.Fits(tag), tag)
			}
		})
	}
	assert.False(t, ledger.Template{}.Fits(""))
	assert.False(t, ledger.Template{}.Fits("v1"))
}

// TestMarks: what somebody may have named so never counts as retired by its
// name alone.
func TestMarks(t *testing.T) {
	tests := map[string]struct{ yes, no []string }{
		"v{{.Next}}":              {[]string{"v1", "v10"}, []string{"v0", "v1.0", "latest"}},
		"{{.Version}}-{{.Next}}":  {[]string{"1.2.3-4"}, []string{"1.2.3"}},
		"d{{.Date}}":              {[]string{"d20260301"}, []string{"d20261301", "d2026030", "20260301", "dev"}},
		"{{.Created}}-old":        {[]string{"20260301-old"}, []string{"20260301", "20260301-new"}},
		"old-{{.Digest}}":         {[]string{"old-0123456789ab"}, []string{"old-0123456789", "0123456789ab", "old-latest"}},
		"r{{.Date}}-{{.Digest}}":  {[]string{"r20260301-0123456789ab"}, []string{"r20260301"}},
		"{{.Version}}":            {nil, []string{"1.2.3", "v1", "latest", "20260301"}},
		"v{{.Version}}":           {nil, []string{"v1.2.3", "v1"}},
		"old-{{.Version}}":        {nil, []string{"old-1.2.3"}},
		"r{{.Version}}-{{.Date}}": {nil, []string{"r1.2-20260301"}},
		"{{.Date}}":               {nil, []string{"20260301"}},
		"{{.Digest}}":             {nil, []string{"0123456789ab"}},
		"{{.Date}}-{{.Digest}}":   {nil, []string{"20260301-0123456789ab"}},
		"oldest":                  {nil, []string{"oldest"}},
	}
	for text, tt := range tests {
		t.Run(text, func(t *testing.T) {
			parsed := parse(t, text)
			for _, tag := range tt.yes {
				assert.True(t, parsed.Marks(tag), tag)
			}
			for _, tag := range tt.no {
				assert.False(t, parsed.Marks(tag), tag)
			}
		})
	}
	assert.False(t, ledger.Template{}.Marks("v1"))
}

func TestNumber(t *testing.T) {
	tests := map[string]struct {
		template, tag string
		want          int
		ok            bool
	}{
		"plain":            {"v{{.Next}}", "v12", 12, true},
		"largest":          {"v{{.Next}}", "v2147483647", math.MaxInt32, true},
		"larger":           {"v{{.Next}}", "v2147483648", 0, false},
		"behind a version": {"{{.Version}}-{{.Next}}", "1-2-34", 34, true},
		"before a version": {"{{.Next}}-{{.Version}}", "34-2-1", 34, true},
		"between":          {"{{.Version}}.{{.Next}}-{{.Digest}}", "1.2.34-0123456789ab", 34, true},
		"no number":        {"{{.Date}}", "20260301", 0, false},
		"does not fit":     {"v{{.Next}}", "w1", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := parse(t, tt.template).Number(tt.tag)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.want, got)
		})
	}
}

// FuzzTemplate holds what is accepted against text/template, and what is named
// against what fits.
func FuzzTemplate(f *testing.F) {
	f.Add("v{{.Next}}", "1.2+3", int64(1e9), 7)
	f.Add("{{.Version}}-{{ .Next }}-{{.Digest}}", "a-1", int64(1e9), 1)
	f.Add("{{.Created}}_{{.Date}}x", "", int64(0), 0)
	f.Add("oldest", "", int64(0), 0)
	f.Add("v{{.Next}}{{define \"x\"}}{{end}}", "", int64(0), 0)
	f.Fuzz(func(t *testing.T, text, version string, seconds int64, used int) {
		parsed, err := ledger.ParseTemplate(text)
		if err != nil {
			return
		}
		again, err := ledger.ParseTemplate(parsed.String())
		require.NoError(t, err)
		require.Equal(t, parsed.String(), again.String())

		at := time.Unix(seconds%1e11, 0)
		facts := ledger.Facts{Digest: digestA, Version: version, Created: at, Now: at}
		remembered := ledger.Ledger{}.UseNumber(parsed.String(), used)
		tag, number, err := parsed.Name(remembered, facts)
		if err != nil {
			return
		}
		require.True(t, parsed.Fits(tag), tag)
		if n, ok := parsed.Number(tag); ok {
			require.Equal(t, number, n)
			require.Greater(t, number, used)
			facts.Tags = []string{tag}
			other, next, err := parsed.Name(ledger.Ledger{}, facts)
			if err == nil {
				require.Greater(t, next, number)
				require.NotEqual(t, tag, other)
			}
		}
		oracle, err := template.New("").Parse(text)
		require.NoError(t, err)
		var want strings.Builder
		require.NoError(t, oracle.Execute(&want, map[string]any{
			"Next": number, "Version": strings.Map(sign, version), "Date": at.UTC().Format("20060102"),
			"Created": at.UTC().Format("20060102"), "Digest": strings.Repeat("a", 12),
		}))
		require.Equal(t, want.String(), tag)
	})
}

func sign(r rune) rune {
	if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", r) {
		return r
	}
	return '-'
}
