package dockerfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Parse returns the images that the Dockerfile src uses. A file that BuildKit
// refuses yields a problem and, but for its syntax line, no uses.
//
// Spec: Dockerfile reference; where it is silent, BuildKit's dockerfile2llb.
func Parse(src []byte) File {
	s := newSource(src)
	var file File
	use, found, err := s.syntaxUse()
	if err != nil {
		file.Problems = append(file.Problems, problem(err))
		return file
	}
	if found {
		file.Uses = append(file.Uses, use)
	}
	b, err := s.build()
	switch {
	case err != nil:
		file.Problems = append(file.Problems, problem(err))
	default:
		file.Uses = append(file.Uses, b.uses...)
		for _, err := range b.triggers {
			file.Problems = append(file.Problems, problem(err))
		}
	}
	s.settle(file.Uses)
	return file
}

// problem puts BuildKit's error into a value.
func problem(err error) Problem {
	line := 1
	if located := (*parser.LocationError)(nil); errors.As(err, &located) {
		for _, ranges := range located.Locations {
			for _, r := range ranges {
				return Problem{Line: max(line, r.Start.Line), Message: err.Error()}
			}
		}
	}
	return Problem{Line: line, Message: err.Error()}
}

// instruction is a parsed node.
type instruction struct {
	node  *parser.Node
	stage *stage // that it stands in
	cmd   any    // what instructions.ParseInstruction made of it
}

// build finds the uses in FROM, COPY, RUN and ONBUILD.
func (s *source) build() (*build, error) {
	if len(s.src) == 0 {
		return nil, errors.New("the Dockerfile cannot be empty")
	}
	if s.declares("check") {
		checks, _, _, _ := parser.ParseDirective("check", s.src)
		if _, err := linter.ParseLintOptions(checks); err != nil {
			return nil, fmt.Errorf("failed to parse check options: %w", err)
		}
	}
	parsed, err := parser.Parse(bytes.NewReader(s.src))
	if err != nil {
		return nil, err
	}
	s.escape = byte(parsed.EscapeToken)
	b := &build{source: s, byName: map[string]*stage{}}
	if err := b.read(parsed.AST); err != nil {
		return nil, err
	}
	if err := b.from(parsed.EscapeToken); err != nil {
		return nil, err
	}
	if err := b.commands(); err != nil {
		return nil, err
	}
	return b, nil
}

// read parses the instructions and sorts them into stages, as BuildKit's
// instructions.Parse does; that one forgets the nodes.
func (b *build) read(ast *parser.Node) error {
	lint := linter.New(&linter.Config{SkipAll: true})
	for _, node := range ast.Children {
		cmd, err := instructions.ParseInstructionWithLinter(node, lint)
		if err != nil {
			return parser.WithLocation(fmt.Errorf("dockerfile parse error on line %d: %w", node.StartLine, err), node.Location())
		}
		current := (*stage)(nil)
		if len(b.stages) > 0 {
			current = b.stages[len(b.stages)-1]
		}
		switch c := cmd.(type) {
		case *instructions.Stage:
			b.stages = append(b.stages, &stage{name: c.Name, node: node, parsed: c})
			continue
		case *instructions.ArgCommand:
			if current == nil {
				b.args = append(b.args, instruction{node: node, cmd: c})
				continue
			}
		}
		if current == nil {
			_, err := instructions.CurrentStage(nil)
			return parser.WithLocation(err, node.Location())
		}
		current.commands = append(current.commands, instruction{node: node, stage: current, cmd: cmd})
	}
	if len(b.stages) == 0 {
		return errors.New("dockerfile contains no stages to build")
	}
	return nil
}
