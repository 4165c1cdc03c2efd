package dockerfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/basekeeper/basekeeper/internal/image"
)

// scratch is the base that is no image.
const scratch = "scratch"

// stage is one FROM and what follows it.
type stage struct {
	name     string // folded to lower case; empty where it has none
	node     *parser.Node
	parsed   *instructions.Stage
	commands []instruction
	deps     []*stage // stages that its COPY and RUN instructions read from
}

// build follows BuildKit's dockerfile2llb as far as it decides which names are
// stages and which are images.
type build struct {
	*source
	args   []instruction // ARGs before the first FROM
	stages []*stage
	byName map[string]*stage
	states int // stages, and images that COPY and RUN read from, which BuildKit counts too
	uses   []Use
	later  error // the first stage that is read from before it is defined

	triggers []error // what a child's build would refuse in ONBUILD
}

// from expands the FROM lines. The name of a base is compared with the stages
// before it as it is written; only their own names are folded.
func (b *build) from(escape rune) error {
	e := newExpander(escape, b.stages[len(b.stages)-1].name)
	if err := b.define(e); err != nil {
		return err
	}
	for _, st := range b.stages {
		use, err := b.fromUse(e, st)
		if err != nil {
			return parser.WithLocation(err, st.node.Location())
		}
		if _, isStage := b.byName[use.text.text]; !isStage && use.text.text != scratch {
			if err := b.add(use); err != nil {
				return parser.WithLocation(err, st.node.Location())
			}
		}
		if st.name != "" {
			b.byName[st.name] = st
		}
	}
	b.states = len(b.stages)
	return nil
}

// define expands the ARGs before the first FROM, in order.
func (b *build) define(e *expander) error {
	for _, arg := range b.args {
		pairs := arg.cmd.(*instructions.ArgCommand).Args
		words := each(arguments(b.logical(arg.node.StartLine, arg.node.Original)), values(arg.node))
		for i, pair := range pairs {
			if pair.Value == nil {
				e.declare(pair.Key)
				continue
			}
			value := unplaced(*pair.Value)
			if word := words[i]; strings.HasSuffix(word.text, "="+*pair.Value) {
				value = word.slice(len(word.text)-len(*pair.Value), len(word.text))
			}
			if err := e.define(pair.Key, value); err != nil {
				return parser.WithLocation(err, arg.node.Location())
			}
		}
	}
	return nil
}

// fromUse expands one FROM line.
func (b *build) fromUse(e *expander, st *stage) (Use, error) {
	line := b.logical(st.node.StartLine, st.node.Original)
	word := firstOf(arguments(line), values(st.node))
	base, err := e.expand(word)
	if err != nil {
		return Use{}, err
	}
	platform, err := b.platform(e, st.parsed.Platform)
	if err != nil {
		return Use{}, err
	}
	use := Use{Kind: From, Line: st.node.StartLine, Stage: st.name, Platform: platform, text: base.value}
	use.place(line, word)
	switch {
	case base.volatile != "" && valid(base.value.text):
		use.Reason = fmt.Sprintf("the reference depends on %s: one digest cannot stand for the images of several platforms", base.volatile)
	case base.missing != "" && !valid(base.value.text):
		use.Reason = fmt.Sprintf("ARG %s has no default: the image is known only to a build that sets it", base.missing)
	case base.value.text == "":
		return Use{}, fmt.Errorf("base name (%s) should not be blank", st.parsed.BaseName)
	}
	return use, nil
}

// platform expands the value of FROM's --platform, and leaves it as it is
// written where it depends on the build.
func (b *build) platform(e *expander, written string) (string, error) {
	if written == "" {
		return "", nil
	}
	a, err := e.expand(unplaced(written))
	if err != nil {
		return "", fmt.Errorf("failed to process arguments for platform %s: %w", written, err)
	}
	if a.missing != "" || a.volatile != "" {
		return written, nil
	}
	if a.value.text == "" {
		return "", fmt.Errorf("empty platform value from expression %s", written)
	}
	if _, err := platforms.Parse(a.value.text); err != nil {
		return "", fmt.Errorf("failed to parse platform %s: %w", written, err)
	}
	return a.value.text, nil
}

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

// image adds the use of an image by COPY or RUN.
func (b *build) image(in instruction, kind Kind, name string, line, value fragment, onbuild bool) error {
	if !onbuild {
		b.states++
	}
	if name == scratch {
		return nil
	}
	if value.text != name {
		value = unplaced(name)
	}
	use := Use{Kind: kind, Onbuild: onbuild, Line: in.node.StartLine, Stage: in.stage.name, text: value}
	use.place(line, value)
	return b.add(use)
}

// add parses the use's reference and keeps the use.
func (b *build) add(use Use) error {
	ref, err := image.ParseReference(use.text.text)
	switch {
	case err == nil:
		use.Ref = ref
	case use.Reason == "":
		return fmt.Errorf("failed to parse stage name %q: %w", use.text.text, unwrap(err))
	}
	b.uses = append(b.uses, use)
	return nil
}

// unwrap takes our own words off a reference error and leaves BuildKit's.
func unwrap(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
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
