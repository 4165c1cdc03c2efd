package forge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestIncompleteError(t *testing.T) {
	e := &forge.IncompleteError{Skipped: []forge.Skipped{{Name: "acme/a", Err: forge.ErrDenied}, {Name: "acme/b", Err: forge.ErrNotFound}}}
	require.EqualError(t, e, "acme/a: permission denied; acme/b: not found")
	wrapped := fmt.Errorf("list: %w", e)
	require.ErrorIs(t, wrapped, forge.ErrDenied)
	require.ErrorIs(t, wrapped, forge.ErrNotFound)
	assert.NotErrorIs(t, wrapped, forge.ErrMoved)

	for i := range 40 {
		e.Skipped = append(e.Skipped, forge.Skipped{Name: fmt.Sprintf("acme/%d", i), Err: forge.ErrMoved})
	}
	assert.Contains(t, e.Error(), "acme/17: changed by somebody else meanwhile; and 22 more")
}
