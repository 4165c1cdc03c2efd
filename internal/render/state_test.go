package render_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
)

func state(n int) render.State {
	s := render.State{Version: 1, HandsOff: true, ClosedBy: "x -->", Digests: map[string]image.Digest{}}
	for i := range n {
		s.Digests[fmt.Sprintf("docker.io/library/debian:%d", i)] = digest("1")
	}
	return s
}

func comment(content string) string {
	return "<!-- basekeeper: state " + base64.RawURLEncoding.EncodeToString([]byte(content)) + " -->"
}

func TestState(t *testing.T) {
	text := render.EncodeState(state(3))
	assert.Equal(t, 1, strings.Count(text, "-->"), "nothing inside ends the comment")
	got, ok := render.DecodeState("before\n" + text + "\r\nbehind")
	require.True(t, ok)
	assert.Equal(t, state(3), got)

	many, ok := render.DecodeState(render.EncodeState(state(500)))
	require.True(t, ok)
	assert.Nil(t, many.Digests, "where they are too many, none is remembered")
	assert.True(t, many.HandsOff)
}

func TestStateOfAnotherHand(t *testing.T) {
	good := `"sha256:` + strings.Repeat("1", 64) + `"`
	for name, body := range map[string]string{
		"none":        "text",
		"empty":       "",
		"in a line":   "x " + render.EncodeState(state(1)),
		"in code":     "`" + render.EncodeState(state(1)) + "`",
		"quoted":      "> " + render.EncodeState(state(1)),
		"no base64":   "<!-- basekeeper: state === -->",
		"cut":         strings.TrimSuffix(render.EncodeState(state(1)), "-->"),
		"no JSON":     comment("{"),
		"version":     comment(`{"version":2}`),
		"no version":  comment(`{}`),
		"null":        comment("null"),
		"list":        comment("[]"),
		"reference":   comment(`{"version":1,"digests":{"Debian:12":` + good + `}}`),
		"familiar":    comment(`{"version":1,"digests":{"debian:12":` + good + `}}`),
		"digest":      comment(`{"version":1,"digests":{"docker.io/library/debian:12":"sha256:x"}}`),
		"long":        comment(`{"version":1,"closedBy":"` + strings.Repeat("x", 12_000) + `"}`),
		"large":       strings.Repeat("x", 5_000_000) + "\n" + render.EncodeState(state(1)),
		"last is bad": render.EncodeState(state(1)) + "\n" + comment("{"),
	} {
		got, ok := render.DecodeState(body)
		assert.False(t, ok, name)
		assert.Zero(t, got, name)
	}
}

func TestRefresh(t *testing.T) {
	body := render.PullRequest(render.Request{Changes: []render.Change{debian()}, Refresh: true}).Body
	require.Contains(t, body, "\n- [ ] <!-- basekeeper: refresh -->")
	for _, mark := range []string{"- [x] ", "- [X] ", "* [x] "} {
		ticked := strings.Replace(body, "- [ ] ", mark, 1)
		assert.True(t, render.Refresh(ticked))
		assert.True(t, render.Refresh(strings.ReplaceAll(ticked, "\n", "\r\n")))
	}
	assert.False(t, render.Refresh(body))
	assert.False(t, render.Refresh("text - [x] <!-- basekeeper: refresh -->"))
	assert.False(t, render.Refresh("- [x] something else"))
	assert.NotContains(t, render.PullRequest(render.Request{}).Body, "refresh")
}

func TestClosing(t *testing.T) {
	body := render.PullRequest(render.Request{Changes: []render.Change{debian()}}).Body
	assert.False(t, render.ClosedByTool(body))
	got, comment := render.Closing(forge.GitHub, body, "cooldown of @acme/team | #1")
	assert.True(t, render.ClosedByTool(got))
	assert.Equal(t, "basekeeper closes this and deletes its branch.\n\nReason: cooldown of &#64;&#8203;acme/team &#124; &#35;&#8203;1\n", comment)
	s, ok := render.DecodeState(got)
	require.True(t, ok)
	assert.Equal(t, map[string]image.Digest{"docker.io/library/debian:12": digest("2")}, s.Digests, "the rest is still known")
	before, _, _ := strings.Cut(body, "<!-- basekeeper: state")
	assert.True(t, strings.HasPrefix(got, strings.TrimRight(before, "\n")), "the text stays")

	again, _ := render.Closing(forge.GitHub, got, "x")
	assert.Equal(t, got, again)
	edited, _ := render.Closing(forge.GitHub, "", "x")
	assert.True(t, render.ClosedByTool(edited))
	assert.False(t, render.ClosedByTool("nothing"))
}

func TestHandsOff(t *testing.T) {
	body := render.PullRequest(render.Request{Changes: []render.Change{debian()}}).Body
	got, comment := render.HandsOff(forge.GitHub, body)
	s, ok := render.DecodeState(got)
	require.True(t, ok)
	assert.True(t, s.HandsOff)
	assert.Contains(t, comment, "leaves this pull request alone")
	assert.False(t, render.ClosedByTool(got))
}

func FuzzState(f *testing.F) {
	f.Add(render.EncodeState(state(2)))
	f.Add(comment(`{"version":1,"handsOff":true}`) + "\r\n")
	f.Add(strings.Repeat("ä", 40_000))
	f.Fuzz(func(t *testing.T, body string) {
		if s, ok := render.DecodeState(body); ok {
			again, ok := render.DecodeState(render.EncodeState(s))
			require.True(t, ok)
			if len(s.Digests) > 0 && again.Digests != nil {
				assert.Equal(t, s, again)
			}
		}
		closed, _ := render.Closing(forge.GitHub, body, body)
		assert.LessOrEqual(t, len(closed), 65_535)
		assert.True(t, render.ClosedByTool(closed), "%q", body)
	})
}
