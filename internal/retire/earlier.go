package retire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// earlier is an image to go back to.
type earlier struct {
	tag       string
	digest    image.Digest
	mediaType string
	body      []byte
	note      string
}

// earlier finds the image to go back to: what tag is, or what was retired last.
func (j *job) earlier(ctx context.Context, l ledger.Ledger, tag string) (earlier, error) {
	if tag != "" {
		return j.version(ctx, l, tag)
	}
	last := j.lastRetired(l)
	for i, r := range last {
		to, err := j.version(ctx, l, r.Tag)
		if errors.Is(err, image.ErrNotFound) { // never completed, or deleted since
			continue
		}
		if err == nil && i+1 < len(last) && last[i+1].At.Equal(r.At) && last[i+1].Digest != r.Digest {
			err = refuse("%s and %s were retired at the same time; say which with --to", r.Tag, last[i+1].Tag)
		}
		return to, err
	}
	return earlier{}, fmt.Errorf("%w: no image that was retired from %s is left; name a tag with --to", image.ErrNotFound, j.ref.Tag)
}

// lastRetired returns what was retired from the published tag and is not there
// now, the last one first.
func (j *job) lastRetired(l ledger.Ledger) []ledger.Record {
	last := slices.DeleteFunc(slices.Clone(l.Records), func(r ledger.Record) bool {
		return r.From != j.ref.Tag || r.Digest == j.present
	})
	slices.SortStableFunc(last, func(a, b ledger.Record) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Digest, b.Digest))
	})
	return last
}

// version reads the image under a tag; where the ledger knows the tag, it has
// to be the image that was retired under it.
func (j *job) version(ctx context.Context, l ledger.Ledger, tag string) (earlier, error) {
	if ledger.IsOwn(tag) {
		return earlier{}, refuse("%s is a tag that basekeeper keeps for itself", tag)
	}
	body, d, err := j.Registry.Fetch(ctx, j.ref.Tagged(tag))
	if err != nil {
		return earlier{}, fmt.Errorf("read tag %s: %w", tag, err)
	}
	to := earlier{tag: tag, digest: d.Digest, mediaType: d.MediaType, body: body}
	r, recorded := l.Record(tag)
	switch {
	case !recorded:
		to.note = fmt.Sprintf("the ledger has no record of %s: that it is an earlier version is not proven", tag)
	case r.Digest != d.Digest:
		return earlier{}, refuse("tag %s is %s now, but the ledger says that %s was retired under it; to take it all the same, tag it anew and name that tag", tag, d.Digest, r.Digest)
	case r.From != j.ref.Tag:
		to.note = fmt.Sprintf("%s was not retired from %s", tag, j.ref.Tag)
	}
	return to, nil
}
