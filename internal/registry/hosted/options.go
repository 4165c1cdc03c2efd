package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/basekeeper/basekeeper/internal/attempt"
	"github.com/basekeeper/basekeeper/internal/image"
)

// oci is what the families do by the OCI API; *registry.Client satisfies it,
// with a view that may delete.
type oci interface {
	Tags(ctx context.Context, ref image.Reference) ([]string, error)
	Resolve(ctx context.Context, ref image.Reference) (image.Descriptor, error)
	Exists(ctx context.Context, ref image.Reference) (bool, error)
	DeleteTag(ctx context.Context, ref image.Reference) error
	DeleteManifest(ctx context.Context, ref image.Reference) error
}

// Options is what a client needs from outside.
type Options struct {
	// Registry is the host that the client is for, as in
	// image.Reference.Registry. Images of other registries are refused, so that
	// credentials go nowhere else.
	Registry string
	// Host is where the registry's own API is, a URL; empty for where it is by
	// the family: https://api.github.com for ghcr.io, https://gitlab.com,
	// https://hub.docker.com, Amazon's regions, else the registry itself. An
	// Enterprise Server's is https://HOST/api/v3, a self-managed GitLab's
	// https://HOST. Only addresses of this machine may be plain HTTP.
	Host string

	// Token is sent as it is: GHCR, GitLab, Quay, Docker Hub, GAR. User and
	// Password are for Harbor, ACR, GAR and Docker Hub, and for GitLab, where
	// the user gitlab-ci-token makes the password a job token. For GHCR and
	// GitLab the password is the token where there is no other. ECR uses
	// neither, but Amazon's own chain of credentials.
	Token          string
	User, Password string

	// OCI is the registry by the OCI API.
	OCI oci

	// Concurrency bounds the reading requests in flight; 0 means 8.
	Concurrency int
	// Retries bounds the repetitions of one request after its first attempt;
	// 0 means 4, a negative number none.
	Retries int
	// Timeout bounds one attempt, body included; 0 means a minute.
	Timeout time.Duration

	// Transport replaces the innermost transport.
	Transport http.RoundTripper
	// Sleep waits; nil means a timer. It returns ctx's error when that ends
	// first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// UserAgent is sent with each request; empty means basekeeper.
	UserAgent string
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	switch {
	case o.Retries == 0:
		o.Retries = 4
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Minute
	}
	if o.Sleep == nil {
		o.Sleep = attempt.Sleep
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of an option; only Retry-After and the pace of deletes hang on it
	}
	if o.UserAgent == "" {
		o.UserAgent = "basekeeper"
	}
	if o.Transport == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxIdleConnsPerHost = o.Concurrency
		o.Transport = base
	}
	return o
}

func (o Options) check() error {
	switch {
	case o.Registry == "":
		return errors.New("no registry named")
	case o.OCI == nil:
		return errors.New("no OCI client given")
	}
	return nil
}

// token is the secret of a family that takes nothing else.
func (o Options) token() string {
	if o.Token != "" {
		return o.Token
	}
	return o.Password
}

// New returns the client of a family. Nothing is contacted yet. The error says
// which of the options is wrong, and never what a secret is.
func New(family Family, opts Options) (Registry, error) {
	trait, known := family.trait()
	if !known {
		return nil, fmt.Errorf("no family of registries is called %q", family)
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	a, err := newAPI(trait, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	switch family {
	case GHCR:
		return newGHCR(a), nil
	case GitLab:
		return newGitLab(a), nil
	case DockerHub:
		return &hub{api: a}, nil
	case ECR:
		return newECR(a)
	case GAR:
		return &gar{api: a}, nil
	case ACR:
		return &acr{api: a}, nil
	case Quay:
		return &quay{api: a}, nil
	default:
		return &harbor{api: a}, nil
	}
}
