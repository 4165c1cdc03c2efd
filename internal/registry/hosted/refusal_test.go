package hosted_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/registry/hosted"
)

// TestRefusals: what a rule of the registry's forbids is ErrRefused, with what
// to do, and nothing of the answer's own words.
func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		family   hosted.Family
		refusal  string
		manifest bool // the digest is deleted, not a tag
		want     string
	}{
		"GHCR, the last tagged version": {hosted.GHCR, "You cannot delete the last tagged version of a package. You must delete the package instead.", true, "last tagged version"},
		"GHCR, many downloads":          {hosted.GHCR, "Publicly visible package versions with more than 5,000 downloads cannot be deleted.", true, "more than 5,000 downloads cannot be deleted; GitHub's support can"},
		"GHCR, for another reason":      {hosted.GHCR, "No.", true, "HTTP 400"},
		"GitLab, protected":             {hosted.GitLab, "protected", false, "a rule protects the tag"},
		"GitLab, protected, 400":        {hosted.GitLab, "400 Bad request - the tag is protected", false, "it takes a higher role to delete it"},
		"GitLab, immutable":             {hosted.GitLab, "400 Bad request - matches an Immutable rule", false, "nobody can delete it while the rule is there"},
		"GitLab, migration":             {hosted.GitLab, "400 Bad request - the repository is being migrated", false, "run again when that is done"},
		"GitLab, another 400":           {hosted.GitLab, "400 Bad request", false, "being migrated or cleaned up"},
		"Docker Hub, immutable":         {hosted.DockerHub, "immutable", false, "immutable tags"},
		"ECR, a child of an index":      {hosted.ECR, "ImageReferencedByManifestList", true, "an index has this image"},
		"ECR, a code of later":          {hosted.ECR, "SomethingNew", false, "Amazon answers SomethingNew"},
		"ECR, a code that is none":      {hosted.ECR, "<script>", false, "unknown code"},
		"GAR, tagged":                   {hosted.GAR, "GOOGLE_MANIFEST_DANGLING_TAG", true, "still has a tag"},
		"GAR, a child of an index":      {hosted.GAR, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", true, "an index has this manifest"},
		"ACR, locked":                   {hosted.ACR, "locked", false, "the tag is locked"},
		"Quay, 400":                     {hosted.Quay, "no", false, "HTTP 400"},
		"Harbor, a tag":                 {hosted.Harbor, "immutable", false, "immutability rule"},
		"Harbor, an artifact":           {hosted.Harbor, "immutable", true, "immutability rule"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.fill(4, 0)
			w.refusal = tt.refusal
			s := stubOf(t, tt.family)
			r := w.client(t, s)
			var err error
			if tt.manifest {
				err = r.DeleteManifest(t.Context(), s.ref.Pinned(digest(1)))
			} else {
				err = r.DeleteTag(t.Context(), s.ref.Tagged("v0002"))
			}
			require.ErrorIs(t, err, image.ErrRefused)
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), secret)
			assert.NotContains(t, err.Error(), "script")
			assert.Len(t, w.tags, 4)
		})
	}
}
