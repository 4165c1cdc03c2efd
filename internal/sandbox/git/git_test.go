package git_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var when = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))

// commit stores a commit of the given files, by path, on top of parents.
func commit(t *testing.T, r *git.Repository, message string, files map[string]string, parents ...git.ID) git.Commit {
	t.Helper()
	var set []git.Entry
	for path, content := range files {
		set = append(set, git.Entry{Path: path, Mode: git.ModeFile, ID: r.PutBlob([]byte(content))})
	}
	tree, err := r.Edit("", set)
	require.NoError(t, err)
	who := git.Person{Name: "Ann <b>\n", Email: "ann@example.com", When: when}
	c, err := r.PutCommit(git.Commit{Tree: tree, Parents: parents, Author: who, Committer: who, Message: message})
	require.NoError(t, err)
	return c
}

// run runs the machine's git on a repository.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	require.NoError(t, err, "git %s: %s", strings.Join(args, " "), out)
	return string(out)
}

func TestGitAgrees(t *testing.T) {
	r := git.NewRepository()
	first := commit(t, r, "first\n\nwith a body\n", map[string]string{"a": "1\r\n", "a.b": "x", "a-b": "y", "dir/deep/file": "no end", "dir.x/f": "z"})
	blob := r.PutBlob([]byte("target"))
	tree, err := r.Edit(first.Tree, []git.Entry{
		{Path: "link", Mode: git.ModeSymlink, ID: blob},
		{Path: "bin/run", Mode: git.ModeExecutable, ID: r.PutBlob([]byte("#!/bin/sh\n"))},
		{Path: "sub", Mode: git.ModeSubmodule, ID: first.ID},
		{Path: "dir/deep/file"},
	})
	require.NoError(t, err)
	who := git.Person{Name: "Zoë", Email: "zoe@example.com", When: when}
	second, err := r.PutCommit(git.Commit{
		Tree: tree, Parents: []git.ID{first.ID}, Author: who, Committer: who, Message: "second",
		Signature: "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n",
	})
	require.NoError(t, err)
	require.NoError(t, r.SetRef("refs/heads/main", second.ID))
	require.NoError(t, r.SetRef("refs/heads/old/one", first.ID))

	dir := filepath.Join(t.TempDir(), "r.git")
	require.NoError(t, r.WriteBare(dir, "main"))
	run(t, dir, "fsck", "--strict", "--full")
	assert.Equal(t, "second Zoë\nfirst Ann b\n", run(t, dir, "log", "--format=%s %an"))
	assert.Equal(t, "2026-03-01T12:00:00+01:00\n", run(t, dir, "log", "-1", "--format=%aI"))
	assert.Equal(t, string(second.Tree)+"\n", run(t, dir, "rev-parse", "main^{tree}"))
	assert.Equal(t, "1\r\n", run(t, dir, "cat-file", "blob", "main:a"))
	assert.Contains(t, run(t, dir, "cat-file", "commit", "main"), "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END")

	var listed []string
	entries, err := r.Walk(second.Tree)
	require.NoError(t, err)
	for _, e := range entries {
		kind, _ := e.Mode.Kind()
		listed = append(listed, string(e.Mode)+" "+string(kind)+" "+string(e.ID)+"\t"+e.Path)
	}
	assert.Equal(t, run(t, dir, "ls-tree", "-r", "-t", "main"), strings.Join(listed, "\n")+"\n")
}

func TestMergeBaseIsGits(t *testing.T) {
	r := git.NewRepository()
	file := func(content string) map[string]string { return map[string]string{"f": content} }
	root := commit(t, r, "root", file("0"))
	left := commit(t, r, "left", file("1"), root.ID)
	right := commit(t, r, "right", file("2"), root.ID)
	merged := commit(t, r, "merged", file("3"), left.ID, right.ID)
	onRight := commit(t, r, "on right", file("4"), right.ID)
	alone := commit(t, r, "alone", file("5"))
	for name, c := range map[string]git.Commit{"left": left, "right": right, "merged": merged, "on-right": onRight, "root": root, "alone": alone} {
		require.NoError(t, r.SetRef("refs/heads/"+name, c.ID))
	}
	dir := t.TempDir()
	require.NoError(t, r.WriteBare(dir, "merged"))
	for _, pair := range [][2]string{{"left", "right"}, {"merged", "on-right"}, {"merged", "left"}, {"root", "on-right"}} {
		a, _ := r.Ref("refs/heads/" + pair[0])
		b, _ := r.Ref("refs/heads/" + pair[1])
		got, ok := r.MergeBase(a, b)
		assert.True(t, ok)
		assert.Equal(t, run(t, dir, "merge-base", pair[0], pair[1]), string(got)+"\n", "%v", pair)
		var between []string
		for _, c := range r.Between(a, b) {
			between = append(between, string(c.ID))
		}
		assert.ElementsMatch(t, strings.Fields(run(t, dir, "rev-list", pair[0]+".."+pair[1])), between)
	}
	_, ok := r.MergeBase(alone.ID, left.ID)
	assert.False(t, ok)
	assert.True(t, r.IsAncestor(root.ID, merged.ID))
	assert.False(t, r.IsAncestor(onRight.ID, merged.ID))
}

