package github

import (
	"fmt"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func createRef(q *query, in args) (fields, error) {
	r, err := q.writable(in.str("repositoryId"), "contents")
	if err != nil {
		return nil, err
	}
	name := in.str("name")
	if _, exists := r.git.Ref(name); exists {
		return nil, unprocessable(fmt.Sprintf("A ref named %q already exists in the repository.", name))
	}
	m := refMove{name: name, to: in.id("oid")}
	if err := q.checkMove(r, m, false); err != nil {
		return nil, err
	}
	q.moveRefs(r, q.actor(), m)
	return fields{"ref": refObject{r, name}}, nil
}

// ref finds a ref by its global id, if the token may write to it.
func (q *query) ref(id string) (refObject, git.ID, error) {
	o, err := q.node(id)
	if err != nil {
		return refObject{}, "", err
	}
	ref, ok := o.(refObject)
	if !ok {
		return refObject{}, "", missing("Could not resolve to Ref node with the global id of '%s'.", id)
	}
	at, _ := ref.repository.git.Ref(ref.name)
	return ref, at, q.mayWrite(ref.repository, "contents")
}

func updateRef(q *query, in args) (fields, error) {
	ref, at, err := q.ref(in.str("refId"))
	if err != nil {
		return nil, err
	}
	m := refMove{name: ref.name, from: at, to: in.id("oid")}
	if err := q.checkMove(ref.repository, m, in.boolean("force")); err != nil {
		return nil, err
	}
	q.moveRefs(ref.repository, q.actor(), m)
	return fields{"ref": ref}, nil
}

func deleteRef(q *query, in args) (fields, error) {
	ref, at, err := q.ref(in.str("refId"))
	if err != nil {
		return nil, err
	}
	m := refMove{name: ref.name, from: at}
	if err := q.checkMove(ref.repository, m, true); err != nil {
		return nil, err
	}
	q.moveRefs(ref.repository, q.actor(), m)
	return fields{}, nil
}

// updateRefs moves all refs or none.
func updateRefs(q *query, in args) (fields, error) {
	r, err := q.writable(in.str("repositoryId"), "contents")
	if err != nil {
		return nil, err
	}
	var moves []refMove
	named := map[string]bool{}
	for _, u := range in.inputs("refUpdates") {
		m, err := q.refUpdate(r, u)
		if err != nil {
			return nil, err
		}
		if named[m.name] {
			return nil, unprocessable(fmt.Sprintf("Reference %s cannot be updated twice", m.name))
		}
		named[m.name] = true
		if m.from != m.to {
			moves = append(moves, m)
		}
	}
	q.moveRefs(r, q.actor(), moves...)
	return fields{}, nil
}

// refUpdate checks one of the updates; zeros stand for no ref.
func (q *query) refUpdate(r *repository, u args) (refMove, error) {
	m := refMove{name: u.str("name"), to: u.id("afterOid")}
	m.from, _ = r.git.Ref(m.name)
	if before := u.id("beforeOid"); u.has("beforeOid") && string(before) != orZero(m.from) {
		e := unprocessable(fmt.Sprintf("Reference %s cannot be updated: expected %s but is at %s", m.name, before, orZero(m.from)))
		e.Kind = "STALE_DATA"
		return m, e
	}
	if m.to == git.ZeroID {
		m.to = ""
	}
	return m, q.checkMove(r, m, u.boolean("force"))
}
