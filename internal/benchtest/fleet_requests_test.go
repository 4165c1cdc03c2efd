package benchtest

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How often GitHub may be asked in a run over fleetSize repositories.
const (
	maxWarm   = fleetSize/100 + 2
	maxCold   = fleetSize*11/10 + 10
	maxWrites = 3 // for one bump
	maxWished = 4 // for one with labels, reviewers and assignees
	// maxPoints is what the listing may cost of GraphQL's hourly 5,000.
	maxPoints = 42 * fleetSize / 100
)

// Configurations of the run.
const (
	plain  = "new-limit: 10000\n"
	wishes = plain + "labels: [deps]\nreviewers: [ada]\nassignees: [ada]\n"
)

func TestFleet(t *testing.T) {
	w, program := memory(t), hurried(t)
	t.Run("few bumps", func(t *testing.T) { fewBumps(t, newFleet(t, w, program, fleetSize, 0)) })
	t.Run("one in each", func(t *testing.T) { oneInEach(t, newFleet(t, w, program, fleetSize, fleetSize)) })
	t.Run("sights", func(t *testing.T) { sights(t, newFleet(t, w, program, publishers, 0)) })
	if runtime.GOOS == "linux" { // see TestPeakMemory
		t.Run("memory", func(t *testing.T) { peakMemory(t, newFleet(t, w, program, manyRepositories, 0)) })
	}
}

func (s spent) log(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: %d read, %d written, %d points, %d KiB; registry %+v", what, s.reads, s.writes, s.points, s.bytes>>10, s.registry)
}

// quiet is a run that finds nothing to do.
func (f *fleet) quiet(t *testing.T, most int, what string) spent {
	t.Helper()
	got := f.bump(t, plain)
	assert.LessOrEqual(t, got.forge(), most, what)
	assert.Zero(t, got.writes, what)
	assert.Equal(t, tags, got.registry.head, what)
	got.log(t, what)
	return got
}

func fewBumps(t *testing.T, f *fleet) {
	t.Helper()
	f.quiet(t, maxCold, "cold")
	warm := f.quiet(t, maxWarm, "warm")
	assert.LessOrEqual(t, warm.points, maxPoints)

	f.fallBehind(t, 0)
	f.bumps(t, plain, 1, maxWrites, "one bump")
	f.fallBehind(t, 1)
	f.bumps(t, wishes, 1, maxWished, "one bump with wishes")
	pull := f.github.PullRequests(nameOf(1))[0]
	assert.Equal(t, []string{"deps"}, pull.Labels)
	assert.Equal(t, []string{"ada"}, pull.Reviewers)
	assert.Equal(t, []string{"ada"}, pull.Assignees)
	for i := range 50 {
		f.fallBehind(t, 2+i)
	}
	f.bumps(t, plain, 50, 50*maxWrites, "50 bumps")
	f.quiet(t, maxWarm, "warm, with 52 pull requests")

	// No repository so far has a pull request about these.
	moved := 0
	for _, i := range []int{1, 51, 101, 151} {
		f.move(t, i)
		moved += len(f.users(i))
	}
	require.Greater(t, moved, fleetSize/10)
	f.bumps(t, plain, moved, moved*maxWrites, "an image of many moved")
	for _, i := range []int{1, 51, 101, 151} {
		f.move(t, i)
	}
	got := f.bump(t, plain)
	assert.LessOrEqual(t, got.writes, moved*maxWrites, "it moved again, under open pull requests")
	assert.Equal(t, 52+moved, f.open(), "the same ones")
	got.log(t, "moved on")
	f.quiet(t, maxWarm, "warm, after that")
}

// bumps is a run that opens so many pull requests.
func (f *fleet) bumps(t *testing.T, config string, pulls, most int, what string) {
	t.Helper()
	before := f.open()
	got := f.bump(t, config)
	assert.Equal(t, before+pulls, f.open(), what)
	assert.LessOrEqual(t, got.writes, most, what)
	got.log(t, what)
}

func oneInEach(t *testing.T, f *fleet) {
	t.Helper()
	first := f.bump(t, plain)
	assert.LessOrEqual(t, first.writes, fleetSize*maxWrites)
	require.Equal(t, fleetSize, f.open())
	first.log(t, "first")
	f.quiet(t, maxWarm, "warm, with a pull request in each")
	f.cache += ".lost"
	f.quiet(t, maxCold, "the cache is lost, with a pull request in each")
	for i := range fleetSize / 5 {
		require.NoError(t, f.github.ClosePull(nameOf(i), 1, "ada"))
	}
	f.bump(t, plain) // reads what they brought
	f.quiet(t, maxWarm, "warm, with a fifth of them declined")
}
