package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/scan"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// d makes a digest of one letter.
func d(letter string) image.Digest { return image.Digest("sha256:" + strings.Repeat(letter, 64)) }

func ref(t testing.TB, s string) image.Reference {
	t.Helper()
	r, err := image.ParseReference(s)
	require.NoError(t, err)
	return r
}

func index(digest image.Digest) image.Descriptor {
	return image.Descriptor{MediaType: image.MediaTypeOCIIndex, Digest: digest, Size: 1}
}

func single(digest image.Digest) image.Descriptor {
	return image.Descriptor{MediaType: image.MediaTypeOCIManifest, Digest: digest, Size: 1}
}

// platforms makes an index from platform=letter pairs.
func platforms(t testing.TB, pairs ...string) plan.Manifest {
	t.Helper()
	m := plan.Manifest{MediaType: image.MediaTypeOCIIndex}
	for _, pair := range pairs {
		name, letter, _ := strings.Cut(pair, "=")
		p, err := image.ParsePlatform(name)
		require.NoError(t, err)
		m.Platforms = append(m.Platforms, image.Descriptor{MediaType: image.MediaTypeOCIManifest, Digest: d(letter), Platform: &p})
	}
	return m
}

// occurrences scans files given as path, content, path, content…
func occurrences(t testing.TB, files ...string) []scan.Occurrence {
	t.Helper()
	var all []scan.Occurrence
	for i := 0; i < len(files); i += 2 {
		content := strings.NewReplacer("@A", "@"+string(d("a")), "@B", "@"+string(d("b")), "=A", "="+string(d("a"))).Replace(files[i+1])
		found, problems := scan.File(scan.Source{Repository: "r", Path: files[i], Blob: "blob", Content: []byte(content)})
		require.Empty(t, problems)
		all = append(all, found...)
	}
	return all
}

// same gives every image one policy, written as a configuration.
func same(t testing.TB, yaml string) plan.PolicyFunc {
	t.Helper()
	c, err := config.Parse(".basekeeper.yaml", []byte(yaml))
	require.NoError(t, err)
	return func(_ string, ref image.Reference) config.Policy { return c.Policy(ref) }
}

