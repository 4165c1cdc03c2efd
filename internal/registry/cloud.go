package registry

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	ecr "github.com/awslabs/amazon-ecr-credential-helper/ecr-login"
	"github.com/awslabs/amazon-ecr-credential-helper/ecr-login/api"
	acr "github.com/chrismellard/docker-credential-acr-env/pkg/credhelper"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/google"
)

// cloudKeys are the credentials of one cloud, asked for its own hosts only:
// elsewhere its metadata server is a timeout.
type cloudKeys struct {
	name     string
	owns     func(host string) bool
	keychain func() authn.Keychain // made when first needed: making one can read files

	mu    sync.Mutex
	hosts map[string]*memo[credential]
}

func clouds() []*cloudKeys {
	return []*cloudKeys{
		{name: "Amazon ECR", owns: isECR, keychain: func() authn.Keychain {
			return authn.NewKeychainFromHelper(ecr.NewECRHelper(ecr.WithLogger(io.Discard)))
		}},
		{name: "Google Cloud", owns: isGoogle, keychain: func() authn.Keychain { return google.Keychain }},
		{name: "Azure", owns: isACR, keychain: func() authn.Keychain {
			return authn.NewKeychainFromHelper(acr.NewACRCredentialsHelper())
		}},
	}
}

// lookup asks once per host; without credentials it is anonymous, which is
// enough for the public images of each.
func (k *cloudKeys) lookup(ctx context.Context, host string) (credential, error) {
	return k.host(host).get(ctx, func(ctx context.Context) (credential, error) {
		target, err := name.NewRegistry(host)
		if err != nil {
			return credential{}, fmt.Errorf("get credentials from %s: %q is no host", k.name, host)
		}
		// Google's keychain keeps the context for later renewals.
		auth, err := authn.Resolve(context.WithoutCancel(ctx), k.keychain(), target)
		if err != nil {
			return credential{}, fmt.Errorf("get credentials from %s: its helper reports an error; log in again", k.name)
		}
		if auth == authn.Anonymous {
			return anonymous(), nil
		}
		return credential{auth: auth, source: k.name}, nil
	})
}

func (k *cloudKeys) host(host string) *memo[credential] {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hosts == nil {
		k.hosts = map[string]*memo[credential]{}
	}
	if k.hosts[host] == nil {
		k.hosts[host] = newMemo[credential]()
	}
	return k.hosts[host]
}

// isECR uses the helper's own pattern, which knows the partitions.
func isECR(host string) bool {
	_, err := api.ExtractRegistry(host)
	return err == nil
}

func isGoogle(host string) bool {
	return host == "gcr.io" || strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, ".pkg.dev")
}

func isACR(host string) bool {
	for _, domain := range []string{".azurecr.io", ".azurecr.cn", ".azurecr.us"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}
