package benchtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	manyRepositories = 10_000
	maxFleetMemory   = 256 // MiB at the peak of a run over so many
)

func peakMemory(t *testing.T, f *fleet) {
	t.Helper()
	for _, state := range []string{"cold", "warm"} {
		got := f.bump(t, plain)
		assert.Less(t, got.Peak, float64(maxFleetMemory), state)
		t.Logf("%s: %.0f MiB, %v, of processor time %v", state, got.Peak, got.Wall, got.CPU)
	}
	repository, _ := place(0)
	got := f.run(t, "version: 1\n", "prune", f.host+"/"+repository)
	assert.Less(t, got.Peak, float64(maxFleetMemory), "what all of them use")
	got.log(t, fmt.Sprintf("prune, asking all: %.0f MiB, %v, of processor time %v", got.Peak, got.Wall, got.CPU))
}
