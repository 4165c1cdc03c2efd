package dockerfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

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
		use.Reason = fmt.Sprintf("the reference depends on %s: each build sets that, and one digest cannot serve all of its values", base.volatile)
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
