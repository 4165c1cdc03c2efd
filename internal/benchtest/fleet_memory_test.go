package benchtest

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	manyRepositories = 10_000
	maxFleetMemory   = 256 // MiB at the peak of a run over so many
)

func TestFleetPeakMemory(t *testing.T) {
	if runtime.GOOS != "linux" { // see TestPeakMemory
		return
	}
	f := newFleet(t, memory(t), hurried(t), manyRepositories, 0)
	for _, state := range []string{"cold", "warm"} {
		got := f.bump(t, plain)
		assert.Less(t, got.Peak, float64(maxFleetMemory), state)
		t.Logf("%s: %.0f MiB, %v, of processor time %v", state, got.Peak, got.Wall, got.CPU)
	}
}
