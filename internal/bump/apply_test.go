package bump_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
)

var (
	older = string(digest("old"))
	newer = string(digest("new"))
)

func pin(d string) string { return "FROM r.io/app:1@" + d + "\n" }

// edits is the bump of a repository whose files say pin(older).
func edits(repository string, paths ...string) plan.Bump {
	b := plan.Bump{Repository: repository, Image: "r.io/app", Tag: "1", From: digest("old"), To: digest("new")}
	start := strings.Index(pin(older), "sha256:")
	for _, path := range paths {
		b.Edits = append(b.Edits, plan.Edit{
			Path: path, BlobID: forge.BlobID([]byte(pin(older))), Line: 1, Start: start, End: start + len(older), Old: older, New: newer,
		})
	}
	return b
}

func planOf(bumps ...plan.Bump) plan.Plan { return plan.Plan{Version: plan.Version, Bumps: bumps} }

func TestApply(t *testing.T) {
	r, tree := repository("r", "a/Dockerfile", pin(older), "b/Dockerfile", pin(older), "other", "x")
	p := planOf(edits("r", "a/Dockerfile"), edits("r", "b/Dockerfile"))
	got := bump.Apply(t.Context(), p, []bump.Repository{r})
	assert.Equal(t, []bump.Outcome{{Repository: "r", Changed: []string{"a/Dockerfile", "b/Dockerfile"}}}, got)
	assert.Equal(t, map[string]string{"a/Dockerfile": pin(newer), "b/Dockerfile": pin(newer), "other": "x"}, tree.files)

	tree.writes = nil
	got = bump.Apply(t.Context(), p, []bump.Repository{r})
	assert.Equal(t, []bump.Outcome{{Repository: "r", Unchanged: []string{"a/Dockerfile", "b/Dockerfile"}}}, got)
	assert.Empty(t, tree.writes)
}

func TestApplyHalfDone(t *testing.T) {
	r, tree := repository("r", "a/Dockerfile", pin(newer), "b/Dockerfile", pin(older))
	got := bump.Apply(t.Context(), planOf(edits("r", "a/Dockerfile", "b/Dockerfile")), []bump.Repository{r})
	assert.Equal(t, []bump.Outcome{{Repository: "r", Changed: []string{"b/Dockerfile"}, Unchanged: []string{"a/Dockerfile"}}}, got)
	assert.Equal(t, []string{"b/Dockerfile"}, tree.writes)
}

func TestApplyRefusesStaleFiles(t *testing.T) {
	tests := map[string]struct{ content, got string }{
		"another digest":    {pin(string(digest("third"))), `"` + string(digest("third")) + `"`},
		"a line before":     {"# new\n" + pin(older), `"` + ("# new\n" + pin(older))[16:16+len(older)] + `"`},
		"a line behind":     {pin(older) + "RUN true\n", "other changes in the file"},
		"bumped and edited": {pin(newer) + "RUN true\n", `"` + newer + `"`},
		"cut off":           {"FROM", "the file's end"},
		"short":             {pin(older)[:30], `"` + pin(older)[16:30] + `"`},
		"deleted":           {"", "no file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stale, staleTree := repository("stale", "a/Dockerfile", pin(older), "b/Dockerfile", tt.content)
			if name == "deleted" {
				delete(staleTree.files, "b/Dockerfile")
			}
			good, goodTree := repository("good", "Dockerfile", pin(older))
			p := planOf(edits("stale", "a/Dockerfile", "b/Dockerfile"), edits("good", "Dockerfile"))
			got := bump.Apply(t.Context(), p, []bump.Repository{good, stale})
			require.Len(t, got, 2)
			want := &bump.StaleEditError{Repository: "stale", Path: "b/Dockerfile", Line: 1, Want: older, Got: tt.got}
			assert.Equal(t, bump.Outcome{Repository: "stale", Err: want}, got[0])
			assert.EqualError(t, got[0].Err, "stale: b/Dockerfile:1: planned to replace "+older+" but found "+tt.got+"; run basekeeper plan again")
			assert.Empty(t, staleTree.writes, "one file is stale, so nothing in its repository is written")
			assert.Equal(t, bump.Outcome{Repository: "good", Changed: []string{"Dockerfile"}}, got[1])
			assert.Equal(t, pin(newer), goodTree.files["Dockerfile"])
		})
	}
}

func TestApplyFailures(t *testing.T) {
	onFire := errors.New("on fire")
	tests := map[string]struct {
		change func(*fakeTree)
		edit   func(*plan.Edit)
		want   string
	}{
		"the file cannot be read":  {func(f *fakeTree) { f.broken["Dockerfile"] = onFire }, nil, "r: on fire"},
		"writing fails":            {func(f *fakeTree) { f.fail = onFire }, nil, "r: on fire"},
		"more than a digest":       {nil, func(e *plan.Edit) { e.New = newer + " AS x" }, "r: Dockerfile: line 1: the edit would turn"},
		"less than a file":         {nil, func(e *plan.Edit) { e.New = "sha256:zz" }, "r: Dockerfile: line 1: "},
		"overlapping with another": {nil, func(e *plan.Edit) { e.Start--; e.Old = "@" + e.Old }, "r: Dockerfile: line 1: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, tree := repository("r", "Dockerfile", pin(older))
			b := edits("r", "Dockerfile")
			if tt.change != nil {
				tt.change(tree)
			}
			if tt.edit != nil {
				b.Edits = append(b.Edits, b.Edits[0])
				tt.edit(&b.Edits[0])
				if !strings.Contains(name, "overlapping") {
					b.Edits = b.Edits[:1]
				}
			}
			got := bump.Apply(t.Context(), planOf(b), []bump.Repository{r})
			require.Len(t, got, 1)
			require.ErrorContains(t, got[0].Err, tt.want)
			assert.Empty(t, got[0].Changed)
			assert.Equal(t, pin(older), tree.files["Dockerfile"])
			if name == "more than a digest" {
				var changed *dockerfile.ChangedError
				assert.NotErrorIs(t, got[0].Err, onFire)
				_ = errors.As(got[0].Err, &changed)
			}
		})
	}
}

func TestApplyToUnknownRepository(t *testing.T) {
	good, tree := repository("good", "Dockerfile", pin(older))
	got := bump.Apply(t.Context(), planOf(edits("nosuch", "Dockerfile"), edits("good", "Dockerfile")), []bump.Repository{good})
	require.Len(t, got, 2)
	require.EqualError(t, got[0].Err, "nosuch: no such repository here; run from the folder that the plan was made in")
	assert.Equal(t, []string{"Dockerfile"}, got[1].Changed)
	assert.Equal(t, pin(newer), tree.files["Dockerfile"])
}

func TestApplyNothing(t *testing.T) {
	assert.Empty(t, bump.Apply(context.Background(), plan.Plan{}, nil))
}
