package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/basekeeper/basekeeper/internal/trash"
)

const (
	saveAtOnce = 200 // manifests whose bytes are held in memory, up to 4 MiB each
	tagsEach   = 500 // of an entry, so that a journal stays small
)

// save puts everything that will be deleted into the trash. Whatever cannot be
// saved is an error, and nothing has been deleted then.
func (w *work) save(ctx context.Context) error {
	entries := w.entries()
	for len(entries) > 0 {
		part := entries[:min(saveAtOnce, len(entries))]
		entries = entries[len(part):]
		if err := w.savePart(ctx, part); err != nil {
			return err
		}
	}
	slices.Sort(w.out.Trash)
	return nil
}

func (w *work) savePart(ctx context.Context, part []trash.Entry) error {
	bodies, part, err := w.bodies(ctx, part)
	if err != nil || len(part) == 0 {
		return err
	}
	runs, err := trash.Split(part, bodies)
	if err != nil {
		return err
	}
	at := stamp(w.flow.Now)
	for _, run := range runs {
		j := trash.Journal{At: at, Expires: at.Add(time.Duration(w.plan.Undo)), Entries: run}
		tag, err := w.flow.Store.WriteTrash(ctx, w.survey.ref, j, saved(run, bodies))
		if err != nil {
			return err
		}
		w.out.Trash = append(w.out.Trash, tag)
	}
	return nil
}

// saved returns the bytes that belong to a run of entries.
func saved(run []trash.Entry, bodies map[image.Digest][]byte) map[image.Digest][]byte {
	own := map[image.Digest][]byte{}
	for _, e := range run {
		if !e.Kept {
			own[e.Digest] = bodies[e.Digest]
		}
	}
	return own
}

// bodies reads the manifests of entries, and completes them by it. A manifest
// without a tag that is not there any more drops out, here and of what is to be
// deleted.
func (w *work) bodies(ctx context.Context, part []trash.Entry) (map[image.Digest][]byte, []trash.Entry, error) {
	read := make([][]byte, len(part))
	err := each(ctx, parallel, len(part), func(ctx context.Context, i int) error {
		e := &part[i]
		if e.Kept {
			return nil
		}
		body, d, err := w.flow.Content.Manifest(ctx, w.survey.ref.Pinned(e.Digest))
		if errors.Is(err, image.ErrNotFound) && len(e.Tags) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read manifest %s: %w", e.Digest, err)
		}
		read[i], e.MediaType, e.Size = body, d.MediaType, int64(len(body))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	bodies := map[image.Digest][]byte{}
	var there []trash.Entry
	for i, e := range part {
		if read[i] == nil && !e.Kept {
			w.manifests = slices.DeleteFunc(w.manifests, func(digest image.Digest) bool { return digest == e.Digest })
			continue
		}
		if !e.Kept {
			bodies[e.Digest] = read[i]
		}
		there = append(there, e)
	}
	return bodies, there, nil
}

// entries returns what will be deleted as a journal has it, bytes not yet read:
// the manifests in their order, then the tags whose manifests stay.
func (w *work) entries() []trash.Entry {
	byDigest := map[image.Digest][]string{}
	var order []image.Digest
	for _, t := range w.tags {
		if byDigest[t.Digest] == nil {
			order = append(order, t.Digest)
		}
		byDigest[t.Digest] = append(byDigest[t.Digest], t.Name)
	}
	deleted := digests{}
	var all []trash.Entry
	for _, digest := range w.manifests {
		deleted[digest] = true
		all = append(all, w.entriesOf(digest, byDigest[digest], false)...)
	}
	for _, digest := range order {
		if !deleted[digest] {
			all = append(all, w.entriesOf(digest, byDigest[digest], true)...)
		}
	}
	return all
}

// entriesOf returns the entries about one manifest: more than one where it has
// many tags.
func (w *work) entriesOf(digest image.Digest, tags []string, kept bool) []trash.Entry {
	slices.Sort(tags)
	var all []trash.Entry
	for first := true; first || len(tags) > 0; first = false {
		e := trash.Entry{Digest: digest, Kept: kept || !first, MediaType: w.survey.facts.Manifests[digest].MediaType}
		e.Tags = tags[:min(tagsEach, len(tags))]
		tags = tags[len(e.Tags):]
		e.Reason, e.Records = w.reason(digest, e.Tags), w.records(e.Tags)
		all = append(all, e)
	}
	return all
}

// reason is the verdict's text on the first of the tags, or on the manifest.
func (w *work) reason(digest image.Digest, tags []string) string {
	tag := ""
	if len(tags) > 0 {
		tag = tags[0]
	}
	i := slices.IndexFunc(w.decision.Verdicts, func(v retention.Verdict) bool { return v.Digest == digest && v.Tag == tag })
	if i < 0 {
		return ""
	}
	return w.decision.Verdicts[i].Text
}

func (w *work) records(tags []string) []ledger.Record {
	var all []ledger.Record
	for _, tag := range tags {
		if r, ok := w.survey.facts.Ledger.Record(tag); ok {
			all = append(all, r)
		}
	}
	return all
}
