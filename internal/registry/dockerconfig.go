package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// dockerConfig is one configuration in Docker's format: auths, credHelpers and
// credsStore.
type dockerConfig struct {
	open func() (r io.Reader, where string, err error) // a nil reader means that there is none

	once  sync.Once
	file  *configfile.ConfigFile // nil for none
	where string                 // for messages: a path, DOCKER_AUTH_CONFIG
	err   error

	mu      sync.Mutex
	helpers map[string]*memo[*types.AuthConfig] // by server asked for
}

// dockerConfigs returns the places that are looked at, in order.
func dockerConfigs(getenv func(string) string) []*dockerConfig {
	return []*dockerConfig{
		{open: func() (io.Reader, string, error) {
			const where = "DOCKER_AUTH_CONFIG"
			if content := getenv(where); content != "" {
				return strings.NewReader(content), where, nil
			}
			return nil, where, nil
		}},
		{open: func() (io.Reader, string, error) { return openFirst(configPaths(getenv)) }},
	}
}

// configPaths returns where Docker's configuration can be, and after it
// podman's, as go-containerregistry looks for them.
func configPaths(getenv func(string) string) []string {
	var paths []string
	add := func(directory string, elements ...string) {
		if directory != "" {
			paths = append(paths, filepath.Join(append([]string{directory}, elements...)...))
		}
	}
	home := getenv("HOME")
	if directory := getenv("DOCKER_CONFIG"); directory != "" {
		add(directory, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(getenv("REGISTRY_AUTH_FILE"))
	add(getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if directory := getenv("XDG_CONFIG_HOME"); directory != "" {
		add(directory, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return paths
}

func openFirst(paths []string) (io.Reader, string, error) {
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return strings.NewReader(string(content)), path, err
	}
	return nil, "", nil
}

func (d *dockerConfig) load() {
	reader, where, err := d.open()
	d.where = where
	if err != nil {
		d.err = fmt.Errorf("read credentials: %w", err)
		return
	}
	if reader == nil {
		return
	}
	if d.file, err = config.LoadFromReader(reader); err != nil {
		d.err = fmt.Errorf("read credentials in %s: not a Docker configuration in JSON form", where)
	}
}

// lookup returns the credentials for a repository of host, ok saying whether
// there are any.
func (d *dockerConfig) lookup(ctx context.Context, host, repository string) (c credential, ok bool, err error) {
	d.once.Do(d.load)
	if d.err != nil || d.file == nil {
		return credential{}, false, d.err
	}
	found, err := d.fromHelper(ctx, host)
	if err != nil {
		return credential{}, false, err
	}
	if found == nil {
		found = d.fromFile(host, repository)
	}
	if found == nil {
		return credential{}, false, nil
	}
	auth := authn.AuthConfig{Username: found.Username, Password: found.Password, Auth: found.Auth,
		IdentityToken: found.IdentityToken, RegistryToken: found.RegistryToken}
	return credential{auth: authn.FromConfig(auth), source: d.where}, true, nil
}

// fromFile looks for the longest key that covers the repository: podman keys
// parts of a registry, Docker whole ones.
func (d *dockerConfig) fromFile(host, repository string) *types.AuthConfig {
	byKey := map[string]types.AuthConfig{}
	for key, auth := range d.file.AuthConfigs {
		auth.ServerAddress = ""
		if auth != (types.AuthConfig{}) {
			byKey[serverKey(key)] = auth
		}
	}
	for key := host + "/" + repository; ; key = key[:strings.LastIndex(key, "/")] {
		if auth, ok := byKey[key]; ok {
			return &auth
		}
		if !strings.Contains(key, "/") {
			return nil
		}
	}
}

// serverKey brings a key of auths to host/path: https://index.docker.io/v1/ and
// docker.io are index.docker.io.
func serverKey(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	key = strings.TrimSuffix(key, "/")
	key = strings.TrimSuffix(strings.TrimSuffix(key, "/v1"), "/v2")
	host, path, _ := strings.Cut(key, "/")
	if host == "docker.io" || host == "registry-1.docker.io" {
		host = name.DefaultRegistry
	}
	return strings.TrimSuffix(host+"/"+path, "/")
}

// fromHelper asks the helper that is configured for host, once.
func (d *dockerConfig) fromHelper(ctx context.Context, host string) (*types.AuthConfig, error) {
	server, binary, key := host, d.file.CredentialsStore, "credsStore"
	if host == name.DefaultRegistry {
		server = authn.DefaultAuthKey
	}
	for named, configured := range d.file.CredentialHelpers {
		if serverKey(named) == host {
			binary, key = configured, "credHelpers"
		}
	}
	if binary == "" {
		return nil, nil
	}
	h := helper{binary: "docker-credential-" + binary, server: server, where: key + " in " + d.where}
	return d.helper(server).get(ctx, h.get)
}

func (d *dockerConfig) helper(server string) *memo[*types.AuthConfig] {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.helpers == nil {
		d.helpers = map[string]*memo[*types.AuthConfig]{}
	}
	if d.helpers[server] == nil {
		d.helpers[server] = newMemo[*types.AuthConfig]()
	}
	return d.helpers[server]
}
