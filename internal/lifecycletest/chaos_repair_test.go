package lifecycletest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// Wherever a repair is killed, the ledger is the damaged one or the whole new
// one, and the next repair comes to the same end.
func TestChaosKilledRepair(t *testing.T) {
	host := registrytest.StartV3(t)
	s := shelf{t, host, "ruin/app"}
	s.image("v1", "1")
	s.image("v2", "2")
	s.image("latest", "3")
	s.retired(map[string]int{"v1": 2, "v2": 60})
	f := newFront(t, host, nil)
	chaosOK(t, chaosNow.Add(-time.Hour), nil, pruneArgs(f.addr+"/"+s.name, usedBy(t))...)
	require.Empty(t, s.at("v2"))
	s.push(ledger.Tag, manifest{
		"mediaType": image.MediaTypeOCIManifest, "artifactType": ledger.MediaType, "layers": []manifest{},
		"config": manifest{"mediaType": ledger.MediaType, "digest": s.blob("{garbage")["digest"], "size": len("{garbage")},
	})
	killing{
		host: host, from: s.name, now: chaosNow,
		args: func(repository string) []string {
			return []string{"ledger", "repair", repository, "--yes", "--concurrency", "1"}
		},
	}.everywhere(t)
}
