package gitlab

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// treeView is what is under a path of a commit.
type treeView struct {
	project *project
	commit  git.Commit
	path    string
	entries []git.Entry
}

// entryView is an entry of a tree, or a file.
type entryView struct {
	project *project
	entry   git.Entry
}

var repositoryFields = map[string]resolver{
	"Repository.exists": plain(func(*project) any { return true }),
	"Repository.empty":  plain(func(p *project) any { return p.empty() }),
	"Repository.rootRef": plain(func(p *project) any {
		if p.empty() {
			return nil
		}
		return p.options.DefaultBranch
	}),
	"Repository.branchNames": of(func(_ *query, p *project, a args) (any, error) {
		names := slices.DeleteFunc(p.branches(""), func(n string) bool { return !wild(a.str("searchPattern"), n) })
		from := min(max(0, a.number("offset", 0)), len(names))
		return append([]string{}, names[from:min(len(names), from+max(0, a.number("limit", 0)))]...), nil
	}),
	"Repository.tree": of(func(_ *query, p *project, a args) (any, error) {
		if t := p.tree(a); t != nil {
			return t, nil
		}
		return nil, nil
	}),
	"Repository.paginatedTree": of(func(_ *query, p *project, a args) (any, error) {
		t := p.tree(a)
		if t == nil {
			return []*treeView{}, nil
		}
		c, err := connect(t.entries, a)
		if err != nil {
			return nil, err
		}
		page := *t
		page.entries = t.entries[c.first : c.first+len(c.nodes)]
		return treePage{page: &page, at: c}, nil
	}),
	"Repository.blobs": of(func(_ *query, p *project, a args) (any, error) {
		found := []entryView{}
		v, ok := p.at(a)
		for _, name := range a.list("paths") {
			if e, err := p.git.Find(v.Tree, name); ok && err == nil && e.Mode != git.ModeDirectory && e.Mode != git.ModeSubmodule {
				found = append(found, entryView{p, e})
			}
		}
		return found, nil
	}),
}

// wild reports whether a pattern with * in it matches a branch's name.
func wild(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	name, ok := strings.CutPrefix(name, parts[0])
	if len(parts) == 1 {
		return ok && name == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		var found bool
		_, name, found = strings.Cut(name, part)
		ok = ok && found
	}
	return ok && strings.HasSuffix(name, parts[len(parts)-1])
}

// at is the commit that the arguments name: of ref, or the default branch.
func (p *project) at(a args) (git.Commit, bool) {
	ref := orElse(a.str("ref"), p.options.DefaultBranch)
	switch {
	case ref == "HEAD":
		ref = p.options.DefaultBranch
	case a.str("refType") == "HEADS":
		ref = git.BranchPrefix + ref
	case a.str("refType") == "TAGS":
		ref = "refs/tags/" + ref
	}
	id, _ := p.git.Resolve(ref)
	v, err := p.git.Commit(id)
	return v, err == nil
}

func (p *project) tree(a args) *treeView {
	v, ok := p.at(a)
	if !ok {
		return nil
	}
	entries, ok := under(p.git, v.Tree, strings.Trim(a.str("path"), "/"), a.boolean("recursive"))
	if !ok {
		return nil
	}
	return &treeView{project: p, commit: v, path: a.str("path"), entries: entries}
}

// of are the entries of a kind.
func (t *treeView) of(kind git.Kind) []entryView {
	found := []entryView{}
	for _, e := range t.entries {
		if k, _ := e.Mode.Kind(); k == kind {
			found = append(found, entryView{t.project, e})
		}
	}
	return found
}

// treePage is a page of a tree, which is one node.
type treePage struct {
	page *treeView
	at   connection // of its entries
}

