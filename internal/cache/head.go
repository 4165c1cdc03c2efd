package cache

import (
	"maps"
	"slices"
	"time"

	"github.com/basekeeper/basekeeper/internal/dockerfile"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// keepHead is how long a branch is remembered that no run asks for.
const keepHead = 90 * 24 * time.Hour

// Head is what was read of a branch. A commit never changes, so it holds for
// as long as the branch points at Commit and the reader is the same.
type Head struct {
	Commit      string
	Reader      string // what read it: other settings or another version see other things
	ConfigName  string // path of the repository's own configuration; empty where there is none
	Config      []byte
	Occurrences []scan.Occurrence // without repository and branch
	Problems    []scan.Problem    // without repository and branch
}

// head is a Head in the file.
type head struct {
	Used       day            `json:"used"`
	Commit     string         `json:"commit"`
	Reader     string         `json:"reader"`
	ConfigName string         `json:"configName,omitempty"`
	Config     []byte         `json:"config,omitempty"`
	Files      []headFile     `json:"files,omitempty"`
	Problems   []scan.Problem `json:"problems,omitempty"`
}

// headFile is a file with its uses, which come in the order of the file.
type headFile struct {
	Path string    `json:"path"`
	Blob string    `json:"blob"`
	Mode string    `json:"mode,omitempty"`
	Uses []headUse `json:"uses"`
}

// headUse is a dockerfile.Use without what only its own package knows.
type headUse struct {
	Kind     dockerfile.Kind `json:"kind"`
	Onbuild  bool            `json:"onbuild,omitempty"`
	Ref      string          `json:"ref,omitempty"`
	Line     int             `json:"line"`
	Stage    string          `json:"stage,omitempty"`
	Platform string          `json:"platform,omitempty"`
	Digest   dockerfile.Span `json:"digest"`
	PinAt    int             `json:"pinAt"`
	Editable bool            `json:"editable,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Ignore   bool            `json:"ignore,omitempty"`
	Follow   string          `json:"follow,omitempty"`
}

// Head returns what was read of a branch when it pointed at commit; false where
// that is not known, or where another reader read it.
func (c *Cache) Head(repository, branch, commit, reader string) (Head, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.heads[headKey(repository, branch)]
	if !ok || h.Commit != commit || h.Reader != reader {
		return Head{}, false
	}
	known, ok := h.expand(c.refs)
	if ok {
		h.Used = h.Used.refreshed(c.now)
	}
	return known, ok
}

// PutHead remembers what was read of a branch, in place of what was known of it.
func (c *Cache) PutHead(repository, branch string, h Head) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heads[headKey(repository, branch)] = h.compact(dayOf(c.now), c.refs)
}

func headKey(repository, branch string) string { return repository + "#" + branch }

func (h Head) compact(used day, refs *references) *head {
	short := &head{
		Used: used, Commit: h.Commit, Reader: h.Reader,
		ConfigName: h.ConfigName, Config: slices.Clone(h.Config), Problems: slices.Clone(h.Problems),
	}
	for _, o := range h.Occurrences {
		last := len(short.Files) - 1
		if last < 0 || short.Files[last].Path != o.Path {
			short.Files = append(short.Files, headFile{Path: o.Path, Blob: o.Blob, Mode: o.Mode})
			last++
		}
		u := o.Use
		use := headUse{
			Kind: u.Kind, Onbuild: u.Onbuild, Line: u.Line, Stage: u.Stage, Platform: u.Platform, Digest: u.Digest,
			PinAt: u.PinAt, Editable: u.Editable, Reason: u.Reason, Ignore: u.Ignore, Follow: u.Follow,
		}
		if !u.Ref.IsZero() {
			use.Ref = refs.text(u.Ref)
		}
		short.Files[last].Uses = append(short.Files[last].Uses, use)
	}
	return short
}

// expand is the way back; false for an entry that somebody has damaged.
func (h *head) expand(refs *references) (Head, bool) {
	long := Head{
		Commit: h.Commit, Reader: h.Reader, ConfigName: h.ConfigName, Config: slices.Clone(h.Config),
		Problems: slices.Clone(h.Problems),
	}
	for _, file := range h.Files {
		for _, u := range file.Uses {
			use := dockerfile.Use{
				Kind: u.Kind, Onbuild: u.Onbuild, Line: u.Line, Stage: u.Stage, Platform: u.Platform, Digest: u.Digest,
				PinAt: u.PinAt, Editable: u.Editable, Reason: u.Reason, Ignore: u.Ignore, Follow: u.Follow,
			}
			if u.Ref != "" {
				ref, ok := refs.parse(u.Ref)
				if !ok {
					return Head{}, false
				}
				use.Ref = ref
			}
			long.Occurrences = append(long.Occurrences, scan.Occurrence{Path: file.Path, Blob: file.Blob, Mode: file.Mode, Use: use})
		}
	}
	return long, true
}

// tidy reports whether the entry is well-formed, and gives back the memory that
// reading it took more than it needs.
func (h *head) tidy(refs *references) bool {
	for i := range h.Files {
		uses := slices.Clone(h.Files[i].Uses)
		for j := range uses {
			if uses[j].Ref == "" {
				continue
			}
			ref, ok := refs.parse(uses[j].Ref)
			if !ok {
				return false
			}
			uses[j].Ref = refs.text(ref)
		}
		h.Files[i].Uses = uses
	}
	return true
}

// mergeHeads takes in what another run has read of branches that this one has
// not.
func (c *Cache) mergeHeads(other map[string]*head) {
	for key, theirs := range other {
		if _, ok := c.heads[key]; !ok {
			c.heads[key] = theirs
		}
	}
}

func (c *Cache) expireHeads() {
	maps.DeleteFunc(c.heads, func(_ string, h *head) bool {
		h.Used = h.Used.possible(c.now)
		return h.Used.past(c.now, keepHead)
	})
}
