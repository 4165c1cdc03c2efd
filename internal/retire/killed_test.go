package retire_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
	"github.com/basekeeper/basekeeper/internal/retire"
)

// TestKilledRecord kills the run that remembers what is published at each of
// its requests: the next one has the same end, and what was remembered before
// is still there.
func TestKilledRecord(t *testing.T) {
	for name, deaths := range map[string][]bool{"memory": {false, true}, "distribution2.8": {true}} { // that one waits for its disk
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := open(t, registries[name](t), nil)
			for n := int64(1); ; n++ {
				for _, sent := range deaths {
					at := fmt.Sprintf("request %d, sent: %t", n, sent)
					repository := fmt.Sprintf("acme/app-%d-%t", n, sent)
					refs := []image.Reference{
						{Registry: good.host.Addr, Repository: repository, Tag: "latest"}, {Registry: good.host.Addr, Repository: repository, Tag: "edge"},
					}
					one := registrytest.Push(t, good.host, repository, "latest").Digest
					earlier := good.Flow
					earlier.Now = now.Add(-time.Hour)
					_, err := earlier.Record(t.Context(), refs)
					require.NoError(t, err)
					two := registrytest.Push(t, good.host, repository, "latest").Digest
					registrytest.Tag(t, good.host, repository, "latest", "edge")

					_, err = open(t, good.host, &dying{n: n, sent: sent}).Record(t.Context(), refs)
					l, unread := good.store.ReadLedger(t.Context(), refs[0])
					require.NoError(t, unread, at)
					require.Equal(t, one, l.Sights["latest"][0].Digest, at)
					seen, again := good.Record(t.Context(), refs)
					require.NoError(t, again, at)
					l, unread = good.store.ReadLedger(t.Context(), refs[0])
					require.NoError(t, unread, at)
					require.Len(t, l.Sights["latest"], 2, at)
					require.Equal(t, two, l.Sights["latest"][1].Digest, at)
					require.Equal(t, two, l.Sights["edge"][0].Digest, at)
					if err == nil {
						require.Greater(t, n, int64(6))
						assert.Equal(t, []retire.Sighted{{Ref: refs[0], Digest: two}, {Ref: refs[1], Digest: two}}, seen, "nothing is new")
						return
					}
				}
			}
		})
	}
}
