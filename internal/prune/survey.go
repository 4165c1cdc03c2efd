package prune

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// survey is what was learned about one repository in one look at it.
type survey struct {
	flow   Flow
	ref    image.Reference // without tag and digest
	policy retention.Policy
	facts  retention.Facts
	trash  []bin // in the order of their tags

	own         map[image.Digest]bool  // the ledger's and the trash's
	there       map[retention.Tag]bool // the tags that the registry has
	absent      map[image.Digest]bool  // looked for in vain
	left        map[image.Digest]bool  // by runs that were cut off: still there, and perhaps to be deleted
	asked       map[image.Digest]bool  // what refers to them is known
	noReferrers bool                   // the registry has no referrers API
}

// survey reads the ledger, the tags and what is in the trash. Whatever cannot
// be read is an error: nothing may be deleted then.
func (f Flow) survey(ctx context.Context, t Target) (*survey, error) {
	s := &survey{
		flow: f, ref: t.Image.Tagged(""), policy: t.Policy,
		absent: map[image.Digest]bool{}, left: map[image.Digest]bool{}, asked: map[image.Digest]bool{},
	}
	s.facts.Manifests = map[image.Digest]retention.Manifest{}
	s.facts.Referrers = map[image.Digest][]image.Digest{}
	s.facts.Uses = slices.Clone(t.Uses)
	var err error
	if s.facts.Ledger, err = f.Store.ReadLedger(ctx, s.ref); err != nil {
		return nil, err
	}
	if s.facts.Listing, err = f.Lister.List(ctx, s.ref); err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	s.there = tagSet(s.facts.Tags)
	if err := s.readTrash(ctx); err != nil {
		return nil, err
	}
	s.own = s.ownDigests()
	s.facts.Returned = s.returned()
	return s, nil
}

// decide says what may be deleted. With a plan, it is nothing but what the plan
// names.
func (s *survey) decide(ctx context.Context, plan *Repository) (retention.Decision, error) {
	if d, idle, err := s.idle(ctx); err != nil || idle {
		return d, err
	}
	s.noteOwn()
	if err := s.leftBehind(ctx); err != nil {
		return retention.Decision{}, err
	}
	if err := s.learn(ctx, s.roots()); err != nil {
		return retention.Decision{}, err
	}
	for range maxRounds {
		d := s.complete(retention.Decide(s.facts, s.policy, s.flow.Now))
		if d.Refused != "" && plan == nil {
			return d, nil
		}
		more, err := s.ask(ctx, slices.Concat(s.leftovers(d), d.Manifests))
		if err != nil {
			return retention.Decision{}, err
		}
		if !more && (plan == nil || !s.confine(d, plan)) {
			return d, nil
		}
	}
	return retention.Decision{}, errUnsettled
}

// maxRounds bounds how often a decision is made again because of what was
// learned for it: once for each step in a chain of referrers.
const maxRounds = 1000

// errUnsettled is a chain of referrers without an end.
var errUnsettled = errors.New("decide: what refers to what does not come to an end")

// complete adds what a decision leaves to the registry: the tags that go with
// their manifest where tags cannot be deleted alone, and the manifests that go
// with their last tag.
func (s *survey) complete(d retention.Decision) retention.Decision {
	stays := digests{} // what a tag is left of
	var gone []retention.Tag
	for i, t := range s.facts.Tags {
		if d.Verdicts[i].Keep {
			stays[t.Digest] = true
		} else {
			gone = append(gone, t)
		}
	}
	if !s.facts.TagDelete {
		d.Tags = gone
		return d
	}
	if !s.facts.LastTagDeletes {
		return d
	}
	var last []image.Digest
	for _, t := range d.Tags {
		if !stays[t.Digest] {
			stays[t.Digest] = true // said once
			last = append(last, t.Digest)
		}
	}
	d.Manifests = append(last, d.Manifests...)
	return d
}

// idle decides as if every manifest stood alone, but for what is known of them.
// What manifests contain and refer to only keeps more: where nothing may go
// even so, none of them has to be read, except those of tags whose time is to
// begin, since they may be something that refers to an image.
func (s *survey) idle(ctx context.Context) (retention.Decision, bool, error) {
	for {
		d := s.guess()
		if len(d.Tags)+len(d.Manifests) > 0 || d.Refused != "" || len(s.unfinished()) > 0 {
			return d, false, nil
		}
		var unread []image.Digest
		for _, t := range d.Adopt {
			unread = append(unread, t.Digest)
		}
		if unread = s.unknown(unread); len(unread) == 0 {
			return d, true, nil
		}
		if err := s.learn(ctx, unread); err != nil {
			return d, false, err
		}
	}
}

// guess decides about what is known without asking.
func (s *survey) guess() retention.Decision {
	guess := s.facts
	guess.Manifests = map[image.Digest]retention.Manifest{}
	for _, digest := range s.listed() {
		s.recall(guess.Manifests, digest)
	}
	d := retention.Decide(guess, s.policy, s.flow.Now)
	for i, v := range d.Verdicts {
		if subject, ok := companionOf(v.Tag); ok && v.Reason == retention.Companion {
			d.Verdicts[i].Text = "belongs to " + subject.Algorithm() + ":" + subject.Short()
		}
	}
	return d
}

// recall adds what is known of a digest and of all below it.
func (s *survey) recall(manifests map[image.Digest]retention.Manifest, digest image.Digest) {
	if _, ok := manifests[digest]; ok {
		return
	}
	m, ok := s.facts.Manifests[digest]
	if !ok {
		m, ok = s.flow.remembered(digest)
	}
	if !ok {
		m = retention.Manifest{MediaType: image.MediaTypeOCIManifest}
	}
	manifests[digest] = m
	for _, child := range m.Children {
		s.recall(manifests, child)
	}
}

// listed returns what the registry lists: the digests of tags, and those
// without.
func (s *survey) listed() []image.Digest {
	var all []image.Digest
	for _, t := range s.facts.Tags {
		all = append(all, t.Digest)
	}
	for _, u := range s.facts.Untagged {
		all = append(all, u.Digest)
	}
	return all
}

// roots returns what must be read: what the registry lists, and what is used.
// What is used elsewhere is not looked for: there may be thousands of such
// digests, and where the repository has one, what is listed leads to it.
func (s *survey) roots() []image.Digest {
	var all []image.Digest
	for _, digest := range s.listed() {
		if !s.own[digest] {
			all = append(all, digest)
		}
	}
	for _, u := range s.facts.Uses {
		if u.Digest != "" && !u.Elsewhere {
			all = append(all, u.Digest)
		}
	}
	return all
}

// ownDigests returns the digests whose every tag is the ledger's, or that of
// trash which was read.
func (s *survey) ownDigests() map[image.Digest]bool {
	read := map[retention.Tag]bool{}
	for _, b := range s.trash {
		read[b.tag] = true
	}
	own := map[image.Digest]bool{}
	for _, t := range s.facts.Tags {
		is := t.Name == ledger.Tag || read[t]
		if known, ok := own[t.Digest]; ok {
			is = is && known
		}
		own[t.Digest] = is
	}
	return own
}

// noteOwn notes the ledger and the trash, which name no manifests. They have
// been read already.
func (s *survey) noteOwn() {
	for digest, own := range s.own {
		if own {
			s.facts.Manifests[digest] = retention.Manifest{MediaType: image.MediaTypeOCIManifest}
		}
	}
}
