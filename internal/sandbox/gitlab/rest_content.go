package gitlab

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"path"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var contentRoutes = []route{
	{pattern: "GET /projects/{id}/repository/tree", open: true, feature: "code", serve: (*call).listTree},
	{pattern: "GET /projects/{id}/repository/files/{file}", open: true, feature: "code", serve: (*call).getFile},
	{pattern: "GET /projects/{id}/repository/files/{file}/raw", open: true, feature: "code", serve: (*call).getRawFile},
	{pattern: "GET /projects/{id}/repository/blobs/{sha}", open: true, feature: "code", serve: (*call).getBlob},
	{pattern: "GET /projects/{id}/repository/blobs/{sha}/raw", open: true, feature: "code", serve: (*call).getRawBlob},
	{pattern: "GET /projects/{id}/repository/compare", open: true, feature: "code", serve: (*call).compare},
}

// resolve finds the commit at a ref; that of the default branch for none.
func (c *call) resolve(ref string) (git.Commit, bool) {
	id, ok := c.project.git.Resolve(cmp.Or(ref, c.project.options.DefaultBranch))
	if ref == "HEAD" {
		id, ok = c.project.git.Ref(c.project.defaultRef())
	}
	v, err := c.project.git.Commit(id)
	return v, ok && err == nil
}

// under lists what is under a path of a tree: directories before what is in
// them, or on one level trees before blobs, as GitLab does.
func under(r *git.Repository, tree git.ID, dir string, recursive bool) ([]git.Entry, bool) {
	e, err := r.Find(tree, dir)
	if err != nil || e.Mode != git.ModeDirectory {
		return nil, false
	}
	if recursive {
		entries, err := r.Walk(e.ID)
		return placed(entries, dir), err == nil
	}
	entries, err := r.Tree(e.ID)
	entries = placed(entries, dir)
	slices.SortStableFunc(entries, func(x, y git.Entry) int { return cmp.Compare(kindOrder(x), kindOrder(y)) })
	return entries, err == nil
}

func placed(entries []git.Entry, dir string) []git.Entry {
	found := slices.Clone(entries)
	for i := range found {
		found[i].Path = path.Join(dir, found[i].Path)
	}
	return found
}

func kindOrder(e git.Entry) int {
	return map[git.Mode]int{git.ModeDirectory: 0, git.ModeSubmodule: 2}[e.Mode] + map[bool]int{true: 1}[e.Mode != git.ModeDirectory && e.Mode != git.ModeSubmodule]
}

func (c *call) listTree(a args) (int, any, error) {
	v, ok := c.resolve(a.str("ref"))
	if !ok {
		return 0, nil, notFound("Tree")
	}
	entries, ok := under(c.project.git, v.Tree, a.str("path"), a.boolean("recursive"))
	if !ok {
		return 0, nil, notFound("invalid revision or path")
	}
	shape := func(e git.Entry) any {
		kind, _ := e.Mode.Kind()
		return jsonObject{"id": e.ID, "name": path.Base(e.Path), "type": kind, "path": e.Path, "mode": e.Mode}
	}
	if a.str("pagination") != "keyset" {
		return http.StatusOK, page(c, a, entries, shape), nil
	}
	if after := a.str("page_token"); after != "" {
		i := slices.IndexFunc(entries, func(e git.Entry) bool { return pageToken(e) == after })
		if i < 0 {
			return 0, nil, badRequest("Invalid page token: could not find starting OID: " + after)
		}
		entries = entries[i+1:]
	}
	next := func(last git.Entry) map[string]string { return map[string]string{"page_token": pageToken(last)} }
	return http.StatusOK, keyset(c, a, entries, next, shape), nil
}

// pageToken is opaque to clients: where in a tree a page ends.
func pageToken(e git.Entry) string {
	return base64.StdEncoding.EncodeToString([]byte(`{"file_name":"` + e.Path + `"}`))
}

// file finds the file of the path at the ref asked for.
func (c *call) file(a args) (git.Commit, git.Entry, []byte, error) {
	v, ok := c.resolve(a.str("ref"))
	if !ok {
		return v, git.Entry{}, nil, notFound("Commit")
	}
	e, err := c.project.git.Find(v.Tree, c.request.PathValue("file"))
	if err != nil {
		return v, e, nil, notFound("File")
	}
	content, err := c.project.git.Blob(e.ID)
	if err != nil {
		return v, e, nil, notFound("File")
	}
	return v, e, content, nil
}

func (c *call) getFile(a args) (int, any, error) {
	if err := a.need("ref"); err != nil {
		return 0, nil, err
	}
	v, e, content, err := c.file(a)
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(content)
	return http.StatusOK, jsonObject{
		"file_name": path.Base(e.Path), "file_path": e.Path, "size": len(content), "encoding": "base64",
		"content": base64.StdEncoding.EncodeToString(content), "content_sha256": hex.EncodeToString(sum[:]), "ref": a.str("ref"),
		"blob_id": e.ID, "commit_id": v.ID, "last_commit_id": c.project.git.Last(v.ID, e.Path), "execute_filemode": e.Mode == git.ModeExecutable,
	}, nil
}

func (c *call) getRawFile(a args) (int, any, error) {
	_, _, content, err := c.file(a)
	return http.StatusOK, rawBody(content), err
}

func (c *call) blob() (git.ID, []byte, error) {
	id := git.ID(c.request.PathValue("sha"))
	content, err := c.project.git.Blob(id)
	if err != nil {
		return id, nil, notFound("Blob")
	}
	return id, content, nil
}

func (c *call) getBlob(args) (int, any, error) {
	id, content, err := c.blob()
	return http.StatusOK, jsonObject{"size": len(content), "encoding": "base64", "content": base64.StdEncoding.EncodeToString(content), "sha": id}, err
}

func (c *call) getRawBlob(args) (int, any, error) {
	_, content, err := c.blob()
	return http.StatusOK, rawBody(content), err
}

func (c *call) compare(a args) (int, any, error) {
	if err := a.need("from", "to"); err != nil {
		return 0, nil, err
	}
	from, hasFrom := c.resolve(a.str("from"))
	to, hasTo := c.resolve(a.str("to"))
	if !hasFrom || !hasTo {
		return 0, nil, notFound("Ref")
	}
	r, base := c.project.git, from.ID
	if !a.boolean("straight") {
		base, _ = r.MergeBase(from.ID, to.ID)
	}
	commits := r.Between(from.ID, to.ID)
	return http.StatusOK, jsonObject{
		"commit": c.commit(c.project, to), "commits": shaped(commits, func(v git.Commit) any { return c.commit(c.project, v) }),
		"diffs": shaped(r.Diff(r.TreeOf(base), to.Tree), func(d git.Difference) any { return diff(d) }), "compare_timeout": false,
		"compare_same_ref": from.ID == to.ID, "web_url": c.web + "/" + c.project.path() + "/-/compare/" + string(from.ID) + "..." + string(to.ID),
	}, nil
}

// diff is a changed file. The patch is left out, as GitLab does of a file that
// is too large to show.
func diff(d git.Difference) jsonObject {
	mode := func(e git.Entry) git.Mode { return cmp.Or(e.Mode, "0") }
	return jsonObject{
		"diff": "", "collapsed": false, "too_large": true, "new_path": d.Path, "old_path": d.Path, "a_mode": mode(d.Old), "b_mode": mode(d.New),
		"new_file": d.Old.ID == "", "renamed_file": false, "deleted_file": d.New.ID == "", "generated_file": nil,
	}
}
