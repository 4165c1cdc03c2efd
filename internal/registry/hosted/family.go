package hosted

import (
	"context"
	"strings"

	helper "github.com/awslabs/amazon-ecr-credential-helper/ecr-login/api"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// Family is a kind of registry with an API of its own. The values are what the
// configuration says.
type Family string

// The families. [Families] says what each of them can do.
const (
	GHCR      Family = "ghcr"       // GitHub Packages, github.com's and an Enterprise Server's
	GitLab    Family = "gitlab"     // gitlab.com's and a self-managed GitLab's
	DockerHub Family = "docker-hub" // docker.io
	ECR       Family = "ecr"        // Amazon's private registries
	GAR       Family = "gar"        // Google Artifact Registry, gcr.io included
	ACR       Family = "acr"        // Azure
	Quay      Family = "quay"       // quay.io and Red Hat Quay
	Harbor    Family = "harbor"
)

// OCI is what the configuration says for a registry that is of no family,
// whatever its host looks like.
const OCI = "oci"

// Registry lists and deletes in one registry. All of them are safe for
// concurrent use.
type Registry interface {
	// List returns all tags of ref's repository, and the manifests without a
	// tag where the registry lists them. It is complete, or an error: one that
	// wraps [image.ErrNotFound] where the repository does not exist (or is
	// hidden from the credentials), [image.ErrDenied] for 401 and 403.
	List(ctx context.Context, ref image.Reference) (retention.Listing, error)
	// DeleteTag takes ref's tag away, and the digest's other tags never; what
	// becomes of the digest is retention.Listing.LastTagDeletes. A tag that is
	// gone is no error. The error wraps [image.ErrRefused] where a rule of the
	// registry's forbids it, or where it has no such thing, and
	// [image.ErrDenied], with the permission that is needed.
	DeleteTag(ctx context.Context, ref image.Reference) error
	// DeleteManifest takes ref's digest away with all tags that it has; a ref
	// with a tag is refused, lest a tag be meant. A digest that is gone is no
	// error. Errors are as those of DeleteTag.
	DeleteManifest(ctx context.Context, ref image.Reference) error
}

// Trait is what one family can do.
type Trait struct {
	Family         Family
	TagDelete      bool // one tag can be deleted without its digest's other tags
	LastTagDeletes bool // a digest goes with its last tag, or cannot be deleted at all
	ManifestDelete bool // a digest can be deleted
	DatesTags      bool // retention.Tag.Since is set
	ListsUntagged  bool // retention.Listing.Untagged is set
	// Needs is the permission to list and delete, as an error and a manual say
	// it.
	Needs string
}

// Families returns what each family can do, in the order of their names.
func Families() []Trait {
	return []Trait{
		{ACR, true, false, true, true, true, "the role AcrDelete (content/read, metadata/read and content/delete of a repository-scoped token)"},
		{DockerHub, true, true, false, true, false, "a personal or organization access token with Read, Write & Delete"},
		{ECR, true, true, true, false, true, "ecr:DescribeImages and ecr:BatchDeleteImage"},
		{GAR, true, false, true, false, true, "the role Artifact Registry Repository Administrator (artifactregistry.tags.delete and artifactregistry.versions.delete)"},
		{GHCR, false, false, true, false, true, "packages: write and the role Admin on the package for GITHUB_TOKEN, or a classic personal access token with read:packages and delete:packages"},
		{GitLab, true, false, true, false, false, "a token with the scope api and the role Developer (Maintainer where rules protect tags), or the job token of the same project"},
		{Harbor, true, false, true, true, true, "a robot account with list and delete of artifacts and tags, or a user with the role Maintainer"},
		{Quay, true, true, true, true, false, "an OAuth token with repo:read and repo:write (Read/Write to any accessible repositories)"},
	}
}

func (f Family) trait() (Trait, bool) {
	for _, t := range Families() {
		if t.Family == f {
			return t, true
		}
	}
	return Trait{}, false
}

// Choose returns the family of ref's registry: what the configuration says of
// it, or else what its host says. It is false for what is plain OCI, or not
// known; [Probe] may know then. said is a family's name or [OCI]; empty where
// the configuration is silent.
func Choose(ref image.Reference, said string) (Family, bool) {
	if said != "" {
		t, known := Family(said).trait()
		return t.Family, known
	}
	host := strings.ToLower(ref.Registry)
	switch host {
	case "ghcr.io":
		return GHCR, true
	case "registry.gitlab.com":
		return GitLab, true
	case "docker.io":
		return DockerHub, true
	case "quay.io":
		return Quay, true
	}
	switch {
	case isECR(host):
		return ECR, true
	case host == "gcr.io", strings.HasSuffix(host, ".gcr.io"), strings.HasSuffix(host, "-docker.pkg.dev"), host == "docker.pkg.dev":
		return GAR, true
	case isACR(host):
		return ACR, true
	}
	return "", false
}

// isECR reports whether host is a private registry; public.ecr.aws has another
// API, and is plain OCI here.
func isECR(host string) bool {
	r, err := helper.ExtractRegistry(host)
	return err == nil && r.Service == helper.ServiceECR
}

func isACR(host string) bool {
	for _, domain := range []string{".azurecr.io", ".azurecr.cn", ".azurecr.us"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}
