package pipeline_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/job"
)

// TestTemplateRules: when the job is there, for each source and kind of pipeline,
// and that it then has something to do.
func TestTemplateRules(t *testing.T) {
	var b strings.Builder
	for _, given := range []map[string]any{
		nil, {"run-on-merge-request": false}, {"run-on-branch": false, "run-on-default-branch": false},
		{"run-on-schedule": false, "run-on-manual": false, "run-on-trigger": false}, {"command": "bump"},
	} {
		_, j := interpolated(t, given)
		fmt.Fprintf(&b, "# %v\n", given)
		for _, kind := range slices.Sorted(maps.Keys(ruleKinds)) {
			for _, source := range sources {
				if (source == "merge_request_event") != strings.Contains(kind, "merge request of") {
					continue
				}
				env := with(project, ruleKinds[kind], map[string]string{"CI_PIPELINE_SOURCE": source})
				if runs(t, j.Rules, env) {
					d := decide(t, env, map[string]string{"BASEKEEPER_TOKEN": "glpat-x", "BASEKEEPER_COMMAND": fmt.Sprint(j.Variables["BASEKEEPER_COMMAND"])})
					fmt.Fprintf(&b, "%s, %q: %s\n", kind, source, strings.SplitN(describe(d), ":", 2)[0])
					assert.NotEqual(t, job.Nothing, d.Command, "a job for nothing")
				}
			}
		}
	}
	golden(t, "testdata/rules.golden", b.String())
}

var ruleKinds = map[string]map[string]string{
	"default branch":               {"CI_COMMIT_BRANCH": "main"},
	"branch":                       {"CI_COMMIT_BRANCH": "topic"},
	"branch with merge request":    {"CI_COMMIT_BRANCH": "topic", "CI_OPEN_MERGE_REQUESTS": "acme/team/app!7"},
	"branch of a bump":             {"CI_COMMIT_BRANCH": "basekeeper/debian-12"},
	"tag":                          {"CI_COMMIT_TAG": "v1"},
	"merge request of the project": ownMergeRequest,
	"merge request of a fork":      forkMergeRequest,
}

// runs reports whether rules make a job, by the first that is true.
func runs(t *testing.T, rules []rule, env map[string]string) bool {
	t.Helper()
	for _, r := range rules {
		require.Contains(t, []string{"", "never"}, r.When)
		if holds(t, r.If, env) {
			return r.When != "never"
		}
	}
	return false
}

// holds evaluates as much of GitLab's expressions as the template uses.
//
// Spec: "CI/CD job rules", "CI/CD variable expressions" of GitLab's manual.
func holds(t *testing.T, expression string, env map[string]string) bool {
	t.Helper()
	for clause := range strings.SplitSeq(expression, " && ") {
		parts := strings.SplitN(clause, " ", 3)
		if len(parts) == 1 {
			if operand(t, parts[0], env) == "" {
				return false
			}
			continue
		}
		require.Len(t, parts, 3, clause)
		left, right := operand(t, parts[0], env), parts[2]
		var ok bool
		switch parts[1] {
		case "==":
			ok = left == operand(t, right, env)
		case "!=":
			ok = left != operand(t, right, env)
		case "=~":
			ok = pattern(t, right).MatchString(left)
		case "!~":
			ok = !pattern(t, right).MatchString(left)
		default:
			t.Fatalf("no operator: %s", clause)
		}
		if !ok {
			return false
		}
	}
	return true
}

func operand(t *testing.T, s string, env map[string]string) string {
	t.Helper()
	if name, ok := strings.CutPrefix(s, "$"); ok {
		require.Regexp(t, `^CI_[A-Z_]+$`, name)
		return env[name]
	}
	require.Regexp(t, `^"[^"$]*"$`, s)
	return strings.Trim(s, `"`)
}

func pattern(t *testing.T, s string) *regexp.Regexp {
	t.Helper()
	require.Regexp(t, `^/.*/$`, s)
	return regexp.MustCompile(strings.ReplaceAll(s[1:len(s)-1], `\/`, "/"))
}