// outcome writes what the plan makes of each reference, to compare and to read.
func outcome(p plan.Plan) []string {
	var lines []string
	for _, b := range p.Bumps {
		for _, e := range b.Edits {
			lines = append(lines, strings.Join([]string{"bump", b.Ref().Familiar(), image.Digest(e.New).Short(), b.Note}, " "))
		}
	}
	for _, h := range p.Holds {
		lines = append(lines, strings.Join([]string{"hold", string(h.Code), h.Reason}, " "))
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

func TestDecide(t *testing.T) {
	moved := map[string]plan.Tag{"debian:12": {Current: index(d("b"))}}
	both := map[string]plan.Manifest{
		"debian@" + string(d("a")): platforms(t, "linux/amd64=1", "linux/arm64=2"),
		"debian@" + string(d("b")): platforms(t, "linux/amd64=3", "linux/arm64=4"),
	}
	tests := map[string]struct {
		src       string
		policy    string
		tags      map[string]plan.Tag
		manifests map[string]plan.Manifest
		want      []string
	}{
		"up to date": {"FROM debian:12@B", "", moved, nil, nil},
		"moved":      {"FROM debian:12@A", "", moved, both, []string{"bump debian:12 bbbbbbbbbbbb"}},
		"moved, single to single": {
			"FROM debian:12@A", "", map[string]plan.Tag{"debian:12": {Current: single(d("b"))}},
			map[string]plan.Manifest{"debian@" + string(d("a")): {MediaType: image.MediaTypeOCIManifest}},
			[]string{"bump debian:12 bbbbbbbbbbbb"},
		},
		"single platform's pin moves to the same platform": {
			"FROM --platform=linux/arm64 debian:12@A", "", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): {MediaType: image.MediaTypeOCIManifest, Platform: &image.Platform{OS: "linux", Architecture: "arm64"}},
				"debian@" + string(d("b")): both["debian@"+string(d("b"))],
			},
			[]string{"bump debian:12 444444444444"},
		},
		"single platform's pin that is still in the index": {
			"FROM debian:12@A", "", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): {MediaType: image.MediaTypeOCIManifest},
				"debian@" + string(d("b")): platforms(t, "linux/amd64=a"),
			},
			nil,
		},
		"nothing changed for any platform": {
			"FROM debian:12@A", "", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): platforms(t, "linux/amd64=1"),
				"debian@" + string(d("b")): platforms(t, "linux/amd64=1", "linux/s390x=9"),
			},
			[]string{"hold no-change no change for linux/amd64"},
		},
		"nothing changed for the wanted platform": {
			"FROM debian:12@A", "platforms: [linux/amd64]", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): platforms(t, "linux/amd64=1", "linux/arm64=2"),
				"debian@" + string(d("b")): platforms(t, "linux/amd64=1", "linux/arm64=4"),
			},
			[]string{"hold no-change no change for linux/amd64"},
		},
		"nothing changed, but every digest is wanted": {
			"FROM debian:12@A", "every-digest: true", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): platforms(t, "linux/amd64=1"),
				"debian@" + string(d("b")): platforms(t, "linux/amd64=1"),
			},
			[]string{"bump debian:12 bbbbbbbbbbbb"},
		},
		"a platform is lost": {
			"FROM debian:12@A", "", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): platforms(t, "linux/amd64=1", "linux/arm64=2"),
				"debian@" + string(d("b")): platforms(t, "linux/amd64=3"),
			},
			[]string{"hold missing-platform the new index has no linux/arm64 yet, which the pinned one has"},
		},
		"a platform that does not matter is lost": {
			"FROM debian:12@A", "platforms: [linux/amd64]", moved,
			map[string]plan.Manifest{
				"debian@" + string(d("a")): platforms(t, "linux/amd64=1", "linux/arm64=2"),
				"debian@" + string(d("b")): platforms(t, "linux/amd64=3"),
			},
			[]string{"bump debian:12 bbbbbbbbbbbb"},
		},
		"the index became a single image": {
			"FROM debian:12@A", "", map[string]plan.Tag{"debian:12": {Current: single(d("b"))}},
			map[string]plan.Manifest{"debian@" + string(d("a")): both["debian@"+string(d("a"))]},
			[]string{"hold missing-platform the tag now points at a single image, the pinned index has linux/amd64, linux/arm64"},
		},
		"gone is bumped in its cooldown": {
			"FROM debian:12@A", "cooldown: 3d", moved,
			map[string]plan.Manifest{"debian@" + string(d("a")): {Gone: true}, "debian@" + string(d("b")): both["debian@"+string(d("b"))]},
			[]string{"bump debian:12 bbbbbbbbbbbb the registry no longer has the old digest: builds that use it fail"},
		},
		"cooldown": {
			"FROM debian:12@A", "cooldown: 3d",
			map[string]plan.Tag{"debian:12": {Current: index(d("b")), History: []plan.Sighting{{Digest: d("b"), FirstSeen: now.Add(-26 * time.Hour)}}}}, both,
			[]string{"hold cooldown cooldown: first seen 1d2h ago, policy wants 3d; due 2026-03-03T10:00:00Z"},
		},
		"cooldown over": {
			"FROM debian:12@A", "cooldown: 3d",
			map[string]plan.Tag{"debian:12": {Current: index(d("b")), History: []plan.Sighting{{Digest: d("b"), FirstSeen: now.Add(-72 * time.Hour)}}}}, both,
			[]string{"bump debian:12 bbbbbbbbbbbb"},
		},
		"cooldown with a lost cache fails closed": {
			"FROM debian:12@A", "cooldown: 3d",
			map[string]plan.Tag{"debian:12": {Current: index(d("b")), NewClock: true}}, both,
			[]string{"hold cooldown cooldown: first seen 0s ago, policy wants 3d; due 2026-03-04T12:00:00Z; there was no cache of earlier sights, so its clock starts now"},
		},
		"cooldown with a clock from the future fails closed": {
			"FROM debian:12@A", "cooldown: 3d",
			map[string]plan.Tag{"debian:12": {Current: index(d("b")), History: []plan.Sighting{{Digest: d("b"), FirstSeen: now.Add(time.Hour)}}}}, both,
			[]string{"hold cooldown cooldown: first seen 0s ago, policy wants 3d; due 2026-03-04T12:00:00Z"},
		},
		"superseded takes the newest that is old enough": {
			"FROM debian:12@A", "{cooldown: 3d, superseded: true}",
			map[string]plan.Tag{"debian:12": {Current: index(d("e")), History: []plan.Sighting{
				{Digest: d("a"), FirstSeen: now.Add(-20 * 24 * time.Hour)},
				{Digest: d("c"), FirstSeen: now.Add(-9 * 24 * time.Hour)},
				{Digest: d("b"), FirstSeen: now.Add(-4 * 24 * time.Hour)},
				{Digest: d("f"), FirstSeen: now.Add(-5 * 24 * time.Hour), Lost: true},
				{Digest: d("e"), FirstSeen: now.Add(-1 * time.Hour)},
			}}}, both,
			[]string{"bump debian:12 bbbbbbbbbbbb"},
		},
		"superseded never goes back": {
			"FROM debian:12@A", "{cooldown: 3d, superseded: true}",
			map[string]plan.Tag{"debian:12": {Current: index(d("e")), History: []plan.Sighting{
				{Digest: d("c"), FirstSeen: now.Add(-9 * 24 * time.Hour)},
				{Digest: d("a"), FirstSeen: now.Add(-5 * 24 * time.Hour)},
				{Digest: d("e"), FirstSeen: now.Add(-1 * time.Hour)},
			}}}, both,
			[]string{"hold cooldown cooldown: first seen 1h ago, policy wants 3d; due 2026-03-04T11:00:00Z"},
		},
		"registry in trouble": {
			"FROM debian:12@A", "", map[string]plan.Tag{"debian:12": {Trouble: &plan.Trouble{Code: plan.Denied, Reason: "log in"}}}, nil,
			[]string{"hold denied log in"},
		},
		"schema 1": {
			"FROM debian:12@A", "", map[string]plan.Tag{"debian:12": {Current: image.Descriptor{MediaType: image.MediaTypeDockerSigned1, Digest: d("b")}}}, nil,
			[]string{"hold unsupported the tag points at a schema 1 manifest, which cannot be pinned: have it pushed again by a current tool"},
		},
		"ignored by comment": {
			"# basekeeper: ignore\nFROM debian:12@A", "", moved, both, []string{"hold ignored ignored by a comment"},
		},
		"ignored by policy": {
			"FROM debian:12@A", "{policies: [{images: [debian], ignore: true}]}", moved, both, []string{"hold ignored ignored by policy"},
		},
		"unpinned":       {"FROM debian:12", "", moved, nil, []string{"hold unpinned not pinned by digest; pin: true in the policy would pin it"}},
		"unpinned, pin":  {"FROM debian:12", "pin: true", moved, nil, []string{"bump debian:12 bbbbbbbbbbbb"}},
		"no tag":         {"FROM debian@A", "", moved, both, []string{"hold no-tag no tag to follow: write \"# basekeeper: tag=TAG\" above it, or set untagged: latest in the policy"}},
		"tag by comment": {"# basekeeper: tag=12\nFROM debian@A", "", moved, both, []string{"bump debian:12 bbbbbbbbbbbb"}},
		"untagged: latest": {
			"FROM debian@A", "untagged: latest", map[string]plan.Tag{"debian:latest": {Current: index(d("b"))}}, both,
			[]string{"bump debian:latest bbbbbbbbbbbb"},
		},
		"one ARG, one of its uses ignored": {
			"ARG D=A\nFROM debian:12@$D AS a\n# basekeeper: ignore\nFROM debian:12@$D", "", moved, both,
			[]string{
				"hold shared the same text serves another reference, which is held: ignored by a comment",
				"hold ignored ignored by a comment",
			},
		},
		"stale but not editable": {
			"ARG D=A\nFROM debian:12@$D AS a\nFROM debian:11@$D", "",
			map[string]plan.Tag{"debian:12": moved["debian:12"], "debian:11": {Current: index(d("a"))}}, both,
			[]string{"hold not-editable the same digest text serves docker.io/library/debian:11 and docker.io/library/debian:12: no new digest fits all of them"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			facts := plan.Facts{
				Occurrences: occurrences(t, "Dockerfile", tt.src), Policy: same(t, tt.policy), Now: now,
				Tags: map[image.Reference]plan.Tag{}, Manifests: map[image.Reference]plan.Manifest{},
			}
			for name, tag := range tt.tags {
				facts.Tags[ref(t, name)] = tag
			}
			for name, m := range tt.manifests {
				facts.Manifests[ref(t, name)] = m
			}
			p := plan.Decide(facts)
			assert.Equal(t, tt.want, outcome(p))
			content, err := p.Encode()
			require.NoError(t, err)
			again, err := plan.Decode(content)
			require.NoError(t, err)
			assert.Equal(t, p, again, "a plan is a value: what is read back is the same")
		})
	}
}
