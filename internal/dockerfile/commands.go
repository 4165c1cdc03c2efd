package dockerfile

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// commands looks for images in the instructions of all stages. COPY and RUN
// fold the case of stage names; they see all stages, later ones too.
func (b *build) commands() error {
	for _, st := range b.stages {
		for _, in := range st.commands {
			if err := b.command(in); err != nil {
				return parser.WithLocation(err, in.node.Location())
			}
		}
	}
	return cmp.Or(b.circular(), b.later)
}

func (b *build) command(in instruction) error {
	switch cmd := in.cmd.(type) {
	case *instructions.CopyCommand:
		return b.copyFrom(in, cmd, nil)
	case *instructions.RunCommand:
		return b.mountsFrom(in, cmd, nil)
	case *instructions.OnbuildCommand:
		if err := b.onbuild(in, cmd); err != nil {
			b.triggers = append(b.triggers, parser.SetLocation(err, in.node.Location()))
		}
	}
	return nil
}

// copyFrom looks at COPY --from. line is the instruction's text where it is
// not the whole of its node's line.
func (b *build) copyFrom(in instruction, cmd *instructions.CopyCommand, line *fragment) error {
	if cmd.From == "" {
		return nil
	}
	expanded, err := shell.NewLex(rune(b.escape)).ProcessWordWithMatches(cmd.From, shell.EnvsFromSlice(nil))
	if err != nil {
		return err
	}
	if expanded.Result != cmd.From {
		return errors.New("variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround")
	}
	if index, err := strconv.Atoi(cmd.From); err == nil {
		return b.byIndex(in, index, line != nil)
	}
	if st, ok := b.stageNamed(cmd.From); ok && line == nil {
		b.depend(in, st, copyLater(cmd.From, b.nameOf(in.stage)))
		return nil
	}
	text := b.text(in, line)
	for _, flag := range flagWords(arguments(text), b.escape, in.node.Flags) {
		if value, ok := flagValue(flag, "from"); ok {
			return b.image(in, CopyFrom, cmd.From, text, value, line != nil)
		}
	}
	return b.image(in, CopyFrom, cmd.From, text, unplaced(cmd.From), line != nil)
}

// byIndex resolves the number of a stage. In an ONBUILD trigger it is a number
// of the child's.
func (b *build) byIndex(in instruction, index int, onbuild bool) error {
	switch {
	case onbuild:
	case index < 0 || index >= b.states:
		return fmt.Errorf("invalid stage index %d", index)
	case index < len(b.stages):
		b.depend(in, b.stages[index], copyLater(strconv.Itoa(index), b.nameOf(in.stage)))
	default:
		b.states++ // an image that was read from before, which BuildKit counts again
	}
	return nil
}

func copyLater(from, current string) error {
	return fmt.Errorf("cannot copy from stage %q, it needs to be defined before current stage %q", from, current)
}

// mountsFrom looks at the mounts of a RUN.
func (b *build) mountsFrom(in instruction, cmd *instructions.RunCommand, line *fragment) error {
	var text fragment
	var flags []fragment
	for i, mount := range instructions.GetMounts(cmd) {
		from := or(mount.From, scratch)
		st, isStage := b.stageNamed(from)
		isStage = isStage && line == nil
		if from == scratch && !isStage {
			if line == nil {
				b.states++
			}
			continue
		}
		if text.text == "" {
			text = b.text(in, line)
			flags = mountFlags(text, b.escape, in.node.Flags)
		}
		if isStage {
			b.depend(in, st, fmt.Errorf("cannot mount from stage %q to %q, stage needs to be defined before current command", from, mountTarget(flags[i])))
			continue
		}
		if err := b.image(in, MountFrom, from, text, mountFrom(flags[i], from), line != nil); err != nil {
			return err
		}
	}
	return nil
}

// onbuild looks at the instruction that a child's build will run. Its names
// are those of the child's stages, which are not known here: what is not a
// number is an image.
func (b *build) onbuild(in instruction, cmd *instructions.OnbuildCommand) error {
	parsed, err := parser.Parse(strings.NewReader(cmd.Expression))
	if err != nil {
		return err
	}
	if len(parsed.AST.Children) != 1 {
		return errors.New("onbuild trigger should be a single expression")
	}
	node := parsed.AST.Children[0]
	trigger, err := instructions.ParseCommand(node)
	if err != nil {
		return err
	}
	text := unplaced(node.Original)
	if whole := b.text(in, nil).trim(); strings.HasSuffix(whole.text, node.Original) {
		text = whole.slice(len(whole.text)-len(node.Original), len(whole.text))
	}
	node.StartLine = in.node.StartLine
	inner := instruction{node: node, stage: in.stage, cmd: trigger}
	switch t := trigger.(type) {
	case *instructions.CopyCommand:
		return b.copyFrom(inner, t, &text)
	case *instructions.RunCommand:
		return b.mountsFrom(inner, t, &text)
	}
	return nil
}

func (b *build) text(in instruction, line *fragment) fragment {
	if line != nil {
		return *line
	}
	return b.logical(in.node.StartLine, in.node.Original)
}
