package local_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge/local"
)

// ignoreTree has names for every rule of gitignore(5) to bite.
var ignoreTree = []string{
	"a", "b", "ab", "abc", "a.b", "A", "foo", "foobar", "foo.txt", "bar/foo", "bar/baz/foo", "bar/x",
	"dir/a", "dir/b", "dir/sub/a", "dir/sub/b", "dir/sub/deep/a", "dir2/a", "x/dir/a", "x/y/z/foo", "x/y/z/foo.txt",
	"#hash", "!bang", "sp ace", "tail ", "tail", "back\\slash", "[", "]", "-", "[a]", "star*", "q?", "q1", "é", "tab\t",
	"build/out", "build/keep/a", "build/keep/b", "sub/build/out", "deep/a/b/c/d/e", "foo.d/bar/f", "foox/bar/f", "z/foo/bar",
}

// listed is git's own answer: tracked and untracked files, what is ignored
// left out.
func listed(t *testing.T, dir string, scope ...string) []string {
	t.Helper()
	out := git(t, dir, append([]string{"-c", "core.excludesFile=" + filepath.Join(dir, ".git", "user-ignore"),
		"ls-files", "-z", "-co", "--exclude-standard", "--full-name", "--"}, scope...)...)
	var names []string
	for name := range strings.SplitSeq(out, "\x00") {
		if name != "" && !strings.HasSuffix(name, "/") { // dir/ is a repository of its own
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func assertAsGit(t *testing.T, dir string) {
	t.Helper()
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{ExcludesFile: filepath.Join(dir, ".git", "user-ignore")})
	assert.Empty(t, problems)
	assert.Equal(t, listed(t, dir), got)
}

// TestFilesIgnoresWhatGitIgnores compares with git itself.
func TestFilesIgnoresWhatGitIgnores(t *testing.T) {
	tests := map[string]map[string]string{
		"nothing":                       {},
		"name anywhere":                 {".gitignore": "a\n"},
		"name is case-sensitive":        {".gitignore": "A\n"},
		"anchored":                      {".gitignore": "/a\n/dir\n"},
		"anchored by a slash within":    {".gitignore": "dir/a\nsub/build\n"},
		"directories only":              {".gitignore": "foo/\ndir/\n"},
		"anchored directory":            {".gitignore": "/build/\n"},
		"negation":                      {".gitignore": "a*\n!abc\n"},
		"last line wins":                {".gitignore": "!abc\na*\n"},
		"nothing below an excluded one": {".gitignore": "dir/\n!dir/a\n"},
		"all in it but one":             {".gitignore": "dir/*\n!dir/sub/\ndir/sub/*\n!dir/sub/a\n"},
		"everything but":                {".gitignore": "*\n!*/\n!foo*\n"},
		"star does not cross":           {".gitignore": "x/*/foo\ndir/*/a\n"},
		"star and slash":                {".gitignore": "*/a\n"},
		"leading **":                    {".gitignore": "**/foo\n"},
		"trailing **":                   {".gitignore": "dir/**\n"},
		"** keeps the directory":        {".gitignore": "dir/**\n!dir/sub/\n"},
		"middle **":                     {".gitignore": "x/**/foo\ndeep/**/e\n"},
		"** as a name's part":           {".gitignore": "foo**/bar\nfo**o\nx/y**\n"},
		"** alone":                      {".gitignore": "**\n!foo\n"},
		"three stars":                   {".gitignore": "x/***/foo\n***a\n"},
		"**/ for directories":           {".gitignore": "**/sub/\n"},
		"two **":                        {".gitignore": "**/y/**/foo.txt\n**/**/e\n"},
		"question mark":                 {".gitignore": "?\nfoo?txt\nx?y\n"},
		"set":                           {".gitignore": "[a-b]\n[!a]b\nq[?]\n"},
		"set negated by ^":              {".gitignore": "[^a]\n"},
		"set of a bracket":              {".gitignore": "[]]\n[[]\n[a]\n"},
		"set of a minus":                {".gitignore": "[-]\n[a-]b\n"},
		"set without end":               {".gitignore": "[a\n[\n"},
		"class":                         {".gitignore": "[[:upper:]]\nq[[:digit:]]\n[[:nonsense:]]b\n"},
		"class without colon":           {".gitignore": "[[:a]\n"},
		"set does not hold a slash":     {".gitignore": "x[/]y\nx[!a]y\n"},
		"escaped hash and bang":         {".gitignore": "\\#hash\n\\!bang\n"},
		"comment":                       {".gitignore": "#hash\n # a\n!bang\n"},
		"escaped star":                  {".gitignore": "star\\*\n\\f\\o\\o\nq\\?\n"},
		"backslash":                     {".gitignore": "back\\\\slash\n"},
		"backslash at the end":          {".gitignore": "a\\\nfoo\\\n"},
		"spaces within and before":      {".gitignore": "sp ace\n a\n"},
		"trailing spaces go":            {".gitignore": "tail   \na  \n"},
		"escaped trailing space":        {".gitignore": "tail\\ \n"},
		"escaped and plain trailing":    {".gitignore": "tail\\  \n"},
		"trailing tab stays":            {".gitignore": "a\t\ntab\t\n"},
		"CRLF":                          {".gitignore": "a\r\n\r\nfoo\r\n"},
		"BOM":                           {".gitignore": "\xef\xbb\xbfa\n"},
		"no last newline":               {".gitignore": "a\nfoo"},
		"only a slash":                  {".gitignore": "/\n//\n!\n!/\n"},
		"bytes beyond ASCII":            {".gitignore": "é\n"},
		"one byte of two":               {".gitignore": "?\n!é\n??\n"},
		"nested file overrides":         {".gitignore": "a\nfoo\n", "dir/.gitignore": "!a\n", "dir/sub/.gitignore": "a\n"},
		"nested and anchored":           {"dir/.gitignore": "/a\nsub/a\n", "x/.gitignore": "y/**\n"},
		"nested file below excluded":    {".gitignore": "dir\n", "dir/.gitignore": "!*\n"},
		"info/exclude":                  {".git/info/exclude": "a\n", ".gitignore": "!a\n"},
		"info/exclude over the user's":  {".git/info/exclude": "!a\nb\n", ".git/user-ignore": "a\nfoo\n"},
		".gitignore itself":             {".gitignore": ".gitignore\n"},
		"everything":                    {".gitignore": "*\n"},
	}
	for name, ignores := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			newGit(t, dir, nil)
			for _, file := range ignoreTree {
				write(t, dir, map[string]string{file: ""})
			}
			write(t, dir, ignores)
			assertAsGit(t, dir)
		})
	}
}

