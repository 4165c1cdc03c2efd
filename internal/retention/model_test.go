package retention_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// model is a registry with one repository: what a decision is carried out on.
type model struct {
	listing   retention.Listing // what the registry can do; without tags
	lists     bool              // untagged manifests
	referrers bool              // has the referrers API
	tags      map[string]image.Digest
	since     map[string]time.Time
	pushed    map[image.Digest]time.Time
	manifests map[image.Digest]retention.Manifest
	ledger    ledger.Ledger
	uses      []retention.Use
	returned  map[string]time.Time
	policy    retention.Policy
}

// source makes choices: random numbers, or the bytes of a fuzzer.
type source func(n int) int

// newModel makes a repository. Manifests contain and refer to earlier ones and
// to some that are not there; tags and companion tags point anywhere.
func newModel(pick source) *model {
	m := &model{
		listing:   retention.Listing{TagDelete: pick(3) > 0, LastTagDeletes: pick(4) == 0},
		lists:     pick(2) == 0,
		referrers: pick(2) == 0,
		tags:      map[string]image.Digest{},
		since:     map[string]time.Time{},
		pushed:    map[image.Digest]time.Time{},
		manifests: map[image.Digest]retention.Manifest{},
		returned:  map[string]time.Time{},
	}
	pool := make([]image.Digest, 1+pick(30))
	for i := range pool {
		pool[i] = d(fmt.Sprint("m", i))
	}
	m.addManifests(pick, pool)
	present := slices.Sorted(maps.Keys(m.manifests))
	if len(present) > 0 {
		m.addTags(pick, present)
		m.addCompanions(pick, pool, present)
	}
	for range pick(6) {
		use := retention.Use{By: fmt.Sprint("user", pick(4))}
		if pick(2) == 0 {
			use.Digest = pool[pick(len(pool))]
		}
		if pick(2) == 0 {
			use.Tag = tagName(pick)
		}
		m.uses = append(m.uses, use)
	}
	m.choosePolicy(pick)
	return m
}

func (m *model) addManifests(pick source, pool []image.Digest) {
	for i, digest := range pool {
		if pick(10) == 0 {
			continue // named by others, but not there
		}
		var content retention.Manifest
		if i > 0 && pick(3) == 0 {
			for range 1 + pick(3) {
				content.Children = append(content.Children, pool[pick(i)])
			}
		}
		if i > 0 && pick(5) == 0 {
			content.Subject = pool[pick(i)]
		}
		m.manifests[digest] = content
		if pick(5) > 0 {
			m.pushed[digest] = moment(pick)
		}
	}
}

func (m *model) addTags(pick source, present []image.Digest) {
	for range pick(51) {
		name, digest := tagName(pick), present[pick(len(present))]
		m.tags[name] = digest
		if pick(4) == 0 {
			m.since[name] = moment(pick)
		}
		if pick(3) > 0 {
			record := ledger.Record{Tag: name, Digest: digest, At: moment(pick), From: "latest", By: "acme/app#1"}
			if pick(8) == 0 {
				record.Digest = present[pick(len(present))]
			}
			m.ledger = m.ledger.With(record)
		}
		if pick(10) == 0 {
			m.returned[name] = moment(pick)
		}
	}
	if pick(2) == 0 {
		m.tags[ledger.Tag] = present[pick(len(present))]
	}
}

func (m *model) addCompanions(pick source, pool, present []image.Digest) {
	for range pick(6) {
		subject := pool[pick(len(pool))]
		suffix := []string{"", ".sig", ".att", ".sbom"}[pick(4)]
		m.tags[strings.Replace(string(subject), ":", "-", 1)+suffix] = present[pick(len(present))]
	}
}

func (m *model) choosePolicy(pick source) {
	expires := pick(4) > 0
	ending := strconv.Itoa(pick(4))
	m.policy = retention.Policy{
		KeepFor:    time.Duration(pick(5)) * 10 * day,
		KeepLast:   pick(4),
		Published:  []string{"latest"},
		Untagged:   time.Duration(pick(4)) * 5 * day,
		MinimumAge: time.Duration(pick(3)) * 15 * day,
		MaxShare:   1,
		Expires:    func(tag string) bool { return strings.HasPrefix(tag, "v") && expires },
		Protected:  func(tag string) bool { return strings.HasSuffix(tag, ending) },
	}
}

func tagName(pick source) string {
	switch pick(12) {
	case 0:
		return "latest"
	case 1, 2:
		return fmt.Sprint("other", pick(9))
	}
	return fmt.Sprint("v", pick(60))
}

// moment is some time up to 60 days ago, often the same, and sometimes ahead.
func moment(pick source) time.Time { return now.Add(-time.Duration(pick(31)-1) * 2 * day) }

// facts is what a caller would gather: what is tagged or listed, what that
// needs, and what refers to it where the registry says so.
func (m *model) facts() retention.Facts {
	f := retention.Facts{
		Listing: m.listing, Manifests: map[image.Digest]retention.Manifest{}, Referrers: map[image.Digest][]image.Digest{},
		Ledger: m.ledger, Uses: m.uses, Returned: m.returned,
	}
	var queue []image.Digest
	for _, name := range slices.Sorted(maps.Keys(m.tags)) {
		f.Tags = append(f.Tags, retention.Tag{Name: name, Digest: m.tags[name], Since: m.since[name]})
		queue = append(queue, m.tags[name])
	}
	if m.lists {
		for _, digest := range slices.Sorted(maps.Keys(m.manifests)) {
			if !m.tagged(digest) {
				f.Untagged = append(f.Untagged, retention.Untagged{Digest: digest, Pushed: m.pushed[digest]})
				queue = append(queue, digest)
			}
		}
	}
	for len(queue) > 0 {
		digest := queue[0]
		queue = queue[1:]
		content, there := m.manifests[digest]
		if _, ok := f.Manifests[digest]; ok || !there {
			continue
		}
		f.Manifests[digest] = content
		queue = append(queue, content.Children...)
		if m.referrers {
			for _, referrer := range slices.Sorted(maps.Keys(m.manifests)) {
				if m.manifests[referrer].Subject == digest {
					f.Referrers[digest] = append(f.Referrers[digest], referrer)
					queue = append(queue, referrer)
				}
			}
		}
	}
	return f
}

