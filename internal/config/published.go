package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/basekeeper/basekeeper/internal/image"
)

// DefaultRetire numbers retired images: v1, v2, v3.
const DefaultRetire = "v{{.Next}}"

// Published is an image that is built from one of the run's repositories.
type Published struct {
	Image      image.Reference // with the tag that moves with each release; no digest
	Repository string          // owner/name of the repository that builds it; empty for the one that the run is about
	Dockerfile string          // path of what it is built from; empty for any of the repository's
	Retire     string          // template of the tags that retired versions get, never empty
	Moves      bool            // a fixed template's tag moves to the version retired last
	retention  retentionSettings
}

// BuiltFrom reports whether the image is built in a repository, and from one of
// the files that changed; nil for whatever changed.
func (p Published) BuiltFrom(repository string, changed []string) bool {
	if p.Repository != "" && !strings.EqualFold(p.Repository, repository) {
		return false
	}
	return changed == nil || p.Dockerfile == "" || slices.Contains(changed, p.Dockerfile)
}

const (
	publishedPattern = `^[^/!@\s\\\[\]{}*?]([^@\s\\\[\]{}*?]*[^/@\s\\\[\]{}*?])?$`
	filePattern      = `^[^/\\*?]([^\\*?]*[^/\\*?])?$`
	// retirePattern is the whole language of templates.
	retirePattern = `^([A-Za-z0-9_.-]|\{\{ ?\.(Next|Version|Date|Digest|Created) ?\}\})+$`
)

var (
	publishedImages = scalar[image.Reference]{schema: looks(publishedPattern), parse: parsePublished}
	dockerfiles     = scalar[string]{schema: looks(filePattern), parse: matching(filePattern, "want the path of a file in the repository, for instance deploy/Dockerfile")}
	retireTemplates = scalar[string]{schema: looks(retirePattern), parse: matching(retirePattern,
		"want a tag with {{.Next}}, {{.Version}}, {{.Date}}, {{.Digest}} or {{.Created}} in it, for instance v{{.Next}}, or a fixed one such as oldest")}
)

// parsePublished accepts NAME[:TAG].
func parsePublished(s string) (image.Reference, error) {
	ref, err := image.ParseReference(s)
	if err != nil {
		return ref, err
	}
	if ref.Digest != "" {
		return ref, errors.New("want NAME or NAME:TAG of a published image, without a digest")
	}
	return ref.Tagged(cmp.Or(ref.Tag, image.LatestTag)), nil
}

// publishedObject are the keys of one published image.
var publishedObject = object[Published]{foreign: unknownKey, check: checkPublished, fields: []field[Published]{
	scalarField("image", "The published image, with the tag that moves with each release; by default latest.",
		publishedImages, func(p *Published, v image.Reference) { p.Image = v }),
	scalarField("repository", "The repository that builds it, as owner/name; by default the one that the run is about.",
		fullNames, func(p *Published, v string) { p.Repository = v }),
	scalarField("dockerfile", "The file that it is built from; by default any of the repository's.",
		dockerfiles, func(p *Published, v string) { p.Dockerfile = v }),
	scalarField("retire", "The tag that the version gets which is replaced: text with {{.Next}} (the next free number), {{.Version}}, {{.Date}}, {{.Digest}} or {{.Created}}, or a fixed tag.",
		retireTemplates, func(p *Published, v string) { p.Retire = v }),
	boolField("moves", "A fixed tag moves to the version that was replaced last; the one that it leaves is numbered.",
		func(p *Published, v bool) { p.Moves = v }),
	objectField("retention", "What of this image may be deleted, where it differs from retention at the top.",
		retentionObject, retentionSettings{}, func(p *Published, v retentionSettings) { p.retention = v }),
}}

func checkPublished(r *reader, at ast.Node, v Published) {
	switch {
	case v.Image.IsZero():
		r.failAt(at, "the entry does not say which `image` it is about, for instance ghcr.io/acme/app")
	case v.Moves && strings.Contains(v.Retire, "{{"):
		r.failAt(at, "moves is for a fixed tag; `retire` makes a new one each time")
	}
}

func publishedField(name, doc string) field[document] {
	schema := listSchema(publishedObject.schema("image"))
	return field[document]{name: name, doc: doc, schema: schema, read: func(r *reader, e entry, into *document) {
		for _, item := range r.items(e.value, "[{image: ghcr.io/acme/app}]") {
			v := Published{}
			publishedObject.read(r, item, &v)
			v.Retire = cmp.Or(v.Retire, DefaultRetire)
			if i := slices.IndexFunc(into.images, func(p Published) bool { return p.Image == v.Image }); i >= 0 && !v.Image.IsZero() {
				r.failAt(item, fmt.Sprintf("%s is there already", v.Image))
			}
			into.images = append(into.images, v)
		}
	}}
}
