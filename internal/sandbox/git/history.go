package git

import (
	"cmp"
	"slices"
)

// Ancestors returns the commits that the given ones reach, themselves with
// them. Commits that the repository does not hold reach nothing.
func (r *Repository) Ancestors(ids ...ID) map[ID]bool {
	reached := map[ID]bool{}
	for todo := slices.Clone(ids); len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		c, ok := r.commits[id]
		if !ok || reached[id] {
			continue
		}
		reached[id] = true
		todo = append(todo, c.Parents...)
	}
	return reached
}

// IsAncestor reports whether descendant reaches ancestor; a commit reaches
// itself.
func (r *Repository) IsAncestor(ancestor, descendant ID) bool {
	return r.Ancestors(descendant)[ancestor]
}

// MergeBase returns the newest commit that both reach and that no other such
// commit reaches; false where they have none in common.
func (r *Repository) MergeBase(a, b ID) (ID, bool) {
	fromA, fromB := r.Ancestors(a), r.Ancestors(b)
	var common []ID
	for id := range fromA {
		if fromB[id] {
			common = append(common, id)
		}
	}
	if len(common) == 0 {
		return "", false
	}
	behind := map[ID]bool{} // reached by a common commit, so not the best
	for _, id := range common {
		for ancestor := range r.Ancestors(r.commits[id].Parents...) {
			behind[ancestor] = true
		}
	}
	best := slices.DeleteFunc(common, func(id ID) bool { return behind[id] })
	slices.SortFunc(best, r.newestFirst)
	return best[0], true
}

// Between returns the commits that head reaches and base does not, parents
// before children.
func (r *Repository) Between(base, head ID) []Commit {
	without := r.Ancestors(base)
	var found []Commit
	var visit func(ID)
	visit = func(id ID) {
		c, ok := r.commits[id]
		if !ok || without[id] {
			return
		}
		without[id] = true
		for _, p := range c.Parents {
			visit(p)
		}
		found = append(found, c)
	}
	visit(head)
	return found
}

func (r *Repository) newestFirst(a, b ID) int {
	if c := r.commits[b].Committer.When.Compare(r.commits[a].Committer.When); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// Last returns the commit that last changed what is at a path, an empty one for
// the whole tree, seen from a commit: where a parent has the same there, it is
// looked for from that parent on, as git log does. Empty for a commit that is
// not there.
func (r *Repository) Last(id ID, path string) ID {
	for {
		c, ok := r.commits[id]
		if !ok {
			return ""
		}
		now, _ := r.Find(c.Tree, path) // the zero entry for nothing
		i := slices.IndexFunc(c.Parents, func(p ID) bool {
			was, _ := r.Find(r.commits[p].Tree, path)
			return was == now
		})
		if i < 0 {
			return id
		}
		id = c.Parents[i]
	}
}
