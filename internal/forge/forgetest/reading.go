package forgetest

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// contents are files whose every byte counts.
var contents = map[string]string{
	"plain":           oldFrom,
	"empty":           "",
	"crlf":            strings.ReplaceAll(oldFrom+"RUN true\n", "\n", "\r\n"),
	"no last newline": strings.TrimSuffix(oldFrom, "\n"),
	"bom":             "\ufeff" + oldFrom,
	"unicode":         oldFrom + "# naïve — 日本語 🐳\n",
	"latin-1":         oldFrom + "# na\xefve\n",
	"nul":             oldFrom + "\x00\n",
	"binary":          "\x89PNG\r\n\x1a\n\x00\xff\xfe",
	"separators":      "a\u2028b\u2029c\x85d\x0be\x0c\n",
	"markup":          `<script>"'&\u0041` + "\n",
}

func testTree(t *testing.T, h Harness) {
	name := h.Owner() + "/app"
	h.Create(t, name, Kind{},
		text("Dockerfile", oldFrom), text("a/b/c/Dockerfile", newFrom), text("a.txt", "x"), text("a/z é \"q\".txt", "y"),
		forge.NewFile{Path: "build.sh", Mode: "100755", Content: []byte("#!/bin/sh\n")},
		forge.NewFile{Path: "link", Mode: "120000", Content: []byte("Dockerfile")})
	f := h.Client(t, nil)
	r := find(t, f, name)
	entries, err := f.Tree(t.Context(), forge.Commitish{Repository: r, Commit: r.Head})
	require.NoError(t, err)
	entry := func(path, mode, content string) forge.Entry {
		e := forge.Entry{Path: path, Mode: mode, Blob: forge.BlobID([]byte(content))}
		if h.Sizes() {
			e.Size = int64(len(content))
		}
		return e
	}
	assert.Equal(t, []forge.Entry{
		entry("Dockerfile", "100644", oldFrom), entry("a.txt", "100644", "x"), entry("a/b/c/Dockerfile", "100644", newFrom),
		entry("a/z é \"q\".txt", "100644", "y"), entry("build.sh", "100755", "#!/bin/sh\n"), entry("link", "120000", "Dockerfile"),
	}, entries)

	_, err = f.Tree(t.Context(), forge.Commitish{Repository: r, Commit: strings.Repeat("9", 40)})
	require.ErrorIs(t, err, forge.ErrNotFound)
	_, err = f.Tree(t.Context(), forge.Commitish{Repository: r, Commit: "main/../../x"})
	require.Error(t, err)
}

func testTrees(t *testing.T, h Harness) {
	f := h.Client(t, nil)
	var at []forge.Commitish
	for i := range 12 {
		name := fmt.Sprintf("%s/app%d", h.Owner(), i)
		files := []forge.NewFile{text("Dockerfile", oldFrom)}
		for j := range 20 * i { // the last ones have more than fit a page
			files = append(files, text(fmt.Sprintf("d%d/f%d", j%7, j), name))
		}
		h.Create(t, name, Kind{}, files...)
		r := find(t, f, name)
		at = append(at, forge.Commitish{Repository: r, Commit: r.Head})
	}
	gone := at[0]
	gone.Repository.ID, gone.Repository.Name = "nothing", h.Owner()+"/nowhere"
	lost := at[1]
	lost.Commit = strings.Repeat("9", 40)
	got := f.Trees(t.Context(), append([]forge.Commitish{gone, lost}, at...))
	require.Len(t, got, len(at)+2)
	require.ErrorIs(t, got[0].Err, forge.ErrNotFound)
	require.ErrorIs(t, got[1].Err, forge.ErrNotFound)
	for i, one := range at {
		require.NoError(t, got[i+2].Err, one.Repository.Name)
		want, err := f.Tree(t.Context(), one)
		require.NoError(t, err)
		assert.Len(t, want, 1+20*i)
		assert.Equal(t, want, got[i+2].Entries, one.Repository.Name)
	}
}

func testFiles(t *testing.T, h Harness) {
	name := h.Owner() + "/app"
	var files []forge.NewFile
	for path, content := range contents {
		files = append(files, text("dir/"+path, content))
	}
	h.Create(t, name, Kind{}, files...)
	f := h.Client(t, nil)
	r := find(t, f, name)
	var wanted []forge.Wanted
	for path, content := range contents {
		w := forge.Wanted{Repository: r, Commit: r.Head, Path: "dir/" + path}
		wanted = append(wanted, w)
		w.Blob, w.Size = forge.BlobID([]byte(content)), int64(len(content))
		wanted = append(wanted, w)
	}
	got, err := f.Files(t.Context(), wanted)
	require.NoError(t, err)
	require.Len(t, got, len(wanted))
	for i, w := range wanted {
		content := contents[strings.TrimPrefix(w.Path, "dir/")]
		require.NoError(t, got[i].Err, w.Path)
		assert.Equal(t, w.Path, got[i].Path)
		assert.Equal(t, content, string(got[i].Content), w.Path)
		assert.Equal(t, forge.BlobID([]byte(content)), got[i].Blob, w.Path)
	}
}

