package github_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
	"github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// webhooks compiles the schema of an event's payload.
func webhooks(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "testdata", "specs", "github.webhooks.json"))
	require.NoError(t, err)
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("webhooks.json", doc))
	schema, err := compiler.Compile("webhooks.json#/definitions/" + name)
	require.NoError(t, err)
	return schema
}

func TestPayloadsAreGitHubs(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{Description: "an app"})
	seen := map[string]bool{}
	w.OnEvent(func(e github.Event) {
		name := e.Name + "$event"
		if e.Name == "pull_request" {
			name = e.Name + "$" + e.Action
		}
		seen[name] = true
		payload, err := w.Payload(e)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
		require.NoError(t, err)
		require.NoError(t, webhooks(t, name).Validate(value), "%s", name)
	})
	pull := w.propose("topic", "Dockerfile", "FROM x\n")
	_, err := w.Push("acme/app", "topic", "ann", "more", github.File{Path: "new", Content: []byte("x")})
	require.NoError(t, err)
	a := w.as("ann's").rest(http.MethodPost, "/repos/acme/app/dispatches", map[string]any{"event_type": "published", "client_payload": map[string]any{"image": "debian"}})
	require.Equal(t, http.StatusNoContent, a.Status)
	require.NoError(t, w.Merge("acme/app", pull, "ann"))
	require.NoError(t, w.DeleteBranch("acme/app", "topic", "ann"))

	assert.Equal(t, map[string]bool{
		"push$event": true, "pull_request$opened": true, "pull_request$synchronize": true, "pull_request$closed": true, "repository_dispatch$event": true,
	}, seen)
}

func TestPayloadsForWorkflows(t *testing.T) {
	w := newWorld(t, github.RepositoryOptions{})
	pull := w.propose("topic", "Dockerfile", "FROM x\n")
	require.NoError(t, w.Merge("acme/app", pull, "ann"))
	read := func(e github.Event) map[string]any {
		payload, err := w.Payload(e)
		require.NoError(t, err)
		var value map[string]any
		require.NoError(t, json.Unmarshal(payload, &value))
		return value
	}
	closed := read(github.Event{Name: "pull_request", Action: "closed", Repository: "acme/app", Number: pull, By: "ann"})
	assert.Equal(t, true, closed["pull_request"].(map[string]any)["merged"])
	assert.Equal(t, "17 3 * * *", read(github.Event{Name: "schedule", Action: "17 3 * * *", Repository: "acme/app"})["schedule"])
	inputs := read(github.Event{Name: "workflow_dispatch", Repository: "acme/app", Client: json.RawMessage(`{"a":"b"}`)})["inputs"]
	assert.Equal(t, map[string]any{"a": "b"}, inputs)

	_, err := w.Payload(github.Event{Name: "pull_request", Repository: "acme/app", Number: 99})
	require.ErrorIs(t, err, git.ErrNotFound)
	_, err = w.Payload(github.Event{Name: "fork", Repository: "acme/app"})
	require.ErrorIs(t, err, git.ErrInvalid)
}
