package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/sandbox"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

const day = 24 * time.Hour

// configured writes the run's configuration and returns the flags that name it.
func (o *org) configured(text string) []string {
	o.t.Helper()
	file := filepath.Join(o.dir, "run.yaml")
	require.NoError(o.t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "REGISTRY", o.registry.Host())), 0o600))
	return []string{"--config", file}
}

// ok runs a command that must end with status 0.
func (o *org) ok(args ...string) ran {
	o.t.Helper()
	got := o.run(args...)
	require.Equal(o.t, 0, got.status, "%s\n%s", got.out, got.errors)
	return got
}

// at returns what a tag points at; empty where it is not there.
func (o *org) at(repository, tag string) image.Digest {
	o.t.Helper()
	d, err := o.registry.Digest(o.t.Context(), repository, tag)
	require.NoError(o.t, err)
	return d
}

// registryWrites returns the requests of a function that change the registry,
// but for the DELETE of a tag that there is none of, by which prune finds out
// whether single tags can be deleted.
func (o *org) registryWrites(during func()) []string {
	before := len(o.registry.Requests())
	during()
	var writes []string
	for _, r := range o.registry.Requests()[before:] {
		if !strings.HasPrefix(r, "GET ") && !strings.HasPrefix(r, "HEAD ") && !strings.HasSuffix(r, "/manifests/basekeeper.probe") {
			writes = append(writes, r)
		}
	}
	return writes
}

const appImages = `
images:
  - image: REGISTRY/apps/shop
    repository: acme/shop
retention: {keep-for: 30d, keep-last: 0, max-deleted: 90}
roots: {organizations: [acme]}
`

// shopOrg is an organisation whose acme/shop is built on a base that has moved,
// with the bump for it open.
func shopOrg(t *testing.T) (o *org, config []string) {
	o = newOrg(t)
	base := o.publish("base/rhel", "9", "rhel 9.0")
	o.repository("acme/shop", kind{}, "Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n")
	o.publish("apps/shop", "latest", "shop 1")
	o.publish("base/rhel", "9", "rhel 9.1")
	config = o.configured(appImages)
	o.bump(0, config...)
	return o, config
}

func (o *org) mergeBump(name string) pull {
	o.t.Helper()
	p := o.only(name)
	o.wait(time.Hour)
	require.NoError(o.t, o.github.Merge(name, p.Number, "ada"))
	return p
}

// A central run follows up the merges of all repositories, though the build
// was faster.
func TestCentralRunRetiresWhatMergesReplace(t *testing.T) {
	o, config := shopOrg(t)
	first := o.at("apps/shop", "latest") // the bump run has recorded it
	o.mergeBump("acme/shop")
	o.wait(time.Minute)
	second := o.publish("apps/shop", "latest", "shop 2")
	o.wait(time.Minute)

	got := o.bump(0, config...)
	assert.Contains(t, got.out, "retired")
	assert.Contains(t, got.out, "as v1")
	assert.Equal(t, first, o.at("apps/shop", "v1"))
	assert.Equal(t, second, o.at("apps/shop", "latest"))
	assert.Empty(t, o.at("apps/shop", "v2"))
	ledger := o.ok("ledger", "show", o.registry.Host()+"/apps/shop")
	assert.Contains(t, ledger.out, "acme/shop#1")

	writes := o.registryWrites(func() { o.quiet(config...) })
	assert.Empty(t, writes, "once more for the same merge does nothing")
	before := len(o.registry.Requests())
	o.quiet(config...)
	asked := o.registry.Requests()[before:]
	assert.LessOrEqual(t, len(asked), 10, "%q", asked)
}

func TestOnMergeByNumber(t *testing.T) {
	o, config := shopOrg(t)
	first := o.at("apps/shop", "latest")
	p := o.mergeBump("acme/shop")
	dry := o.registryWrites(func() {
		got := o.ok(append([]string{"on-merge", "acme/shop#1", "--dry-run"}, config...)...)
		assert.Contains(t, got.out, "to retire")
	})
	assert.Empty(t, dry)
	o.ok(append([]string{"on-merge", "acme/shop#1"}, config...)...)
	assert.Equal(t, first, o.at("apps/shop", "v1"))
	got := o.ok(append([]string{"on-merge", "acme/shop#1", "--format", "json"}, config...)...)
	var said struct {
		Retired []struct {
			Tag  string
			Done bool
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &said))
	require.Len(t, said.Retired, 1)
	assert.Equal(t, "v1", said.Retired[0].Tag)
	assert.False(t, said.Retired[0].Done)
	assert.Equal(t, 1, p.Number)

	missing := o.run(append([]string{"on-merge", "acme/shop#99"}, config...)...)
	assert.Equal(t, 1, missing.status)
	assert.Contains(t, missing.errors, "acme/shop#99")
	for _, name := range []string{"shop#1", "acme/shop", "acme/shop#x", "acme/shop#0"} {
		assert.Equal(t, 2, o.run("on-merge", name).status, name)
	}
}

