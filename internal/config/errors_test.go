package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
)

var update = flag.Bool("update", false, "write golden files")

// examples returns the files of testdata/dir; there must be some.
func examples(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// golden compares got with a file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run go test -update, then read the diff")
	assert.Equal(t, string(want), string(got))
}

func TestErrors(t *testing.T) {
	for _, file := range examples(t, "errors") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			got, err := config.Parse(".basekeeper.yaml", src)
			require.Error(t, err)
			assert.Zero(t, got, "a broken file must not be half a configuration")
			assert.NotContains(t, err.Error(), "hunter2", "a secret must not be repeated")
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", []byte(err.Error()+"\n"))
			checkPositions(t, err, src)
		})
	}
}

// checkPositions asserts that every error is an *Error inside the file, and
// that they come in order.
func checkPositions(t *testing.T, err error, src []byte) {
	t.Helper()
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(src), "\uFEFF"))
	lines := strings.Split(text, "\n")
	line, column := 0, 0
	for _, err := range joined.Unwrap() {
		var e *config.Error
		require.ErrorAs(t, err, &e)
		require.True(t, e.Line > line || e.Line == line && e.Column >= column, "out of order: %v", e)
		line, column = e.Line, e.Column
		require.GreaterOrEqual(t, e.Column, 1)
		require.LessOrEqual(t, e.Line, len(lines))
		require.LessOrEqual(t, e.Column, utf8.RuneCountInString(lines[e.Line-1])+1)
		if e.Source != "" {
			require.Equal(t, lines[e.Line-1], e.Source)
		}
	}
}

func TestErrorIsAValue(t *testing.T) {
	_, err := config.Parse("x.yaml", []byte("pin: true\ncooldown: soon\n"))
	var e *config.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &config.Error{
		File: "x.yaml", Line: 2, Column: 11, Source: "cooldown: soon",
		Message: `"soon" is no duration; want a number and m, h, d or w, for instance 3d`,
	}, e)
}

func TestCaretUnderTheColumn(t *testing.T) {
	e := &config.Error{File: "f", Line: 1, Column: 4, Message: "m", Source: "\té\tx"}
	assert.Equal(t, "f:1:4: m\n  \té\tx\n  \t \t^", e.Error())
}

func TestBounds(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"bytes":  {"#" + strings.Repeat("x", 1<<20), "larger than 1 MiB"},
		"tokens": {"exclude: [" + strings.Repeat("a,", 1<<18) + "]", "too large"},
		"depth":  {strings.Repeat("[", 1<<19), "too large"},
		"line":   {"pin: " + strings.Repeat("x", 1000), "want true or false"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(tt.src))
			require.ErrorContains(t, err, tt.want)
			assert.Less(t, len(err.Error()), 300)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, dir := range []string{"errors", "valid"} {
		for _, file := range examples(f, dir) {
			src, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(src)
		}
	}
	f.Add(config.Template())
	f.Fuzz(func(t *testing.T, src []byte) {
		if _, err := config.Parse("f", src); err != nil {
			checkPositions(t, err, src)
		}
	})
}
