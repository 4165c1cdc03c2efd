package cli_test

import (
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func TestAutomergeIsRefusedToGitHubsOwnToken(t *testing.T) {
	o, _, _ := app(t, forge.GitHub)
	o.github.AddToken("ghs_actions0123456789", hub.Token{Kind: hub.ActionsToken, Repositories: []string{"acme/app"}})
	o.extra["GITHUB_TOKEN"] = "ghs_actions0123456789"
	got := o.run(append([]string{"bump", "--repository", "acme/app"}, o.config("automerge: squash\n")...)...)
	require.Equal(t, 0, got.status, got.errors)
	assert.Contains(t, got.out, "GITHUB_TOKEN")
	p := o.only("acme/app")
	assert.Empty(t, p.AutoMerge)
	assert.NotContains(t, p.Body, "It is merged automatically")
	assert.Contains(t, p.Body, "starts no workflow")
}

func TestAutomergeThatTheRepositoryDoesNotAllow(t *testing.T) {
	o := newOrg(t)
	old := o.publish("base", "1", "one")
	o.repository("acme/app", kind{}, "Dockerfile", "FROM "+o.pin("base", "1", old)+"\n")
	o.publish("base", "1", "two")
	flags := o.config("automerge: squash\n")
	assert.Contains(t, o.bump(0, flags...).out, "Auto merge is not allowed")
	body := o.only("acme/app").Body
	assert.NotContains(t, body, "It is merged automatically")
	assert.Contains(t, body, "this repository does not allow auto-merge")
	o.quiet(flags...)
}

func TestTheEnterpriseServersPaths(t *testing.T) {
	o, _, _ := app(t, forge.GitHub)
	o.url += "/api/v3"
	o.bump(0)
	assert.Len(t, o.open("acme/app"), 1)
	for _, r := range o.github.Requests() {
		assert.True(t, strings.HasPrefix(r.Path, "/api/"), r.Path)
	}
}

func TestPublishTellsOthers(t *testing.T) {
	o, _, next := app(t, forge.GitHub)
	o.repository("acme/keeper", kind{}, "README", "")
	ref := o.registry.Host() + "/base:1"
	o.cache = "" // publish has none
	got := o.run("publish", ref, "--to", "acme/keeper,acme/nosuch")
	assert.Equal(t, 4, got.status, got.errors)
	assert.Equal(t, "told acme/keeper of "+ref+"@"+string(next)+"\n", got.out)
	assert.Contains(t, got.errors, "tell acme/nosuch: ")
	events := o.github.Dispatches("acme/keeper")
	require.Len(t, events, 1)
	payload, err := o.github.Payload(events[0])
	require.NoError(t, err)
	assert.Contains(t, string(payload), `"basekeeper-base-published"`)
	assert.Contains(t, string(payload), string(next))

	assert.Equal(t, 1, o.run("publish", ref+"0", "--to", "acme/keeper").status, "there is no such image")
	assert.Len(t, o.github.Dispatches("acme/keeper"), 1)
	for _, args := range [][]string{{"publish", ref}, {"publish", ref + "@" + string(next), "--to", "acme/keeper"}, {"publish", "NOT", "--to", "acme/keeper"}, {"publish", ref, "--to", "keeper"}} {
		assert.Equal(t, 2, o.run(args...).status, args)
	}
}

func TestWorkingAsAnApp(t *testing.T) {
	o, _, _ := app(t, forge.GitHub)
	key, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	require.NoError(t, err)
	o.github.AddApp(7, "basekeeper", &key.PublicKey, hub.Installation{ID: 9, Account: "acme"})
	o.extra["GITHUB_TOKEN"], o.extra["BASEKEEPER_APP_ID"] = "", "7"
	file := filepath.Join(o.dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	require.NoError(t, os.WriteFile(file, text, 0o600))
	got := o.run("bump", "--installation", "--app-key", file)
	require.Equal(t, 0, got.status, got.errors)
	assert.Equal(t, "basekeeper[bot]", o.only("acme/app").Author)
	o.wait(2 * time.Hour) // its token is too old by now
	o.extra["BASEKEEPER_APP_KEY"] = string(text)
	o.publish("base", "1", "three")
	got = o.run("bump", "--organization", "acme")
	require.Equal(t, 0, got.status, got.errors)
	assert.Len(t, o.only("acme/app").Commits, 1)
	for want, change := range map[string]map[string]string{
		"a number":       {"BASEKEEPER_APP_ID": "seven"},
		"no private key": {"BASEKEEPER_APP_KEY": ""},
		"PEM":            {"BASEKEEPER_APP_KEY": "secret text"},
	} {
		was := maps.Clone(o.extra)
		maps.Copy(o.extra, change)
		got := o.run("bump", "--organization", "acme")
		assert.Equal(t, 2, got.status, want)
		assert.Contains(t, got.errors, want)
		assert.NotContains(t, got.errors, "secret text")
		o.extra = was
	}
}