// later is facts with what was seen before and is still there: a referrer that
// loses the index that named it cannot be found any more where the registry
// neither lists untagged manifests nor referrers.
func (m *model) later(before world) retention.Facts {
	f := m.facts()
	for digest := range before.Manifests {
		if content, there := m.manifests[digest]; there {
			f.Manifests[digest] = content
		}
	}
	return f
}

func (m *model) tagged(digest image.Digest) bool {
	for _, d := range m.tags {
		if d == digest {
			return true
		}
	}
	return false
}

// apply carries a decision out, as the registry would; the error is what it
// would refuse.
func (m *model) apply(g retention.Decision) error {
	if !m.listing.TagDelete && len(g.Tags) > 0 {
		return fmt.Errorf("delete a tag: the registry cannot")
	}
	for _, tag := range g.Tags {
		if m.tags[tag.Name] != tag.Digest {
			return fmt.Errorf("delete tag %s: not there, or moved", tag.Name)
		}
		delete(m.tags, tag.Name)
		if m.listing.LastTagDeletes && !m.tagged(tag.Digest) {
			delete(m.manifests, tag.Digest)
		}
	}
	for _, digest := range g.Manifests {
		if _, ok := m.manifests[digest]; !ok {
			return fmt.Errorf("delete manifest %s: not there", digest)
		}
		delete(m.manifests, digest)
		maps.DeleteFunc(m.tags, func(_ string, d image.Digest) bool { return d == digest })
	}
	return nil
}

// world is what there was before a decision was carried out.
type world struct {
	retention.Facts
	companions map[image.Digest][]image.Digest // by what they belong to
}

func newWorld(f retention.Facts) world {
	w := world{f, map[image.Digest][]image.Digest{}}
	for digest, content := range f.Manifests {
		if content.Subject != "" {
			w.companions[content.Subject] = append(w.companions[content.Subject], digest)
		}
	}
	for _, tag := range f.Tags {
		if subject, ok := subjectOf(tag.Name); ok {
			w.companions[subject] = append(w.companions[subject], tag.Digest)
		}
	}
	return w
}

// subjectOf is the image that a tag belongs to by its name.
func subjectOf(tag string) (image.Digest, bool) {
	hex, ok := strings.CutPrefix(tag, "sha256-")
	hex, _, _ = strings.Cut(hex, ".")
	return image.Digest("sha256:" + hex), ok
}

// needs is everything that has to stay with the digests: children, what refers
// to them, and what their companion tags point at. What is not there itself
// may still have companions.
func (w world) needs(begin ...image.Digest) map[image.Digest]bool {
	return w.reach(begin, func(image.Digest) bool { return true })
}

// takes is everything that belongs to the digests in the same way, as far as
// it is there.
func (w world) takes(begin ...image.Digest) map[image.Digest]bool {
	return w.reach(begin, func(digest image.Digest) bool {
		_, there := w.Manifests[digest]
		return there
	})
}

func (w world) reach(begin []image.Digest, enter func(image.Digest) bool) map[image.Digest]bool {
	all := map[image.Digest]bool{}
	var add func(image.Digest)
	add = func(digest image.Digest) {
		if all[digest] || !enter(digest) {
			return
		}
		all[digest] = true
		for _, digest := range slices.Concat(w.Manifests[digest].Children, w.companions[digest]) {
			add(digest)
		}
	}
	for _, digest := range begin {
		add(digest)
	}
	return all
}

// around is everything that a used digest is part of, or belongs to, and what
// that is part of or belongs to.
func (w world) around(used image.Digest) []image.Digest {
	all := []image.Digest{used}
	for grown := true; grown; {
		grown = false
		for digest, content := range w.Manifests {
			if !slices.Contains(all, digest) && slices.ContainsFunc(all, func(d image.Digest) bool {
				return slices.Contains(content.Children, d) || slices.Contains(w.companions[digest], d)
			}) {
				all, grown = append(all, digest), true
			}
		}
	}
	return all
}

// roots are the digests that have to stay by what was decided, and by what is
// used. A companion that is kept for its own sake keeps its image.
func (w world) roots(verdicts []retention.Verdict) []image.Digest {
	var roots []image.Digest
	for _, v := range verdicts {
		if !v.Keep {
			continue
		}
		roots = append(roots, v.Digest)
		subject, ok := subjectOf(v.Tag)
		if !ok {
			subject = w.Manifests[v.Digest].Subject
		}
		switch v.Reason {
		case retention.Published, retention.Protected, retention.InUse:
			if v.Tag != "" && subject != "" {
				roots = append(roots, w.around(subject)...)
			}
		}
	}
	for _, use := range w.Uses {
		if use.Digest != "" {
			roots = append(roots, w.around(use.Digest)...)
		}
	}
	return roots
}
