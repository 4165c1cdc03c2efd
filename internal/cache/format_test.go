package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
)

// FuzzDecode finds that no file makes trouble, and that what is kept of one is
// written and read again as it is. It works in memory, since files are slow.
func FuzzDecode(f *testing.F) {
	d := string(image.FromBytes(nil))
	f.Add([]byte(`{"version":1,"tags":{"docker.io/library/debian:12":{"used":"2026-02-01","seen":[{"digest":"` + d + `","firstSeen":"2026-02-01T00:00:00Z"}]}}}`))
	f.Add([]byte(`{"version":1,"manifests":{"` + d + `":{"used":"2026-02-01","mediaType":"m","platforms":[{"digest":"` + d + `"}]}}}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"heads":{"a/b#main":{"used":"2026-02-01","commit":"c","reader":"1","files":[{"path":"Dockerfile","blob":"b","uses":[{"kind":"from","ref":"docker.io/library/debian:12@` + d + `","line":1,"digest":{"start":10,"end":81},"pinAt":-1,"editable":true}]}]}}}`))
	written := func(t *testing.T, old contents) []byte {
		c := Cache{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), tags: old.tags, manifests: old.manifests, heads: old.heads}
		c.expire()
		doc, of, err := c.document()
		require.NoError(t, err)
		var content bytes.Buffer
		require.NoError(t, doc.write(&content))
		require.Equal(t, sum(sha256.Sum256(content.Bytes())), of)
		whole, err := json.Marshal(doc)
		require.NoError(t, err)
		require.Equal(t, string(whole)+"\n", content.String())
		return content.Bytes()
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		old, err := decode(content)
		if err != nil {
			var damage *damageError
			require.ErrorAs(t, err, &damage)
			return
		}
		first := written(t, old)
		again, err := decode(first)
		require.NoError(t, err)
		require.Equal(t, string(first), string(written(t, again)))
	})
}
