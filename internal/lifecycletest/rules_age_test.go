package lifecycletest

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/retention"
)

// R5: age is the tag's, by our own ledger; an unknown age keeps, and so does a
// clock that is ahead.
func TestR5(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"an old image": func(t *testing.T, s *stock) {
			s.tag("latest", s.made("an image of 2020"))
			s.pass(365 * day)
			s.release(s.made("an image of 2020"))
			s.tag("latest", s.made("new"))
			for _, wait := range []time.Duration{0, 29 * day} {
				s.pass(wait)
				assert.Equal(t, retention.Young, s.prune(0).of(t, "v1").Reason)
			}
			s.pass(day)
			before := s.pulled("latest")
			assert.Equal(t, []string{"v1"}, s.prune(0).gone())
			s.stays(before)
		},
		"retired again": func(t *testing.T, s *stock) {
			d := s.made("a")
			s.release(d)
			s.tag("latest", s.made("b"))
			s.pass(40 * day)
			require.Equal(t, "v1", s.release(d), "published once more, and replaced again")
			s.tag("latest", s.made("c"))
			assert.Equal(t, retention.Young, s.prune(0).of(t, "v1").Reason)
		},
		"no record": func(t *testing.T, s *stock) {
			s.tag("v7", s.made("old"))
			s.tag("pr-1", s.made("other"))
			s.tag("latest", s.made("new"))
			got := s.prune(0, "--expire", "pr-*")
			assert.Equal(t, retention.Unknown, got.of(t, "v7").Reason)
			assert.Equal(t, retention.Unknown, got.of(t, "pr-1").Reason)
			assert.Equal(t, 2, got.Adopted)
			s.pass(29 * day)
			assert.Empty(t, s.prune(0, "--expire", "pr-*").gone())
			s.pass(day)
			before := s.pulled("latest")
			assert.Equal(t, []string{"pr-1", "v7"}, s.prune(0, "--expire", "pr-*").gone())
			assert.Equal(t, "v8", s.release(s.made("newer")), "its number is not used again")
			s.tag("latest", s.made("new"))
			s.stays(before)
		},
		"clock skew": func(t *testing.T, s *stock) {
			s.pass(99 * day) // by the clock of whoever retired it
			s.release(s.made("old"))
			s.tag("latest", s.made("new"))
			s.pass(-99 * day)
			for range 4 {
				assert.Equal(t, retention.Young, s.prune(0).of(t, "v1").Reason)
				s.pass(32 * day)
			}
			s.pass(day)
			assert.Equal(t, []string{"v1"}, s.prune(0).gone())
		},
		"a record of another digest": func(t *testing.T, s *stock) {
			s.release(s.made("old"))
			s.tag("latest", s.made("new"))
			s.pass(40 * day)
			s.tag("v1", s.made("pushed by hand")) // its time is not that of the record
			assert.Equal(t, retention.Unknown, s.prune(0).of(t, "v1").Reason)
			assert.NotEmpty(t, s.at("v1"))
		},
	})
}

// R6: what is protected is kept first, then the newest are counted by digest;
// every tag has a reason in the output.
func TestR6(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){
		"counted by digest": counted,
		"equal times": func(t *testing.T, s *stock) {
			s.release(s.made("a"))
			s.release(s.made("b"))
			s.release(s.made("c"))
			s.tag("latest", s.made("new"))
			s.pass(40 * day)
			assert.Len(t, s.prune(0, "--keep-last", "2").gone(), 1)
			s.pass(40 * day)
			assert.Empty(t, s.prune(0, "--keep-last", "2").gone())
		},
	})
}

func counted(t *testing.T, s *stock) {
	for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
		d := s.made(name)
		require.Equal(t, "v"+string(rune('1'+i)), s.release(d))
		s.pass(day)
		switch name {
		case "d":
			s.tag("pr-1", d)
			s.tag("pr-2", d)
		case "e":
			s.tag("stable", d) // keeps the digest anyway
		}
		s.sign(d, "sig")
	}
	s.tag("latest", s.made("new"))
	s.prune(0, "--expire", "pr-*")
	s.pass(40 * day)
	args := []string{"--keep-last", "2", "--protect", "v6", "--expire", "pr-*"}
	before := s.pulled("latest", "stable", "v5", "v6", "v4", "pr-1", "pr-2", "v3")
	stdout, _ := s.do(0, s.policy(args...)...)
	for _, tag := range s.tags() {
		assert.Regexp(t, `(?m)^  (keep|delete) +`+regexp.QuoteMeta(tag)+` +[0-9a-f]{12}  +\w+`, stdout)
	}
	got := s.prune(0, args...)
	assert.Equal(t, retention.Protected, got.of(t, "v6").Reason)
	for _, tag := range []string{"v5", "v4", "pr-1", "pr-2", "v3"} {
		assert.Equal(t, retention.Newest, got.of(t, tag).Reason, tag)
	}
	for _, tag := range []string{"v1", "v2"} {
		assert.Equal(t, retention.Expired, got.of(t, tag).Reason, tag)
		assert.Empty(t, s.at(tag))
	}
	for _, v := range got.Verdicts {
		assert.NotEmpty(t, v.Text, v.Tag)
	}
	s.stays(before)
}

// R8: the minimum age is that of every class: retired tags, tags that a pattern
// lets expire, restored ones, and manifests without a tag.
func TestR8(t *testing.T) {
	onReals(t, map[string]func(*testing.T, *stock){"minimum age": func(t *testing.T, s *stock) {
		s.do(2, s.policy("--minimum-age", "1m")...)
		s.do(2, s.policy("--untagged", "23h")...)
		s.release(s.made("a"))
		s.tag("pr-1", s.made("b"))
		s.tag("latest", s.made("new"))
		args := []string{"--expire", "pr-*", "--keep-for", "1h", "--minimum-age", "60d"}
		s.prune(0, args...)
		s.pass(59 * day)
		before := s.pulled("v1", "pr-1")
		got := s.prune(0, args...)
		assert.Equal(t, retention.Young, got.of(t, "v1").Reason)
		assert.Equal(t, retention.Young, got.of(t, "pr-1").Reason)
		s.pass(2 * day)
		assert.Equal(t, []string{"pr-1", "v1"}, s.prune(0, args...).gone())
		s.do(0, "restore", s.image(), "--all")
		s.pass(59 * day)
		got = s.prune(0, args...)
		assert.Equal(t, retention.Young, got.of(t, "v1").Reason, "its time begins when it is restored")
		assert.Equal(t, retention.Young, got.of(t, "pr-1").Reason)
		s.stays(before)
	}, "a day by default": func(t *testing.T, s *stock) {
		s.release(s.made("a"))
		s.tag("latest", s.made("new"))
		s.pass(23 * time.Hour)
		assert.Equal(t, retention.Young, s.prune(0, "--keep-for", "1h").of(t, "v1").Reason)
		s.pass(time.Hour)
		assert.Equal(t, []string{"v1"}, s.prune(0, "--keep-for", "1h").gone())
	}})
}
