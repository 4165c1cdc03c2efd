package job_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/job"
)

func reader(values map[string]string) *job.Reader {
	return &job.Reader{
		Get:       func(name string) string { return values[name] },
		Call:      func(name string) string { return "the " + name },
		Workspace: "/work/space", Outside: "outside of which nothing is kept",
	}
}

func TestPath(t *testing.T) {
	tests := map[string]struct{ value, want, err string }{
		"default":    {"", "otherwise", ""},
		"plain":      {"a/./b/../c", "a/c", ""},
		"absolute":   {"/work/space/a", "a", ""},
		"above":      {"a/../../b", "", `the path: "a/../../b" is not in the workspace, outside of which nothing is kept; write it from there`},
		"itself up":  {"..", "", "is not in the workspace"},
		"elsewhere":  {"/etc/passwd", "", "is not in the workspace"},
		"neighbour":  {"/work/space2/a", "", "is not in the workspace"},
		"null":       {"a\x00b", "", "is not in the workspace"},
		"dots ahead": {"..a", "..a", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := reader(map[string]string{"path": tt.value})
			got := r.Path("path", "otherwise")
			if tt.err != "" {
				require.ErrorContains(t, r.Err(), tt.err)
				return
			}
			require.NoError(t, r.Err())
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestErrors(t *testing.T) {
	r := reader(map[string]string{"command": "x", "dry-run": "maybe", "time-limit": "0s", "registries": "ghcr.io u p4ssword\nghcr.io u p4ssword"})
	r.Common()
	err := r.Err()
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	assert.Len(t, lines, 4, "every mistake is said at once")
	assert.NotContains(t, err.Error(), "p4ssword")
	assert.Contains(t, err.Error(), "the registries: line 2: its host is there already")
}

func TestMasked(t *testing.T) {
	assert.Equal(t, []string{"token", "MIIEow", "AAAABB"},
		job.Masked("token", "abc", "", "-----BEGIN KEY-----\nMIIEow\n  AAAABB\r\n-----END KEY-----\n"), "no short ones, and no frames")
	assert.Equal(t, []string{"pass word", "alone"}, job.Masked(job.Passwords("ghcr.io user pass word\nghcr.io alone\n\nhost")...))
}

func TestShown(t *testing.T) {
	var all []job.Annotation
	for _, level := range []job.Level{job.Notice, job.Warning, job.Error} {
		for range 12 {
			all = append(all, job.Annotation{Level: level})
		}
	}
	shown, left := job.Shown(all)
	assert.Len(t, shown, 30)
	assert.Equal(t, 6, left)
	assert.Equal(t, []job.Level{job.Error, job.Warning, job.Notice}, []job.Level{shown[0].Level, shown[10].Level, shown[20].Level})
}

func TestDecisions(t *testing.T) {
	assert.Equal(t, job.Decision{Command: job.Nothing, Reason: "no 7"}, job.Idle("no %d", 7))
	assert.Equal(t, job.Decision{Command: job.Nothing, Refused: true, Reason: "no"}, job.Refuse("no"))
}
