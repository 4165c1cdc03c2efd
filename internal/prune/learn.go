package prune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// maxManifests bounds how many manifests of one repository are looked at.
const maxManifests = 1 << 19

// learned is what was found out about one digest.
type learned struct {
	manifest retention.Manifest
	children []image.Descriptor // where it was read now
	absent   bool
}

// learn reads what each of the digests names, from memory where it is known
// there, and goes on with the indexes in them, down to the last. A child that
// is no index is taken to be there: to ask would cost a request for each.
func (s *survey) learn(ctx context.Context, wanted []image.Digest) error {
	for {
		wanted = s.unknown(wanted)
		if len(wanted) == 0 {
			return nil
		}
		if len(s.facts.Manifests)+len(wanted) > maxManifests {
			return fmt.Errorf("read manifests: there are more than %d", maxManifests)
		}
		found := make([]learned, len(wanted))
		err := each(ctx, parallel, len(wanted), func(ctx context.Context, i int) (err error) {
			found[i], err = s.flow.relations(ctx, s.ref.Pinned(wanted[i]))
			return err
		})
		if err != nil {
			return err
		}
		var next []image.Digest
		for i, l := range found {
			next = append(next, s.note(wanted[i], l)...)
		}
		wanted = next
	}
}

// unknown returns those of the digests that have to be read, each once.
func (s *survey) unknown(wanted []image.Digest) []image.Digest {
	seen := map[image.Digest]bool{}
	var all []image.Digest
	for _, digest := range wanted {
		if !seen[digest] && !s.absent[digest] && !s.read(digest) {
			seen[digest] = true
			all = append(all, digest)
		}
	}
	return all
}

// read reports whether a manifest was read, now or ever, and not only seen in
// an index.
func (s *survey) read(digest image.Digest) bool { return s.facts.Manifests[digest].Size > 0 }

// note takes in what was learned, and returns the children to look at next.
func (s *survey) note(digest image.Digest, l learned) []image.Digest {
	if l.absent {
		delete(s.facts.Manifests, digest)
		s.absent[digest] = true
		return nil
	}
	s.facts.Manifests[digest] = l.manifest
	for _, d := range l.children {
		if d.MediaType == image.MediaTypeOCIManifest || d.MediaType == image.MediaTypeDockerManifest {
			s.presume(d)
		}
	}
	var next []image.Digest
	for _, child := range l.manifest.Children {
		if _, ok := s.facts.Manifests[child]; ok {
			continue
		}
		if m, ok := s.flow.remembered(child); ok && len(m.Children) == 0 {
			s.facts.Manifests[child] = m
			continue
		}
		next = append(next, child)
	}
	return next
}

// presume notes a child that is no index without reading it. Its size stays
// zero: that says that it was not.
func (s *survey) presume(d image.Descriptor) {
	if _, known := s.flow.remembered(d.Digest); known || s.flow.Memory == nil {
		if _, ok := s.facts.Manifests[d.Digest]; !known && !ok {
			s.facts.Manifests[d.Digest] = retention.Manifest{MediaType: d.MediaType}
		}
		return
	}
	s.flow.Memory.PutRelations(d.Digest, retention.Manifest{MediaType: d.MediaType})
}

func (f Flow) remembered(digest image.Digest) (retention.Manifest, bool) {
	if f.Memory == nil {
		return retention.Manifest{}, false
	}
	return f.Memory.Relations(digest)
}

// relations returns what the manifest with ref's digest names.
func (f Flow) relations(ctx context.Context, ref image.Reference) (learned, error) {
	if m, ok := f.remembered(ref.Digest); ok && m.Size > 0 {
		return learned{manifest: m}, nil
	}
	body, d, err := f.Content.Manifest(ctx, ref)
	if errors.Is(err, image.ErrNotFound) {
		return learned{absent: true}, nil
	}
	if err != nil {
		return learned{}, fmt.Errorf("read manifest %s: %w", ref.Digest, err)
	}
	content, err := image.ParseContent(body)
	if err != nil {
		return learned{}, fmt.Errorf("read manifest %s: %w", ref.Digest, err)
	}
	m := manifest(d.MediaType, int64(len(body)), content)
	if f.Memory != nil {
		f.Memory.PutRelations(ref.Digest, m)
	}
	return learned{manifest: m, children: content.Manifests}, nil
}

func manifest(mediaType string, size int64, content image.Content) retention.Manifest {
	m := retention.Manifest{MediaType: mediaType, Size: size}
	for _, b := range content.Blobs() {
		if b.Size > 0 && m.Size <= math.MaxInt64-b.Size {
			m.Size += b.Size
		}
	}
	for _, child := range content.Manifests {
		if !slices.Contains(m.Children, child.Digest) {
			m.Children = append(m.Children, child.Digest)
		}
	}
	if content.Subject != nil {
		m.Subject = content.Subject.Digest
	}
	return m
}

// ask reads those of the digests to delete that were only seen in an index, and
// asks what refers to each. It reports whether anything was asked, so that the
// decision has to be made again.
func (s *survey) ask(ctx context.Context, going []image.Digest) (more bool, err error) {
	var todo []image.Digest
	for _, digest := range going {
		if !s.asked[digest] {
			s.asked[digest] = true
			todo = append(todo, digest)
		}
	}
	if len(todo) == 0 {
		return false, nil
	}
	if err := s.learn(ctx, todo); err != nil {
		return false, err
	}
	todo = slices.DeleteFunc(todo, func(digest image.Digest) bool { return s.absent[digest] })
	// The first answer says whether the others are worth asking.
	for _, part := range [][]image.Digest{todo[:min(1, len(todo))], todo[min(1, len(todo)):]} {
		if err := s.askReferrers(ctx, part); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *survey) askReferrers(ctx context.Context, subjects []image.Digest) error {
	if s.noReferrers || len(subjects) == 0 {
		return nil
	}
	answers := make([][]image.Descriptor, len(subjects))
	supported := make([]bool, len(subjects))
	err := each(ctx, parallel, len(subjects), func(ctx context.Context, i int) (err error) {
		answers[i], supported[i], err = s.flow.Content.Referrers(ctx, s.ref.Pinned(subjects[i]))
		if err != nil {
			return fmt.Errorf("list referrers of %s: %w", subjects[i], err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var found []image.Digest
	for i, subject := range subjects {
		s.noReferrers = s.noReferrers || !supported[i]
		for _, d := range answers[i] {
			s.facts.Referrers[subject] = append(s.facts.Referrers[subject], d.Digest)
			found = append(found, d.Digest)
		}
	}
	return s.learn(ctx, found)
}
