package bump_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
)

// many makes n repositories of ten files each, all pinned to the same digest.
func many(n int, old image.Digest) []bump.Repository {
	var all []bump.Repository
	for i := range n {
		var files []string
		for j := range 10 {
			files = append(files, fmt.Sprintf("%d/Dockerfile", j), fmt.Sprintf("FROM r.io/debian:12@%s\nFROM r.io/alpine:3\n", old))
		}
		r, _ := repository(fmt.Sprint("r", i), files...)
		all = append(all, r)
	}
	return all
}

func TestEachQuestionIsAskedOnce(t *testing.T) {
	registry := newFake()
	old := registry.push("debian:12", "one", "linux/amd64")
	registry.push("debian:12", "two", "linux/amd64")
	f := flow(t, registry)
	p, err := f.Plan(t.Context(), many(5, old))
	require.NoError(t, err)
	assert.Len(t, p.Bumps, 5)
	for verb, want := range map[string]int{"resolve": 1, "manifest": 2, "exists": 0, "platform": 0} {
		all, different := registry.count(verb)
		assert.Equal(t, want, all, verb)
		assert.Equal(t, want, different, verb)
	}

	// What never changes is not asked again: the cache has it.
	_, err = f.Plan(t.Context(), many(5, old))
	require.NoError(t, err)
	all, _ := registry.count("resolve")
	assert.Equal(t, 2, all)
	all, _ = registry.count("manifest")
	assert.Equal(t, 2, all)
}

func TestNothingMovedIsOneQuestionForEachTag(t *testing.T) {
	registry := newFake()
	current := registry.push("debian:12", "one", "linux/amd64")
	p, err := flow(t, registry).Plan(t.Context(), many(5, current))
	require.NoError(t, err)
	assert.Equal(t, 50, p.Current)
	assert.Equal(t, map[string]int{"resolve debian:12": 1}, registry.asked)
}

func TestTheOutputDoesNotDependOnTiming(t *testing.T) {
	registry := newFake()
	var files []string
	for i := range 100 {
		ref := fmt.Sprintf("app%d:1", i)
		old := registry.push(ref, "one", "linux/amd64")
		registry.push(ref, "two", "linux/amd64")
		files = append(files, fmt.Sprintf("%02d/Dockerfile", i), fmt.Sprintf("FROM r.io/%s@%s\n", ref, old))
	}
	var first plan.Plan
	for i := range 5 {
		r, _ := repository(".", files...)
		p, err := flow(t, registry).Plan(t.Context(), []bump.Repository{r})
		require.NoError(t, err)
		if i == 0 {
			first = p
		}
		assert.Equal(t, first, p)
	}
}

func TestTrouble(t *testing.T) {
	tests := map[string]struct {
		err  error
		code plan.Code
		says string
	}{
		"not found":   {fmt.Errorf("ask: %w", image.ErrNotFound), plan.NotFound, "the tag or repository was removed or renamed, or is private"},
		"denied":      {fmt.Errorf("ask: %w: log in", image.ErrDenied), plan.Denied, "log in"},
		"unsupported": {image.ErrUnsupported, plan.Unsupported, "unsupported manifest"},
		"mismatch":    {image.ErrMismatch, plan.Failed, "content does not match its digest: the registry, or a proxy before it, is broken"},
		"any other":   {errors.New("on fire"), plan.Failed, "on fire"},
	}
	for name, tt := range tests {
		for _, at := range []string{"the tag", "the pinned digest", "the new digest"} {
			t.Run(name+" at "+at, func(t *testing.T) {
				registry := newFake()
				old := registry.push("bad:1", "bad one", "linux/amd64")
				next := registry.push("bad:1", "bad two", "linux/amd64")
				good := registry.push("good:1", "one", "linux/amd64")
				registry.push("good:1", "two", "linux/amd64")
				registry.errs[map[string]string{
					"the tag": "bad:1", "the pinned digest": "bad@" + string(old), "the new digest": "bad@" + string(next),
				}[at]] = tt.err
				r, _ := repository(".", "Dockerfile", fmt.Sprintf("FROM r.io/bad:1@%s\nFROM r.io/good:1@%s\n", old, good))
				p, err := flow(t, registry).Plan(t.Context(), []bump.Repository{r})
				require.NoError(t, err)
				if at == "the pinned digest" && errors.Is(tt.err, image.ErrNotFound) {
					require.Len(t, p.Bumps, 2)
					assert.True(t, p.Bumps[0].Gone, "what breaks builds comes first")
					return
				}
				require.Len(t, p.Bumps, 1)
				assert.Equal(t, "r.io/good", p.Bumps[0].Image)
				require.Len(t, p.Holds, 1)
				if at == "the new digest" && errors.Is(tt.err, image.ErrNotFound) {
					assert.Contains(t, p.Holds[0].Reason, "which the registry does not have")
					return
				}
				assert.Equal(t, tt.code, p.Holds[0].Code)
				assert.Contains(t, p.Holds[0].Reason, tt.says)
				assert.True(t, p.Troubled())
			})
		}
	}
}

