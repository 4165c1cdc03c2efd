package gitlab

import (
	"context"
	"time"
)

// Registry answers for the container registry. Names of its repositories begin
// with the full path of the project that they belong to. A repository or tag
// that is not there is an error that wraps [git.ErrNotFound].
type Registry interface {
	// Repositories returns the names of those of a project.
	Repositories(ctx context.Context, project string) ([]string, error)
	// Tags returns the names of a repository's tags.
	Tags(ctx context.Context, repository string) ([]string, error)
	// Tag returns what is known of one.
	Tag(ctx context.Context, repository, tag string) (RegistryTag, error)
	// DeleteTag takes a tag away, and nothing else.
	DeleteTag(ctx context.Context, repository, tag string) error
	// DeleteRepository takes a repository away with all its tags.
	DeleteRepository(ctx context.Context, repository string) error
}

// RegistryTag is what GitLab tells of a container image's tag.
type RegistryTag struct {
	Digest   string // of the manifest
	Revision string // of the configuration, in hexadecimal
	Size     int64  // of all layers, in bytes
	Created  time.Time
}

// registryRepository is what GitLab knows of a container repository.
type registryRepository struct {
	id      int64
	name    string
	project *project
	created time.Time
	bulk    time.Time // when many tags were last asked to be deleted
	gone    bool
}