var treeFields = entryFields(map[string]resolver{
	// The last commit at the path, as git log finds it; what asks for the root
	// by its name gets the commit itself.
	"Tree.lastCommit": plain(func(t *treeView) any {
		if t.path == "/" {
			return commitView{t.project, t.commit}
		}
		v, _ := t.project.git.Commit(t.project.git.Last(t.commit.ID, strings.Trim(t.path, "/"))) // it is there: it was found from one
		return commitView{t.project, v}
	}),
	"Tree.blobs":      plain(func(t *treeView) any { return t.of(git.KindBlob) }),
	"Tree.trees":      plain(func(t *treeView) any { return t.of(git.KindTree) }),
	"Tree.submodules": plain(func(t *treeView) any { return t.of(git.KindCommit) }),

	"TreeConnection.nodes":    plain(func(t treePage) any { return []*treeView{t.page} }),
	"TreeConnection.edges":    plain(func(t treePage) any { return []edge{{t.page, t.at.first}} }),
	"TreeConnection.pageInfo": plain(func(t treePage) any { return t.at }),
	"TreeEdge.node":           edgeFields["node"],
	"TreeEdge.cursor":         edgeFields["cursor"],

	"Blob.mode":        plain(func(v entryView) any { return v.entry.Mode }),
	"Blob.webUrl":      of(func(q *query, v entryView, _ args) (any, error) { return q.web + "/" + v.webPath("blob"), nil }),
	"TreeEntry.webUrl": of(func(q *query, v entryView, _ args) (any, error) { return q.web + "/" + v.webPath("tree"), nil }),

	"RepositoryBlob.id":          plain(func(v entryView) any { return gid("Gitlab::Git::Blob", v.entry.ID) }),
	"RepositoryBlob.oid":         plain(func(v entryView) any { return v.entry.ID }),
	"RepositoryBlob.path":        plain(func(v entryView) any { return v.entry.Path }),
	"RepositoryBlob.name":        plain(func(v entryView) any { return path.Base(v.entry.Path) }),
	"RepositoryBlob.mode":        plain(func(v entryView) any { return v.entry.Mode }),
	"RepositoryBlob.size":        plain(func(v entryView) any { return strconv.Itoa(len(v.content())) }),
	"RepositoryBlob.rawSize":     plain(func(v entryView) any { return strconv.Itoa(len(v.content())) }),
	"RepositoryBlob.lfsOid":      plain(func(entryView) any { return nil }),
	"RepositoryBlob.webPath":     of(func(q *query, v entryView, _ args) (any, error) { return q.options.Root + "/" + v.webPath("blob"), nil }),
	"RepositoryBlob.rawBlob":     of(func(q *query, v entryView, _ args) (any, error) { return q.load(v, false) }),
	"RepositoryBlob.rawTextBlob": of(func(q *query, v entryView, _ args) (any, error) { return q.load(v, true) }),
})

// entryFields adds what all kinds of entries have.
func entryFields(fields map[string]resolver) map[string]resolver {
	for _, kind := range []string{"Blob", "TreeEntry", "Submodule"} {
		fields[kind+".id"] = plain(func(v entryView) any { return gid("Gitlab::Git::Tree", v.entry.ID) })
		fields[kind+".sha"] = plain(func(v entryView) any { return v.entry.ID })
		fields[kind+".name"] = plain(func(v entryView) any { return path.Base(v.entry.Path) })
		fields[kind+".path"] = plain(func(v entryView) any { return v.entry.Path })
		fields[kind+".flatPath"] = plain(func(v entryView) any { return v.entry.Path })
		fields[kind+".type"] = plain(func(v entryView) any {
			kind, _ := v.entry.Mode.Kind()
			return kind
		})
	}
	return fields
}

func (v entryView) content() []byte {
	content, _ := v.project.git.Blob(v.entry.ID) // a file's is there
	return content
}

func (v entryView) webPath(kind string) string {
	return v.project.path() + "/-/" + kind + "/" + v.project.options.DefaultBranch + "/" + v.entry.Path
}

// load shows a blob's content, which is not its bytes: what is not UTF-8 is
// made so, what is long is cut, and what is binary is no text.
func (q *query) load(v entryView, textOnly bool) (any, error) {
	content := v.content()
	if q.loaded > 0 && q.loaded+len(content) > 2*q.options.BlobLimit {
		return nil, errors.New("the requested blobs exceed 20 MB, which is what one request may load")
	}
	q.loaded += max(1, len(content))
	if textOnly && slices.Contains(content[:min(len(content), 8000)], 0) {
		return nil, nil
	}
	content = content[:min(len(content), q.options.BlobLimit)]
	if utf8.Valid(content) {
		return string(content), nil
	}
	var b strings.Builder // taken for Latin-1
	for _, c := range content {
		b.WriteRune(rune(c))
	}
	return b.String(), nil
}

// commitView is a commit of a project.
type commitView struct {
	project *project
	commit  git.Commit
}

var commitFields = map[string]resolver{
	"Commit.id":             plain(func(v commitView) any { return gid("CommitPresenter", v.commit.ID) }),
	"Commit.sha":            plain(func(v commitView) any { return v.commit.ID }),
	"Commit.shortId":        plain(func(v commitView) any { return v.commit.ID[:8] }),
	"Commit.title":          plain(func(v commitView) any { return v.commit.Headline() }),
	"Commit.message":        plain(func(v commitView) any { return v.commit.Message }),
	"Commit.description":    plain(func(v commitView) any { return strings.TrimPrefix(v.commit.Message, v.commit.Headline()+"\n\n") }),
	"Commit.authorName":     plain(func(v commitView) any { return v.commit.Author.Name }),
	"Commit.authorEmail":    plain(func(v commitView) any { return v.commit.Author.Email }),
	"Commit.authoredDate":   plain(func(v commitView) any { return v.commit.Author.When }),
	"Commit.committerName":  plain(func(v commitView) any { return v.commit.Committer.Name }),
	"Commit.committerEmail": plain(func(v commitView) any { return v.commit.Committer.Email }),
	"Commit.committedDate":  plain(func(v commitView) any { return v.commit.Committer.When }),
	"Commit.author":         of(func(q *query, v commitView, _ args) (any, error) { return q.byEmail(v.commit.Author.Email), nil }),
	"Commit.webUrl": of(func(q *query, v commitView, _ args) (any, error) {
		return q.web + "/" + v.project.path() + "/-/commit/" + string(v.commit.ID), nil
	}),
}
