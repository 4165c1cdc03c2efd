package cli_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A merge into a branch other than the default one replaces nothing that is
// published, and every run says so.
func TestMergesIntoOtherBranches(t *testing.T) {
	o := newOrg(t)
	base := o.publish("base/rhel", "9", "rhel 9.0")
	o.repository("acme/shop", kind{}, "Dockerfile", "FROM scratch\n", ".basekeeper.yaml", "base-branches: [$default, release-1]\n")
	o.push("acme/shop", "release-1", "Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n")
	o.publish("apps/shop", "latest", "shop 1")
	o.publish("base/rhel", "9", "rhel 9.1")
	config := o.configured(appImages)
	o.bump(0, config...)
	o.mergeBump("acme/shop")
	const want = "acme/shop#1 went into release-1, which is not the default branch main: it replaces no published image"
	for name, args := range map[string][]string{
		"by number": {"on-merge", "acme/shop#1"}, "central": {"on-merge", "--organization", "acme"}, "bump": {"bump", "--organization", "acme"},
	} {
		got := o.ok(append(args, config...)...)
		assert.Contains(t, got.errors, want, name)
	}
	assert.Empty(t, o.at("apps/shop", "v1"))
}

// Every run that has the configuration's images and may write records what they
// are now.
func TestRunsRecordWhatIsPublished(t *testing.T) {
	o, _ := shopOrg(t)
	config := o.configured("images:\n  - {image: REGISTRY/apps/shop, repository: acme/shop}\n  - {image: REGISTRY/apps/other, repository: acme/other}\n")
	o.mergeBump("acme/shop")
	o.publish("base/rhel", "9", "rhel 9.2")
	saved := o.dir + "/plan.json"
	o.ok(append([]string{"plan", "--organization", "acme", "-o", saved}, config...)...)
	for name, args := range map[string][]string{"by number": {"on-merge", "acme/shop#1"}, "of a saved plan": {"apply", saved}} {
		seen := o.publish("apps/other", "latest", "other "+name)
		o.ok(append(args, config...)...)
		book := o.ok("ledger", "show", o.registry.Host()+"/apps/other", "--format", "json")
		assert.Contains(t, book.out, seen, name)
	}

	o.publish("apps/other", "latest", "other, and a dry run")
	dry := o.registryWrites(func() { o.ok(append([]string{"on-merge", "acme/shop#1", "--dry-run"}, config...)...) })
	assert.Empty(t, dry)
}

// A version that was pruned within the time that runs look back stays away.
func TestCentralRunAfterAPrune(t *testing.T) {
	o, _ := shopOrg(t)
	config := o.configured(strings.Replace(appImages, "keep-for: 30d", "keep-for: 1d", 1))
	o.mergeBump("acme/shop")
	o.wait(time.Minute)
	o.publish("apps/shop", "latest", "shop 2")
	o.bump(0, config...)
	require.NotEmpty(t, o.at("apps/shop", "v1"))
	o.wait(2 * day)
	o.ok(append([]string{"prune", "--yes"}, config...)...)
	require.Empty(t, o.at("apps/shop", "v1"))
	for range 2 {
		got := o.bump(0, config...)
		assert.Contains(t, got.out, "was retired as v1, and has been deleted since")
		assert.Empty(t, o.at("apps/shop", "v1"))
		assert.Empty(t, o.at("apps/shop", "v2"), "what is published now is nobody's earlier version")
	}
}

// A run looks back to the last one that its cache knows of, and never less than
// seven days.
func TestCentralRunLooksBackToTheLast(t *testing.T) {
	o, config := shopOrg(t)
	o.mergeBump("acme/shop")
	o.wait(30 * day)
	cache := o.cache
	o.cache = t.TempDir() + "/cache.json"
	assert.NotContains(t, o.ok(append([]string{"on-merge", "--organization", "acme"}, config...)...).out, "as v1", "nothing is remembered")
	o.cache = cache
	assert.Contains(t, o.ok(append([]string{"on-merge", "--organization", "acme"}, config...)...).out, "as v1")
}

// Of several failures the worst by its number's order is the exit status, though
// other images were retired.
func TestOnMergeStatus(t *testing.T) {
	o := newOrg(t)
	base := o.publish("base/rhel", "9", "rhel 9.0")
	o.repository("acme/shop", kind{}, "Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n")
	o.publish("apps/kept", "oldest", "something else")
	for _, name := range []string{"apps/good", "apps/kept"} {
		o.publish(name, "latest", name)
	}
	o.publish("base/rhel", "9", "rhel 9.1")
	o.bump(0)
	o.mergeBump("acme/shop")
	const (
		good = "  - {image: REGISTRY/apps/good, repository: acme/shop}\n"
		kept = "  - {image: REGISTRY/apps/kept, repository: acme/shop, retire: oldest}\n" // a tag that is another's
	)
	for name, tt := range map[string]struct {
		images string
		want   int
	}{
		"all done":      {good, 0},
		"one refused":   {good + kept, 5},
		"refused alone": {kept, 5},
	} {
		config := o.configured("images:\n" + tt.images)
		got := o.run(append([]string{"on-merge", "acme/shop#1"}, config...)...)
		assert.Equal(t, tt.want, got.status, "%s: %s", name, got.errors)
	}
	config := o.configured("images:\n" + good + kept)
	o.bump(5, config...)
}
