package prune_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/retention"
	"github.com/stretchr/testify/require"
)

// random fills a repository: images that share layers, indexes of indexes,
// what refers to them, companions, children that are gone, tags with and
// without records. It returns a target with uses of some of it.
func random(t *testing.T, r *rand.Rand) (*model, prune.Target) {
	m := newModel(now.Add(-200 * day))
	m.tagDelete, m.listsUntagged, m.hasReferrers, m.datesTags = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0
	m.lastTagDeletes = m.tagDelete && r.IntN(3) == 0
	all := manifests(m, r)
	tags(t, m, r, all)
	dangle(m, r)
	m.collect()
	m.now = now
	to := target()
	to.Policy.KeepLast = r.IntN(4)
	to.Policy.Untagged = time.Duration(r.IntN(40)) * day
	names := slices.Sorted(maps.Keys(m.tags))
	for range r.IntN(3) {
		use := retention.Use{By: "acme/shop", Digest: pick(r, all)}
		if r.IntN(2) == 0 {
			use.Tag, use.Digest = pick(r, names), ""
		}
		to.Uses = append(to.Uses, use)
	}
	return m, to
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

func manifests(m *model, r *rand.Rand) []image.Digest {
	var all []image.Digest
	for i := range 1 + r.IntN(14) {
		m.now = now.Add(-time.Duration(1+r.IntN(90)) * day)
		switch kind := r.IntN(5); {
		case kind < 2 || len(all) == 0:
			all = append(all, m.image("", fmt.Sprint("image ", i), fmt.Sprint("layer ", r.IntN(4))))
		case kind < 4:
			var children []image.Digest
			for range 1 + r.IntN(3) {
				if child := pick(r, all); !slices.Contains(children, child) {
					children = append(children, child)
				}
			}
			all = append(all, m.index("", children...))
		default:
			all = append(all, m.referrer(fmt.Sprint("referrer ", i), pick(r, all)))
		}
	}
	return all
}

func tags(t *testing.T, m *model, r *rand.Rand, all []image.Digest) {
	add := func(name string) {
		m.tags[name] = tagged{pick(r, all), now.Add(-time.Duration(1+r.IntN(90)) * day)}
	}
	add("latest")
	records := map[string]int{}
	for i := range r.IntN(50) {
		switch r.IntN(7) {
		case 0:
			add(companion(pick(r, all)))
		case 1:
			add(fmt.Sprint("keep-", i))
		case 2:
			add(fmt.Sprint("pr-", i))
		default:
			name := fmt.Sprint("v", i)
			add(name)
			if r.IntN(5) > 0 {
				records[name] = r.IntN(90)
			}
		}
	}
	m.now = now
	m.remember(t, records)
}

// dangle deletes a child of an index that no tag is on.
func dangle(m *model, r *rand.Rand) {
	var children []image.Digest
	for _, digest := range slices.Sorted(maps.Keys(m.manifests)) {
		c, _ := image.ParseContent(m.manifests[digest].body)
		for _, child := range c.Manifests {
			if _, ok := m.manifests[child.Digest]; ok && m.tagsOf(child.Digest) == 0 {
				children = append(children, child.Digest)
			}
		}
	}
	if len(children) == 0 || r.IntN(2) == 0 {
		return
	}
	child := pick(r, children)
	m.dangling[child] = true
	delete(m.manifests, child)
}

// closure returns what a pull of a digest brings, and what belongs to it, as
// far as it is there.
func (m *model) closure(roots ...image.Digest) map[image.Digest]bool {
	found := map[image.Digest]bool{}
	for len(roots) > 0 {
		digest := roots[0]
		roots = roots[1:]
		one, ok := m.manifests[digest]
		if !ok || found[digest] {
			continue
		}
		found[digest] = true
		c, _ := image.ParseContent(one.body)
		for _, child := range c.Manifests {
			roots = append(roots, child.Digest)
		}
		for other, s := range m.manifests {
			if c, _ := image.ParseContent(s.body); c.Subject != nil && c.Subject.Digest == digest {
				roots = append(roots, other)
			}
		}
		if t, ok := m.tags[companion(digest)]; ok {
			roots = append(roots, t.digest)
		}
	}
	return found
}

// pulls checks that everything which before had under digests is there now.
func (m *model) pulls(t require.TestingT, before *model, digests ...image.Digest) {
	for digest := range before.closure(digests...) {
		one, ok := m.manifests[digest]
		require.True(t, ok, "manifest %s is gone", digest)
		c, _ := image.ParseContent(one.body)
		for _, b := range c.Blobs() {
			require.Contains(t, m.blobs, b.Digest)
		}
	}
}

// rounds is how many repositories are tried.
const rounds = 40

func TestProperties(t *testing.T) {
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			m, to := random(t, rand.New(rand.NewPCG(seed, 0)))
			before := m.copy()
			p := plan(t, m, to)
			require.Empty(t, p.Repositories[0].Problem)
			require.Equal(t, before.state(), m.state())
			out := apply(t, m, p)
			require.NoError(t, out.Err)
			require.Empty(t, out.Refused)
			if !m.lastTagDeletes {
				require.Empty(t, out.Skipped)
				require.Len(t, out.Tags, len(p.Repositories[0].Tags))
				require.Len(t, out.Manifests, len(p.Repositories[0].Manifests), "what is planned is there")
			}
			kept(t, m, before, p)
			again := plan(t, m, to)
			if len(out.Skipped) == 0 {
				empty(t, again)
			}
			m.collect()
			kept(t, m, before, p)

			restored, err := m.flow().Restore(ctx(t), repository, prune.Selection{All: true})
			require.NoError(t, err)
			for _, r := range restored {
				require.NoError(t, r.Err)
			}
			require.Equal(t, before.state(), m.state())
			requests := len(m.requests)
			restored, err = m.flow().Restore(ctx(t), repository, prune.Selection{All: true})
			require.NoError(t, err)
			for _, r := range restored {
				require.False(t, r.Put)
			}
			for _, request := range m.requests[requests:] {
				require.NotRegexp(t, "^(put|delete)", request)
			}
			again = plan(t, m, to)
			for _, tag := range again.Repositories[0].Tags {
				_, recorded := before.ledger(t).Record(tag.Name)
				require.False(t, recorded && slices.Contains(names(out.Tags), tag.Name), "%s was restored", tag.Name)
			}
		})
	}
}

