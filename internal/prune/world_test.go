package prune_test

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/artifact"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/retention"
)

const day = 24 * time.Hour

var (
	now        = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	repository = image.Reference{Registry: "registry.test", Repository: "acme/app"}
)

type object = map[string]any

// blob puts a blob that is its name, and returns its descriptor.
func (m *model) blob(name string) object {
	digest := image.FromBytes([]byte(name))
	m.blobs[digest] = []byte(name)
	return object{"mediaType": "application/octet-stream", "digest": digest, "size": len(name)}
}

// image pushes an image with a layer of its own and those that are named.
func (m *model) image(tag, name string, layers ...string) image.Digest {
	all := []object{m.blob("layer of " + name)}
	for _, l := range layers {
		all = append(all, m.blob(l))
	}
	return m.push(tag, image.MediaTypeOCIManifest, object{"schemaVersion": 2, "config": m.blob("config of " + name), "layers": all})
}

// index pushes an index of what is there.
func (m *model) index(tag string, children ...image.Digest) image.Digest {
	all := []object{}
	for _, digest := range children {
		all = append(all, object{"mediaType": m.manifests[digest].mediaType, "digest": digest, "size": len(m.manifests[digest].body)})
	}
	return m.push(tag, image.MediaTypeOCIIndex, object{"schemaVersion": 2, "manifests": all})
}

// referrer pushes a manifest about another.
func (m *model) referrer(name string, subject image.Digest) image.Digest {
	return m.push("", image.MediaTypeOCIManifest, object{
		"schemaVersion": 2, "artifactType": "x/signature", "config": m.blob("{}"), "layers": []object{m.blob("signature " + name)},
		"subject": object{"mediaType": image.MediaTypeOCIManifest, "digest": subject, "size": 1},
	})
}

func (m *model) push(tag, mediaType string, content object) image.Digest {
	content["mediaType"] = mediaType
	body, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	m.put(tag, stored{mediaType, body, m.now})
	return image.FromBytes(body)
}

func companion(digest image.Digest) string { return "sha256-" + digest.Encoded() + ".sig" }

// remember puts records into the ledger: tags that were retired some days ago.
func (m *model) remember(t require.TestingT, days map[string]int) {
	_, err := artifact.Store{Registry: m}.UpdateLedger(ctx(t), repository, func(l ledger.Ledger) (ledger.Ledger, error) {
		for tag, n := range days {
			l = l.With(ledger.Record{Tag: tag, From: "latest", Digest: m.tags[tag].digest, At: now.Add(-time.Duration(n) * day), By: "acme/app#12"})
		}
		return l, nil
	})
	require.NoError(t, err)
	m.requests = nil
}

func (m *model) ledger(t require.TestingT) ledger.Ledger {
	l, err := artifact.Store{Registry: m.copy()}.ReadLedger(ctx(t), repository)
	require.NoError(t, err)
	return l
}

// flow is a run on a model.
func (m *model) flow() prune.Flow {
	return prune.Flow{Lister: m, Deleter: m, Content: m, Store: artifact.Store{Registry: m}, Now: m.now}
}

func target(uses ...retention.Use) prune.Target {
	return prune.Target{
		Image: repository, Templates: []string{ledger.DefaultTemplate}, Undo: 7 * day, Uses: uses,
		Policy: retention.Policy{
			KeepFor: 30 * day, MaxShare: 1, Published: []string{"latest"}, MinimumAge: day,
			Expires:   func(tag string) bool { return strings.HasPrefix(tag, "pr-") || strings.HasPrefix(tag, "v") },
			Protected: func(tag string) bool { return strings.HasPrefix(tag, "keep") },
		},
	}
}

func plan(t require.TestingT, m *model, to prune.Target) prune.Plan {
	p, err := m.flow().Plan(ctx(t), []prune.Target{to})
	require.NoError(t, err)
	content, err := p.Encode()
	require.NoError(t, err)
	again, err := prune.Decode(content)
	require.NoError(t, err)
	return again
}

func apply(t require.TestingT, m *model, p prune.Plan) prune.Outcome {
	return m.flow().Apply(ctx(t), p)[0]
}

func names(tags []retention.Tag) []string {
	var all []string
	for _, t := range tags {
		all = append(all, t.Name)
	}
	return all
}
