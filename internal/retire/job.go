package retire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
)

// rounds bounds how often a job begins anew because others write to the same
// ledger. Each round of one of them ends with a tag for its digest.
const rounds = 20

// numbered is the template of those who name none, and of what a moving name
// leaves.
var numbered = func() ledger.Template {
	t, err := ledger.ParseTemplate(ledger.DefaultTemplate)
	if err != nil {
		panic(err) // a test of package ledger reads it
	}
	return t
}()

// job is one digest on its way to a version tag.
type job struct {
	Flow
	ref      image.Reference // the published tag
	digest   image.Digest
	template ledger.Template
	moves    bool
	record   ledger.Record // as it is to be written, without tag and time
	present  image.Digest  // what ref points at now; empty where that was not asked
	until    time.Time     // until when the digest was published for certain; zero where unknown
	anywhere bool          // any record of the digest will do, whatever it was retired from
	leaving  string        // a tag that the digest is about to lose; empty for none

	body      []byte // of the manifest; nil until it is read
	mediaType string
	facts     facts

	taken []string // tags that were found to be another image's
	put   []string // tags that this job has put its digest under, not yet known to be its own
	wrote bool
	moved *Moved
}

func (f Flow) job(req Request) (*job, error) {
	if req.Ref.IsZero() {
		return nil, errors.New("no image named")
	}
	if ledger.IsOwn(req.Ref.Tag) {
		return nil, refuse("%s is a tag that basekeeper keeps for itself", req.Ref.Tag)
	}
	if req.Template.String() == "" {
		req.Template = numbered
	}
	return &job{
		Flow: f, ref: req.Ref, digest: req.Digest, template: req.Template, moves: req.Moves,
		record: ledger.Record{From: req.Ref.Tag, By: req.By, ReplacedBy: req.ReplacedBy},
	}, nil
}

// run makes rounds until the digest has its tag. l is the ledger as it was
// just read.
func (j *job) run(ctx context.Context, l ledger.Ledger) (Outcome, error) {
	for range rounds {
		out, again, err := j.round(ctx, l)
		if err != nil || !again {
			return out, err
		}
		if l, err = j.Ledgers.ReadLedger(ctx, j.ref); err != nil {
			return Outcome{}, ledgerError(err)
		}
	}
	return Outcome{}, errors.New("other runs write to the ledger all the time; run it again when they are done")
}

// round does what one look at the ledger allows; again asks for another look.
func (j *job) round(ctx context.Context, l ledger.Ledger) (out Outcome, again bool, err error) {
	if again, err := j.giveBack(ctx, l); err != nil || again {
		return Outcome{}, again, err
	}
	have, err := j.find(ctx, l)
	if err != nil {
		return Outcome{}, false, err
	}
	if have.kept && !have.renew {
		if again, err := j.overtaken(ctx, l); err != nil || again {
			return Outcome{}, again, err
		}
		out := j.outcome(have.tag)
		out.Already = !j.wrote
		return out, false, nil
	}
	if j.body == nil && !have.kept {
		if err := j.read(ctx); err != nil {
			return Outcome{}, false, err
		}
	}
	t := target{tag: have.tag}
	if t.number, _ = j.template.Number(t.tag); t.tag == "" {
		if t, again, err = j.choose(ctx, l); err != nil || again {
			return Outcome{}, again, err
		}
	}
	if j.DryRun {
		return j.outcome(t.tag), false, nil
	}
	again, err = j.keep(ctx, l, t, have.others)
	return j.outcome(t.tag), again, err
}

// overtaken reports whether the ledger is no longer l, though this job has put
// tags: another writer may have recorded what they were before that.
func (j *job) overtaken(ctx context.Context, l ledger.Ledger) (bool, error) {
	if len(j.put) == 0 && len(j.taken) == 0 {
		return false, nil
	}
	holds, err := j.Ledgers.Holds(ctx, j.ref, l)
	if err != nil {
		return false, ledgerError(err)
	}
	return !holds, nil
}

func (j *job) outcome(tag string) Outcome {
	return Outcome{Ref: j.ref, Tag: tag, Digest: j.digest, Moved: j.moved, Done: j.wrote}
}

// read gets the manifest's exact bytes.
func (j *job) read(ctx context.Context) error {
	body, d, err := j.manifest(ctx, j.digest)
	if err != nil {
		return err
	}
	j.body, j.mediaType = body, d.MediaType
	return nil
}

func (j *job) manifest(ctx context.Context, digest image.Digest) ([]byte, image.Descriptor, error) {
	body, d, err := j.Registry.Manifest(ctx, j.ref.Pinned(digest))
	if errors.Is(err, image.ErrNotFound) {
		return nil, d, errGone{digest}
	}
	if err != nil {
		return nil, d, fmt.Errorf("read %s: %w", digest, err)
	}
	return body, d, nil
}

// pointsAt returns what a tag of the repository points at, empty for nothing.
func (j *job) pointsAt(ctx context.Context, tag string) (image.Digest, error) {
	d, err := j.Registry.Resolve(ctx, j.ref.Tagged(tag))
	if errors.Is(err, image.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at tag %s: %w", tag, err)
	}
	return d.Digest, nil
}

// giveBack puts the bytes that the ledger names back under each tag that this
// job may have taken from another writer.
func (j *job) giveBack(ctx context.Context, l ledger.Ledger) (again bool, err error) {
	for _, tag := range slices.Clone(j.put) {
		r, claimed := l.Record(tag)
		if !claimed || r.Digest == j.digest {
			continue
		}
		at, err := j.pointsAt(ctx, tag)
		if err != nil {
			return false, err
		}
		if at == r.Digest {
			j.forget(tag)
			continue
		}
		body, d, err := j.manifest(ctx, r.Digest)
		if errors.Is(err, image.ErrNotFound) { // there is nothing to give back
			j.forget(tag)
			continue
		}
		if err != nil {
			return false, fmt.Errorf("give tag %s back: %w", tag, err)
		}
		if err := j.write(ctx, tag, d.MediaType, body, r.Digest); err != nil {
			return false, err
		}
		again = true
	}
	return again, nil
}

// forget leaves a tag to whoever the ledger says.
func (j *job) forget(tag string) {
	j.put = slices.DeleteFunc(j.put, func(t string) bool { return t == tag })
	j.taken = append(j.taken, tag)
}

// write puts a manifest under a tag.
func (j *job) write(ctx context.Context, tag, mediaType string, body []byte, digest image.Digest) error {
	got, err := j.Registry.PutManifest(ctx, j.ref.Tagged(tag).Pinned(digest), mediaType, body)
	if err == nil && got != digest {
		err = fmt.Errorf("%w: it should be %s, but the registry says %s", image.ErrMismatch, digest, got)
	}
	if err != nil {
		return fmt.Errorf("tag %s as %s: %w", digest, tag, err)
	}
	return nil
}