// empty checks that a plan has nothing to do.
func empty(t *testing.T, p prune.Plan) {
	r := p.Repositories[0]
	require.True(t, p.Empty(), "a second prune has nothing to do: %v %v %v %v %v", r.Tags, r.Manifests, r.Adopt, r.ExpiredTrash, r.Unfinished)
}

// kept checks that whatever a plan keeps is whole.
func kept(t require.TestingT, m, before *model, p prune.Plan) {
	going := map[string]bool{}
	for _, tag := range p.Repositories[0].Tags {
		going[tag.Name] = true
	}
	var roots []image.Digest
	for name, tag := range before.tags {
		if ledger.IsOwn(name) {
			continue
		}
		if !going[name] {
			require.Equal(t, tag.digest, m.tags[name].digest, "tag %s is kept", name)
			roots = append(roots, tag.digest)
		}
	}
	for _, use := range p.Repositories[0].Uses {
		roots = append(roots, use.Digest)
	}
	m.pulls(t, before, roots...)
}

// The process dies at any request, before it or before its answer, and is run
// again: with the same plan, or with a new one.
func TestKilled(t *testing.T) {
	whole, _ := family(t)
	whole.tags["v4"] = tagged{whole.tags["also-v2"].digest, now}
	start := whole.copy()
	p := plan(t, whole, target())
	planning := len(whole.requests)
	require.NoError(t, apply(t, whole, p).Err)
	want := whole.state()
	records := whole.ledger(t)
	for n := planning + 1; n <= len(whole.requests); n++ {
		for _, late := range []bool{false, true} {
			for _, fresh := range []bool{false, true} {
				t.Run(fmt.Sprintf("request %d of %d, late %v, new plan %v", n, len(whole.requests), late, fresh), func(t *testing.T) {
					m := start.copy()
					p := plan(t, m, target())
					m.requests = make([]string, planning)
					m.dieAt, m.dieLate = n, late
					_ = apply(t, m, p) // dies
					m.dieAt, m.requests = 0, nil
					if fresh {
						p = plan(t, m, target())
					}
					out := apply(t, m, p)
					require.NoError(t, out.Err)
					require.Empty(t, out.Skipped)
					require.Equal(t, want, m.state(), "the same end")
					l := m.ledger(t)
					require.Equal(t, records.Records, l.Records)
					require.Equal(t, records.Numbers, l.Numbers)
					empty(t, plan(t, m, target()))
					m.collect()
					restored, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
					require.NoError(t, err)
					for _, r := range restored {
						require.NoError(t, r.Err)
					}
					require.Equal(t, start.state(), m.state(), "nothing is lost")
				})
			}
		}
	}
}

