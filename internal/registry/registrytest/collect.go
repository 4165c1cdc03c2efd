package registrytest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// GarbageCollect removes the blobs of a registry that no manifest names, by the
// registry's own program and without its -m: untagged manifests stay. The
// registry goes on meanwhile, so nothing must be pushed to it. A registry in
// memory has no such thing and fails the test.
func GarbageCollect(t testing.TB, h Host) {
	t.Helper()
	require.NotEmpty(t, h.program, "a registry in memory has no garbage collector")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.program, "garbage-collect", h.configuration)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}
