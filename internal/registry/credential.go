package registry

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
)

// credential is what a registry is shown, and where it was found.
type credential struct {
	auth   authn.Authenticator
	source string // for messages: the configuration, GITHUB_TOKEN; empty where there is none
}

func anonymous() credential { return credential{auth: authn.Anonymous} }

func password(user, secret, source string) credential {
	return credential{auth: authn.FromConfig(authn.AuthConfig{Username: user, Password: secret}), source: source}
}

// basic returns the Authorization header for a registry that issues no tokens.
func (c credential) basic(ctx context.Context) (string, error) {
	config, err := authn.Authorization(ctx, c.auth)
	switch {
	case err != nil:
		return "", c.failed()
	case config.RegistryToken != "":
		return "Bearer " + config.RegistryToken, nil
	case config.Username != "" && config.Password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(config.Username+":"+config.Password)), nil
	case config.Auth != "":
		return "Basic " + config.Auth, nil
	}
	return "", nil
}

// failed reports that the credential's owner could not renew it. Its own error
// is left out: it can hold what it tried.
func (c credential) failed() error {
	return fmt.Errorf("get credentials from %s: they cannot be renewed; log in again", c.source)
}

// keyring finds credentials, each in the order of its sources.
type keyring struct {
	getenv func(string) string
	docker []*dockerConfig
	cloud  []*cloudKeys
}

func newKeyring(getenv func(string) string) *keyring {
	return &keyring{getenv: getenv, docker: dockerConfigs(getenv), cloud: clouds()}
}

// lookup returns the credentials for a repository, anonymous ones where no
// source has any. A source that should have them but fails is an error, which
// says where it is named.
func (k *keyring) lookup(ctx context.Context, at location, repository string) (credential, error) {
	if at.config.User != "" {
		return password(at.config.User, at.config.Password, "the configuration"), nil
	}
	for _, config := range k.docker {
		if c, ok, err := config.lookup(ctx, at.host(), repository); ok || err != nil {
			return c, err
		}
	}
	if c, ok := ciCredential(at.host(), k.getenv); ok {
		return c, nil
	}
	for _, cloud := range k.cloud {
		if cloud.owns(at.host()) {
			return cloud.lookup(ctx, at.host())
		}
	}
	return anonymous(), nil
}

// ciCredential returns what a CI job is given for the registry of its forge.
func ciCredential(host string, getenv func(string) string) (credential, bool) {
	if token := getenv("GITHUB_TOKEN"); host == "ghcr.io" && token != "" {
		return password("x-access-token", token, "GITHUB_TOKEN"), true
	}
	if host != getenv("CI_REGISTRY") {
		return credential{}, false
	}
	if user, secret := getenv("CI_REGISTRY_USER"), getenv("CI_REGISTRY_PASSWORD"); user != "" && secret != "" {
		return password(user, secret, "CI_REGISTRY_USER and CI_REGISTRY_PASSWORD"), true
	}
	if token := getenv("CI_JOB_TOKEN"); token != "" {
		return password("gitlab-ci-token", token, "CI_JOB_TOKEN"), true
	}
	return credential{}, false
}

// advice says what to do about a refusal.
func (r *repository) advice() string {
	held, _ := r.held(context.Background())
	word := r.access.words()
	host := familiarHost(r.session.at.host())
	if held.source != "" {
		return fmt.Sprintf("the credentials from %s are not accepted for %s this repository; renew them, or give them %s access",
			held.source, word.doing, word.right)
	}
	advice := fmt.Sprintf("no credentials for %s were found, and without them the repository %s; "+
		"run docker login %s, or set user and password in the configuration", host, word.closed, host)
	switch {
	case host == "ghcr.io":
		advice += ", or GITHUB_TOKEN with packages: " + word.github
	case isECR(host):
		advice += ", or give AWS credentials that allow ecr:GetAuthorizationToken"
	case isGoogle(host):
		advice += ", or give Google application default credentials"
	case isACR(host):
		advice += ", or give Azure credentials with " + word.azure
	}
	return advice
}
