package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/docker/cli/cli/config/types"
	"github.com/docker/docker-credential-helpers/credentials"
)

// helper is a credential helper that a Docker configuration names.
type helper struct {
	binary string // docker-credential-NAME
	server string // what it is asked for
	where  string // where it is named, for messages
}

// get runs the helper; it returns nil where the helper has no credentials. What
// the helper prints is never part of an error.
//
// Spec: docker/docker-credential-helpers, "Development".
func (h helper) get(ctx context.Context) (*types.AuthConfig, error) {
	path, err := exec.LookPath(h.binary)
	if err != nil || strings.ContainsAny(h.binary, `/\`) {
		return nil, fmt.Errorf("find %s: not in PATH, but %s names it for %s; install it, or remove that entry", h.binary, h.where, h.server)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, credentials.ActionGet) //nolint:gosec // the user's own Docker configuration names it, and it is in PATH
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(h.server)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		if credentials.IsErrCredentialsNotFoundMessage(out.String()) {
			return nil, nil
		}
		return nil, fmt.Errorf("run %s, which %s names for %s: %w; try echo %s | %s get", h.binary, h.where, h.server, err, h.server, h.binary)
	}
	return parseHelper(out.Bytes(), h)
}

func parseHelper(out []byte, h helper) (*types.AuthConfig, error) {
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("run %s, which %s names for %s: its answer is no JSON", h.binary, h.where, h.server)
	}
	switch {
	case answer.Secret == "":
		return nil, nil
	case answer.Username == "<token>":
		return &types.AuthConfig{IdentityToken: answer.Secret}, nil
	}
	return &types.AuthConfig{Username: answer.Username, Password: answer.Secret}, nil
}