func TestMerge(t *testing.T) {
	base := map[string]string{"a": "1", "b": "1", "dir/c": "1"}
	tests := map[string]struct {
		ours, theirs, want map[string]string
		conflicts          []string
	}{
		"nothing changed":   {base, base, base, nil},
		"one side":          {base, map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"a": "2", "b": "1", "dir/c": "1"}, nil},
		"two files":         {map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"a": "1", "b": "2", "dir/c": "1"}, map[string]string{"a": "2", "b": "2", "dir/c": "1"}, nil},
		"both the same":     {map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"a": "2", "b": "1", "dir/c": "1"}, nil},
		"both otherwise":    {map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"a": "3", "b": "1", "dir/c": "1"}, nil, []string{"a"}},
		"changed and gone":  {map[string]string{"a": "2", "b": "1", "dir/c": "1"}, map[string]string{"b": "1", "dir/c": "1"}, nil, []string{"a"}},
		"a directory empty": {base, map[string]string{"a": "1", "b": "1"}, map[string]string{"a": "1", "b": "1"}, nil},
		"a new file":        {map[string]string{"a": "1", "b": "1", "dir/c": "1", "n/m": "1"}, map[string]string{"a": "1", "b": "1", "dir/c": "2"}, map[string]string{"a": "1", "b": "1", "dir/c": "2", "n/m": "1"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := git.NewRepository()
			from := commit(t, r, "base", base)
			tree, conflicts, err := r.Merge(from.Tree, commit(t, r, "ours", tt.ours).Tree, commit(t, r, "theirs", tt.theirs).Tree)
			require.NoError(t, err)
			assert.Equal(t, tt.conflicts, conflicts)
			if tt.want != nil {
				assert.Equal(t, commit(t, r, "want", tt.want).Tree, tree)
			}
		})
	}
}

func TestPutTreeRefuses(t *testing.T) {
	r := git.NewRepository()
	id := r.PutBlob([]byte("x"))
	tests := map[string][]git.Entry{
		"no name":       {{Path: "", Mode: git.ModeFile, ID: id}},
		"a parent":      {{Path: "..", Mode: git.ModeFile, ID: id}},
		"git's own":     {{Path: ".GIT", Mode: git.ModeFile, ID: id}},
		"a slash":       {{Path: "a/b", Mode: git.ModeFile, ID: id}},
		"a mode":        {{Path: "a", Mode: "100600", ID: id}},
		"twice":         {{Path: "a", Mode: git.ModeFile, ID: id}, {Path: "a", Mode: git.ModeExecutable, ID: id}},
		"unknown blob":  {{Path: "a", Mode: git.ModeFile, ID: git.ZeroID}},
		"blob for tree": {{Path: "a", Mode: git.ModeDirectory, ID: id}},
	}
	for name, entries := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := r.PutTree(entries)
			require.Error(t, err)
		})
	}
}

func TestEditRefuses(t *testing.T) {
	r := git.NewRepository()
	c := commit(t, r, "x", map[string]string{"a": "1"})
	_, err := r.Edit(c.Tree, []git.Entry{{Path: "b"}})
	require.ErrorIs(t, err, git.ErrNotFound)
	_, err = r.Edit(git.ZeroID, nil)
	require.ErrorIs(t, err, git.ErrNotFound)
	_, err = r.PutCommit(git.Commit{Tree: git.ZeroID})
	require.ErrorIs(t, err, git.ErrNotFound)
	_, err = r.PutCommit(git.Commit{Tree: c.Tree, Parents: []git.ID{git.ZeroID}})
	require.ErrorIs(t, err, git.ErrNotFound)
	require.ErrorIs(t, r.SetRef("refs/heads/x", git.ZeroID), git.ErrNotFound)
}

func TestFetch(t *testing.T) {
	from, to := git.NewRepository(), git.NewRepository()
	first := commit(t, from, "first", map[string]string{"a": "1"})
	second := commit(t, from, "second", map[string]string{"a": "1", "d/b": "2"}, first.ID)
	require.NoError(t, to.Fetch(from, second.ID))
	require.NoError(t, to.SetRef("refs/heads/main", second.ID))
	dir := t.TempDir()
	require.NoError(t, to.WriteBare(dir, "main"))
	run(t, dir, "fsck", "--strict", "--full")
	assert.Equal(t, "2", run(t, dir, "cat-file", "blob", "main:d/b"))
	require.ErrorIs(t, to.Fetch(from, git.ZeroID), git.ErrNotFound)
}

// TestCheckRefName holds our rules against git's.
func TestCheckRefName(t *testing.T) {
	for _, name := range []string{
		"refs/heads/main", "refs/heads/a/b", "refs/heads/basekeeper/debian-12", "refs/tags/v1.2.3", "refs/heads/ünï", "refs/heads/a@b", "refs/heads/-x",
		"refs/heads/", "refs/heads", "refs/heads/a..b", "refs/heads/a b", "refs/heads/a~1", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?",
		"refs/heads/a*", "refs/heads/a[", `refs/heads/a\b`, "refs/heads/.a", "refs/heads/a/.b", "refs/heads/a.lock", "refs/heads/a.lock/b",
		"refs/heads/a.", "refs/heads//a", "refs/heads/a@{b", "refs/heads/a\x7f", "refs/heads/a\tb",
	} {
		gits := exec.Command("git", "check-ref-format", name).Run() == nil
		ours := git.CheckRefName(name) == nil
		assert.Equal(t, gits && strings.Count(name, "/") >= 2, ours, "%q", name)
	}
	require.ErrorIs(t, git.CheckRefName("heads/main"), git.ErrInvalid)
}