func TestTheNewDigestIsNotThere(t *testing.T) {
	registry := newFake()
	old := registry.push("app:1", "one", "linux/amd64")
	next := registry.push("app:1", "two", "linux/amd64")
	delete(registry.content, next)
	r, _ := repository(".", "Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\n", old))
	p, err := flow(t, registry).Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	assert.Empty(t, p.Bumps, "a digest that cannot be pulled must not be pinned")
	require.Len(t, p.Holds, 1)
	assert.Equal(t, plan.Failed, p.Holds[0].Code)
	assert.True(t, p.Troubled())
}

func TestFilesThatCannotBeReadAreProblems(t *testing.T) {
	registry := newFake()
	old := registry.push("app:1", "one", "linux/amd64")
	r, tree := repository("r", "Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\n", old), "no/Dockerfile", "", "bad/Dockerfile", "FORM x\n")
	tree.broken["no/Dockerfile"] = errors.New("too large")
	p, err := flow(t, registry).Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	assert.Equal(t, 1, p.Current)
	require.Len(t, p.Problems, 2)
	assert.Equal(t, "bad/Dockerfile", p.Problems[0].Path)
	assert.Equal(t, 1, p.Problems[0].Line)
	assert.Equal(t, "too large", p.Problems[1].Message)
	assert.True(t, p.Troubled())
}

func TestVerifyAsksOnlyForMovedPins(t *testing.T) {
	registry := newFake()
	current := registry.push("same:1", "one", "linux/amd64")
	old := registry.push("app:1", "one", "linux/amd64")
	registry.push("app:1", "two", "linux/amd64")
	r, _ := repository(".", "Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\nFROM r.io/same:1@%s\n", old, current))
	f := flow(t, registry)
	f.Verify = true
	_, err := f.Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	all, _ := registry.count("exists")
	assert.Zero(t, all, "reading the content has shown that it is there")

	delete(registry.content, old)
	p, err := f.Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	all, _ = registry.count("exists")
	assert.Equal(t, 1, all)
	require.Len(t, p.Bumps, 1)
	assert.True(t, p.Bumps[0].Gone)

	registry.errs["app@"+string(old)] = errors.New("on fire")
	p, err = f.Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	require.Len(t, p.Bumps, 1)
	assert.False(t, p.Bumps[0].Gone, "a registry that fails has not said that it is gone")
}

func TestSupersededDigestsAreAskedForNewestFirst(t *testing.T) {
	registry := newFake()
	pinned := registry.push("app:1", "0", "linux/amd64")
	c := memory(t)
	ref, err := image.ParseReference("r.io/app:1")
	require.NoError(t, err)
	var seen []image.Digest
	for i := range 4 { // first seen 10, 9, 8 and 7 days ago
		d := registry.push("app:1", fmt.Sprint("v", i), "linux/amd64")
		c.Observe(ref, d, now.Add(time.Duration(i-10)*24*time.Hour))
		seen = append(seen, d)
	}
	registry.push("app:1", "young", "linux/amd64")
	delete(registry.content, seen[3])
	delete(registry.content, seen[2])
	r, _ := repository(".", "Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\n", pinned))
	r.Policy = func(image.Reference) config.Policy {
		return config.Policy{Cooldown: 3 * 24 * time.Hour, Superseded: true}
	}
	p, err := bump.Flow{Registry: registry, Cache: c, Now: now}.Plan(t.Context(), []bump.Repository{r})
	require.NoError(t, err)
	require.Len(t, p.Bumps, 1)
	assert.Equal(t, seen[1], p.Bumps[0].To)
	all, _ := registry.count("exists")
	assert.Equal(t, 3, all)
}

func TestSinglePlatformPinsLearnTheirPlatform(t *testing.T) {
	registry := newFake()
	registry.push("app:1", "one", "linux/amd64", "linux/arm64")
	pinned := digest("onelinux/arm64")
	registry.push("app:1", "two", "linux/amd64", "linux/arm64")
	r, _ := repository(".", "Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\n", pinned), "x/Dockerfile", fmt.Sprintf("FROM r.io/app:1@%s\n", pinned))
	f := flow(t, registry)
	for range 2 { // the second time from the cache
		p, err := f.Plan(t.Context(), []bump.Repository{r})
		require.NoError(t, err)
		require.Len(t, p.Bumps, 1)
		assert.Equal(t, digest("twolinux/arm64"), p.Bumps[0].To)
		assert.Len(t, p.Bumps[0].Edits, 2)
		all, _ := registry.count("platform")
		assert.Equal(t, 1, all)
	}
}

func TestPlanEndsWithItsContext(t *testing.T) {
	registry := newFake()
	old := registry.push("debian:12", "one", "linux/amd64")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := flow(t, registry).Plan(ctx, many(2, old))
	require.ErrorIs(t, err, context.Canceled)
}

func TestProgress(t *testing.T) {
	registry := newFake()
	old := registry.push("debian:12", "one", "linux/amd64")
	registry.push("debian:12", "two", "linux/amd64")
	f := flow(t, registry)
	var calls atomic.Int32
	f.Progress = func(done, total int) {
		calls.Add(1)
		assert.LessOrEqual(t, done, total)
	}
	_, err := f.Plan(t.Context(), many(1, old))
	require.NoError(t, err)
	assert.Positive(t, calls.Load())
}
