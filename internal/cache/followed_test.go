package cache_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/cache"
)

func TestFollowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cache.json")
	run := func(at time.Time, put ...string) *cache.Cache {
		c := open(t, file, at)
		for _, name := range put {
			c.PutFollowed(name)
		}
		require.NoError(t, c.Save())
		return open(t, file, at)
	}
	_, ok := run(now).Followed("acme/app")
	assert.False(t, ok)
	run(now, "acme/app")
	tests := map[string]struct {
		put  time.Time
		want time.Time
	}{
		"within a day": {now.Add(day - time.Second), now},
		"a day later":  {now.Add(day), now.Add(day)},
		"much later":   {now.Add(9 * day), now.Add(9 * day)},
		"clock behind": {now, now},
	}
	for _, name := range []string{"within a day", "a day later", "much later", "clock behind"} {
		tt := tests[name]
		got, ok := run(tt.put, "acme/app").Followed("acme/app")
		assert.True(t, ok, name)
		assert.Equal(t, tt.want, got, name)
	}

	one, other := open(t, file, now.Add(20*day)), open(t, file, now.Add(22*day))
	other.PutFollowed("acme/app")
	one.PutFollowed("acme/app")
	one.PutFollowed("acme/lib")
	require.NoError(t, other.Save())
	require.NoError(t, one.Save())
	both := open(t, file, now.Add(23*day))
	for name, want := range map[string]time.Time{"acme/app": now.Add(20 * day), "acme/lib": now.Add(20 * day)} {
		got, ok := both.Followed(name)
		assert.True(t, ok)
		assert.Equal(t, want, got, "what is yet to come by one's own clock is not believed: %s", name)
	}
	_, ok = run(now.Add(500 * day)).Followed("acme/lib")
	assert.False(t, ok)
}
