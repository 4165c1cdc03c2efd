package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzLog: whatever is written, in whatever pieces, no line of it is a command
// to the log, and no secret is in it.
func FuzzLog(f *testing.F) {
	f.Add("text\n", 1)
	f.Add("\x1b[0Ksection_end:1700000000:basekeeper_plan\r\x1b[0K", 7)
	f.Add("glpat-canaryglpat-canary-and-more\n\r\n\xff", 5)
	f.Add("glpat-glpat-canarycanary", 3)
	f.Fuzz(func(t *testing.T, text string, piece int) {
		j, out := newJob(map[string]string{"BASEKEEPER_TOKEN": "glpat-canary", "GITLAB_TOKEN": "glpat-canary-and-more"})
		piece = max(1, piece%100)
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			written, err := fmt.Fprint(j.Log(), rest[:n])
			require.NoError(t, err)
			require.Equal(t, n, written)
			rest = rest[n:]
		}
		resume, err := j.Quote()
		require.NoError(t, errors.Join(err, resume()))
		got := out.String()
		assert.NotContains(t, got, "\x1b")
		assert.NotContains(t, got, "\r")
		assert.NotContains(t, got, "glpat-canary")
	})
}

// FuzzDotenv: a report has one line for each output, whatever their values.
func FuzzDotenv(f *testing.F) {
	f.Add("plan", "a\nb", "x")
	f.Add("exit-status", "0", "registry.example.com/a:1 v1")
	f.Add("a=b", "[]", "\u2028")
	f.Fuzz(func(t *testing.T, name, value, element string) {
		j, _ := newJob()
		list, err := json.Marshal([]string{element, element})
		require.NoError(t, err)
		wrong := j.Output(name, value)
		require.NoError(t, j.Output("retired", string(list)))
		got, err := j.Dotenv()
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n")
		if wrong == nil && name != "retired" {
			assert.Len(t, lines, 2)
		} else {
			assert.Len(t, lines, 1)
		}
		for _, line := range lines {
			assert.Regexp(t, `^BASEKEEPER_[A-Z_]+=[^\s]*$`, line)
		}
	})
}