// TestFilesIgnoresAnyPatternAsGit makes patterns of what is special in them.
func TestFilesIgnoresAnyPatternAsGit(t *testing.T) {
	tokens := []string{"a", "b", "foo", "dir", "sub", "x", "/", "/", "*", "**", "?", "[a-f]", "[!a]", "!", "#", "\\", " ", ".", "[", "]", "-", "**/", "/**", "bar", "build", "\r"}
	dir := t.TempDir()
	newGit(t, dir, nil)
	for _, file := range ignoreTree {
		write(t, dir, map[string]string{file: ""})
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	lines := func() string {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			for range 1 + random.IntN(6) {
				b.WriteString(tokens[random.IntN(len(tokens))])
			}
			b.WriteByte('\n')
		}
		return b.String()
	}
	for range 150 {
		files := map[string]string{".gitignore": lines(), "dir/.gitignore": lines(), ".git/info/exclude": lines()}
		write(t, dir, files)
		assertAsGit(t, dir)
		require.False(t, t.Failed(), "seed %d, %q", seed, files)
	}
}

func TestFilesWithTrackedButIgnoredOnes(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{
		".gitignore": "out/\n*.log\n", "out/kept/Dockerfile": "", "out/Dockerfile": "", "out/kept/sub/x": "",
		"a.log": "", "b.log": "", "c": "",
	})
	git(t, dir, "add", "-f", "out/kept/Dockerfile", "a.log")
	assertAsGit(t, dir)
	got, _ := paths(t, local.Repository{Dir: dir}, local.WalkOptions{})
	assert.Equal(t, []string{".gitignore", "a.log", "c", "out/kept/Dockerfile"}, got)

	for _, version := range []string{"2", "3", "4"} {
		git(t, dir, "update-index", "--index-version", version)
		assertAsGit(t, dir)
	}
}

func TestFilesReportsAnIndexItCannotRead(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{".gitignore": "ignored\nalso\n", "ignored": "", "also": "", "seen": ""})
	write(t, dir, map[string]string{".git/index": "DIRC garbage"})
	got, problems := paths(t, local.Repository{Dir: dir}, local.WalkOptions{})
	assert.Equal(t, []string{".gitignore", "seen"}, got)
	require.Contains(t, problems, ".git/index")
	assert.Len(t, problems, 1)
}

func TestFilesOfAScopeUsesTheRulesAboveIt(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{
		".gitignore": "*.log\n/a/b/no\n", "a/.gitignore": "skip\n", "a/x": "", "top": "",
		"a/b/yes": "", "a/b/no": "", "a/b/skip": "", "a/b/c.log": "", "a/b/deep/d": "",
	})
	got, problems := paths(t, local.Repository{Dir: dir, Scope: "a/b"}, local.WalkOptions{})
	assert.Empty(t, problems)
	assert.Equal(t, []string{"a/b/deep/d", "a/b/yes"}, got)
	assert.Equal(t, listed(t, dir, "a/b"), got)
}

func TestFilesOfAnIgnoredScopeSaysSo(t *testing.T) {
	dir := t.TempDir()
	newGit(t, dir, map[string]string{".gitignore": "out\n", "out/in/Dockerfile": ""})
	repository := local.Repository{Dir: dir, Scope: "out/in"}
	got, problems := paths(t, repository, local.WalkOptions{})
	assert.Empty(t, got)
	require.ErrorIs(t, problems["out/in"], local.ErrIgnored)

	git(t, dir, "add", "-f", "out/in/Dockerfile")
	got, problems = paths(t, repository, local.WalkOptions{})
	assert.Equal(t, []string{"out/in/Dockerfile"}, got)
	assert.Empty(t, problems)
}

func TestFilesOfAPlainDirectoryHonoursGitignore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{".gitignore": "out/\n", "out/Dockerfile": "", "Dockerfile": "", "sub/.gitignore": "Dockerfile", "sub/Dockerfile": ""})
	got, _ := paths(t, local.Repository{Dir: dir}, local.WalkOptions{})
	assert.Equal(t, []string{".gitignore", "Dockerfile", "sub/.gitignore"}, got)
}
