package retention_test

import (
	"math/rand"
	"testing"
)

// FuzzDecide makes repositories from bytes, each of which is one choice.
func FuzzDecide(f *testing.F) {
	for seed := range int64(20) {
		random, content := rand.New(rand.NewSource(seed)), make([]byte, 200+40*seed)
		random.Read(content)
		f.Add(content)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		check(t, newModel(choices(content)), rand.New(rand.NewSource(1)))
	})
}

// choices takes each choice from the next byte; the first choice where there
// are no more.
func choices(content []byte) source {
	return func(n int) int {
		if len(content) == 0 {
			return 0
		}
		b := content[0]
		content = content[1:]
		return int(b) % n
	}
}
