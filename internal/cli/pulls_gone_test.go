package cli_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
)

// lose deletes an image from the registry, if it is there.
func (o *org) lose(repository string, d image.Digest) {
	o.t.Helper()
	url := "http://" + o.registry.Host() + "/v2/" + repository + "/manifests/" + string(d)
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodDelete, url, nil)
	require.NoError(o.t, err)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(o.t, err)
	require.NoError(o.t, resp.Body.Close())
	require.Contains(o.t, []int{http.StatusAccepted, http.StatusNotFound}, resp.StatusCode)
}

// A pull request that waits to be merged by itself becomes one that repairs what
// broke: it says so, and waits for a person.
func TestAPinThatIsGoneIsNeverMergedByItself(t *testing.T) {
	const said = "The registry no longer has a digest that is in use"
	eachForge(t, func(t *testing.T, on forge.Flavor) {
		for name, meanwhile := range map[string]func(o *org){
			"nothing else":        func(*org) {},
			"the tag moves again": func(o *org) { o.publish("base", "1", "three") },
		} {
			t.Run(name, func(t *testing.T) {
				o, old, _ := app(t, on)
				flags := o.config("automerge: squash\nlabels: [deps]\nverify: true\n")
				o.bump(0, flags...)
				p := o.only("acme/app")
				require.Equal(t, "SQUASH", p.AutoMerge)
				require.NotContains(t, p.Body, said)
				o.quiet(flags...)

				o.wait(time.Hour)
				o.lose("base", old)
				meanwhile(o)
				o.bump(0, flags...)
				after := o.only("acme/app")
				assert.Equal(t, p.Number, after.Number)
				assert.Contains(t, after.Body, said)
				assert.NotContains(t, after.Body, "merged automatically")
				assert.Empty(t, after.AutoMerge)
				assert.Equal(t, []string{"deps"}, after.Labels)
				require.NoError(t, o.people.ChecksPassed("acme/app", p.Number))
				assert.Len(t, o.open("acme/app"), 1, "it waits for a person")
				o.quiet(flags...)
			})
		}
	})
}
