package dockerfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stageNamed returns the file's stage with that name, its case folded.
func (b *build) stageNamed(name string) (*stage, bool) {
	st, ok := b.byName[strings.ToLower(name)]
	return st, ok
}

// depend notes that in reads from st, and keeps tooLate for the end where st
// is not defined by then.
func (b *build) depend(in instruction, st *stage, tooLate error) {
	in.stage.deps = append(in.stage.deps, st)
	if b.later == nil && slices.Index(b.stages, st) > slices.Index(b.stages, in.stage) {
		b.later = parser.WithLocation(tooLate, in.node.Location())
	}
}

// nameOf returns the name that BuildKit gives a stage.
func (b *build) nameOf(st *stage) string {
	return or(st.name, fmt.Sprintf("stage-%d", slices.Index(b.stages, st)))
}

// circular refuses stages that read from each other, in BuildKit's words.
func (b *build) circular() error {
	visited, path := map[*stage]bool{}, map[*stage]bool{}
	var visit func(*stage) bool
	visit = func(st *stage) bool {
		if visited[st] {
			return false
		}
		visited[st], path[st] = true, true
		for _, dep := range st.deps {
			if path[dep] || visit(dep) {
				return true
			}
		}
		delete(path, st)
		return false
	}
	for _, st := range b.stages {
		if visit(st) {
			return parser.WithLocation(fmt.Errorf("circular dependency detected on stage: %s", b.nameOf(st)), st.node.Location())
		}
	}
	return nil
}
