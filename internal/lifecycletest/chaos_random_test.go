package lifecycletest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// jumble is a random repository: digests with several tags, indexes in indexes
// that share children, what refers to images by subject or by name, children
// whose index has no tag; up to 30 tags, some of them retired, some in use.
type jumble struct {
	shelf
	random *rand.Rand
	names  int
	all    []image.Digest // manifests that can be part of others
	tagged []string
	days   map[string]int
}

func newJumble(s shelf, seed uint64) *jumble {
	j := &jumble{shelf: s, random: rand.New(rand.NewPCG(seed, 3)), days: map[string]int{}}
	for range 3 + j.random.IntN(6) {
		j.leaf()
	}
	for range 1 + j.random.IntN(28) {
		j.grow()
	}
	if j.random.IntN(4) > 0 {
		j.tag(j.any(), "latest")
	}
	return j
}

func (j *jumble) any() image.Digest { return j.all[j.random.IntN(len(j.all))] }

func (j *jumble) next() string {
	j.names++
	return fmt.Sprint(j.names)
}

func (j *jumble) leaf() image.Digest {
	j.all = append(j.all, j.image("", j.next()))
	return j.all[len(j.all)-1]
}

// christen gives a manifest a tag, most of the time that of a version.
func (j *jumble) christen(digest image.Digest) {
	tag := "v" + j.next()
	if j.random.IntN(5) == 0 {
		tag = "release-" + j.next()
	}
	j.tag(digest, tag)
	j.tagged = append(j.tagged, tag)
	if j.random.IntN(8) > 0 {
		j.days[tag] = j.random.IntN(90)
	}
}

// grow adds one thing or another.
func (j *jumble) grow() {
	switch j.random.IntN(8) {
	case 0, 1:
		j.christen(j.leaf())
	case 2:
		j.christen(j.any())
	case 3, 4:
		parts := map[image.Digest]bool{}
		for range 1 + j.random.IntN(3) {
			parts[j.any()] = true
		}
		var children []image.Digest
		for _, digest := range j.all { // in order, for the same seed
			if parts[digest] {
				children = append(children, digest)
			}
		}
		index := j.index("", children...)
		if j.random.IntN(4) > 0 {
			j.christen(index)
		}
		j.all = append(j.all, index)
	case 5:
		j.referrer("refers-"+j.next(), j.next(), j.any())
	case 6:
		j.referrer("", j.next(), j.any())
	case 7:
		ending := []string{".sig", ".att", ".sbom", ""}[j.random.IntN(4)]
		j.image("sha256-"+j.any().Encoded()+ending, j.next())
	}
}

// After any prune all that is kept pulls whole, a second one does nothing, and
// a restore has everything back, though the registry has collected its garbage
// in between.
func TestChaosRandomRepositories(t *testing.T) {
	host := registrytest.StartV3(t)
	type done struct {
		*jumble
		before map[string]image.Digest
		f      *front
		log    string
	}
	var cases []done
	deleted := 0
	for seed := range uint64(8) {
		s := shelf{t, host, fmt.Sprintf("random-%d/app", seed)}
		j := newJumble(s, seed)
		s.retired(j.days)
		before := s.pulls(nil)
		var used []string
		for _, tag := range j.tagged {
			if j.random.IntN(10) == 0 {
				used = append(used, "mirror.test/app@"+before[tag].String())
			}
		}
		d := done{jumble: j, before: before, f: newFront(t, host, nil)}
		args := strings.Fields("prune " + d.f.addr + "/" + s.name + " --yes --keep-for 30d --max-deleted 100 --uses " + usedBy(t, used...))
		args = append(args, "--keep-last", fmt.Sprint(j.random.IntN(3)))
		got := chaosRun(t, chaosNow, nil, args...)
		d.log = got.Out + got.Errors
		if got.Status == 5 { // it would have been the last tag
			require.Equal(t, before, s.pulls(nil), d.log)
			continue
		}
		require.Equal(t, 0, got.Status, d.log)
		after := s.pulls(nil, seed, d.log)
		require.Equal(t, after, common(before, after), "what is there was there, seed %d", seed)
		for tag := range before {
			if _, kept := after[tag]; !kept {
				deleted++
				days, retired := j.days[tag]
				belongs := strings.HasPrefix(tag, "sha256-") || strings.HasPrefix(tag, "refers-")
				require.True(t, belongs || retired && days >= 30, "seed %d: %s was retired %d days ago\n%s", seed, tag, days, d.log)
			}
		}
		asked := len(d.f.writes())
		again := chaosOK(t, chaosNow, nil, args...)
		for _, w := range d.f.writes()[asked:] {
			assert.Contains(t, w, "/manifests/basekeeper.probe", "seed %d: the second run\n%s", seed, again.Out)
		}
		cases = append(cases, d)
	}
	require.Greater(t, deleted, 20, "the repositories are too dull")
	require.Greater(t, len(cases), 6)

	registrytest.GarbageCollect(t, host)
	for _, d := range cases {
		d.pulls(common(d.before, d.tags()), d.name, d.log)
		chaosOK(t, chaosNow.Add(day), nil, "restore", d.f.addr+"/"+d.name, "--all")
		assert.Equal(t, d.before, d.pulls(nil, d.name, d.log))
		l := d.ledger()
		for _, r := range l.Records {
			assert.Equal(t, d.before[r.Tag], r.Digest)
			assert.False(t, ledger.IsOwn(r.Tag))
		}
	}
}