// The same on random repositories: it dies up to three times.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			start, to := random(t, r)
			whole := start.copy()
			p := plan(t, whole, to)
			planning := len(whole.requests)
			require.NoError(t, apply(t, whole, p).Err)
			requests := len(whole.requests) - planning
			settle(t, whole, to)
			m := start.copy()
			for range 1 + r.IntN(3) {
				p := plan(t, m, to)
				m.requests = nil
				m.dieAt, m.dieLate = 1+r.IntN(requests+1), r.IntN(2) == 0
				_ = apply(t, m, p)
				m.dieAt = 0
			}
			settle(t, m, to)
			require.Equal(t, whole.state(), m.state(), "the same end")
			require.Equal(t, whole.ledger(t).Records, m.ledger(t).Records)
			empty(t, plan(t, m, to))
			m.collect()
			_, err := m.flow().Restore(ctx(t), repository, prune.Selection{All: true})
			require.NoError(t, err)
			require.Equal(t, start.state(), m.state(), "nothing is lost")
		})
	}
}

// settle prunes until there is nothing to do: once, but where a registry refuses
// to delete what an index names that goes in the same run.
func settle(t *testing.T, m *model, to prune.Target) {
	most := 1
	if m.lastTagDeletes {
		most = 4
	}
	for range most {
		require.NoError(t, apply(t, m, plan(t, m, to)).Err)
	}
}

// What memory knows saves requests and changes nothing.
func TestMemory(t *testing.T) {
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			m, to := random(t, rand.New(rand.NewPCG(seed, 2)))
			flow := m.flow()
			flow.Memory = &memory{known: map[image.Digest]retention.Manifest{}}
			var plans []prune.Plan
			asked := 0
			for range 3 {
				asked = len(m.requests)
				p, err := flow.Plan(ctx(t), []prune.Target{to})
				require.NoError(t, err)
				plans = append(plans, p)
			}
			cold := m.copy()
			plans = append(plans, plan(t, cold, to))
			for _, p := range plans {
				for i := range p.Repositories[0].Verdicts {
					p.Repositories[0].Verdicts[i].Text = "" // what is not known cannot be told
				}
			}
			for _, p := range plans[1:] {
				require.Equal(t, plans[0].Repositories[0].Tags, p.Repositories[0].Tags)
				require.Equal(t, plans[0].Repositories[0].Manifests, p.Repositories[0].Manifests)
				require.Equal(t, plans[0].Repositories[0].Adopt, p.Repositories[0].Adopt)
			}
			for _, request := range m.requests[asked:] {
				if digest, ok := strings.CutPrefix(request, "get sha256"); ok {
					require.NotContains(t, m.manifests, image.Digest("sha256"+digest), "it is known")
				}
			}
		})
	}
}

type memory struct {
	mu    sync.Mutex
	known map[image.Digest]retention.Manifest
}

func (m *memory) Relations(digest image.Digest) (retention.Manifest, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.known[digest]
	return r, ok
}

func (m *memory) PutRelations(digest image.Digest, r retention.Manifest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[digest] = r
}

func TestRestoreKilled(t *testing.T) {
	base, _ := family(t)
	start := base.state()
	require.NoError(t, apply(t, base, plan(t, base, target())).Err)
	base.collect()
	whole := base.copy()
	_, err := whole.flow().Restore(t.Context(), repository, prune.Selection{All: true})
	require.NoError(t, err)
	for n := 1; n <= len(whole.requests); n++ {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d, late %v", n, late), func(t *testing.T) {
				m := base.copy()
				m.dieAt, m.dieLate = n, late
				_, _ = m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
				m.dieAt = 0
				_, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
				require.NoError(t, err)
				require.Equal(t, start, m.state())
				require.Equal(t, whole.ledger(t), m.ledger(t))
				require.Empty(t, plan(t, m, target()).Repositories[0].Tags)
			})
		}
	}
}

// A prune that was cut off and then undone is not gone on with.
func TestRestoreOfWhatWasCutOff(t *testing.T) {
	whole, _ := family(t)
	start := whole.copy()
	p := plan(t, whole, target())
	planning := len(whole.requests)
	require.NoError(t, apply(t, whole, p).Err)
	for n := planning + 1; n <= len(whole.requests); n++ {
		t.Run(fmt.Sprint("request ", n), func(t *testing.T) {
			m := start.copy()
			p := plan(t, m, target())
			m.requests = make([]string, planning)
			m.dieAt = n
			out := apply(t, m, p)
			require.Error(t, out.Err)
			m.dieAt = 0
			restored, err := m.flow().Restore(t.Context(), repository, prune.Selection{All: true})
			require.NoError(t, err)
			require.Equal(t, start.state(), m.state())
			if len(restored) == 0 {
				return // it had not come to the trash
			}
			require.NoError(t, apply(t, m, plan(t, m, target())).Err)
			require.Equal(t, start.state(), m.state(), "what was restored is kept")
		})
	}
}