// Only the images that are built from the files that the merge has changed are
// about to be replaced.
func TestOnMergeLooksAtTheFiles(t *testing.T) {
	o := newOrg(t)
	base := o.publish("base/rhel", "9", "rhel 9.0")
	o.repository("acme/two", kind{},
		"a/Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n", "b/Dockerfile", "FROM scratch\n")
	o.publish("apps/a", "latest", "a 1")
	o.publish("apps/b", "latest", "b 1")
	o.publish("base/rhel", "9", "rhel 9.1")
	config := o.configured(`
images:
  - {image: REGISTRY/apps/a, repository: acme/two, dockerfile: a/Dockerfile}
  - {image: REGISTRY/apps/b, repository: acme/two, dockerfile: b/Dockerfile}
`)
	o.bump(0, config...)
	o.mergeBump("acme/two")
	o.bump(0, config...)
	assert.NotEmpty(t, o.at("apps/a", "v1"))
	assert.Empty(t, o.at("apps/b", "v1"))
}

// An image that names no repository is the run's own; of several, none is.
func TestOnMergeNeedsToKnowTheRepository(t *testing.T) {
	o, _ := shopOrg(t)
	o.mergeBump("acme/shop")
	config := o.configured("images: [{image: REGISTRY/apps/shop}]\n")
	o.ok(append([]string{"on-merge", "--repository", "acme/shop"}, config...)...)
	assert.NotEmpty(t, o.at("apps/shop", "v1"))

	o.repository("acme/another", kind{}, "Dockerfile", "FROM scratch\n")
	got := o.run(append([]string{"on-merge", "--organization", "acme"}, config...)...)
	assert.Equal(t, 2, got.status)
	assert.Contains(t, got.errors, "say by `repository` which of the run's 2 repositories builds it")
}

// Where the configuration lists no images, the one of the repository's own name
// counts, if its labels say that it is built there.
func TestOnMergeByLabel(t *testing.T) {
	o := newOrg(t)
	o.extra["GITHUB_SERVER_URL"] = "https://github.com"
	base := o.publish("base/rhel", "9", "rhel 9.0")
	for _, name := range []string{"shop", "other"} {
		o.repository("acme/"+name, kind{}, "Dockerfile", "FROM "+o.pin("base/rhel", "9", base)+"\n")
		_, err := o.registry.Publish(t.Context(), sandbox.Image{
			Repository: "acme/" + name, Tag: "latest", Layer: name, Created: o.time(),
			Labels: map[string]string{"org.opencontainers.image.source": "https://github.com/Acme/shop.git"},
		})
		require.NoError(t, err)
	}
	o.publish("base/rhel", "9", "rhel 9.1")
	config := o.configured("github: {registry: \"REGISTRY\"}\n")
	o.bump(0, config...)
	o.mergeBump("acme/shop")
	o.mergeBump("acme/other")
	got := o.ok(append([]string{"on-merge", "--organization", "acme"}, config...)...)
	assert.Regexp(t, `retired +127\.0\.0\.1:\d+/acme/shop:latest +as v1`, got.out)
	assert.NotEmpty(t, o.at("acme/shop", "v1"))
	assert.Empty(t, o.at("acme/other", "v1"), "its label names another repository")
}