func testUnreadable(t *testing.T, h Harness) {
	name := h.Owner() + "/app"
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12345\n"
	h.Create(t, name, Kind{}, text("Dockerfile", oldFrom), text("large", strings.Repeat("x", 1<<20+1)), text("lfs", pointer), text("dir/x", "x"))
	f := h.Client(t, nil)
	r := find(t, f, name)
	at := func(path string) forge.Wanted { return forge.Wanted{Repository: r, Commit: r.Head, Path: path} }
	gone := r
	gone.ID, gone.Name = "nothing", h.Owner()+"/nowhere"
	wanted := []forge.Wanted{at("nowhere"), at("large"), at("lfs"), at("dir"), {Repository: gone, Commit: r.Head, Path: "Dockerfile"},
		{Repository: r, Path: "x", Blob: strings.Repeat("9", 40)}, at("Dockerfile")}
	got, err := f.Files(t.Context(), wanted)
	require.NoError(t, err)
	for i, file := range got[:len(got)-1] {
		require.Error(t, file.Err, wanted[i].Path)
		assert.Nil(t, file.Content)
		assert.Equal(t, wanted[i].Path, file.Path)
	}
	require.ErrorIs(t, got[0].Err, fs.ErrNotExist)
	require.ErrorContains(t, got[1].Err, "1048577 bytes")
	require.ErrorContains(t, got[2].Err, "Git LFS")
	require.ErrorIs(t, got[4].Err, forge.ErrNotFound)
	require.ErrorIs(t, got[5].Err, fs.ErrNotExist)
	require.NoError(t, got[6].Err, "one bad file does not spoil the rest")
	assert.Equal(t, oldFrom, string(got[6].Content))
}

func testManyFiles(t *testing.T, h Harness) {
	f := h.Client(t, nil)
	var wanted []forge.Wanted
	for i := range 7 {
		name := fmt.Sprintf("%s/app%d", h.Owner(), i)
		var files []forge.NewFile
		for j := range 45 {
			files = append(files, text(fmt.Sprintf("d%d/Dockerfile", j), fmt.Sprintf("%s# %d\n", oldFrom, j%40)))
		}
		h.Create(t, name, Kind{}, files...)
		r := find(t, f, name)
		for _, file := range files {
			wanted = append(wanted, forge.Wanted{Repository: r, Commit: r.Head, Path: file.Path, Blob: forge.BlobID(file.Content)})
		}
	}
	got, err := f.Files(t.Context(), wanted)
	require.NoError(t, err)
	for i, file := range got {
		require.NoError(t, file.Err)
		assert.Equal(t, wanted[i].Path, file.Path)
		assert.Equal(t, wanted[i].Blob, forge.BlobID(file.Content))
	}
}

func testHeads(t *testing.T, h Harness) {
	f, name := app(t, h)
	want := h.Push(t, name, "release/1.x", text("x", "x"))
	r := find(t, f, name)
	got, err := f.Heads(t.Context(), []forge.Ref{{Repository: r, Branch: "release/1.x"}, {Repository: r, Branch: "nowhere"}, {Repository: r, Branch: "main"}, {Repository: r, Branch: "release"}})
	require.NoError(t, err)
	assert.Equal(t, []string{want, "", r.Head, ""}, got)

	gone := r
	gone.ID, gone.Name = "nothing", h.Owner()+"/nowhere"
	got, err = f.Heads(t.Context(), []forge.Ref{{Repository: gone, Branch: "main"}, {Repository: r, Branch: "main"}})
	require.ErrorIs(t, err, forge.ErrNotFound)
	require.ErrorContains(t, err, gone.Name)
	assert.Equal(t, []string{"", r.Head}, got, "the others are there all the same")
}

func testMatching(t *testing.T, h Harness) {
	f, name := app(t, h)
	var want []string
	for i := range 120 {
		b := fmt.Sprintf("release/%03d", i)
		h.Push(t, name, b, text("x", b))
		want = append(want, b)
	}
	got, err := f.Matching(t.Context(), find(t, f, name), func(b string) bool { return strings.HasPrefix(b, "release/") })
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = f.Matching(t.Context(), find(t, f, name), func(string) bool { return false })
	require.NoError(t, err)
	assert.Empty(t, got)
}
