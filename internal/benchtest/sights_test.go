package benchtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

const (
	publishers = 20 // repositories on the forge, which publish an image each
	perImage   = 3  // tags of an image that move
)

// sights holds what it costs a central run to look after published images: one
// HEAD for each tag as long as nothing changes.
func sights(t *testing.T, f *fleet) {
	t.Helper()
	bases := f.bump(t, plain).registry.head
	config := plain + f.publish(t)

	first := f.bump(t, config).registry
	warm := f.bump(t, config).registry
	assert.Equal(t, bases+publishers*perImage, warm.head, "nothing changed")
	assert.Zero(t, warm.get, "no ledger is read")
	assert.LessOrEqual(t, warm.other, maxOther)

	registrytest.Push(t, registrytest.Host{Addr: f.host}, published(0), "latest")
	moved := f.bump(t, config).registry
	assert.LessOrEqual(t, moved.head+moved.get+moved.other-bases-publishers*perImage, maxRetire, "one moved: %+v", moved)
	t.Logf("first: %+v; nothing changed: %+v; one moved: %+v", first, warm, moved)
}

func published(i int) string { return fmt.Sprintf("apps/app%02d", i) }

// publish pushes the images and returns the configuration that lists them.
func (f *fleet) publish(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("images:\n")
	for i := range publishers {
		for _, tag := range []string{"latest", "edge", "stable"}[:perImage] {
			registrytest.Push(t, registrytest.Host{Addr: f.host}, published(i), tag)
			fmt.Fprintf(&b, "  - {image: %q, repository: %q}\n", f.host+"/"+published(i)+":"+tag, nameOf(i))
		}
	}
	return b.String()
}