// What a repository pins, on whatever branch, is kept; the rest goes, comes
// back, and goes again when its time is over.
func TestPruneAsksTheOrganisation(t *testing.T) {
	o := newOrg(t)
	config := o.configured(appImages)
	host := o.registry.Host()
	shop := []string{host + "/apps/shop"}
	var retired []image.Digest
	for _, version := range []string{"1", "2", "3", "4"} {
		retired = append(retired, o.publish("apps/shop", "latest", "shop "+version))
		o.ok(append([]string{"retire", shop[0]}, config...)...)
		o.wait(time.Hour)
	}
	o.publish("apps/shop", "latest", "shop 5")
	o.repository("acme/a", kind{}, "Dockerfile", "FROM "+host+"/apps/shop@"+string(retired[0])+"\n")
	o.repository("acme/b", kind{Archived: true}, "Dockerfile", "FROM scratch\nCOPY --from="+host+"/apps/shop:v2 /a /b\n")
	o.repository("acme/c", kind{}, "Dockerfile", "FROM scratch\n")
	_, err := o.github.Push("acme/c", "feature", "bob", "Try it", hub.File{Path: "Dockerfile", Content: []byte("FROM mirror.corp/apps/shop:v3@" + string(retired[2]) + "\n")})
	require.NoError(t, err)
	_, err = o.github.OpenPull("acme/c", "bob", "feature", "main", "Try it", "")
	require.NoError(t, err)
	o.wait(40 * day)

	prune := append([]string{"prune"}, config...)
	var got ran
	assert.Empty(t, o.registryWrites(func() { got = o.ok(prune...) }), "without --yes nothing is written")
	for _, want := range []string{
		`keep +latest .* published`, `keep +v1 .* in use: acme/a/Dockerfile:1 \(main\)`, `keep +v2 .* in use: acme/b/Dockerfile:2 \(main\)`,
		`keep +v3 .* in use: acme/c/Dockerfile:1 \(pull request 1\)`, `delete +v4 .* retired 40 days ago.*policy 30 days, nothing uses it`,
		`1 of 5 tags to delete in 1 repository`,
	} {
		assert.Regexp(t, want, got.out)
	}

	got = o.ok(append(prune, "--yes")...)
	assert.Regexp(t, `deleted +v4`, got.out)
	assert.Empty(t, o.at("apps/shop", "v4"))
	again := o.registryWrites(func() { got = o.ok(append(prune, "--yes")...) })
	assert.Empty(t, again, "a second prune does nothing")

	got = o.ok("restore", shop[0], "v4")
	assert.Regexp(t, `restored +v4`, got.out)
	assert.Equal(t, retired[3], o.at("apps/shop", "v4"))
	assert.Empty(t, o.registryWrites(func() { got = o.ok("restore", shop[0], "v4") }))
	got = o.ok(append(prune, "--yes")...)
	assert.Regexp(t, `keep +v4 .* goes in 30 days`, got.out, "its time begins anew")
	o.wait(31 * day)
	got = o.ok(append(prune, "--yes")...)
	assert.Regexp(t, `deleted +v4`, got.out)
	o.wait(8 * day)
	got = o.ok(append(prune, "--yes")...)
	assert.Regexp(t, `deleted +basekeeper\.trash-`, got.out)
	got = o.run("restore", shop[0], "v4")
	assert.NotZero(t, got.status, "its time is over: %s", got.out)
}

// Where it is not known what is in use, nothing is deleted.
func TestPruneNeedsRoots(t *testing.T) {
	o := newOrg(t)
	host := o.registry.Host()
	o.publish("apps/shop", "latest", "shop 1")
	o.ok("retire", host+"/apps/shop")
	o.publish("apps/shop", "latest", "shop 2")
	o.wait(40 * day)
	o.repository("acme/a", kind{}, "Dockerfile", "ARG TAG\nFROM "+host+"/apps/shop:${TAG}\n")
	prune := []string{"prune", host + "/apps/shop", "--keep-last", "0", "--max-deleted", "100", "--yes"}

	tests := map[string]struct {
		args []string
		want string
	}{
		"undeclared":         {nil, "it is not known what uses the images"},
		"unknown repository": {[]string{"--repository", "acme/nowhere"}, "acme/nowhere"},
		"build argument":     {[]string{"--organization", "acme"}, "a build argument completes the reference"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got ran
			writes := o.registryWrites(func() { got = o.run(append(prune, tt.args...)...) })
			assert.Equal(t, 5, got.status, got.errors)
			assert.Contains(t, got.errors, tt.want)
			assert.Empty(t, writes)
		})
	}
	got := o.ok(append(prune, "--organization", "acme", "--ignore-unknown")...)
	assert.Regexp(t, `deleted +v1`, got.out)
}

func TestRollback(t *testing.T) {
	o := newOrg(t)
	app := o.registry.Host() + "/apps/shop"
	first := o.publish("apps/shop", "latest", "shop 1")
	o.ok("retire", app)
	second := o.publish("apps/shop", "latest", "shop 2")
	got := o.ok("rollback", app)
	assert.Contains(t, got.out, "points at v1")
	assert.Contains(t, got.out, "what it pointed at before is v2")
	assert.Equal(t, []image.Digest{first, second}, []image.Digest{o.at("apps/shop", "latest"), o.at("apps/shop", "v2")})
	got = o.ok("rollback", app, "--to", "v2", "--dry-run")
	assert.Contains(t, got.out, "would point at v2")
	o.ok("rollback", app, "--to", "v2")
	assert.Equal(t, second, o.at("apps/shop", "latest"))
	got = o.run("rollback", app, "--to", "v9")
	assert.NotZero(t, got.status)
	assert.Contains(t, got.errors, "v9")
}
